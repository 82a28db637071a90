"""core.speech.precision: the number type that is tried, and int8 only where it keeps the vectors."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_speech import hubert, wav2vec2, waves, wavlm

from core.errors import UnknownName
from core.speech import precision as precisions
from core.speech import wav2vec2 as speech


def machine(monkeypatch: pytest.MonkeyPatch, *, bf16: bool, int8: bool) -> None:
    monkeypatch.setattr(precisions, "fast_bf16", lambda: bf16)
    monkeypatch.setattr(precisions, "fast_int8", lambda: int8)


@pytest.mark.parametrize(
    ("bf16", "int8", "tried"), [(True, True, "bf16"), (False, True, "int8"), (False, False, "float32")]
)
def test_auto_tries_what_is_fast_here(monkeypatch: pytest.MonkeyPatch, bf16: bool, int8: bool, tried: str) -> None:
    machine(monkeypatch, bf16=bf16, int8=int8)
    assert precisions.likely("auto") == tried
    assert [precisions.likely(name) for name in ("float32", "bf16", "int8")] == ["float32", "bf16", "int8"]
    with pytest.raises(UnknownName, match="unknown precision 'fp8'; known: auto, float32, bf16, int8"):
        precisions.likely("fp8")


@pytest.mark.parametrize(
    ("cuda", "engines", "vnni", "fast"),
    [
        (False, ["onednn"], True, True),
        (True, ["onednn"], True, False),
        (False, ["qnnpack"], True, False),
        (False, ["onednn"], False, False),
    ],
)
def test_int8_needs_the_instructions_and_no_graphics_card(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, engines: list[str], vnni: bool, fast: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends, "quantized", SimpleNamespace(supported_engines=engines))
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: vnni)
    assert precisions.fast_int8() is fast


def test_vectors_are_alike_up_to_an_angle() -> None:
    one = np.array([1.0, 0.0], np.float32)
    assert precisions.alike(one, np.array([3.0, 0.1], np.float32))
    assert not precisions.alike(one, np.array([1.0, 0.1], np.float32))
    assert not precisions.alike(one, np.zeros(2, np.float32))
    sound = precisions.trial_sound(400)
    assert (sound.dtype, sound.shape, float(np.abs(sound).max()) < 1) == (np.float32, (400,), True)
    assert sound.tolist() == precisions.trial_sound(400).tolist()


@pytest.mark.integration
@pytest.mark.parametrize(("least", "int8"), [(0.999, True), (1.1, False)])
def test_auto_keeps_float32_where_int8_turns_the_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: float, int8: bool
) -> None:
    machine(monkeypatch, bf16=False, int8=True)
    monkeypatch.setattr(precisions, "LEAST_COSINE", least)
    encoder = speech.load.__wrapped__(wav2vec2(tmp_path), "auto")
    quantized = [name for name, part in encoder.model.named_modules() if "quantized" in type(part).__module__]
    assert bool(quantized) is int8
    assert any(name.startswith("feature_extractor.convolutions.others") for name in quantized) is int8
    clips = waves([0.4, 0.7])
    exact = speech.embedded(clips, speech.load.__wrapped__(wav2vec2(tmp_path), "float32")).pooled
    assert np.array_equal(speech.embedded(clips, encoder).pooled, exact) is not int8
    together = speech.embedded(clips, encoder).pooled
    assert np.array_equal(together[1], speech.embedded(clips[1:], encoder).pooled[0])


@pytest.mark.integration
@pytest.mark.parametrize(("make", "int8"), [(hubert, True), (wavlm, False)])
def test_auto_serves_the_kin_of_wav2vec2_in_what_they_bear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], str], int8: bool
) -> None:
    machine(monkeypatch, bf16=False, int8=True)
    encoder = speech.load.__wrapped__(make(tmp_path), "auto")
    assert any("quantized" in type(part).__module__ for part in encoder.model.modules()) is int8
    clips = waves([0.4, 0.7])
    exact = speech.embedded(clips, speech.load.__wrapped__(str(tmp_path), "float32")).pooled
    made = speech.embedded(clips, encoder).pooled
    assert all(precisions.alike(one, other) for one, other in zip(exact, made, strict=True))
