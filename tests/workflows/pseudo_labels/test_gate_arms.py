"""What the arms of a gate hold: the labels of people in each, and machines' labels of the measured round alone."""

import os
from dataclasses import replace
from typing import Any

import pytest
from cli_driver import answer, run
from gates import ALL, OTHER, Died, Taught, accepted, add_pool, dies, taught
from judged_pool import judge
from sqlalchemy import insert, update

from core.errors import InputError
from core.messages import message_from_json
from core.records import Round
from core.snapshots.format import read
from core.store.engine import writing
from core.store.schema import label
from core.store.schema import snapshot as snapshot_table
from core.training.recipes import recipe
from core.training.setup import TrainSpec
from core.workflows.cleaning import decisions
from core.workflows.evaluation import curves, evaluate, seen
from core.workflows.evaluation.marks import short_marks, warnings
from core.workflows.handover.model_card import model_card
from core.workflows.models import train
from core.workflows.pseudo_labels import proposing
from core.workflows.pseudo_labels.ablation import gate
from core.workflows.pseudo_labels.ablation.arms import arms, silver_of
from core.workflows.pseudo_labels.ablation.plan import _for_one, checked, planned
from core.workflows.pseudo_labels.ablation.sentences import sentences
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

__all__ = ["taught"]
pytestmark = pytest.mark.integration


def test_no_arm_holds_a_machines_label_of_another_round_or_one_that_people_answered(taught: Taught) -> None:
    ws, run_id, codes = taught
    others = add_pool(ws, 30, first=200)
    other = accepted(ws, run_id, others, note="another round")
    made = accepted(ws, run_id, codes)
    snapshot.create(ws, "s2", "danger", sides_of="s1")
    answered = list(codes)[:40]
    for number in answered:  # after s2 was frozen
        version = ws.store.corpus.utterance(number).version
        ws.store.review.decide(number, version, "bob", now(), labels={"danger": OTHER[codes[number]]})
    measured = checked(ws, planned(ws, made.id, snapshot="s2"))
    silver = silver_of(ws, measured)
    keys = {ws.store.corpus.utterance(number).key for number in list(codes)[40:]}
    held = {name: {item.key for item in items if not item.gold} for name, items in arms(measured, silver).items()}
    assert held["none"] == set()
    assert held["half"] < held["all"] <= keys
    assert len(held["all"]) + silver.left_out == 40
    assert silver.dropped == sum(not item.gold for item in read(ws.snapshot_folder("s2")).items)
    assert silver.dropped > 60
    halves = [item.code for item in arms(measured, silver)["half"] if not item.gold]
    whole = [item.code for item in silver.items]
    assert abs(halves.count("danger") - whole.count("danger") / 2) <= 1, "half has the classes of all"
    verdict = gate.run(ws, planned(ws, made.id, snapshot="s2"))
    assert [arm["pseudo_labels"] for arm in verdict["arms"]] == [0, len(held["half"]), len(held["all"])]
    assert verdict["arms"][0]["train"] == sum(item.gold and item.side == "train" for item in measured.learnt)
    first, second = (checked(ws, planned(ws, made.id, snapshot=name)) for name in ("s1", "s2"))
    assert first.gold_sha256 == second.gold_sha256, "weights and groups of other items do not change the gold set"
    assert other.state == "accepted"


def test_a_killed_gate_of_the_command_line_goes_on_and_old_parts_go(taught: Taught) -> None:
    ws, run_id, codes = taught
    made = accepted(ws, run_id, codes)
    folder = ws.settings.home / "gates"
    with pytest.raises(Died):
        gate.run(ws, planned(ws, made.id), step=dies)
    (left,) = (path for path in folder.iterdir() if path.is_dir())
    cards = {card.parent.name: card.stat().st_mtime_ns for card in (left / "runs").glob("*/card.json")}
    assert set(cards) == {"none", "half"}
    old = folder / "gate-of-last-week"
    old.mkdir()
    os.utime(old, (0, 0))
    again: dict[str, int] = {}

    def step(name: str, fn: Any) -> Any:
        if name == "verdict":
            assert not old.exists()
            again.update({card.parent.name: card.stat().st_mtime_ns for card in (left / "runs").glob("*/card.json")})
        return fn()

    gate.run(ws, planned(ws, made.id), step=step)
    assert {name: again[name] for name in cards} == cards, "what was trained is not trained again"
    assert list(folder.iterdir()) == []


def test_a_student_of_one_target_has_no_shares_of_a_loss() -> None:
    encoder = recipe("urgency-crossmodal").usual_encoder("default")
    spec = TrainSpec("r", "urgency-crossmodal", encoder, "s", "r", "w")
    assert _for_one(spec) == {"target_weights": ""}, "the recipe itself has shares"
    shares = {"target_weights": "urgency=0.4,sentiment=0.6", "epochs": "1"}
    assert _for_one(replace(spec, overrides=shares)) == {"target_weights": "", "epochs": "1"}
    alone = recipe("danger-text").usual_encoder("default")
    assert _for_one(replace(spec, recipe="danger-text", encoder=alone)) == {}


