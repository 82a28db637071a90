"""The gate: none, half and all pseudo-labels of a round, on one gold set that neither teacher nor student has seen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cli_driver import answer, failure, run
from gates import ALL, OTHER, Died, Taught, accepted, dies, taught
from workflow_data import add_whole_calls

from core.errors import InputError, NotEnoughData, UnknownName
from core.messages import message_from_json, message_to_json
from core.records import SnapshotInfo
from core.runs.folder import read_predictions
from core.schemes import DANGER
from core.scores import paired
from core.snapshots.format import Item, Snapshot, read, write
from core.snapshots.freeze import build
from core.snapshots.hashing import gold_hash
from core.snapshots.weights import weights_of
from core.store import NewRound
from core.thresholds import Thresholds
from core.training import engine
from core.workflows.evaluation import compare, evaluate, gold
from core.workflows.models import train
from core.workflows.pseudo_labels import judge
from core.workflows.pseudo_labels.ablation import gate
from core.workflows.pseudo_labels.ablation.plan import GatePlan, checked, planned
from core.workflows.pseudo_labels.ablation.sentences import sentences
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.snapshots import snapshot
from core.workflows.snapshots.samples import weight_of
from core.workflows.workspace import Workspace, now

__all__ = ["taught"]
pytestmark = pytest.mark.integration


def test_wrong_labels_do_harm_on_the_frozen_gold_set(taught: Taught) -> None:
    ws, run_id, codes = taught
    wrong = accepted(ws, run_id, {number: OTHER[code] for number, code in codes.items()})
    seen: list[dict[str, Any]] = []
    verdict = gate.run(ws, planned(ws, wrong.id), seen.append)
    test = [item for item in read(ws.snapshot_folder("s1")).items if item.side == "test"]
    assert verdict["gold"] == {
        "set": "s1", "sha256": gold_hash(test), "n": len(test),
        "n_groups": len({item.group for item in test}),
    }  # fmt: skip
    used = verdict["pseudo_labels"]["used"]
    assert verdict["pseudo_labels"]["given"] == 80 == used + verdict["pseudo_labels"]["left_out"]
    assert [(arm["name"], arm["pseudo_labels"]) for arm in verdict["arms"]] == [
        ("none", 0), ("half", round(used / 2)), ("all", used),
    ]  # fmt: skip
    none, _, every = verdict["arms"]
    assert none["accuracy"]["value"] > 0.9 > every["accuracy"]["value"]
    assert verdict["verdict"] == "harms"
    assert verdict["differences"]["all"]["macro_f1"]["high"] < 0
    assert str(sentences(verdict)[0]).startswith("The pseudo-labels do harm: -")
    assert message_from_json(message_to_json(sentences(verdict)[2])).startswith(f"Gold set: {len(test)} items in ")
    assert seen[-1]["trainings"] == 3
    stored = ws.store.rounds.get(wrong.id)
    assert (stored.verdict, stored.gold_sha256) == (verdict, verdict["gold"]["sha256"])
    assert [run.id for run in ws.store.ledger.runs()] == [run_id], "the students are no runs of the workspace"
    assert not list((ws.settings.home / "gates").iterdir())
    with pytest.raises(Died):
        gate.run(ws, planned(ws, wrong.id), step=dies, gate_id="g1")
    cards = (ws.settings.home / "gates" / "g1" / "runs").glob("*/card.json")
    assert {card.parent.name for card in cards} == {"none", "half"}, "what is trained stays for the next worker"
    again = gate.run(ws, planned(ws, wrong.id), gate_id="g1")
    assert {**again, "made_at": ""} == {**verdict, "made_at": ""}


def test_a_small_weight_takes_the_harm_away_and_right_labels_do_none(taught: Taught) -> None:
    ws, run_id, codes = taught
    wrong = {number: OTHER[code] for number, code in codes.items()}
    light = accepted(ws, run_id, wrong, 0.05)
    verdict = gate.run(ws, planned(ws, light.id))
    assert verdict["pseudo_labels"]["mean_weight"] == pytest.approx(0.05)
    assert verdict["arms"][-1]["accuracy"]["value"] > 0.9
    ws.store.rounds.withdraw(light.id, "ann", now())
    right = accepted(ws, run_id, codes, note="second")
    assert gate.run(ws, planned(ws, right.id))["verdict"] == "undecided"
    assert str(sentences(ws.store.rounds.get(right.id).verdict or {})[0]).startswith("What the pseudo-labels are worth")


def test_a_round_is_measured_before_it_is_accepted(taught: Taught) -> None:
    ws, run_id, _ = taught
    judge.run(ws, judge.JudgePlan(run_id, targets=("danger",)))
    made = ws.store.rounds.propose(NewRound("danger", run_id, ALL.to_json(), 0.5), "ann", now())
    verdict = gate.run(ws, planned(ws, made.id))
    assert verdict["pseudo_labels"]["given"] == 80
    assert verdict["pseudo_labels"]["mean_weight"] == 0.5
    assert ws.store.rounds.get(made.id).state == "proposed"
    assert not ws.store.rounds.rounds_of("danger"), "measuring writes no label"
    nothing = Thresholds(confidence=1.0, margin=1.0).to_json()
    empty = ws.store.rounds.propose(NewRound("danger", run_id, nothing, 0.5), "ann", now())
    with pytest.raises(NotEnoughData, match=f"round {empty.id} has no pseudo-label that a student could learn from"):
        gate.run(ws, planned(ws, empty.id))
    assert not list((ws.settings.home / "gates").iterdir()), "a gate that fails leaves nothing behind"


def test_the_interval_is_that_of_the_paired_bootstrap_over_groups(
    taught: Taught, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, run_id, codes = taught
    half_wrong = {number: OTHER[code] if number % 3 else code for number, code in codes.items()}
    made = accepted(ws, run_id, half_wrong)
    predictions: dict[str, list[dict[str, Any]]] = {}
    finish = engine.finish

    def kept(spec: Any, report: Any) -> Any:
        metrics = finish(spec, report)
        predictions[spec.run_id] = [row for row in read_predictions(spec.run_folder) if row["side"] == "test"]
        return metrics

    monkeypatch.setattr(engine, "finish", kept)
    verdict = gate.run(ws, planned(ws, made.id))
    rows = {name: {row["key"]: row for row in predictions[name]} for name in ("none", "all")}
    keys = [row["key"] for row in predictions["none"]]
    groups = {item.key: item.group for item in read(ws.snapshot_folder("s1")).items}
    gold_ids = [DANGER.codes.index(rows["none"][key]["gold"]) for key in keys]
    guesses = [[int(np.argmax(rows[name][key]["probs"])) for key in keys] for name in ("none", "all")]
    expected = paired.compare(gold_ids, *guesses, [groups[key] for key in keys], 2, resamples=1000, seed=0)
    assert verdict["mcnemar"] == expected["mcnemar"]
    for score in ("accuracy", "macro_f1"):
        for end in ("value", "low", "high"):
            assert verdict["differences"]["all"][score][end] == pytest.approx(expected[score]["difference"][end])


# --- seen gold ----------------------------------------------------------------------------------------------------


def gold_set(ws: Workspace, name: str, texts: list[str]) -> Snapshot:
    """Register a snapshot of new sentences and of nothing else, all gold."""
    items = [Item(1 + i, f"{name}-{i}", f"{name}-{i}", text, DANGER.codes[i % 2]) for i, text in enumerate(texts)]
    made = build(name, DANGER, items, (0.4, 0.3, 0.3), 0, now())
    write(made, ws.settings.snapshots / name)
    ws.store.ledger.add_snapshot(SnapshotInfo(name, "danger", made.sha256, made.created_at, made.summary()))
    return made


FRESH = [
    "불길이 옥상까지 번졌어요 빨리요", "점심에 국수를 먹었습니다", "가스가 새는 것 같아 무서워요",
    "내일은 시험을 봅니다", "사람이 물에 빠졌습니다 살려주세요", "강아지가 꼬리를 흔듭니다",
    "건물이 무너지고 있어요 여기", "노래를 크게 틀었습니다", "아이가 숨을 쉬지 않아요 제발",
    "창밖에 눈이 내립니다 조용히",
]  # fmt: skip


def test_a_gold_set_that_somebody_has_seen_is_refused(taught: Taught) -> None:
    ws, run_id, codes = taught
    made = accepted(ws, run_id, codes)
    plan = planned(ws, made.id)
    snapshot.create(ws, "mixed", "danger", "70/15/15", 5)  # other sides: the teacher has learnt from its test side
    with pytest.raises(InputError, match=rf"run {run_id} has seen \d+ of the \d+ items of mixed, so it is not scored"):
        checked(ws, replace(plan, snapshot="mixed"))
    with pytest.raises(InputError, match=r"run danger-text on s1 has seen \d+ of the \d+ items of mixed"):
        checked(ws, replace(plan, gold="mixed"))
    near = next(item for item in read(ws.snapshot_folder("s1")).items if item.side == "train")
    gold_set(ws, "near", [f"{near.text} 네", *FRESH[1:]])
    with pytest.raises(InputError, match=r"has seen 1 of the 10 items of near.*1 equal or nearly equal; first near-0;"):
        checked(ws, replace(plan, gold="near"))


def test_another_gold_set_takes_the_place_of_the_test_side(taught: Taught) -> None:
    ws, run_id, codes = taught
    fresh = gold_set(ws, "fresh", FRESH)
    made = accepted(ws, run_id, codes)
    verdict = gate.run(ws, planned(ws, made.id, gold="fresh"))
    assert verdict["gold"] == {
        "set": "fresh", "sha256": gold_hash(fresh.items), "n": 10, "n_groups": 10,
    }  # fmt: skip
    assert {arm["n"] for arm in verdict["arms"]} == {10}


def test_a_student_whose_teacher_has_seen_the_gold_is_refused_every_score(taught: Taught) -> None:
    ws, teacher, codes = taught
    accepted(ws, teacher, codes, {"danger": 0.5, "normal": 1.0})
    snapshot.create(ws, "student", "danger", "70/15/15", 5)  # another seed moves what the teacher has learnt from
    frozen = read(ws.snapshot_folder("student"))
    (made,) = frozen.report["rounds"]
    assert (made["run"], made["scheme"], made["weight"]) == (teacher, "danger", {"danger": 0.5, "normal": 1.0})
    weights = weights_of(frozen.items, "danger")
    assert weights is not None
    columns = zip(frozen.items.column("code"), frozen.items.column("gold"), weights, strict=True)
    silver = [(code, weight) for code, is_gold, weight in columns if not is_gold]
    assert set(silver) == {("danger", 0.5), ("normal", 1.0)}
    assert len(silver) == made["n"]
    spec = train.plan(ws, "danger-text", "student")
    train.run(ws, spec)
    why = rf"run {teacher} \(which taught {spec.run_id}\) has seen \d+ of the \d+ items of student, so it is not scored"
    with pytest.raises(InputError, match=why):
        evaluate.report(ws, spec.run_id)
    with pytest.raises(InputError, match=rf"\(which taught {spec.run_id}\) has seen"):
        gold.score_on_gold(ws, spec.run_id, "student", "test")
    third = train.plan(ws, "danger-text", "student", overrides={"c": "2.0"})
    train.run(ws, third)
    with pytest.raises(InputError, match=rf"run {teacher} \(which taught {spec.run_id}\) has seen"):
        compare.compare(ws, spec.run_id, third.run_id)
    assert compare.compare(ws, teacher, spec.run_id).scores["n"] > 0, "the test side of the teacher is unseen by both"
    snapshot.create(ws, "fair", "danger", "70/15/15", 5, sides_of="s1")
    sides = {item.key: item.side for item in read(ws.snapshot_folder("s1")).items}
    fair = read(ws.snapshot_folder("fair"))
    assert all(sides.get(item.key, item.side) == item.side for item in fair.items)
    assert fair.report["sides_of"] == "s1"
    student = train.plan(ws, "danger-text", "fair")
    train.run(ws, student)
    assert evaluate.report(ws, student.run_id)[1]["test"]["n"] == sum(side == "test" for side in sides.values())
    with pytest.raises(InputError, match="take either the published split or the sides of snapshot s1, not both"):
        snapshot.create(ws, "both", "danger", official="clean", sides_of="s1")


def test_plans_that_cannot_be_measured_are_refused(taught: Taught) -> None:
    ws, run_id, codes = taught
    made = accepted(ws, run_id, codes)
    plan = planned(ws, made.id)
    assert GatePlan.from_dict(plan.to_dict()) == plan
    assert (plan.snapshot, plan.recipe, plan.encoder) == ("s1", "danger-text", "ngram")
    with pytest.raises(UnknownName, match="unknown recipe 'magic'"):
        checked(ws, replace(plan, recipe="magic"))
    info = ws.store.ledger.snapshot("s1")
    assert info.counts["report"].get("rounds", []) == []


def test_of_several_classes_the_smallest_weight_counts() -> None:
    assert weight_of({"a": 0.2, "b": 0.7}, "b|a") == 0.2
    assert weight_of(0.3, "b|a") == 0.3


def test_the_command_measures_shows_and_refuses(taught: Taught) -> None:
    ws, run_id, codes = taught
    made = accepted(ws, run_id, {number: OTHER[code] for number, code in codes.items()})
    number = str(made.id)
    assert failure("pseudo-label", "gate", number, "--show").startswith(f"round {number} was not measured yet")
    assert failure("pseudo-label", "gate", "99") == "no round 99 of pseudo-labels"
    document = answer("pseudo-label", "gate", number)
    assert document["verdict"] == "harms"
    assert document["sentences"][0].startswith("The pseudo-labels do harm: -")
    assert answer("pseudo-label", "gate", number, "--show") == document
    shown = run("pseudo-label", "gate", number, "--show").stdout
    assert f"gate of round {number}: harms" in shown
    assert f"all ({document['pseudo_labels']['used']})" in shown
    assert "scheme" in failure("pseudo-label", "gate", number, "--recipe", "urgency-text")


def test_whole_calls_are_measured_by_the_label_of_their_recording(ws: Workspace) -> None:
    add_whole_calls(ws, 60, 20)
    snapshot.create(ws, "calls", "urgency", unit="call")
    teacher = train.plan(ws, "text", "calls")
    train.run(ws, teacher)
    judge.run(ws, judge.JudgePlan(teacher.run_id, targets=("urgency",)))
    made = ws.store.rounds.propose(NewRound("urgency", teacher.run_id, ALL.to_json(), 0.5), "ann", now())
    verdict = gate.run(ws, planned(ws, made.id))
    assert verdict["pseudo_labels"]["given"] == 20
    opened = open_pool(ws, teacher.run_id, "urgency")
    ws.store.rounds.accept(made.id, opened.ids.tolist(), opened.codes(opened.ids >= 0), "ann", now())
    again = gate.run(ws, planned(ws, made.id))
    assert {**again, "made_at": ""} == {**verdict, "made_at": ""}, "accepting changes nothing that is measured"
