"""core.workflows.imports.exports.restore: exports are imported with everything that they hold."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aihub119_files import wav_bytes
from export_corpora import AT, MOOD, Workspaces, add_calls, add_mood, add_sentences, compared, derive, differ
from store_data import sentences
from workflow_data import import_calls

from core.confidence import best_class
from core.filters import Filter
from core.records import NewUtterance, Prediction, RunInfo, SnapshotInfo
from core.runs.predictions import add_pool
from core.schemes import SCHEMES, publish
from core.snapshots.format import read as read_snapshot
from core.workflows.corpus import export
from core.workflows.imports.exports import restore
from core.workflows.review import desk
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def workspaces(tmp_path: Path) -> Iterator[Workspaces]:
    yield Workspaces(tmp_path / "homes")
    publish(None, ())


def table(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    return path


def test_a_datasets_folder_brings_the_sound_back(ws: Workspace, workspaces: Workspaces, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 2)
    ws.store.review.decide(2, 0, "ann", AT, labels={"danger": "danger"}, text="집에 불이 났습니다")
    export.save(ws, tmp_path / "hf", name="hf")
    target = workspaces.fresh()
    done = restore.ingest_gwidama(target, tmp_path / "hf")
    assert (done.report.added, done.report.skipped, done.report.notes["recordings"]) == (6, [], 2)
    assert compared(target) == compared(ws)
    assert all(row.voice_usable for row in compared(target).values())
    for restored, original in zip(target.store.corpus.recordings(), ws.store.corpus.recordings(), strict=True):
        assert target.audio_file(restored.id).read_bytes() == ws.audio_file(original.id).read_bytes()
        assert (restored.key, restored.sha256, restored.duration_ms, restored.meta) == (
            original.key, original.sha256, original.duration_ms, original.meta,
        )  # fmt: skip
    assert {s.name: s.licence for s in target.store.corpus.sources()} == {
        "aihub119": "AI Hub 71768: not to be passed on"
    }


def test_sound_that_the_gate_refuses_is_named(ws: Workspace, workspaces: Workspaces, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 2)
    ws.audio_file(1).write_bytes(b"no sound at all")
    export.save(ws, tmp_path / "hf", name="hf")
    target = workspaces.fresh()
    done = restore.ingest_gwidama(target, tmp_path / "hf")
    (skip,) = done.report.skipped
    assert skip.reason.endswith(": imported without audio")
    assert done.rejects is not None
    assert [r.path is None for r in target.store.corpus.recordings()] == [True, False]
    assert {u.voice_usable for u in target.store.corpus.every(Filter(recording_id=1))} == {False}


def test_an_edit_comes_back_as_a_revision(ws: Workspace, workspaces: Workspaces, tmp_path: Path) -> None:
    sentences(ws.store, "불이 낫어요", "조용하다")
    ws.store.review.decide(1, 0, "ann", AT, labels={"danger": "danger"}, text="불이 났어요")
    ws.store.review.decide(2, 0, "ann", AT, skip=True, act="skip")
    export.save(ws, tmp_path / "out.jsonl")
    target = workspaces.fresh()
    restore.ingest_gwidama(target, tmp_path / "out.jsonl")
    (edit,) = target.store.review.history(1)
    assert (edit.curator, edit.act, edit.why, edit.before, edit.after) == (
        "import", "import", "", {"text": "불이 낫어요"}, {"text": "불이 났어요"},
    )  # fmt: skip
    (skipped,) = target.store.review.history(2)
    assert skipped.after == {"skipped": True}
    (answer,) = target.store.review.annotations(1)
    assert (answer.scheme, answer.code, answer.curator) == ("danger", "danger", "import")
    assert target.store.corpus.find(Filter(text="났어")).total == 1


def test_nothing_is_added_twice_nor_to_where_it_came_from(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    sentences(ws.store, "불")
    before = compared(ws)
    for name in ("out.csv", "out.parquet"):
        export.save(ws, tmp_path / name)
        done = restore.ingest_gwidama(ws, tmp_path / name)
        assert (done.report.added, done.report.known, done.report.notes) == (0, 4, {})
    assert compared(ws) == before
    assert len(ws.store.corpus.recordings()) == 1


def test_tags_come_back_and_what_is_none_is_noted(workspaces: Workspaces, tmp_path: Path) -> None:
    rows = [
        {"key": "a", "text": "불", "_tags": '["검토", "a,b", "검토"]'},
        {"key": "b", "text": "물", "_tags": '["", "x  y", "' + "가" * 61 + '"]'},
        {"key": "c", "text": "흙", "_tags": "검토"},
        {"key": "d", "text": "흙", "_tags": "[1]"},
        {"key": "e", "text": "흙", "_tags": ""},
    ]
    target = workspaces.fresh()
    done = restore.ingest_gwidama(target, table(tmp_path / "out.csv", *rows))
    assert {key: u.tags for key, u in compared(target).items()} == {"a": ("a,b", "검토"), "b": ("x y",), "e": ()}
    assert done.report.notes == {"tags that cannot be one, not taken": 2}
    assert [skip.reason for skip in done.report.skipped] == ["_tags is no JSON list of texts", "_tags is no text: '1'"]
    assert target.store.bulk.tags() == ["a,b", "x y", "검토"]


def test_new_rows_join_the_recording_that_is_known(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    (call,) = ws.store.corpus.recordings()
    export.save(ws, tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet")
    more = rows.slice(0, 1).to_pylist()[0] | {"key": "late", "text": "한 마디 더", "original": "한 마디 더", "id": 99}
    pq.write_table(pa.Table.from_pylist([*rows.to_pylist(), more], schema=rows.schema), tmp_path / "more.parquet")
    done = restore.ingest_gwidama(ws, tmp_path / "more.parquet")
    assert (done.report.added, done.report.known, done.report.skipped) == (1, 3, [])
    assert [recording.key for recording in ws.store.corpus.recordings()] == [call.key]
    late = next(u for u in ws.store.corpus.every(Filter()) if u.key == "late")
    assert (late.recording_id, late.voice_usable) == (call.id, True)


def test_an_interrupted_import_is_completed_by_the_next(
    ws: Workspace, workspaces: Workspaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "BATCH", 2)
    import_calls(ws, tmp_path, 2)
    derive(ws, 2, "집에 불")
    export.save(ws, tmp_path / "out.csv")
    target = workspaces.fresh()

    def stop(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore.ingest_gwidama(target, tmp_path / "out.csv", stop)
    assert len(compared(target)) == 4
    done = restore.ingest_gwidama(target, tmp_path / "out.csv")
    assert (done.report.added, done.report.known) == (3, 4)
    (child,) = [row for row in compared(target).values() if row.origin == "augmented"]
    assert child.parent == "aihub119:000000000000000000000001:u2"


def test_a_scheme_of_the_workspace_travels_with_its_definition(workspaces: Workspaces, tmp_path: Path) -> None:
    ws = workspaces.fresh()
    add_mood(ws)
    add_sentences(ws, [NewUtterance("a", "좋다", "g", labels={"mood": "good|odd"})])
    export.save(ws, tmp_path / "out.parquet")
    target = workspaces.fresh()
    done = restore.ingest_gwidama(target, tmp_path / "out.parquet")
    assert done.proposed == ()
    assert asdict(SCHEMES["mood"]) == asdict(MOOD)
    assert compared(target)["a"].labels == {"mood": "good|odd"}


def test_unknown_labels_become_proposed_schemes_never_classes(workspaces: Workspaces, tmp_path: Path) -> None:
    rows = [{"key": f"k{n}", "text": "불", "danger": danger, "tone": tone}
            for n, (danger, tone) in enumerate([("danger", "loud"), ("maybe", "quiet|calm"), ("", "")])]  # fmt: skip
    target = workspaces.fresh()
    done = restore.ingest_gwidama(target, table(tmp_path / "out.csv", *rows))
    assert done.proposed == ("danger-2", "tone")
    assert SCHEMES["danger"].codes == ("normal", "danger")
    assert (SCHEMES["tone"].state, SCHEMES["tone"].kind, SCHEMES["tone"].codes) == (
        "proposed", "multi", ("loud", "quiet", "calm"),
    )  # fmt: skip
    assert [row.labels for row in compared(target).values()] == [
        {"danger-2": "danger", "tone": "loud"}, {"danger-2": "maybe", "tone": "quiet|calm"}, {},
    ]  # fmt: skip


def test_a_column_that_is_no_label_is_named_and_left(workspaces: Workspaces, tmp_path: Path) -> None:
    rows = [{"key": f"k{n}", "text": "불", "a note": f"remark {n}"} for n in range(3)]
    done = restore.ingest_gwidama(workspaces.fresh(), table(tmp_path / "out.csv", *rows))
    assert done.report.added == 3
    (skip,) = done.report.skipped
    assert skip.where == "out.csv, a note"


def test_what_a_row_points_to_and_is_not_there_is_noted(workspaces: Workspaces, tmp_path: Path) -> None:
    rows = [{"id": "5", "key": "a", "parent_id": "4", "text": "불", "urgency": "상"}]
    target = workspaces.fresh()
    done = restore.ingest_gwidama(target, table(tmp_path / "out.csv", *rows))
    assert done.report.notes == {
        "parents that are not in the workspace": 1, "labels of a recording on an utterance that has none": 1,
    }  # fmt: skip
    assert compared(target)["a"].labels == {}


def test_a_dispute_comes_back_as_one_and_is_nothing_to_train_on(
    ws: Workspace, workspaces: Workspaces, tmp_path: Path
) -> None:
    import_calls(ws, tmp_path, 1)
    differ(ws, 1, "danger", "danger", "normal")
    differ(ws, 1, "urgency", "low", "high")
    export.save(ws, tmp_path / "seeds.csv", name="seeds")
    with (tmp_path / "seeds.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["urgencyLevel"], row["urgency_label"], row["sentiment"] != "") for row in rows} == {("", "", True)}
    export.save(ws, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["_disputed"] for row in csv.DictReader(file)] == ["danger,urgency", "urgency", "urgency"]
    target = workspaces.fresh()
    restore.ingest_gwidama(target, tmp_path / "out.csv")
    assert target.store.corpus.grades("utterance", "danger") == {1: ("danger", "disputed")}
    judge = desk.Desk("judge", ("danger",), "annotators-disagree")
    assert [card.utterance.id for card in desk.take(target, judge, 9)] == [1]
    desk.decide(target, judge, 1, 0, {"danger": "normal"})
    assert target.store.corpus.grades("utterance", "danger") == {1: ("normal", "gold")}


def test_a_snapshot_comes_back_with_its_labels(ws: Workspace, workspaces: Workspaces, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 4)
    for n in range(1, 13):
        text, code = "가나다라마바사아자차카타"[n - 1] * 5, ("normal", "danger")[n % 2]
        ws.store.review.decide(n, 0, "ann", AT, labels={"danger": code}, text=text)
    snapshot.create(ws, "s1", "danger", "60/20/20")
    frozen = {item.key: item for item in read_snapshot(ws.snapshot_folder("s1")).items}
    for name, path in (("csv", tmp_path / "s1.csv"), ("parquet", tmp_path / "s1.parquet"), ("hf", tmp_path / "s1")):
        export.save(ws, path, name=name, snapshot="s1")
        target = workspaces.fresh()
        assert restore.ingest_gwidama(target, path).report.skipped == []
        after = compared(target)
        assert {key: (u.text, u.labels["danger"], u.group, u.start_ms, u.recording) for key, u in after.items()} == {
            key: (item.text, item.code, item.group, item.start_ms, item.recording) for key, item in frozen.items()
        }
        assert {row.voice_usable for row in after.values()} == {name == "hf"}


def test_predictions_of_label_studio_wait_as_proposals(workspaces: Workspaces, tmp_path: Path) -> None:
    ws = workspaces.fresh()
    add_sentences(ws, [NewUtterance("a", "불이야", "g"), NewUtterance("b", "네", "g", labels={"danger": "normal"})])
    add_calls(ws, {"call": [NewUtterance("c", "여보세요", "call", 0, 900, "caller")]}, {})
    for name in ("danger", "urgency"):
        ws.store.ledger.add_snapshot(SnapshotInfo(f"s-{name}", name, "0", AT, {}))
        ws.store.ledger.put_run(RunInfo(name, f"{name}-text", "ngram", name, "text", f"s-{name}", "done", AT, {}))
    for name, ids, probs in (("danger", [1, 2], (0.2, 0.8)), ("urgency", [3], (0.1, 0.2, 0.7))):
        codes = SCHEMES[name].codes
        ws.store.ledger.put_predictions([Prediction(name, name, n, "pool", *best_class(codes, probs)) for n in ids])
        add_pool(ws.run_folder(name), name, ids, np.array([probs] * len(ids)))
    export.save(ws, tmp_path / "out.json")
    target = workspaces.fresh()
    done = restore.ingest_labelstudio(target, tmp_path / "out.json")
    assert done.report.notes == {
        "recordings": 1, "predictions that wait as proposals": 1, "predictions about a recording, not taken": 1,
    }  # fmt: skip
    proposal = target.store.proposals.next("pseudo-label")
    assert proposal is not None
    assert proposal.payload["code"] == "danger"
    assert proposal.payload["confidence"] == pytest.approx(0.8)
    assert proposal.payload["margin"] == pytest.approx(0.6)
    assert (proposal.operation, proposal.reason) == ("prediction of danger", "imported, confidence 0.80")
    target.store.proposals.decide(proposal.id, True, "ann", AT)
    assert (compared(target)["a"].labels, compared(target)["a"].silver) == ({"danger": "danger"}, ("danger",))
    assert restore.ingest_labelstudio(target, tmp_path / "out.json").report.added == 0
    assert target.store.proposals.counts("pseudo-label") == {"open": 0, "accepted": 1, "rejected": 0}


def test_regions_of_label_studio_become_a_recording_with_sound(workspaces: Workspaces, tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(wav_bytes(6_000))

    def results(name: str, start: float, end: float, text: str) -> list[dict[str, Any]]:
        span = {"start": start, "end": end}
        return [
            {"id": name, "from_name": "tr", "type": "textarea", "value": {**span, "text": [text]}},
            {"id": name, "from_name": "danger", "type": "choices", "value": {**span, "choices": ["danger"]}},
        ]

    answer = {"result": results("b", 1.6, 3.5, "불이 났어요") + results("a", 0, 1.5, "네")}
    (tmp_path / "p.json").write_text(json.dumps([{"id": 1, "data": {"audio": "call.wav"}, "annotations": [answer]}]))
    target = workspaces.fresh()
    done = restore.ingest_labelstudio(target, tmp_path / "p.json")
    assert (done.report.added, done.report.skipped) == (2, [])
    (call,) = target.store.corpus.recordings()
    assert (call.duration_ms, call.sample_rate_hz) == (6_000, 8_000)
    assert target.audio_file(call.id).read_bytes() == wav_bytes(6_000)
    rows = list(target.store.corpus.every(Filter()))
    assert [(u.text, u.start_ms, u.end_ms, u.voice_usable, u.labels) for u in rows] == [
        ("네", 0, 1_500, True, {"danger": "danger"}), ("불이 났어요", 1_600, 3_500, True, {"danger": "danger"}),
    ]  # fmt: skip
