"""core.speech.wav2vec2: frame embeddings that padding, batches and bf16 do not change."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_speech import WIDTH, electra, wav2vec2, waves

from core.errors import CheckpointMismatch, InputError, NotEnoughData, UnknownName
from core.speech import wav2vec2 as speech

pytestmark = pytest.mark.integration

SECONDS = [0.3, 2.0, 0.61, 1.2, 0.3]


@pytest.fixture(scope="module", params=["layer", "group"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.set_num_threads(1)
    return wav2vec2(tmp_path_factory.mktemp("encoder"), request.param)


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray((a * b).sum(axis=-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1))


def test_a_batch_equals_its_waves_alone(encoder: str) -> None:
    clips = waves(SECONDS)
    together = speech.embed(clips, encoder, precision="float32")
    assert together.pooled.shape == (5, WIDTH)
    assert together.frames.dtype == np.float32
    assert together.length.tolist() == [14, 64, 30, 59, 14]
    for row, clip in enumerate(clips):
        alone = speech.embed([clip], encoder, precision="float32")
        np.testing.assert_allclose(alone.pooled[0], together.pooled[row], atol=1e-5)
        n = alone.length[0]
        np.testing.assert_allclose(alone.frames[0, :n], together.frames[row, :n], atol=1e-5)
        assert not together.frames[row, n:].any()


def test_the_vector_is_the_mean_over_the_true_frames_of_the_plain_way(encoder: str) -> None:
    from transformers import AutoFeatureExtractor, AutoModel

    clip = waves([0.9])[0]
    extractor, model = AutoFeatureExtractor.from_pretrained(encoder), AutoModel.from_pretrained(encoder).eval()
    with torch.inference_mode():
        inputs = extractor(clip, sampling_rate=16_000, return_tensors="pt")
        plain = model(inputs["input_values"]).last_hidden_state[0].mean(dim=0).numpy()
    np.testing.assert_allclose(
        speech.embed([waves([2.0])[0], clip], encoder, precision="float32").pooled[1], plain, atol=1e-5
    )
    np.testing.assert_allclose(speech.vectors([clip], encoder)[0], plain, atol=0.05)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_less_precise_numbers_point_the_same_way(encoder: str, precision: Any) -> None:
    clips = waves(SECONDS)
    exact, fast = (speech.embed(clips, encoder, precision=name).pooled for name in ("float32", precision))
    assert cosine(exact, fast).min() > 0.999


def test_short_clips_have_one_frame_and_empty_ones_are_refused(encoder: str) -> None:
    assert speech.embed([np.ones(7, np.float32)], encoder, precision="float32").length.tolist() == [1]
    assert speech.embed([], encoder).frames.shape == (0, 1, WIDTH)
    with pytest.raises(NotEnoughData, match="without samples"):
        speech.embed([np.zeros(0, np.float32)], encoder)


def test_a_long_wave_is_read_in_pieces(encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "LONGEST_S", 1)
    clip = waves([2.5])[0]
    counted: list[tuple[int, int]] = []
    made = speech.embed([clip], encoder, steps=200, precision="float32", progress=lambda *n: counted.append(n))
    pieces = [speech.embed([part], encoder, precision="float32") for part in np.split(clip, [16_000, 32_000])]
    assert made.length[0] == sum(int(piece.length[0]) for piece in pieces)
    np.testing.assert_allclose(made.frames[0, :49], pieces[0].frames[0, :49], atol=1e-5)
    assert counted[-1] == (1, 1)


def test_batches_hold_like_lengths_and_a_budget_of_seconds() -> None:
    second = speech.RATE_HZ
    lengths = [second * n for n in (1, 16, 2, 15, 40, 1)]
    assert speech._batches(lengths, 32) == [[4], [1, 3], [2, 0, 5]]
    assert speech._batches(lengths, 0) == [[4], [1], [3], [2], [0], [5]]


def test_an_encoder_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: there is no such folder"):
        speech.load(str(tmp_path / "nowhere"))
    with pytest.raises(UnknownName, match="unknown precision 'int4'; known: auto, float32, bf16, int8"):
        speech.load(str(tmp_path), "int4")
    electra(tmp_path / "text")
    with pytest.raises(InputError, match="is a electra; one that reads waves is needed"):
        speech.load(str(tmp_path / "text"))
    wav2vec2(tmp_path / "bare")
    (tmp_path / "bare" / "preprocessor_config.json").unlink()
    with pytest.raises(CheckpointMismatch, match="holds no feature extractor"):
        speech.load(str(tmp_path / "bare"))
