"""A workspace made by version 0.1.0: this version opens it, migrates it and reads what it held."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from old_workspace import (
    HEAD,
    TOLERANCE,
    UNTOUCHED,
    altered,
    answer,
    close,
    differences,
    expected,
    rows_of,
    saved_tables,
    schema,
)  # fmt: skip

from core.audio import vad
from core.errors import CheckpointMismatch
from core.filters import Filter
from core.snapshots import format as frozen
from core.thresholds import Thresholds, keep
from core.workflows import workspace
from core.workflows.cleaning import checks
from core.workflows.corpus import export, views
from core.workflows.evaluation import evaluate
from core.workflows.overview.summary import overview
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.review import desk as session
from core.workflows.review import queues
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


# -- nothing is lost


def test_the_old_workspace_has_the_schema_of_version_0_1_0(home: Path) -> None:
    assert rows_of(home, "SELECT version_num FROM alembic_version") == [("0005",)]
    assert hashlib.sha256((home / "gwidama.db").read_bytes()).hexdigest() == expected()["files"]["gwidama.db"]
    assert saved_tables(home) == []


def test_it_gets_the_schema_of_a_new_workspace(
    old_ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GWIDAMA_HOME", str(tmp_path / "fresh"))
    close()
    workspace.open_workspace()
    assert schema(tmp_path / "workspace") == schema(tmp_path / "fresh")


def test_every_table_holds_what_it_held(old_ws: Workspace) -> None:
    assert saved_tables(old_ws.settings.home) == []


def test_opening_and_reading_alters_no_file(old_ws: Workspace) -> None:
    home, runs = old_ws.settings.home, expected()["runs"]
    before = {name: digest for name, digest in expected()["files"].items() if name.startswith(UNTOUCHED)}
    assert len([name for name in before if name.startswith(("runs/", "snapshots/"))]) >= 10
    assert altered(home, before) == []
    for run in runs.values():
        evaluate.report(old_ws, run)
    evaluate.cell(old_ws, runs["text"], "danger", "normal")
    answer("predict", "--text", "불이 났어요", "--run", runs["text"])
    assert altered(home, before) == []


def test_a_second_opening_writes_nothing(home: Path) -> None:
    workspace.open_workspace()
    close()
    first = (home / "gwidama.db").read_bytes()
    workspace.open_workspace()
    close()
    assert (home / "gwidama.db").read_bytes() == first


# Version 0.1.0 counted a pseudo-label that was accepted, and a variant with the label of its source, as work of people.
NO_WORK: dict[str, list[str]] = {
    "overview": [
        "overview/danger/danger: 48 became 47", "overview/danger/labelled: 94 became 92",
        "overview/danger/normal: 46 became 45",
        "overview/danger/targets: 169 became 168",
    ],
    "agreement": ["agreement/single: 15 became 14"],
    "progress": [
        "progress/work/2/per_hour: 787.4589865111193 became 4714.355868390899",
        "progress/work/2/worked_ms: 41145 became 6109",
        "progress/work/3/classes/normal: 6 became 5",
        "progress/work/3/per_hour: 699.9635435654393 became 4125.061384842036",
        "progress/work/3/worked_ms: 41145 became 6109",
    ],
}  # fmt: skip


def test_counts_progress_and_jobs_are_as_before(old_ws: Workspace) -> None:
    seen = overview(old_ws)
    assert differences(expected()["counts"], seen.counts) == []
    assert sorted(differences(expected()["progress"], seen.progress, "overview")) == NO_WORK["overview"]
    assert {job.id: job.state for job in seen.jobs} == expected()["jobs"]
    assert sorted(expected()["jobs"].values()) == ["done", "queued"]


def test_texts_labels_grades_and_sources_are_as_before(old_ws: Workspace, tmp_path: Path) -> None:
    export.save(old_ws, tmp_path / "corpus.jsonl")
    lines = (tmp_path / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    assert differences(expected()["rows"], [json.loads(line) for line in lines]) == []


def test_histories_and_comments_are_as_before(old_ws: Workspace) -> None:
    desk = Desk("가온", ("danger",), "all", blind=False)
    changed = {number: old for number, old in expected()["histories"].items() if len(old) > 1}
    assert len(changed) > 40
    for number, old in changed.items():
        wanted = [{key: value for key, value in item.items() if key != "why"} for item in old]
        assert differences(wanted, session.history(old_ws, int(number), desk), number) == []


REASONS = {
    "skip: 잡음만 들림": "잡음만 들림", "skip: undo: bulk:1 아님": "undo: bulk:1 아님",
    "settled: restore 2": "restore 2", "settled: 연기라는 말이 있다": "연기라는 말이 있다",
    "settled: 장난 전화": "장난 전화",
}  # fmt: skip


def test_every_reason_that_a_person_gave_is_kept(old_ws: Workspace) -> None:
    now = dict(rows_of(old_ws.settings.home, "SELECT id, why FROM revision"))
    old = {row[0]: row[-1] for row in expected()["tables"]["revision"]["rows"] if row[-1] in REASONS}
    assert sorted(old.values()) == sorted(REASONS)
    for number, why in old.items():
        assert now[number] == (REASONS[why] if HEAD >= "0006" else why)


ACTS = {"review": "review", "skip": "skip", "settled": "settle", "undo": "undo", "re-imported": "import"}
ACTS |= {"restore 0": "restore", "restore 1": "restore"} | {f"bulk:{number}": "bulk" for number in range(1, 9)}


@pytest.mark.skipif(HEAD < "0006", reason="before migration 0006 a revision has no act")
def test_every_revision_says_which_act_wrote_it(old_ws: Workspace) -> None:
    now = {number: rest for number, *rest in rows_of(old_ws.settings.home, "SELECT id, act, why FROM revision")}
    for number, _, _, curator, *_, why in expected()["tables"]["revision"]["rows"]:
        machine = "clean" if curator.startswith("clean:") else "accept"
        act = why.split(": ")[0].replace("settled", "settle") if why in REASONS else ACTS.get(why, machine)
        reason = REASONS.get(why, why if act == machine else "")
        assert now[number] == [act, reason]
    assert {act for act, _ in now.values()} == {*ACTS.values(), "accept", "clean"}


def test_tags_views_queues_and_the_quality_report_are_as_before(old_ws: Workspace) -> None:
    stored = json.loads(json.dumps([asdict(view) for view in views.list_views(old_ws)]))
    assert differences(expected()["views"], stored) == []
    tagged = {int(number): names for number, names in expected()["tags"].items()}
    for name in ("야간", "review", "되돌림"):
        ids = {u.id for u in old_ws.store.corpus.every(Filter(tag=(name,)))}
        assert ids == {number for number, names in tagged.items() if name in names}
    sizes = {name: queue.count for name, queue in queues.list_sizes(old_ws, "danger").items()}
    assert sizes == expected()["queues"] | {queues.PSEUDO_LABEL_AUDIT: 0}
    found_faults = [[check.check, check.count, list(check.ids)] for check in checks.last(old_ws).findings]
    assert found_faults == expected()["quality"]


@pytest.mark.parametrize("n", range(len(expected()["cli"])), ids=lambda n: expected()["cli"][n]["verb"][0])
def test_a_command_that_reads_answers_as_before(home: Path, n: int) -> None:
    verb, old = expected()["cli"][n].values()
    new = answer(*verb)
    if verb == ["progress"]:  # its projection depends on the day of the test
        old = {key: old[key] for key in ("work", "days")}
    if verb[0] == "clean":  # which of two equal texts stays is decided for all checks together now
        for answered in (old, new):
            del next(step for step in answered["steps"] if step["step"] == "same-text")["samples"]
    assert sorted(differences(old, new, verb[0])) == NO_WORK.get(verb[0], [])


# -- runs and snapshots


def test_the_voice_run_judges_sound_as_before(old_ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vad, "default", lambda: "energy")  # as before Silero came: these sounds are no speech
    for path, old in expected()["waves"]:
        file = str(old_ws.settings.home / path)
        (new,) = answer("predict", "--wav", file, "--run", expected()["runs"]["voice"])["inputs"]
        assert differences(old["utterances"], new["utterances"]) == []


def test_the_pool_waits_as_it_was_judged(old_ws: Workspace) -> None:
    run, pool = expected()["runs"]["text"], expected()["pool"]
    opened = open_pool(old_ws, run, "danger")
    waiting = set(opened.ids.tolist())
    assert len(waiting) > 20
    assert waiting <= set(map(int, pool))
    for sure in (0.0, 0.51, 0.55):
        kept = keep(opened.scores, Thresholds(confidence=sure, margin=0))
        assert kept.sum() == len([n for n in waiting if max(pool[str(n)]) >= sure])


def test_confidence_and_margin_of_every_prediction_are_as_before(old_ws: Workspace) -> None:
    query = "SELECT utterance_id, gold, confidence, margin FROM prediction WHERE run_id = '{}'"
    rows = rows_of(old_ws.settings.home, query.format(expected()["runs"]["text"]))
    new = {number: (sure, margin) for number, gold, sure, margin in rows if gold is None}
    assert len(new) == len(expected()["pool"])
    for number, probs in expected()["pool"].items():
        second, first = sorted(probs)
        assert new[int(number)] == pytest.approx((first, first - second), abs=TOLERANCE)


def test_every_confusion_cell_shows_what_it_showed(old_ws: Workspace) -> None:
    lost = set(map(int, expected()["overwritten"]))
    for name, old in expected()["cells"].items():
        shown = cell(old_ws, *name.split("/"))
        assert [number for number, _ in old] == [number for number in shown if number not in lost]


def cell(ws: Workspace, gold: str, predicted: str) -> list[int]:
    """The utterances behind a confusion cell of the text run, in order."""
    shown: Any = evaluate.cell(ws, expected()["runs"]["text"], gold, predicted)
    return [item.prediction.utterance_id for item in getattr(shown, "mistakes", shown)]


@pytest.mark.skipif(HEAD < "0007", reason="before migration 0007 the pool overwrites rows of the test side")
def test_what_the_pool_had_overwritten_is_in_its_cell_again(old_ws: Workspace) -> None:
    assert expected()["overwritten"]
    for number, (gold, probs) in expected()["overwritten"].items():
        predicted = ("normal", "danger")[probs[1] > probs[0]]
        assert int(number) in cell(old_ws, gold, predicted)


def test_snapshots_are_verified_by_their_hash(old_ws: Workspace) -> None:
    for name, (sha256, n) in expected()["snapshots"].items():
        folder = old_ws.snapshot_folder(name)
        content = frozen.read(folder)
        assert (content.sha256, len(content.items)) == (sha256, n)
        table = max(folder.iterdir(), key=lambda path: path.stat().st_size)
        data = table.read_bytes()
        table.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])
        with pytest.raises(CheckpointMismatch):
            frozen.read(folder)


def test_training_on_an_old_snapshot_gives_the_old_scores(home: Path) -> None:
    made = answer("train", "danger-text", "--snapshot", "danger-1")
    old = expected()["metrics"][expected()["runs"]["text"]]
    assert differences(old["macro_f1"], made["metrics"]["test"]["macro_f1"]) == []
    assert differences(old["confusion"], made["metrics"]["test"]["confusion"]) == []
