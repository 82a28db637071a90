"""core.audio.sequences: frames pooled to equal parts, sequences of different lengths in one array."""

import numpy as np

from core.audio.sequences import equal_parts, padded


def test_parts_are_equal_and_cover_all_frames() -> None:
    frames = np.random.default_rng(0).normal(size=(131, 3)).astype(np.float32)
    parts = equal_parts(frames, 64)
    assert parts.shape == (64, 3)
    np.testing.assert_allclose(parts[0], frames[:2].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(parts[-1], frames[128:].mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(equal_parts(frames[:5], 64), frames[:5])
    table, lengths = padded([frames[:2], frames[:0]], 3)
    assert table.shape == (2, 2, 3)
    assert lengths.tolist() == [2, 0]
