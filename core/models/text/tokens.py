"""Texts as batches of tokens: cut or in windows, padded to the longest of the batch, with an attention mask."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import normalizers
from torch import Tensor

from core.errors import InputError

_OFFSET_BY_TWO = ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet", "longformer")


def longest(config: Any) -> int:
    """How many tokens an encoder has positions for; 0 if its configuration names no limit."""
    positions = int(getattr(config, "max_position_embeddings", 0) or 0)
    return positions - 2 if getattr(config, "model_type", "") in _OFFSET_BY_TWO and positions > 2 else max(0, positions)


def prepared(tokenizer: Any, max_len: int, prefix: str, windows: bool) -> Any:
    """The tokenizer of a run: it knows `max_len` and puts `prefix` before each text, also when it is loaded elsewhere.

    `InputError` if the tokenizer is not a fast one and a prefix or windows are wanted.
    """
    tokenizer.model_max_length = max_len
    if not tokenizer.is_fast and (prefix or windows):
        raise InputError("prefix and stride need a tokenizer that can be saved as tokenizer.json")
    if prefix:
        backend = tokenizer.backend_tokenizer
        own = [backend.normalizer] if backend.normalizer is not None else []
        backend.normalizer = normalizers.Sequence([normalizers.Prepend(prefix), *own])
    return tokenizer


def lengths(tokenizer: Any, texts: Sequence[str], max_len: int, stride: int, max_windows: int) -> NDArray[np.int64]:
    """The tokens of each text as `batch` reads it, all windows together, int64 (N,)."""
    if not len(texts):
        return np.zeros(0, dtype=np.int64)
    cut = {} if stride else {"truncation": True, "max_length": max_len}
    encoded = tokenizer(list(texts), return_attention_mask=False, return_token_type_ids=False, verbose=False, **cut)
    return np.array([min(len(ids), max_len * max_windows) for ids in encoded["input_ids"]], dtype=np.int64)


def batch(tokenizer: Any, texts: Sequence[str], max_len: int, stride: int, max_windows: int) -> dict[str, Tensor]:
    """`input_ids`, `attention_mask` int64 (W, L); and `window` (W,), the text of each row, if one has several rows."""
    windows = {"stride": stride, "return_overflowing_tokens": True} if stride else {}
    encoded = tokenizer(
        list(texts),
        truncation=True,
        max_length=max_len,
        padding=True,
        return_token_type_ids=False,
        return_tensors="pt",
        **windows,
    )
    made = {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}
    if not stride or len(made["input_ids"]) == len(texts):
        return made
    owner = encoded["overflow_to_sample_mapping"]
    used = _number_within(owner) < max_windows
    return {**{name: rows[used] for name, rows in made.items()}, "window": owner[used]}


def _number_within(owner: Tensor) -> Tensor:
    """How many earlier rows belong to the same text; `owner` (W,) is in ascending order."""
    first = torch.searchsorted(owner, owner)
    return torch.arange(len(owner)) - first
