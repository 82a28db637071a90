"""core.speech.transcribers.listening, and what endpoint and SenseVoice answer, without any weights."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.audio import vad
from core.errors import CheckpointMismatch, InputError, MissingBackend
from core.settings import settings
from core.speech.transcribers import TRANSCRIBERS, endpoint, faster, languages, sensevoice, transformers_whisper
from core.speech.transcribers.guards import Reading
from core.speech.transcribers.listening import Listener, Read, Waves
from core.speech.transcribers.transcript import Word

KO = {"ko": 0.95}


@dataclass
class Fake:
    """Gives the readings one after the other and keeps how long the clips were, in ms."""

    readings: Sequence[Reading]
    lengths: list[int] = field(default_factory=list)

    def read(self, clips: Waves, language: str) -> list[Read]:
        at = len(self.lengths)
        self.lengths += [len(clip) // 16 for clip in clips]
        return [(reading, None) for reading in self.readings[at : at + len(clips)]]


def listener(fake: Fake, *speech: tuple[int, int]) -> Listener:
    return Listener("fake", "fake-1", fake, speech=lambda wave, rate_hz: speech)


def wave(seconds: float) -> np.ndarray:
    return (0.1 * np.sin(np.arange(int(16_000 * seconds)) / 9)).astype(np.float32)


def test_each_span_gets_its_transcript_with_times_in_the_recording() -> None:
    fake = Fake([Reading("불이 났어요", -0.2, 0.0, KO, (Word(100, 400, " 불이", 0.9), Word(400, 900, " 났어요", 0.8)))])
    quiet, spoken = listener(fake, (2000, 3000)).transcribe(wave(4), [(0, 1500), (1900, 3100)])
    assert (quiet.state, quiet.text, quiet.start_ms, quiet.end_ms) == ("no_speech", "", 0, 1500)
    assert (spoken.state, spoken.text, spoken.start_ms, spoken.end_ms) == ("ok", "불이 났어요", 1900, 3100)
    assert fake.lengths == [1200], "a span without speech is not read"
    assert spoken.document() == {
        "text": "불이 났어요", "state": "ok", "confidence": 0.8187, "language": "ko",
        "words": [
            {"start_ms": 2000, "end_ms": 2300, "text": "불이", "probability": 0.9},
            {"start_ms": 2300, "end_ms": 2800, "text": "났어요", "probability": 0.8},
        ],
    }  # fmt: skip


def test_what_is_not_understood_has_no_text() -> None:
    fake = Fake([Reading("고마워요", -1.2, 0.3, KO)])
    (read,) = listener(fake, (0, 2000)).transcribe(wave(2), [(0, 2000)])
    assert (read.state, read.text, read.words, read.confidence) == ("not_understood", "", (), 0.3012)


def test_a_long_span_is_read_in_pieces() -> None:
    fake = Fake(
        [Reading("하나 둘", -0.1, 0.0, KO), Reading("아무 말", -2.0, 0.0, KO), Reading("셋 넷", -0.4, 0.0, KO)] * 2
    )
    (read,) = listener(fake, (0, 40_000)).transcribe(wave(40), [(0, 40_000)])
    assert sum(fake.lengths) == 40_000
    assert max(fake.lengths) <= 15_000
    assert (read.state, read.text[:8], read.start_ms, read.end_ms) == ("ok", "하나 둘 셋 넷", 0, 40_000)
    assert read.confidence == 0.6703, "the least sure piece counts"


def test_spans_outside_the_wave_and_no_spans() -> None:
    reads = listener(Fake([]), (0, 500)).transcribe(wave(1), [(2000, 3000), (500, 500)])
    assert [read.state for read in reads] == ["no_speech", "no_speech"]
    assert listener(Fake([])).transcribe(np.zeros(0, np.float32), None) == []
    assert listener(Fake([])).transcribe(wave(1), []) == []


def test_only_the_sound_around_the_spans_is_searched_for_speech() -> None:
    searched: list[np.ndarray] = []

    def speech(part: np.ndarray, rate_hz: int) -> list[tuple[int, int]]:
        searched.append(part)
        return [(1000, 2000)]  # where the search begins a second before the span

    sound = np.arange(16_000 * 300, dtype=np.float32)
    fake = Fake([Reading("불이 났어요", -0.2, 0.0, KO)] * 2)
    heard = Listener("fake", "fake-1", fake, speech=speech)
    (late,) = heard.transcribe(sound, [(290_000, 291_000)])
    assert (late.state, late.start_ms) == ("ok", 290_000)
    assert [(int(part[0]) // 16, len(part) // 16) for part in searched] == [(289_000, 2000)]
    heard.transcribe(sound, [(5000, 6000), (500, 1500)])
    assert (int(searched[1][0]), len(searched[1]) // 16) == (0, 6000)
    heard.transcribe(sound, [(400_000, 500_000)])
    assert len(searched) == 2, "a span outside the recording needs no search"


def test_a_language_that_does_not_exist() -> None:
    for language in ("kr", "KO", "korean", ""):
        with pytest.raises(InputError, match=f"no recogniser knows the language '{language}'; give a code such as ko"):
            listener(Fake([])).transcribe(wave(1), [(0, 1000)], language)
    tokenizer = pytest.importorskip("faster_whisper.tokenizer")
    assert set(tokenizer._LANGUAGE_CODES) == languages.CODES


def test_a_model_with_fewer_languages() -> None:
    pytest.importorskip("faster_whisper")
    inner = SimpleNamespace(is_multilingual=True)
    model = SimpleNamespace(model=inner, hf_tokenizer=SimpleNamespace(token_to_id=lambda token: None))
    with pytest.raises(InputError, match="no recogniser knows the language 'yue'"):
        faster._read(model, [wave(1)], "yue")


def test_all_transcribers_need_silero(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all("faster_whisper" in backend.needs for backend in TRANSCRIBERS.values())
    assert all("faster-whisper==1.2.1" in backend.install for backend in TRANSCRIBERS.values())
    monkeypatch.setitem(vad.VADS, "silero", replace(vad.VADS["silero"], needs=("no_such_package",)))
    with pytest.raises(MissingBackend, match=r"pip install faster-whisper==1\.2\.1"):
        Listener("fake", "fake-1", Fake([])).transcribe(wave(1), [(0, 1000)])


def test_an_answer_of_a_service_is_a_reading_under_the_same_guards() -> None:
    sent: list[tuple[bytes, str]] = []

    def send(wav: bytes, language: str) -> dict[str, object]:
        sent.append((wav[:4], language))
        return {
            "text": " 시청해주셔서 감사합니다" if len(sent) == 1 else " 불이 났어요 ",
            "segments": [{"avg_logprob": -0.2, "no_speech_prob": 0.1}, {"avg_logprob": -0.4, "no_speech_prob": 0.1}],
            "words": [{"word": "불이", "start": 0.1, "end": 0.4}, {"word": "났어요", "start": 0.4, "end": None}],
        }

    heard = Listener("endpoint", "m", endpoint.Endpoint(send), speech=lambda wave, rate_hz: [(0, 5000)])
    first, second = heard.transcribe(wave(5), [(0, 2000), (2000, 4000)])
    assert (first.state, first.text) == ("not_understood", "")
    assert (second.text, second.confidence, second.words[0].start_ms) == ("불이 났어요", 0.7408, 2100)
    assert sent == [(b"RIFF", "ko")] * 2
    assert endpoint.reading({"text": None}).text == ""


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "불이 났어요"},
        {"text": "불이 났어요", "segments": []},
        {"text": "불이 났어요", "segments": None, "words": None},
        {"text": "불이 났어요", "segments": [{"text": "불이 났어요"}]},
        {"text": "불이 났어요", "segments": [{"avg_logprob": float("nan"), "no_speech_prob": float("nan")}]},
        {"text": "불이 났어요", "segments": [{"avg_logprob": -0.1}, {"avg_logprob": None}]},
        {
            "text": "불이 났어요",
            "segments": [{"avg_logprob": "sure"}],
            "words": ["불이", {"word": "불이", "start": "x"}],
        },
        {"text": "불이 났어요", "segments": 5, "words": {"word": "불이"}},
    ],
)
def test_an_answer_without_figures_is_not_believed(answer: dict[str, object]) -> None:
    heard = Listener("e", "m", endpoint.Endpoint(lambda wav, lang: answer), speech=lambda wave, rate_hz: [(0, 2000)])
    (read,) = heard.transcribe(wave(2), [(0, 2000)])
    assert (read.state, read.text, read.words, read.confidence) == ("not_understood", "", (), 0.0)


def test_sensevoice_tells_language_events_and_times() -> None:
    result = SimpleNamespace(
        text="불이 났어요",
        lang="<|ko|>",
        event="<|Speech|>",
        tokens=["▁불", "이", "▁났어요"],
        timestamps=[0.1, 0.2, 0.5],
    )
    reading = sensevoice.reading(result, 16_000)
    assert (reading.text, reading.languages) == ("불이 났어요", {"ko": 1.0})
    assert reading.words == (Word(100, 500, "불이", 1.0), Word(500, 1000, "났어요", 1.0))
    music = sensevoice.reading(SimpleNamespace(text="", lang="<|nospeech|>", event="<|BGM|>"), 16_000)
    assert (music.no_speech, music.languages) == (1.0, {})


@pytest.mark.parametrize(
    ("text", "lang", "event", "state"),
    [
        ("불이 났어요", "<|ko|>", "<|Speech|>", "ok"),
        ("불이 났어요", "<|ko|>", "", "ok"),
        ("감사합니다", "<|ko|>", "<|BGM|>", "no_speech"),
        ("감사합니다", "<|ko|>", "<|Applause|>", "no_speech"),
        ("감사합니다", "<|nospeech|>", "", "no_speech"),
        ("", "<|ko|>", "<|BGM|>", "no_speech"),
        ("", "", "", "no_speech"),
        ("", "<|ko|>", "<|Speech|>", "not_understood"),
    ],
)
def test_the_event_of_sensevoice_decides_whether_somebody_speaks(text: str, lang: str, event: str, state: str) -> None:
    result = SimpleNamespace(text=text, lang=lang, event=event, tokens=["▁" + text], timestamps=[0.1])
    (read,) = listener(Fake([sensevoice.reading(result, 32_000)]), (0, 2000)).transcribe(wave(2), [(0, 2000)])
    assert (read.state, read.text) == (state, text if state == "ok" else "")
    assert bool(read.words) == (state == "ok")


def test_what_must_be_named_first() -> None:
    plain = replace(settings(), whisper="", sensevoice="", speech_url="")
    with pytest.raises(MissingBackend, match=r"SenseVoice, with tokens.txt, in GWIDAMA_SENSEVOICE"):
        sensevoice.make(plain)
    with pytest.raises(MissingBackend, match="GWIDAMA_SPEECH_URL; the sound of calls leaves this machine then"):
        endpoint.make(plain)
    with pytest.raises(MissingBackend, match=r"folder with model.safetensors of Whisper in GWIDAMA_WHISPER"):
        transformers_whisper.make(plain)
    with pytest.raises(CheckpointMismatch, match=r"/no/such holds no model.safetensors"):
        transformers_whisper.make(replace(plain, whisper="/no/such"))
    with pytest.raises(CheckpointMismatch, match=r"/no/such holds no model.int8.onnx"):
        sensevoice.make(replace(plain, sensevoice="/no/such"))
    assert list(TRANSCRIBERS) == ["whisper", "whisper-transformers", "sensevoice", "endpoint"]
    assert endpoint.make(replace(plain, speech_url="http://127.0.0.1:9/v1")).model == "whisper-1"
