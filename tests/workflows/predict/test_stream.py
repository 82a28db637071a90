"""core.workflows.predict.stream: a call is judged as it unfolds, and never with sound from later on."""

from typing import Any

import numpy as np
import pytest
from aihub119_files import label_bytes, spoken
from fake_runs import fake_run

from core.audio import Audio, vad
from core.errors import InputError
from core.workflows.predict import predict
from core.workflows.predict.judging import serving
from core.workflows.predict.judging.serving import Plan, Use
from core.workflows.predict.stream import HANG_MS, Stream, ended_spans
from core.workflows.workspace import Workspace

RATE_HZ = 16_000
SPEECH = ((500, 1_500), (2_500, 3_800), (5_000, 6_200))


def call(duration_ms: int = 7_000) -> Audio:
    """Three bursts of noise between near silence."""
    rng = np.random.default_rng(0)
    wave = rng.normal(0, 0.001, duration_ms * RATE_HZ // 1000).astype(np.float32)
    for start, end in SPEECH:
        at = slice(start * RATE_HZ // 1000, end * RATE_HZ // 1000)
        wave[at] += rng.normal(0, 0.2, at.stop - at.start).astype(np.float32)
    return Audio(wave, RATE_HZ, RATE_HZ, 1, "WAV", duration_ms)


@pytest.fixture(autouse=True)
def _any_sound_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bursts of noise are utterances here; Silero would not take them for speech."""
    monkeypatch.setattr(vad, "default", lambda: "energy")


def fire(text: str) -> tuple[float, float]:
    return (0.1, 0.9) if "불이" in text else (0.8, 0.2)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A text run that hears fire, and a voice run that always says normal."""
    made = [fake_run("t", fire), fake_run("v", (0.7, 0.3), modality="voice")]
    plan = Plan({run: Use(True, (run.scheme,)) for run in made})
    monkeypatch.setattr(serving, "plan", lambda *_arguments, **_options: plan)
    return made


def labels() -> bytes:
    utterances = [spoken(0, 500, 1_500, "네 119입니다", 0), spoken(1, 2_500, 3_800), spoken(2, 5_000, 6_200, "빨리요")]
    return label_bytes(1, utterances=utterances)


def test_an_utterance_is_found_once_it_has_ended() -> None:
    sound = call()
    assert ended_spans(sound, 0, 1_200) == [], "it is still going on"
    ((start, end),) = ended_spans(sound, 0, 1_700 + HANG_MS)
    assert (abs(start - 500) < 150, abs(end - 1_500) < 150) == (True, True)
    assert ended_spans(sound, end, 1_700 + HANG_MS) == [], "it was heard before"
    assert len(ended_spans(sound, 0, 7_000)) == 3


def test_the_stream_hears_what_the_whole_recording_has(ws: Workspace, runs: list[Any]) -> None:
    stream = Stream(ws, call(), "a.wav", transcriber="off")
    assert stream.document["utterances"] == []
    seen = []
    while not stream.ended:
        before = stream.at_ms
        for utterance in stream.advance(before + 250):
            assert utterance["end_ms"] <= stream.at_ms
            seen.append(utterance)
    whole = predict.predict_audio(ws, call(), "a.wav", transcriber="off")
    assert [(u["start_ms"], u["end_ms"]) for u in seen] == [(u["start_ms"], u["end_ms"]) for u in whole["utterances"]]
    assert stream.document["utterances"] == seen
    assert stream.document["stream"] == {"at_ms": 7_000, "duration_ms": 7_000, "ended": True, "first_alarm_ms": None}


def test_labels_give_the_words_and_the_first_alarm_comes_when_they_were_said(ws: Workspace, runs: list[Any]) -> None:
    stream = Stream(ws, call(), "a.wav", labels=labels())
    assert [u["text"] for u in stream.advance(3_000)] == ["네 119입니다"]
    assert stream.document["stream"]["first_alarm_ms"] is None
    assert [u["text"] for u in stream.advance(3_800)] == ["불이 났어요"]
    assert stream.document["stream"]["first_alarm_ms"] == 3_800
    assert stream.document["verdict"]["danger"]["label"] == "danger"
    assert stream.advance(3_000) == [], "the position never goes back"
    assert stream.at_ms == 3_800
    document = stream.play()
    assert document["stream"]["ended"]
    alone = predict.predict_audio(ws, call(), "a.wav", labels=labels())
    assert {key: value for key, value in document.items() if key != "stream"} == alone


def test_every_utterance_is_judged_once(ws: Workspace, runs: list[Any]) -> None:
    Stream(ws, call(), "a.wav", labels=labels()).play()
    assert [run.model.asked for run in runs] == [3, 3]


def test_labels_that_do_not_fit_are_refused_at_the_start(ws: Workspace, runs: list[Any]) -> None:
    late = label_bytes(1, utterances=[spoken(0, 60_000, 61_000)])
    with pytest.raises(InputError, match="no utterance lies inside the recording of 7000 ms"):
        Stream(ws, call(), "a.wav", labels=late)


def test_a_long_way_passes_over_no_sound() -> None:
    """A page that was away for three minutes hears all three, and not the last sixty seconds of them."""
    rng = np.random.default_rng(0)
    wave = rng.normal(0, 0.001, 180 * RATE_HZ).astype(np.float32)
    for second in (5, 65, 100, 170):
        wave[second * RATE_HZ : (second + 1) * RATE_HZ] += rng.normal(0, 0.2, RATE_HZ).astype(np.float32)
    stream = Stream.__new__(Stream)
    stream.audio, stream.at_ms, stream._last_ms, stream._known = (
        Audio(wave, RATE_HZ, RATE_HZ, 1, "WAV", 180_000), 0, 0, None,
    )  # fmt: skip
    found: list[int] = []

    def step(to_ms: int) -> list[Any]:
        stream.at_ms = to_ms
        said = stream._said()
        stream._last_ms = max([stream._last_ms, *(span.end_ms or 0 for span in said)])
        found.extend(round((span.start_ms or 0) / 1_000) for span in said)
        return []

    stream._step = step  # type: ignore[method-assign]
    stream.advance(180_000)
    assert (found, stream.at_ms) == ([5, 65, 100, 170], 180_000)


def test_the_time_to_alarm_is_when_it_was_judged(ws: Workspace, runs: list[Any]) -> None:
    stream = Stream(ws, call(), "a.wav", labels=labels())
    stream.advance(4_500)
    stream.advance(6_500)
    assert stream.document["stream"]["first_alarm_ms"] == 4_500
    assert stream.document["verdict"]["danger"]["first_alarm_ms"] == 3_800, "the end of its utterance"


def test_the_rest_of_a_known_utterance_is_no_utterance() -> None:
    sound = call()
    ((_, end),) = ended_spans(sound, 0, 2_300)
    assert ended_spans(sound, end - 200, 2_300) == [], "200 ms of it are left"
    assert len(ended_spans(sound, end - 400, 2_300)) == 1


def test_a_run_of_whole_calls_hears_nothing_that_comes_later(
    ws: Workspace, runs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[int, int]] = []

    def judge_call(own: Any, plan: Plan, audio: Audio) -> dict[str, Any]:
        heard.append((audio.duration_ms, len(audio.wave) * 1_000 // RATE_HZ))
        return {}

    monkeypatch.setattr(predict, "judge_call", judge_call)
    stream = Stream(ws, call(), "a.wav", labels=labels())
    assert set(heard) == {(0, 0)}, "nothing has been played"
    stream.advance(2_000)
    assert heard[-1] == (2_000, 2_000)
    stream.advance(6_500)
    assert max(heard) == (6_500, 6_500)
    stream.advance(7_000)
    assert heard[-1] == (7_000, 7_000), "at the end it has heard all, whether or not somebody spoke"


def test_words_without_a_time_are_judged_when_the_recording_has_ended(ws: Workspace, runs: list[Any]) -> None:
    said = label_bytes(1, utterances=[spoken(0, None, None, "불이 났어요"), spoken(1, 500, 1_500, "네")])
    stream = Stream(ws, call(), "a.wav", labels=said)
    assert [u["text"] for u in stream.advance(6_900)] == ["네"]
    assert [u["text"] for u in stream.advance(7_000)] == ["불이 났어요"]
    assert stream.document["verdict"]["danger"]["label"] == "danger"
    assert stream.document["stream"]["first_alarm_ms"] is None


def test_an_own_voice_is_compared_with_all_that_was_heard(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    together: list[int] = []

    def with_own_voices(values: Any) -> Any:
        together.append(len(values["length"]))
        return values

    voice = fake_run("v", (0.7, 0.3), modality="voice", config={"baseline": "speaker"})
    voice.model.with_own_voices = with_own_voices  # type: ignore[attr-defined]
    plan = Plan({voice: Use(True, ("danger",))}, {}, True)
    monkeypatch.setattr(serving, "plan", lambda *_arguments, **_options: plan)
    stream = Stream(ws, call(), "a.wav", labels=labels(), own_voice=True)
    for at in (2_000, 4_000, 7_000):
        (new,) = stream.advance(at)
        assert new["judgements"]["danger"]["by"]["voice"]["baseline"] == "own"
    assert [n for n in together if n > 1] == [2, 3]