def test_a_gain_without_a_number_is_not_printed_as_nothing() -> None:
    undefined = {"macro_f1": {"value": None, "low": None, "high": None}}
    verdict = {
        "differences": {"half": undefined, "all": undefined}, "pseudo_labels": {"used": 3, "left_out": 0, "dropped": 2},
        "gold": {"n": 1, "n_groups": 1, "set": "g", "sha256": "ab"},
    }  # fmt: skip
    first, half, _, dropped, variation = map(str, sentences(verdict))
    assert first == "What the pseudo-labels are worth has no number: macro-F1 is not defined here."
    assert half == "With half of them there is no number either."
    assert dropped == "2 labels of machines in the snapshot are in none of the students' training data."
    assert variation.endswith("How much a second training would vary is not in it.")


# --- what is refused is shown nowhere -----------------------------------------------------------------------------


def test_a_score_that_is_refused_stands_nowhere(taught: Taught) -> None:
    ws, teacher, codes = taught
    made = accepted(ws, teacher, codes)
    snapshot.create(ws, "student", "danger", seed=5)
    spec = train.plan(ws, "danger-text", "student")
    told = train.run(ws, spec)
    n = sum(item.side == "test" for item in read(ws.snapshot_folder("student")).items)
    mark = ws.store.ledger.run(spec.run_id).metrics["unfair_test"]
    assert told["unfair_test"] == mark
    assert mark["of"] == n >= mark["n"] > 0
    assert message_from_json(mark["why"]).startswith(f"run {teacher} (which taught {spec.run_id}) has seen {mark['n']}")
    assert warnings(told)[0] == message_from_json(mark["why"])
    assert short_marks(told)[0] == "not scored: its teacher has seen the test"
    with pytest.raises(InputError, match=r"has seen \d+ of the"):
        curves.of_run(ws, spec.run_id)
    assert "not scored" in run("runs", "list").stdout
    (listed,) = (row for row in answer("runs", "list")["runs"] if row["run"] == spec.run_id)
    assert listed["metrics"]["unfair_test"] == mark
    card = model_card(ws, spec.run_id)
    assert f"시험 데이터 {n}개 가운데 {mark['n']}개를 이미 보았으므로 점수를 적지 않습니다" in card
    assert "| 매크로 F1 |" not in card
    assert "unfair_test" not in ws.store.ledger.run(teacher).metrics
    _refuses_a_teacher_that_nobody_knows(ws, teacher, spec.run_id, made)


def _refuses_a_teacher_that_nobody_knows(ws: Workspace, teacher: str, student: str, made: Round) -> None:
    """Let the teacher be one that was imported: its snapshot is not here."""
    with writing(ws.store.corpus._engine) as connection:
        connection.execute(update(snapshot_table).where(snapshot_table.c.name == "s1").values(elsewhere=True))
    seen._unseen_test.cache_clear()
    why = f"nobody can tell what run {teacher} has seen.*s1 is not in this workspace.*Train it again in this workspace"
    with pytest.raises(InputError, match=why):
        evaluate.report(ws, student)
    with pytest.raises(InputError, match=why):
        checked(ws, planned(ws, made.id, snapshot="student"))


def test_labels_accepted_one_by_one_name_their_teacher(taught: Taught) -> None:
    ws, teacher, _ = taught
    judge(ws, teacher)
    assert proposing.propose(ws, teacher, "danger", ALL) > 70
    for proposal in ws.store.proposals.page(proposing.KIND, limit=12):
        decisions.decide(ws, proposal.id, True, "ann")
    snapshot.create(ws, "s3", "danger", seed=5)
    (made,) = read(ws.snapshot_folder("s3")).report["rounds"]
    assert (made["round"], made["run"], made["scheme"]) == (None, teacher, "danger")
    spec = train.plan(ws, "danger-text", "s3")
    assert train.run(ws, spec)["unfair_test"]["n"] > 0
    with pytest.raises(InputError, match=rf"run {teacher} \(which taught"):
        evaluate.report(ws, spec.run_id)


def test_a_machine_that_nobody_can_name_is_told_beside_the_score(taught: Taught) -> None:
    ws, _, codes = taught
    rows = [{"level": "utterance", "target_id": number, "scheme": "danger", "code": code, "grade": "silver", "by": "x"}
            for number, code in list(codes.items())[:10]]  # fmt: skip
    with writing(ws.store.corpus._engine) as connection:
        connection.execute(insert(label), rows)
    snapshot.create(ws, "s4", "danger")
    (made,) = read(ws.snapshot_folder("s4")).report["rounds"]
    assert (made["round"], made["run"]) == (None, None)
    metrics = train.run(ws, train.plan(ws, "danger-text", "s4"))
    assert metrics["unknown_machine"] == made["n"]
    assert "unfair_test" not in metrics
    assert short_marks(metrics) == ["labels of an unknown machine"]
