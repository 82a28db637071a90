"""A run that cannot tell leaves the answer to the others; every judgement says whether it is an alarm."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake_runs import fake_run
from prediction_documents import document as by_hand
from prediction_documents import judgement, turn

from core.abstention import Code
from core.models import Modality
from core.schemes import DANGER
from core.ui.panels.predict import answers
from core.workflows.predict import predict
from core.workflows.predict.judging import spans
from core.workflows.predict.judging.fusion import Part, fused
from core.workflows.predict.judging.judge import judge
from core.workflows.predict.judging.serving import Plan, Use
from core.workflows.predict.judging.spans import Heard, Span
from core.workflows.predict.summary import is_alarm, summary
from core.workflows.workspace import Workspace


def part(name: str, danger: float, refused: Code | None = None, **limits: Any) -> Part:
    run = fake_run(name, (1 - danger, danger), **limits)
    return Part(run, run.targets[0], np.array([1 - danger, danger]), refused, True)


def test_a_run_of_both_that_refuses_does_not_silence_the_others() -> None:
    sure, deaf = part("t", 0.99), part("b", 0.2, "unfamiliar")
    alone = fused({"text": sure, "both": deaf}, 0.7)
    assert (alone["label"], alone["run"], alone["abstained"], alone["alarm"]) == ("danger", "t", None, True)
    assert alone["by"]["both"]["abstained"] == "unfamiliar", "what it said stays to be seen"
    weighed = fused({"text": sure, "voice": part("v", 0.9), "both": deaf}, 0.7)
    assert weighed["probabilities"]["danger"] == pytest.approx(0.7 * 0.99 + 0.3 * 0.9)
    parts: dict[Modality, Part] = {"both": deaf, "text": part("t", 0.99, "not_korean"), "voice": part("v", 0.8)}
    assert fused(parts, 0.7)["run"] == "v"


def test_a_run_of_both_wins_where_it_can_tell_or_nobody_can() -> None:
    both = part("b", 0.2)
    assert fused({"text": part("t", 0.99), "both": both}, 0.7)["run"] == "b"
    nobody = fused({"text": part("t", 0.99, "not_korean"), "both": part("b", 0.2, "unfamiliar")}, 0.7)
    assert (nobody["run"], nobody["abstained"], nobody["alarm"]) == ("b", "unfamiliar", False)


def test_a_run_of_whole_calls_that_refuses_does_not_silence_the_utterances(ws: Workspace) -> None:
    run, whole = fake_run("t", (0.05, 0.95)), fake_run("c", (0.9, 0.1), known=frozenset({"없는"}), farthest=0.5)
    whole = replace(whole, card=replace(whole.card, unit="call"))
    plan = Plan({run: Use(True, ("danger",)), whole: Use(True, ("danger",))})
    said = [Span(None, None, "불이 났어요")]
    made = predict._document(ws, "x", Heard(said, spans.state("given")), plan, None, judge(said, plan, None))
    assert made["call"]["danger"]["abstained"] == "unfamiliar"
    verdict = made["verdict"]["danger"]
    assert (verdict["label"], verdict["run"], verdict["level"], verdict["alarm"]) == ("danger", "t", "utterance", True)


def test_the_operating_point_of_the_run_decides_what_every_face_calls_an_alarm() -> None:
    early, late = (fused({"text": part("t", p, operating_points={"danger": least})}, 0.7) for p, least in
                   ((0.4, 0.3), (0.8, 0.9)))  # fmt: skip
    assert (early["label"], early["alarm"], is_alarm(early, DANGER)) == ("normal", True, True)
    assert (late["label"], late["alarm"], is_alarm(late, DANGER)) == ("danger", False, False)
    assert answers.kind("danger", early) == "danger", "it is drawn as an alarm"
    assert is_alarm(judgement(0.6), DANGER), "an older document does not tell: one half"
    undecided = fused({"text": part("t", 0.55, thresholds={"danger": 0.1})}, 0.7)
    assert (undecided["abstained"], undecided["alarm"]) == ("undecided", True), "silence would cost more"
    urgent = fake_run("u", (0.1, 0.1, 0.8), scheme="urgency")
    judged = fused({"text": Part(urgent, urgent.targets[0], np.array([0.1, 0.1, 0.8]), None, True)}, 0.7)
    assert judged["alarm"] is False, "a scheme of recordings raises none"


def test_a_summary_reads_what_was_decided() -> None:
    quiet = turn(0, 1_000, "네", 0.8)
    quiet["judgements"]["danger"]["alarm"] = False
    assert not summary(by_hand("a.wav", quiet)).alarm
    loud = turn(None, None, "불", 0.4)
    loud["judgements"]["danger"]["alarm"] = True
    row = summary(by_hand("a.wav", quiet, loud))
    assert (row.alarm, row.first_alarm_ms) == (True, None), "of an utterance without times"
