"""Utterances of a label JSON that say no time keep their words, are judged by them, and are never given a time."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from aihub119_files import label_bytes, spoken
from fake_runs import fake_run

from core.audio import Audio
from core.errors import InputError
from core.inference.predictor import Predictor
from core.ui.panels.predict.card import segments
from core.workflows.predict import predict
from core.workflows.predict.judging import serving
from core.workflows.predict.judging.judge import judge_call
from core.workflows.predict.judging.serving import Plan, Use
from core.workflows.predict.judging.spans import Span, delivered
from core.workflows.workspace import Workspace

HELP = "칼을 들고 있어요 살려주세요"
TIMES = {"missing": (None, None), "no end": (900, None), "inverted": (2_000, 1_000), "later": (60_000, 61_000)}


def labels(start: Any, end: Any, text: str = HELP) -> bytes:
    return label_bytes(1, utterances=[spoken(0, 0, 900, "네 119입니다", 0), spoken(1, start, end, text)])


def knife(text: str) -> tuple[float, float]:
    return (0.1, 0.9) if "칼을" in text else (0.8, 0.2)


def audio(ms: int = 6_000) -> Audio:
    return Audio(np.full(ms * 16, 0.1, np.float32), 16_000, 16_000, 1, "WAV", ms)


def serve(monkeypatch: pytest.MonkeyPatch, *runs: Predictor) -> None:
    plan = Plan({run: Use(True, (run.scheme,)) for run in runs})
    monkeypatch.setattr(serving, "plan", lambda *_arguments, **_options: plan)


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_words_without_a_time_in_the_recording_are_kept(times: tuple[Any, Any]) -> None:
    own = [Span(0, 900, "네 119입니다", "taker"), Span(None, None, HELP, "caller")]
    assert delivered(labels(*times), "a.json", 6_000) == own
    alone = delivered(labels(*times), "a.json", None)
    assert [span.text for span in alone] == ["네 119입니다", HELP], "without a recording no time is needed"
    assert delivered(labels(*times, text=""), "a.json", 6_000) == own[:1], "neither times nor words: nothing"


def test_what_cannot_be_judged_at_all_is_refused() -> None:
    untimed = label_bytes(1, utterances=[spoken(0, None, None, HELP)])
    own = [Span(None, None, HELP, "caller")]
    assert delivered(untimed, "a.json", 6_000) == delivered(untimed, "a.json", None) == own
    with pytest.raises(InputError, match="no utterance lies inside the recording of 6000 ms"):
        delivered(label_bytes(1, utterances=[spoken(0, 60_000, 61_000)]), "a.json", 6_000)
    empty = label_bytes(1, utterances=[spoken(0, None, None, "")])
    with pytest.raises(InputError, match="no utterance has times or words"):
        delivered(empty, "a.json", 6_000)
    with pytest.raises(InputError, match="no utterance has words"):
        delivered(empty, "a.json", None)


def test_an_alarm_without_a_time_is_one_and_has_no_moment(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, fake_run("t", knife), fake_run("v", (0.9, 0.1), modality="voice"))
    made = predict.predict_audio(ws, audio(), "a.wav", labels=labels(None, None))
    last = made["utterances"][1]
    assert (last["start_ms"], last["end_ms"], list(last["judgements"]["danger"]["by"])) == (None, None, ["text"])
    verdict = made["verdict"]["danger"]
    assert (verdict["label"], verdict["utterance"], verdict["alarm"], verdict["first_alarm_ms"]) == (
        "danger", 1, True, None,
    )  # fmt: skip
    assert [region.id for region in segments.regions(made)] == ["0"]
    again = predict.judge_again(ws, made, audio(), texts={1: "괜찮아요"})
    assert again["verdict"]["danger"]["label"] == "normal"


def test_words_without_a_time_count_as_much_as_others_in_a_mean(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, fake_run("u", lambda text: (0.1, 0.1, 0.8) if "칼" in text else (0.8, 0.1, 0.1), "urgency"))
    made = predict.predict_audio(ws, audio(), "a.wav", labels=labels(None, None))
    assert made["verdict"]["urgency"]["probabilities"]["high"] == pytest.approx(0.45)


def test_a_whole_call_is_joined_in_the_order_of_training(ws: Workspace) -> None:
    read: list[str] = []

    def say(text: str) -> tuple[float, float]:
        read.append(text)
        return 0.5, 0.5

    run = fake_run("c", say)
    run = replace(run, card=replace(run.card, unit="call"))
    said = [Span(None, None, "언제인지"), Span(3_000, 4_000, "나중"), Span(0, 1_000, "처음")]
    judge_call(said, Plan({run: Use(True, ("danger",))}), None)
    assert read == ["처음 나중 언제인지"]
