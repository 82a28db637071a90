"""Tiny encoders with random weights for tests of voice and cross-modal models, saved as local folders."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

WIDTH = 32
WORDS = ["불이", "났어요", "사람이", "쓰러졌어요", "빨리", "와", "주세요", "감사합니다", "괜찮아요", "119", "입니다"]


def wav2vec2(folder: Path, norm: str = "layer", seed: int = 0) -> str:
    """A wav2vec2 of 2 layers x 32 with its feature extractor; `norm` "layer" (large, masked) or "group" (base)."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    return _speech(folder, Wav2Vec2Config, Wav2Vec2Model, norm, seed)


def wavlm(folder: Path) -> str:
    """A WavLM of the same size."""
    from transformers import WavLMConfig, WavLMModel

    return _speech(folder, WavLMConfig, WavLMModel, "layer", 0)


def hubert(folder: Path) -> str:
    """A HuBERT of the same size."""
    from transformers import HubertConfig, HubertModel

    return _speech(folder, HubertConfig, HubertModel, "layer", 0)


def _speech(folder: Path, config_type: Any, model_type: Any, norm: str, seed: int) -> str:
    from transformers import Wav2Vec2FeatureExtractor

    torch.manual_seed(seed)
    config = config_type(
        hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=10,
        conv_dim=(16, 16, 16, 16, 16, 16, 16), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
        feat_extract_norm=norm, do_stable_layer_norm=norm == "layer", conv_bias=norm == "layer",
        classifier_proj_size=16, mask_time_length=2, layerdrop=0.0,
    )  # fmt: skip
    model_type(config).save_pretrained(folder)
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=norm == "layer")
    extractor.save_pretrained(folder)
    return str(folder)


def electra(folder: Path, seed: int = 0) -> str:
    """An ELECTRA of 2 layers x 32 with a WordPiece vocabulary of a few words."""
    from transformers import BertTokenizer, ElectraConfig, ElectraModel

    torch.manual_seed(seed)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    config = ElectraConfig(
        vocab_size=len(vocabulary), embedding_size=16, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, type_vocab_size=2,
    )  # fmt: skip
    ElectraModel(config).save_pretrained(folder)
    BertTokenizer(vocab={word: at for at, word in enumerate(vocabulary)}).save_pretrained(folder)
    return str(folder)


def waves(seconds: list[float], seed: int = 0) -> list[NDArray[np.float32]]:
    """One noisy tone a length, float32 (n,), 16 kHz; the pitch differs from wave to wave."""
    rng = np.random.default_rng(seed)
    made = []
    for at, length in enumerate(seconds):
        t = np.arange(int(length * 16_000)) / 16_000
        tone = np.sin(2 * np.pi * (150 + 60 * at) * t) + 0.3 * rng.standard_normal(len(t))
        made.append((0.2 * tone).astype(np.float32))
    return made
