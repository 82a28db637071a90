"""core.workflows.predict.judging: text and voice together, one verdict, and "cannot tell"; by runs without weights."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from aihub119_files import label_bytes, spoken
from fake_runs import fake_run

from core.audio import Audio
from core.errors import InputError, MissingBackend
from core.files import write_json
from core.inference.predictor import Predictor
from core.runs.limits import known_pairs, write_pairs
from core.workflows.predict import predict, why
from core.workflows.predict.judging import serving, spans
from core.workflows.predict.judging.judge import judge
from core.workflows.predict.judging.serving import Plan, Use
from core.workflows.predict.judging.spans import Heard, Span
from core.workflows.predict.stream import Stream
from core.workflows.workspace import Workspace

SPANS = [
    Span(0, 1000, "불이 났어요"),
    Span(1000, 3000, "네 알겠습니다"),
    Span(3000, 3300, "빨리요"),
    Span(4000, 6000, None),
]


def audio(ms: int = 6000) -> Audio:
    return Audio(np.full(ms * 16, 0.1, np.float32), 16_000, 16_000, 1, "WAV", ms)


def plan(*runs: Predictor, **weights: float) -> Plan:
    return Plan({run: Use(True, (run.scheme,)) for run in runs}, weights)


def document(ws: Workspace, own: list[Span], *runs: Predictor, sound: Audio | None = None, **weights: float) -> Any:
    chosen = plan(*runs, **weights)
    return predict._document(ws, "x", Heard(own, spans.state("given")), chosen, sound, judge(own, chosen, sound))


def fire(text: str) -> tuple[float, float]:
    return (0.1, 0.9) if "불이" in text else (0.8, 0.2)


def test_text_and_voice_are_weighed(ws: Workspace) -> None:
    text, voice = fake_run("t", fire), fake_run("v", (0.7, 0.3), modality="voice")
    made = document(ws, SPANS, text, voice, sound=audio())
    first, second, third, fourth = (u["judgements"]["danger"] for u in made["utterances"])
    assert first["probabilities"]["danger"] == pytest.approx(0.7 * 0.9 + 0.3 * 0.3)
    assert (first["weights"], first["run"], first["disagree"]) == (
        {"text": 0.7, "voice": pytest.approx(0.3)},
        "t",
        True,
    )
    assert {name: by["label"] for name, by in first["by"].items()} == {"text": "danger", "voice": "normal"}
    assert (second["disagree"], second["label"]) == (False, "normal")
    assert (third["by"].keys(), third["weights"]) == ({"text"}, None), "0.3 s are too short for the voice"
    assert (fourth["by"].keys(), fourth["run"]) == ({"voice"}, "v"), "nobody knows the words"
    other = document(ws, SPANS, text, voice, sound=audio(), danger=0.2)["utterances"][0]["judgements"]["danger"]
    assert other["probabilities"]["danger"] == pytest.approx(0.2 * 0.9 + 0.8 * 0.3)
    assert (other["run"], other["label"]) == ("v", "normal")
    json.dumps(made)


def test_recordings_in_one_batch_are_judged_as_each_alone(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = plan(fake_run("t", fire), fake_run("v", (0.7, 0.3), modality="voice"))
    monkeypatch.setattr(serving, "plan", lambda *_arguments, **_options: chosen)
    sounds = [
        predict.Sound(audio(), "a.wav", segments=SPANS),
        predict.Sound(b"RIFF", "broken.wav"),
        predict.Sound(audio(), "b.wav", text="불이 났어요"),
        predict.Sound(audio(), "c.wav", labels=b"{"),
        predict.Sound(audio(2_000), "d.wav"),
        predict.Sound(audio(), "e.wav", segments=[Span(1000, 3000, "네 알겠습니다")]),
    ]
    together = predict.predict_recordings(ws, sounds, transcriber="off")
    assert [type(one).__name__ for one in together] == ["dict", "AudioError", "dict", "BadRecord", "dict", "dict"]
    for sound, one in zip(sounds, together, strict=True):
        if isinstance(one, dict):
            known = {"text": sound.text, "segments": sound.segments}
            assert one == predict.predict_audio(ws, sound.data, sound.source, transcriber="off", **known)
    assert [len(one["utterances"]) for one in together if isinstance(one, dict)][::3] == [4, 1]
    assert predict.predict_recordings(ws, []) == []


def test_a_part_that_cannot_tell_has_no_weight(ws: Workspace) -> None:
    text, voice = fake_run("t", (0.9, 0.1)), fake_run("v", (0.1, 0.9), modality="voice")
    (made,) = document(ws, [Span(0, 1000, "hello my friend")], text, voice, sound=audio())["utterances"]
    judged = made["judgements"]["danger"]
    assert (judged["label"], judged["run"], judged["abstained"], judged["weights"]) == ("danger", "v", None, None)
    assert (judged["by"]["text"]["abstained"], judged["disagree"]) == ("not_korean", False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("🔥🔥", "empty"),
        (".", "empty"),
        ("ㅋㅋㅋ", "empty"),
        ("hello my friend", "not_korean"),
        ("낯선 말", "unfamiliar"),
    ],
)
def test_a_sure_answer_to_nothing_is_no_answer(ws: Workspace, text: str, code: str) -> None:
    sure = fake_run("t", (0.9, 0.1), known=frozenset({" 불", "불이"}), farthest=0.5)
    made = document(ws, [Span(None, None, text)], sure)
    judged = made["utterances"][0]["judgements"]["danger"]
    assert (judged["label"], judged["confidence"]) == ("normal", pytest.approx(0.9)), "old scripts find them still"
    assert (judged["abstained"], made["verdict"]["danger"]["abstained"]) == (code, code)
    assert judged["reason"] == made["verdict"]["danger"]["reason"] != ""
    assert made["abstained"] == (None if code == "unfamiliar" else code)


def test_chance_is_undecided_and_names_the_classes(ws: Workspace) -> None:
    made = document(ws, [Span(None, None, "불이 났어요")], fake_run("u", (0.33, 0.33, 0.34), scheme="urgency"))
    verdict = made["verdict"]["urgency"]
    assert (verdict["abstained"], verdict["set"]) == ("undecided", ["high", "low", "medium"])
    assert verdict["reason"] == "these classes are not told apart: high, low, medium"


def test_the_threshold_of_the_run_decides_what_is_told_apart(ws: Workspace) -> None:
    one = [Span(None, None, "불이 났어요")]
    for threshold, code in ((0.5, None), (0.2, "undecided"), (None, None)):
        run = fake_run("t", (0.3, 0.7), thresholds={"danger": threshold})
        assert document(ws, one, run)["verdict"]["danger"]["abstained"] == code


def test_the_most_dangerous_utterance_is_the_verdict_and_the_first_alarm_its_end(ws: Workspace) -> None:
    said = {"조금": (0.45, 0.55), "많이": (0.05, 0.95), "아니": (0.9, 0.1), "hello": (0.01, 0.99)}
    run = fake_run("t", lambda text: said[text])
    own = [Span(at * 1000, at * 1000 + 900, text) for at, text in enumerate(["아니", "조금", "많이", "hello"])]
    (ws.settings.runs / "t").mkdir(parents=True)
    write_json(ws.settings.runs / "t" / "metrics.json", {"test": {"per_class": [
        {"code": "danger", "n": 12, "recall": {"value": 0.9, "low": 0.8, "high": 0.97}}]}})  # fmt: skip
    verdict = document(ws, own, run, sound=audio())["verdict"]["danger"]
    assert (verdict["level"], verdict["utterance"], verdict["label"], verdict["run"]) == ("utterance", 2, "danger", "t")
    assert (verdict["confidence"], verdict["abstained"]) == (pytest.approx(0.95), None)
    assert verdict["first_alarm_ms"] == 1900, "an undecided utterance above one half is an alarm"
    assert verdict["recall"] == {"class": "danger", "value": 0.9, "low": 0.8, "high": 0.97, "n": 12}
    later = fake_run("t", lambda text: said[text], operating_points={"danger": 0.9})
    assert document(ws, own, later, sound=audio())["verdict"]["danger"]["first_alarm_ms"] == 2900
    calm = document(ws, own[:1], run, sound=audio())["verdict"]["danger"]
    assert (calm["first_alarm_ms"], calm["label"]) == (None, "normal")


def test_another_scheme_is_the_mean_over_what_was_told_by_duration(ws: Workspace) -> None:
    said = {"낮음": (0.8, 0.1, 0.1), "높음": (0.1, 0.1, 0.8), "모름": (0.34, 0.33, 0.33)}
    run = fake_run("u", lambda text: said[text], scheme="urgency")
    own = [Span(0, 1000, "낮음"), Span(1000, 4000, "높음"), Span(4000, 6000, "모름")]
    verdict = document(ws, own, run, sound=audio())["verdict"]["urgency"]
    assert verdict["probabilities"]["high"] == pytest.approx((0.1 * 1 + 0.8 * 3) / 4)
    assert (verdict["label"], verdict["utterance"], verdict["first_alarm_ms"]) == ("high", None, None)
    unknown = document(ws, own[2:], run, sound=audio())["verdict"]["urgency"]
    assert (unknown["abstained"], unknown["label"]) == ("undecided", "low")


def test_a_sound_of_a_third_of_a_second_is_too_short(ws: Workspace) -> None:
    voice, text = fake_run("v", (0.1, 0.9), modality="voice"), fake_run("u", (0.1, 0.1, 0.8), scheme="urgency")
    made = document(ws, [Span(0, 300, None)], voice, text, sound=audio(300))
    (utterance,) = made["utterances"]
    assert (utterance["judgements"], utterance["abstained"]) == ({}, {"danger": "too_short", "urgency": "empty"})
    assert made["abstained"] == made["verdict"]["danger"]["abstained"] == made["verdict"]["urgency"]["abstained"]
    assert made["abstained"] == "too_short"
    assert (made["verdict"]["danger"]["label"], made["verdict"]["danger"]["confidence"]) == (None, None)
    silent = document(ws, [], voice, sound=audio())
    assert (silent["abstained"], silent["verdict"]["danger"]["reason"]) == ("no_speech", "no speech was found")


@dataclass
class Word:
    start_ms: int = 0
    end_ms: int = 400
    text: str = "불이"
    probability: float = 0.9


@dataclass
class FakeTranscript:
    text: str
    state: str = "ok"
    start_ms: int = 0
    end_ms: int = 1000
    confidence: float = 0.8
    language: str = "ko"
    words: list[Word] = field(default_factory=lambda: [Word()])


def speech(monkeypatch: pytest.MonkeyPatch, said: list[FakeTranscript] | Exception | None) -> None:
    """Let the workflow of speech recognition hear what a test wants."""

    def transcribe(wave: Any, own: Any, language: str) -> list[FakeTranscript]:
        assert (wave.dtype, language) == (np.float32, "ko")
        if isinstance(said, Exception):
            raise said
        return said or []

    recogniser = None if said is None else SimpleNamespace(name="whisper", transcribe=transcribe)
    reason = {"name": None, "state": "absent", "reason": "no model installed"}
    module = SimpleNamespace(transcriber=lambda ws, name=None: recogniser, status=lambda ws: reason)
    monkeypatch.setattr(spans, "speech", module)


def test_what_was_not_understood_is_no_text(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    speech(
        monkeypatch,
        [FakeTranscript("불이 났어요"), FakeTranscript("すみ ดี", "not_understood"), FakeTranscript("", "no_speech")],
    )
    given = [Span(0, 1000, None), Span(1000, 2000, None), Span(2000, 3000, None)]
    heard = spans.hear(ws, audio(), "x", given=given)
    assert heard.transcriber == {"name": "whisper", "state": "ok", "reason": None}
    assert [span.text for span in heard.spans] == ["불이 났어요", None, None]
    words = heard.spans[0].transcript
    assert words is not None
    assert words["words"] == [{"start_ms": 0, "end_ms": 400, "text": "불이", "probability": 0.9}]
    chosen = plan(fake_run("t", fire))
    made = predict._document(ws, "x", heard, chosen, audio(), judge(heard.spans, chosen, audio()))
    assert [u["abstained"] for u in made["utterances"]] == [{}, {"danger": "not_understood"}, {"danger": "no_speech"}]
    assert made["verdict"]["danger"]["label"] == "danger"


def test_without_a_recogniser_the_voice_is_judged_all_the_same(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [Span(0, 1000, None)]
    speech(monkeypatch, None)
    assert spans.hear(ws, audio(), "x", given=given).transcriber == {
        "name": None, "state": "absent", "reason": "no model installed",
    }  # fmt: skip
    assert spans.hear(ws, audio(), "x", given=given, transcriber="off").transcriber["state"] == "off"
    assert spans.hear(ws, audio(), "x", given=given, text="불이 났어요").spans == [Span(0, 1000, "불이 났어요")]
    speech(monkeypatch, MissingBackend("pip install it"))
    assert spans.hear(ws, audio(), "x", given=given).transcriber["reason"] == "pip install it"
    with pytest.raises(MissingBackend, match="pip install it"):
        spans.hear(ws, audio(), "x", given=given, transcriber="whisper")
    with pytest.raises(InputError, match="x: no segment of a recording of 6000 ms lies between 7000 and 8000 ms"):
        spans.hear(ws, audio(), "x", given=[Span(7000, 8000, None)])


def test_a_changed_text_is_judged_again_and_nothing_else(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    text, voice = fake_run("t", fire), fake_run("v", (0.7, 0.3), modality="voice")
    first = document(ws, SPANS, text, voice, sound=audio())
    asked = [run.model.asked for run in (text, voice)]  # type: ignore[attr-defined]
    for weights in ({}, {"danger": 0.0}):
        monkeypatch.setattr(serving, "plan", lambda *a, w=weights: plan(text, voice, **w))
        changed = predict.judge_again(ws, first, audio(), texts={1: "불이 났어요", 0: "불이 났어요"})
        assert changed["utterances"][1]["text"] == "불이 났어요"
    assert changed["utterances"][1]["judgements"]["danger"]["by"]["text"]["label"] == "danger"
    assert changed["utterances"][1]["judgements"]["danger"]["run"] == "v"
    assert [run.model.asked for run in (text, voice)] == [asked[0] + 2, asked[1]]  # type: ignore[attr-defined]
    again = predict.judge_again(ws, first, audio())
    assert again["utterances"][0]["judgements"]["danger"]["by"] == first["utterances"][0]["judgements"]["danger"]["by"]


def test_another_baseline_is_another_answer(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of voices is asked again where it would take another neutral voice, and says which it took."""
    voice = fake_run("v", (0.7, 0.3), modality="voice", config={"baseline": "speaker"})
    voice.model.with_own_voices = lambda values: values  # type: ignore[attr-defined]
    first = document(ws, SPANS[:1], voice, sound=audio())
    assert first["utterances"][0]["judgements"]["danger"]["by"]["voice"]["baseline"] == "speaker"
    asked = voice.model.asked  # type: ignore[attr-defined]
    for own, n, name in ((False, 0, "speaker"), (True, 1, "own")):
        monkeypatch.setattr(serving, "plan", lambda *a, own=own: Plan({voice: Use(True, ("danger",))}, {}, own))
        made = predict.judge_again(ws, first, audio(), own_voice=own)
        assert made["utterances"][0]["judgements"]["danger"]["by"]["voice"]["baseline"] == name
        assert voice.model.asked == asked + n  # type: ignore[attr-defined]


