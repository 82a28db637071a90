"""frozen_text: the mean over true tokens, whatever the batch; the cache; encoders that are not here."""

from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from tiny_bert import tiny_bert

from core.errors import InputError, MissingBackend
from core.models.pretrained import frozen_text

pytestmark = pytest.mark.integration

TEXTS = ["불이 났어요", "할머니가 쓰러졌어요 도와 주세요", "오늘 날씨 좋아", "친구", ""]


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GWIDAMA_HOME", str(tmp_path / "home"))
    return tiny_bert(tmp_path / "tiny")


def test_it_is_the_mean_over_the_tokens_of_the_text_alone(encoder: Path) -> None:
    import torch

    made = frozen_text.vectors(TEXTS, str(encoder))
    assert (made.shape, made.dtype) == ((len(TEXTS), 16), np.float32)
    loaded = frozen_text.load(str(encoder))
    for text, row in zip(TEXTS, made, strict=True):
        with torch.inference_mode():
            states = loaded.model(**loaded.tokenizer(text, return_tensors="pt")).last_hidden_state
        np.testing.assert_allclose(row, states[0].mean(dim=0).numpy(), atol=1e-5)
    assert frozen_text.vectors([], str(encoder)).shape == (0, 16)


def test_a_known_text_is_not_read_again(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = frozen_text.vectors(TEXTS[:3], str(encoder))
    read: list[str] = []
    original = frozen_text.FrozenText.read

    def counted(self: frozen_text.FrozenText, texts: list[str]) -> np.ndarray:
        read.extend(texts)
        return original(self, texts)

    monkeypatch.setattr(frozen_text.FrozenText, "read", counted)
    np.testing.assert_array_equal(frozen_text.vectors([*TEXTS[:3], TEXTS[3], TEXTS[3]], str(encoder))[:3], first)
    assert read == [TEXTS[3]]


def test_a_run_that_is_killed_keeps_what_it_wrote(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen_text, "TOGETHER", 1)
    original = frozen_text.FrozenText.read
    calls: list[list[str]] = []

    def dies(self: frozen_text.FrozenText, texts: list[str]) -> np.ndarray:
        calls.append(list(texts))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, texts)

    monkeypatch.setattr(frozen_text.FrozenText, "read", dies)
    with pytest.raises(KeyboardInterrupt):
        frozen_text.vectors(TEXTS, str(encoder))
    assert frozen_text.vectors(TEXTS, str(encoder)).shape == (len(TEXTS), 16)
    assert len(calls) == len(TEXTS) + 1  # only the text in hand was read twice


def test_other_weights_have_their_own_vectors(encoder: Path, tmp_path: Path) -> None:
    other = tiny_bert(tmp_path / "other", seed=1)
    assert frozen_text.identity_of(encoder) != frozen_text.identity_of(other)
    assert np.abs(frozen_text.vectors(TEXTS, str(encoder)) - frozen_text.vectors(TEXTS, str(other))).max() > 0.01


def test_an_e5_model_gets_its_prefix(tmp_path: Path, encoder: Path) -> None:
    named = tiny_bert(tmp_path / "ko-e5-small")
    assert (frozen_text.load(str(named)).prefix, frozen_text.load(str(encoder)).prefix) == ("query: ", "")


def test_an_encoder_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MissingBackend, match="encoder nobody/nothing cannot be had: no folder of that name"):
        frozen_text.vectors(["불"], "nobody/nothing")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"holds no weights: model\.safetensors is missing"):
        frozen_text.vectors(["불"], str(tmp_path))
