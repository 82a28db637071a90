"""core.speech.silero: the probabilities and spans of faster-whisper's own network, for one wave and for several."""

import numpy as np
import pytest

from core.audio import decode
from core.audio.vad import VADS
from core.plugins import Backend
from core.speech import silero
from core.workflows.predict import demo_calls

if not VADS["silero"].installed():
    pytest.skip(VADS["silero"].install, allow_module_level=True)

LENGTHS = (1, 63, 64, 65, 511, 512, 513, 1023, 1024, 16_000)


@pytest.fixture(scope="module")
def call() -> np.ndarray:
    return decode(demo_calls.read("화재")[0], "call").wave


@pytest.fixture(scope="module")
def waves(call: np.ndarray) -> list[np.ndarray]:
    noise = np.random.default_rng(0).normal(0, 0.1, 9_000).astype(np.float32)
    return [call[48_000 * n : 48_000 * (n + 1)] for n in range(3)] + [call[7_000:][:n] for n in LENGTHS] + [noise]


def network() -> silero.Silero:
    made = silero._network()
    assert made is not None, "the installed package has another file"
    return made


def test_the_probabilities_are_those_of_faster_whisper(waves: list[np.ndarray]) -> None:
    from faster_whisper.vad import get_vad_model

    theirs = get_vad_model()
    for wave, own in zip(waves, network().probabilities(waves), strict=True):
        whole = np.pad(wave, (0, 512 - len(wave) % 512))
        assert own == pytest.approx(theirs(whole).ravel(), abs=1e-4), len(wave)


def test_several_waves_are_read_as_each_alone_and_in_parts_as_whole(
    waves: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [network().probabilities([wave])[0] for wave in waves]
    monkeypatch.setattr(silero, "TOGETHER", 7 * len(waves))
    monkeypatch.setattr(silero, "BLOCK", 5)
    for one, other in zip(alone, network().probabilities(waves), strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert network().probabilities([]) == []


def test_the_spans_are_those_of_faster_whisper(waves: list[np.ndarray], call: np.ndarray) -> None:
    several = [*waves, call]
    assert silero.spans(several, 16_000) == [silero._by_library(wave) for wave in several]
    assert len(silero._by_library(call)) > 3
    (slow,) = silero.spans([call[::2]], 8_000)
    assert slow[0] == pytest.approx(silero._by_library(call)[0], abs=100)


@pytest.mark.parametrize("seed", range(20))
def test_speech_ends_by_the_rules_of_faster_whisper(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from faster_whisper import vad

    rng = np.random.default_rng(seed)
    pieces = int(rng.integers(1, 90))
    said = (rng.random(pieces) ** rng.choice([0.4, 1.0, 2.5])).astype(np.float32)
    samples = (pieces - 1) * 512 + int(rng.integers(0, 512))
    monkeypatch.setattr(vad, "get_vad_model", lambda: lambda padded: said)
    assert silero._spoken(said, samples) == silero._by_library(np.zeros(samples, np.float32))


def test_another_file_is_left_to_faster_whisper(call: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "_network", lambda: None)
    assert isinstance(VADS["silero"], Backend)
    assert silero.spans([call], 16_000) == [silero._by_library(call)]
