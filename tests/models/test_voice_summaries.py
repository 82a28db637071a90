"""What models compare of voices: speech like that of the training is near, noise, tones and music are far."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_runs import fake_run

from core.abstention.familiar import fitted_distance
from core.abstention.usual import Usual
from core.audio import decode
from core.models import prepare
from core.models.cross_modal import CrossModal
from core.models.values import Sample
from core.models.voice.conv_bilstm import ConvBilstm
from core.models.voice.encoder import AudioEncoder
from core.workflows.predict import demo_calls

pytestmark = pytest.mark.integration  # torch and transformers are imported

RNG = np.random.default_rng(0)
AT = np.arange(32_000) / 16_000


@pytest.fixture(scope="module")
def voices() -> list[np.ndarray]:
    """Clips of 2 s of the demo's calls that hold sound."""
    waves = [decode(demo_calls.read(name)[0], name).wave for name in ("화재", "구급", "구조")]
    clips = [wave[at : at + 32_000] for wave in waves for at in range(0, len(wave) - 32_000, 16_000)]
    return [clip for clip in clips if np.abs(clip).mean() > 0.01]


def strange() -> dict[str, np.ndarray]:
    chord = sum(np.sin(2 * np.pi * hz * AT) for hz in (262, 330, 392)) * 0.1
    return {
        "noise": RNG.normal(0, 0.2, len(AT)).astype(np.float32),
        "tone": (0.3 * np.sin(2 * np.pi * 440 * AT)).astype(np.float32),
        "chord": chord.astype(np.float32),
    }


def clip_values(waves: list[np.ndarray]) -> Any:
    return prepare.mfcc([Sample("", wave) for wave in waves], "", {"features": "clip"})


def wave_values(waves: list[np.ndarray]) -> Any:
    return prepare.waves([Sample("", wave) for wave in waves], "", {"max_samples": 32_000})


@pytest.mark.parametrize(("model", "values"), [(ConvBilstm, clip_values), (AudioEncoder, wave_values)])
def test_speech_is_near_and_other_sound_is_far(model: Any, values: Any, voices: list[np.ndarray]) -> None:
    itself: Any = SimpleNamespace(config=SimpleNamespace(features="clip"))
    usual = Usual.of(model.voice_summaries(itself, values(voices[::3])))
    assert usual is not None
    farthest = fitted_distance(usual.distances(model.voice_summaries(itself, values(voices[1::3]))))
    assert farthest is not None
    near = usual.distances(model.voice_summaries(itself, values(voices[2::3])))
    assert (near <= farthest).mean() > 0.9
    for name, wave in strange().items():
        far = usual.distances(model.voice_summaries(itself, values([wave])))
        assert far > farthest, name


def test_zeros_behind_a_short_clip_are_not_compared() -> None:
    itself: Any = SimpleNamespace(config=SimpleNamespace(features="clip"))
    rows = RNG.normal(size=(1, 100, 13)).astype(np.float32)
    rows[:, 40:] = 0
    short = ConvBilstm.voice_summaries(itself, rows)
    assert short is not None
    assert short.shape == (1, 104)
    assert short[0, 0] == pytest.approx(np.square(rows[0, :40, 0].astype(np.float64)).mean())
    assert ConvBilstm.voice_summaries(SimpleNamespace(config=SimpleNamespace(features="seed")), rows) is None  # type: ignore[arg-type]


def test_a_cross_modal_run_compares_the_mean_frame_of_what_has_a_voice() -> None:
    itself: Any = SimpleNamespace(config=SimpleNamespace(reads="both"), width=6)
    frames = RNG.normal(size=(30, 8, 6)).astype(np.float16)
    length = np.array([8, 3, 0] * 10)
    made = CrossModal.voice_summaries(itself, {"text": ["가"] * 30, "frames": frames, "length": length})
    assert made is not None
    assert made[1] == pytest.approx(frames[1, :3].astype(np.float64).mean(axis=0))
    assert np.isnan(made[2]).all()
    usual = Usual.of(made)
    assert usual is not None
    distances = usual.distances(made)
    assert np.isnan(distances[2::3]).all()
    assert np.nanmax(distances) < 3 < usual.distances(made[:1] + 9)[0]
    itself.config.reads = "text"
    assert CrossModal.voice_summaries(itself, {"text": ["가"], "frames": frames[:1], "length": length[:1]}) is None


def test_what_is_usual_is_saved_and_needs_two_voices() -> None:
    usual = Usual.of(RNG.normal(size=(9, 4)))
    assert usual is not None
    again = Usual.from_arrays(usual.as_arrays())
    assert np.array_equal(again.mean, usual.mean)
    assert Usual.of(np.array([[1.0], [np.nan]])) is None
    with pytest.raises(ValueError, match="do not fit"):
        Usual.from_arrays({"mean": usual.mean, "deviation": usual.deviation[:1]})


def test_a_run_of_text_and_voice_cannot_tell_of_a_far_voice() -> None:
    run = fake_run("b", (0.9, 0.1), usual=Usual(np.zeros(1, np.float32), np.ones(1, np.float32)), farthest_voice=2.0)
    assert not run.knows_voices, "a run of texts hears none"
    run = replace(run, card=replace(run.card, modality="both"))
    run.model.voice_summaries = lambda values: np.array([[0.5], [-5.0], [np.nan]])  # type: ignore[attr-defined]
    assert run.knows_voices
    assert run.unlike({}, 3) == [None, "unfamiliar", None]
    assert replace(run, limits=replace(run.limits, farthest_voice=None)).unlike({}, 3) == [None] * 3
