"""Baselines, curves, the comparison of two runs, and gold sets, on trained runs; the Evaluate page and the commands."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_driver import answer, failure, run
from page_driver import captions, page
from workflow_data import import_sentences, trained

from core.errors import InputError, NotEnoughData
from core.records import SnapshotInfo
from core.runs.folder import RunFolder, read_predictions
from core.schemes import DANGER
from core.snapshots.format import Item, read, write
from core.snapshots.freeze import build
from core.training import baselines as fitted
from core.ui.i18n import catalogue
from core.workflows.evaluation import baselines, compare, curves, evaluate, gold
from core.workflows.evaluation.scored import scored
from core.workflows.models import train
from core.workflows.review.queues import TAG
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration


def another(ws: Workspace, name: str = "s1", **overrides: str) -> str:
    """Train a second, much weaker run."""
    spec = train.plan(ws, "danger-text", name, overrides=overrides or {"c": "0.0001", "max_n": "1"})
    train.run(ws, spec)
    return spec.run_id


def blur(ws: Workspace, run_id: str, flipped: int, target: str = "danger") -> None:
    """Make the stored predictions of `flipped` test items wrong: the sentences are too easy for any recipe."""
    rows = read_predictions(ws.run_folder(run_id))
    tests = [row for row in rows if row["side"] == "test"]
    for row in tests[:flipped]:
        row["probs"] = row["probs"][::-1] if DANGER.codes[int(np.argmax(row["probs"]))] == row["gold"] else row["probs"]
    items = [
        Item(id=r["id"], key=r["key"], group="", text="", code=r["gold"], side=r["side"]) for r in rows
    ]  # fmt: skip
    RunFolder(ws.run_folder(run_id)).write_predictions([(target, items, np.array([row["probs"] for row in rows]))])


def gold_snapshot(ws: Workspace, name: str, texts: list[str], **changes: Any) -> str:
    """Register a snapshot of new sentences; the ids are those of stored utterances."""
    items = [
        Item(id=1 + i, key=f"{name}-{i}", group=f"{name}-{i}", text=text, code=DANGER.codes[i % 2])
        for i, text in enumerate(texts)
    ]
    items = [dataclasses.replace(item, **changes) for item in items[:1]] + items[1:]
    made = build(name, DANGER, items, (0.4, 0.3, 0.3), 0, now())
    write(made, ws.settings.snapshots / name)
    ws.store.ledger.add_snapshot(SnapshotInfo(name, "danger", made.sha256, made.created_at, made.summary()))
    return name


NEW = [
    "산책하다 들어와서 저녁 먹고 정말 괜찮습니다", "옆집 아저씨 마당에서 갑자기 쓰러졌어요",
    "회의는 두 시에 끝나고 별일 없이 괜찮습니다", "지하 주차장 입구에 누가 쓰러졌어요",
    "택배는 경비실에 맡겨 주시면 괜찮습니다", "등산로 중턱에서 일행이 쓰러졌어요",
    "숙제는 내일까지 내도 된다니 괜찮습니다", "식당에서 밥 먹던 손님이 쓰러졌어요",
    "비가 그치고 나서는 길도 괜찮습니다", "학교 운동장 한복판에서 학생이 쓰러졌어요",
]  # fmt: skip


def test_baselines_are_in_the_metrics_and_on_demand_for_an_old_run(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    _, metrics = evaluate.report(ws, run_id)
    known = metrics["baselines"]
    assert json.loads((ws.run_folder(run_id) / "metrics.json").read_text("utf-8"))["baselines"] == known
    assert known["majority"]["n"] == metrics["test"]["n"]
    assert known["shortcut"]["accuracy"]["value"] < metrics["test"]["accuracy"]["value"]
    old = {name: value for name, value in metrics.items() if name != "baselines"}
    ws.store.ledger.set_run(run_id, "done", old)
    assert evaluate.report(ws, run_id)[1]["baselines"] == known
    baselines._computed_once.cache_clear()
    shutil.rmtree(ws.snapshot_folder("s1"))
    assert "baselines" not in evaluate.report(ws, run_id)[1]


def test_the_majority_is_that_of_the_training_side(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    items = read(ws.snapshot_folder("s1")).items
    labels = [i.label for i in items if i.side == "train"]
    most = int(np.bincount(labels).argmax())
    share = np.mean([i.label == most for i in items if i.side == "test"])
    assert evaluate.report(ws, run_id)[1]["baselines"]["majority"]["accuracy"]["value"] == pytest.approx(share)
    assert fitted.READS["text"] == "length and punctuation"


def test_curves_come_from_the_predictions_of_the_test_side(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    found = curves.of_run(ws, run_id)
    metrics = ws.store.ledger.run(run_id).metrics
    assert [row["code"] for row in found.classes] == list(DANGER.codes)
    assert [row["n"] for row in found.classes] == [row["n"] for row in metrics["test"]["per_class"]]
    assert found.after["ece"] == pytest.approx(metrics["test"]["ece"])
    assert found.before["ece"] != pytest.approx(found.after["ece"])


def test_two_runs_on_one_snapshot(ws: Workspace, tmp_path: Path) -> None:
    first = trained(ws, tmp_path)
    second = another(ws, c="2.0")
    blur(ws, second, 5)
    result = compare.compare(ws, first, second)
    test = result.scores["mcnemar"]
    data = scored(ws, first), scored(ws, second)
    assert (result.scores["n"], result.only_first, result.only_second, result.different) == (
        len(data[0].keys), 0, 0, 0
    )  # fmt: skip
    assert test["right_to_wrong"] == len(result.right_to_wrong) == 5
    assert (test["wrong_to_right"], result.wrong_to_right) == (0, ())
    assert test["p_value"] == pytest.approx(2 / 2**5)
    by_key = {item.key: item for item in read(ws.snapshot_folder("s1")).items}
    for row in result.right_to_wrong:
        assert (row.text, row.gold) == (by_key[row.key].text, by_key[row.key].code)
        assert row.first == row.gold != row.second
    assert result.scores["accuracy"]["difference"]["value"] == pytest.approx(-5 / len(data[0].keys))
    back = compare.compare(ws, second, first)
    assert [row.key for row in back.wrong_to_right] == [row.key for row in result.right_to_wrong]


def test_only_shared_items_are_compared_and_changed_ones_are_left_out(ws: Workspace, tmp_path: Path) -> None:
    first = trained(ws, tmp_path)
    shared = scored(ws, first)
    edited = ws.store.corpus.utterance(shared.ids[0])
    ws.store.review.decide(edited.id, edited.version, "ann", now(), labels={"danger": flip(edited.labels["danger"])})
    snapshot.create(ws, "s2", "danger")
    second = another(ws, "s2")
    result = compare.compare(ws, first, second)
    both = set(shared.keys) & set(scored(ws, second).keys)
    assert edited.key in both
    assert (result.scores["n"], result.different) == (len(both) - 1, 1)
    assert result.only_first == len(shared.keys) - len(both)
    assert edited.key not in {row.key for row in (*result.right_to_wrong, *result.wrong_to_right)}


def flip(code: str) -> str:
    return DANGER.codes[1 - DANGER.codes.index(code)]


def test_runs_that_cannot_be_compared_are_refused(ws: Workspace, tmp_path: Path) -> None:
    first = trained(ws, tmp_path)
    with pytest.raises(InputError, match="cannot be compared with itself"):
        compare.compare(ws, first, first)
    gold_snapshot(ws, "other", NEW)
    second = another(ws, "other")
    with pytest.raises(NotEnoughData, match=f"runs {first} and {second} share no item of their test sides"):
        compare.compare(ws, first, second)
    info = ws.store.ledger.run(second)
    metrics = json.loads(json.dumps(info.metrics))
    metrics["test"]["per_class"].reverse()
    ws.store.ledger.put_run(dataclasses.replace(info, metrics=metrics))
    with pytest.raises(InputError, match="other classes or another order"):
        compare.compare(ws, first, second)
    ws.store.ledger.put_run(dataclasses.replace(info, scheme="urgency"))
    blur(ws, second, 0, "urgency")
    with pytest.raises(InputError, match="only runs of one scheme can be compared"):
        compare.compare(ws, first, second)


def test_a_gold_set_that_nobody_saw_is_scored(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    gold_snapshot(ws, "fresh", NEW)
    result = gold.score_on_gold(ws, run_id, "fresh")
    assert (result.scores["n"], result.not_gold, result.unusable, result.side) == (len(NEW), 0, 0, "all")
    assert result.scores["accuracy"]["value"] >= 0.9
    assert result.baselines["majority"]["n"] == len(NEW)
    part = gold.score_on_gold(ws, run_id, "fresh", "test")
    assert part.scores["n"] == sum(item.side == "test" for item in read(ws.snapshot_folder("fresh")).items)


def test_a_gold_set_that_was_seen_is_refused(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    items = read(ws.snapshot_folder("s1")).items
    n_seen = sum(item.side != "test" for item in items)
    with pytest.raises(InputError, match=f"has seen {n_seen} of the {len(items)} items of s1.*: {n_seen} the same"):
        gold.score_on_gold(ws, run_id, "s1")
    assert gold.score_on_gold(ws, run_id, "s1", "test").scores["n"] == len(items) - n_seen
    seen = next(item for item in items if item.side == "validation")
    gold_snapshot(ws, "equal", [f"{seen.text}!!", *NEW[1:]])
    with pytest.raises(InputError, match=r"seen 1 of the 10 .*1 equal or nearly equal; first equal-0;"):
        gold.score_on_gold(ws, run_id, "equal")
    gold_snapshot(ws, "near", [f"{seen.text} 네", *NEW[1:]])
    with pytest.raises(InputError, match=r"seen 1 of the 10 .*first near-0;"):
        gold.score_on_gold(ws, run_id, "near")
    gold_snapshot(ws, "group", NEW, group=seen.group)
    with pytest.raises(InputError, match=r"seen 1 of the 10 .*1 of the same group.*first group-0;"):
        gold.score_on_gold(ws, run_id, "group")


def test_voices_of_a_gold_set_are_seen_by_person_and_sound() -> None:
    def clip(key: str, **more: Any) -> Item:
        return Item(id=1, key=key, group=key, text="네", code="neutral", **more)

    seen = [clip("a", audio="audio/1.wav", speaker="actor07"), clip("b", audio="audio/2.wav", speaker="caller")]
    fresh = [clip("c", audio="audio/3.wav", speaker="caller"), clip("d", audio="audio/4.wav", speaker=None)]
    gold.refuse_seen("r", "g", "voice", seen, fresh)
    for bad in (clip("x", audio="audio/1.wav"), clip("x", audio="audio/9.wav", speaker="actor07")):
        with pytest.raises(InputError, match=r"seen 1 of the 3 .*first x;"):
            gold.refuse_seen("r", "g", "voice", seen, [*fresh, bad])
    with pytest.raises(InputError, match="seen 2 of the 2"):
        gold.refuse_seen("r", "g", "text", seen, fresh)


def test_a_gold_set_of_another_scheme_is_refused(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    gold_snapshot(ws, "fresh", NEW)
    info = ws.store.ledger.run(run_id)
    metrics = json.loads(json.dumps(info.metrics))
    metrics["test"]["per_class"].reverse()
    ws.store.ledger.put_run(dataclasses.replace(info, metrics=metrics))
    with pytest.raises(InputError, match="scheme, classes and their order must be the same"):
        gold.score_on_gold(ws, run_id, "fresh")


def test_the_commands(ws: Workspace, tmp_path: Path) -> None:
    first = trained(ws, tmp_path)
    second = another(ws)
    document = answer("evaluate", first)
    assert document["metrics"]["baselines"]["shortcut"]["reads"] == "length and punctuation"
    shown = run("evaluate", first).stdout
    for words in ("majority class", "length and punctuation only", "confusion: a row is the true class"):
        assert words in shown
    document = answer("compare", first, second)
    assert {"first", "second", "n", "n_groups", "accuracy", "macro_f1", "mcnemar", "different"} <= set(document)
    assert "scores" not in document
    assert "McNemar" in run("compare", first, second).stdout
    assert failure("compare", first, first).startswith(f"run {first} cannot be compared with itself")
    gold_snapshot(ws, "fresh", NEW)
    document = answer("evaluate", first, "--gold", "fresh")
    assert (document["run"], document["gold"]["snapshot"], document["gold"]["scores"]["n"]) == (
        first,
        "fresh",
        len(NEW),
    )
    assert "none of them seen" in run("evaluate", first, "--gold", "fresh").stdout
    assert "has seen" in failure("evaluate", first, "--gold", "s1")
    assert failure("evaluate", first, "--gold", "s9").startswith("no snapshot 's9'; there are: ")
    assert run("evaluate", first, "--gold", "fresh", "--gold-side", "train").exit_code == 2


@pytest.mark.usefixtures("english")
def test_the_page_shows_baselines_curves_and_a_comparison(ws: Workspace, tmp_path: Path) -> None:
    first = trained(ws, tmp_path)
    second = another(ws, c="2.0")
    blur(ws, second, 5)
    app = page("evaluate", run=first)
    shown = captions(app)
    assert any(text.startswith("Most frequent class: ") for text in shown)
    assert any(text.startswith("Length and punctuation only: ") for text in shown)
    assert any(text.startswith("Average precision, in brackets that of a blind guess: Danger 1") for text in shown)
    assert any("expected calibration error" in text and "too sure" in text for text in shown)
    app.selectbox(key="with").select(second).run()
    assert not app.exception
    assert any("right to wrong 5, wrong to right 0, p = 0.0625" in box.value for box in app.markdown)
    tables = [frame.value for frame in app.dataframe]
    lost = next(frame for frame in tables if "Second run" in frame)
    assert list(lost["Text"]) == [row.text for row in compare.compare(ws, first, second).right_to_wrong]
    app.button(key="queue-right_to_wrong").click().run()
    assert any(box.value == "Queued for review: 5. Queued before: 0." for box in app.success)
    tagged = [i for i, tags in ws.store.bulk.tags_of(scored(ws, first).ids).items() if TAG in tags]
    assert sorted(tagged) == sorted(row.id for row in compare.compare(ws, first, second).right_to_wrong)


@pytest.mark.usefixtures("english")
def test_a_cell_is_chosen_from_the_keyboard_and_queued_in_one_click(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    app = page("evaluate", run=run_id)
    box = app.selectbox(key="cell")
    assert box.value == ""
    app = box.select("1-1").run()
    assert not app.exception
    behind = evaluate.mistakes(ws, run_id, "danger", "danger")
    app.button(key="queue-cell").click().run()
    assert any(box.value == f"Queued for review: {len(behind)}. Queued before: 0." for box in app.success)
    assert {i for i, tags in ws.store.bulk.tags_of(behind).items() if TAG in tags} == set(behind)
    matrix = ws.store.ledger.run(run_id).metrics["test"]["confusion"]
    tables = [frame.value for frame in app.dataframe]
    table = next(frame for frame in tables if "→ Danger" in frame)
    assert table["→ Danger"][1].startswith(f"{matrix[1][1]} (")


def test_the_page_in_korean_with_two_runs_of_an_old_version(ws: Workspace, tmp_path: Path) -> None:
    first = trained(ws, tmp_path)
    import_sentences(ws, tmp_path)
    second = another(ws)
    for run_id in (first, second):
        metrics = dict(ws.store.ledger.run(run_id).metrics)
        del metrics["baselines"]
        ws.store.ledger.set_run(run_id, "done", metrics)
    app = page("evaluate", run=first, **{"with": second})
    known = catalogue("ko")
    assert any(text.startswith(known.gettext("Most frequent class")) for text in captions(app))
    assert known.gettext("Compare two runs") in [box.value for box in app.header]
    assert known.gettext("Compare two runs") != "Compare two runs"
    (ws.run_folder(first) / "predictions.parquet").unlink()
    baselines._computed_once.cache_clear()
    app = page("evaluate", run=first, **{"with": second})
    assert len(app.warning) == 2  # no curves, no comparison; the page stands


def test_a_nearly_identical_sound_is_seen_and_a_model_of_both_is_asked_for_both() -> None:
    def clip(key: str, text: str, audio: str) -> Item:
        return Item(id=1, key=key, group=key, text=text, code="neutral", audio=audio)

    seen = [clip("a", "창고 안에서 연기가 나고 있어요", "audio/1.wav")]
    again = [clip("b", "전혀 다른 말을 하고 있습니다", "audio/1-as-mp3.wav")]
    gold.refuse_seen("r", "g", "voice", seen, again)
    alike = {"audio/1.wav": "one", "audio/1-as-mp3.wav": "one"}
    for modality in ("voice", "both"):
        with pytest.raises(InputError, match=r"seen 1 of the 1 .*1 equal or nearly equal; first b;"):
            gold.refuse_seen("r", "g", modality, seen, again, alike)  # type: ignore[arg-type]
    same_words = [clip("c", "창고 안에서 연기가 나고 있어요!", "audio/2.wav")]
    gold.refuse_seen("r", "g", "voice", seen, same_words, alike)
    with pytest.raises(InputError, match=r"seen 1 of the 1 .*1 equal or nearly equal; first c;"):
        gold.refuse_seen("r", "g", "both", seen, same_words, alike)