def test_a_label_json_is_judged_by_its_words_where_its_recording_is_missing(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = plan(fake_run("t", fire), fake_run("v", (0.3, 0.7), modality="voice"))
    monkeypatch.setattr(serving, "plan", lambda *_arguments, **_options: used)
    said = [spoken(0, 500, 1_500, "네 119입니다", 0), spoken(1, 2_500, 3_800, "여기 불이 났어요")]
    judged = predict.predict_labels(ws, label_bytes(1, utterances=said), "a.json")
    assert [(u["start_ms"], u["text"], u["speaker"]) for u in judged["utterances"]] == [
        (500, "네 119입니다", "taker"),
        (2_500, "여기 불이 났어요", "caller"),
    ]
    assert [list(u["judgements"]["danger"]["by"]) for u in judged["utterances"]] == [["text"], ["text"]]
    assert (judged["verdict"]["danger"]["label"], judged["verdict"]["danger"]["first_alarm_ms"]) == ("danger", 3_800)
    with pytest.raises(InputError, match="no utterance has words"):
        predict.predict_labels(ws, label_bytes(1, utterances=[]), "a.json")


def test_the_lines_of_a_conversation_are_its_utterances(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    used = plan(fake_run("t", fire))
    monkeypatch.setattr(serving, "plan", lambda *_arguments, **_options: used)
    judged = predict.predict_conversation(ws, ["안녕하세요", "불이 났어요", "🔥🔥"])
    assert [u["text"] for u in judged["utterances"]] == ["안녕하세요", "불이 났어요", "🔥🔥"]
    assert judged["verdict"]["danger"]["utterance"] == 1
    last = judged["utterances"][2]
    assert (last["abstained"] or last["judgements"]["danger"]["abstained"]) in ({"danger": "empty"}, "empty")


def test_words_alone_need_a_run_that_reads_text(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    used = plan(fake_run("v", (0.3, 0.7), modality="voice"))
    monkeypatch.setattr(serving, "plan", lambda *_arguments, **_options: used)
    typed = document(ws, [Span(None, None, "불이 났어요")], fake_run("t", fire))
    for judged in (
        lambda: predict.predict_text(ws, "불이 났어요"),
        lambda: predict.predict_conversation(ws, ["네", "불이 났어요"]),
        lambda: predict.predict_labels(ws, label_bytes(1), "a.json"),
        lambda: predict.judge_again(ws, typed),
    ):
        with pytest.raises(InputError, match="none of the chosen runs judges text"):
            judged()


def test_two_named_runs_that_judge_the_same_are_refused(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is dropped without a word; runs of other schemes, or of text and of voice, stand side by side."""
    made = {
        "a": fake_run("a", fire), "b": fake_run("b", fire), "u": fake_run("u", (0.2, 0.3, 0.5), scheme="urgency"),
        "v": fake_run("v", (0.3, 0.7), modality="voice"),
    }  # fmt: skip
    monkeypatch.setattr(serving, "read", lambda ws: serving.Stored((), frozenset(made), {}))
    monkeypatch.setattr(serving, "_load", lambda ws, stored, run_id: made[run_id])
    said = "the runs a and b both judge danger by text: name one of them"
    for named in (["a", "b"], {"danger": ["a", "b"]}):
        with pytest.raises(InputError, match=said):
            serving.plan(ws, named)
    assert [run.run_id for run in serving.plan(ws, ["a", "u", "v", "a"]).models] == ["a", "u", "v"]


def test_a_run_of_single_characters_knows_no_pairs(tmp_path: Path) -> None:
    """Without pairs nothing can be told of what is new: nothing is unfamiliar, until the pairs are written beside."""
    single = SimpleNamespace(vectorizer=SimpleNamespace(vocabulary_={"불": 0, "나": 1}))
    assert known_pairs(tmp_path, single) is None  # type: ignore[arg-type]
    (tmp_path / "model").mkdir()
    write_pairs(tmp_path, frozenset({"불나"}))
    assert known_pairs(tmp_path, single) == {"불나"}  # type: ignore[arg-type]
    longer = SimpleNamespace(vectorizer=SimpleNamespace(vocabulary_={"불": 0, "불이": 1}))
    assert known_pairs(tmp_path, longer) == {"불이"}  # type: ignore[arg-type]


def test_the_training_utterances_of_one_run_are_read_while_another_reads(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, fast = fake_run("slow", fire), fake_run("fast", fire)
    begun, go, asked = Event(), Event(), list[str]()

    def read(ws: Workspace, predictor: Predictor, name: str) -> None:
        asked.append(predictor.run_id)
        if predictor is slow:
            begun.set()
            assert go.wait(10)

    monkeypatch.setattr(why, "_read", read)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(why._trained, ws, slow, "danger") for _ in range(2)]
        try:
            assert begun.wait(10)
            other = Thread(target=why._trained, args=(ws, fast, "danger"), daemon=True)
            other.start()
            other.join(5)
            assert not other.is_alive(), "a run that is read holds up no other"
        finally:
            go.set()
        assert [future.result(10) for future in waiting] == [None, None]
    assert sorted(asked) == ["fast", "slow"], "each is read once, also for two that ask at once"


def test_a_live_call_compares_voices_as_it_was_told(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    used, asked = plan(fake_run("t", fire)), list[Any]()
    monkeypatch.setattr(serving, "plan", lambda *given: asked.append(given[-1]) or used)  # type: ignore[func-returns-value]
    said = label_bytes(1, utterances=[spoken(0, 0, 1_000, "불이 났어요")])
    Stream(ws, audio(3_000), "a.wav", labels=said, own_voice=True).play()
    assert len(asked) > 1
    assert set(asked) == {True}
