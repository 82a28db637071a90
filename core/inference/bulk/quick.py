"""Networks that judge fast: the text encoder inside a model is replaced by one that packs its tokens.

The model itself stays as it is: `quickened` gives a copy that shares all else. A packed encoder must give what
transformers' own gives, in float32 within rounding; an encoder of another kind, or one that fails, is left alone.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.bulk.packed import packed_like
from core.inference.bulk.products import Number
from core.inference.bulk.vectors import reader
from core.inference.predictor import Predictor
from core.models import prepared
from core.models.network import batched_logits
from core.models.prepare import FROZEN_VOICE
from core.models.pretrained.frozen_text import load
from core.models.values import Sample

Logits = Mapping[str, NDArray[np.float64]]
Judging = Callable[[Sequence[Sample]], Logits]  # cleaned Samples -> logits (N, K) of each Target


def judging(predictor: Predictor, number: Number, budget: int) -> Judging | None:
    """How the run judges cleaned samples in a type of number; None if it cannot be made faster that way."""
    card, encoder = predictor.card, frozen_name(predictor)
    if encoder is not None:
        read = reader(encoder, number, budget)
        return None if read is None else lambda samples: predictor.model.logits(_with_vectors(predictor, samples, read))
    network = quickened(predictor.model, number)
    if network is None:
        return None
    return lambda samples: batched_logits(
        network, prepared(card.architecture, samples, card.encoder, card.config), budget
    )


def plainly(predictor: Predictor, samples: Sequence[Sample], budget: int) -> Logits:
    """The logits of cleaned samples by the model as it is."""
    card = predictor.card
    values = prepared(card.architecture, samples, card.encoder, card.config)
    if predictor.modality == "text" and hasattr(predictor.model, "collate"):
        return batched_logits(predictor.model, values, budget)
    return predictor.model.logits(values)


def frozen_name(predictor: Predictor) -> str | None:
    """The encoder whose vectors of texts a model of heads reads; None for any other model."""
    card = predictor.card
    if card.architecture not in ("heads", "ngram-heads") or card.encoder in FROZEN_VOICE:
        return None
    return card.encoder.removeprefix("ngram+").removeprefix("frozen+")


def width_of(predictor: Predictor) -> int:
    """The width of the text encoder of a model; 0 without one."""
    part, _ = _encoder_of(predictor.model)
    if part is not None:
        return int(part.config.hidden_size)
    encoder = frozen_name(predictor)
    if encoder is None:
        return 0
    return load(encoder).width


def quickened(model: Any, number: Number) -> Any:
    """A copy of a network whose text encoder packs its tokens; None if it has none that can."""
    base, path = _encoder_of(model)
    if base is None:
        return None
    config = model.config
    first_only = len(path) == 2 or path == ["text"] or getattr(config, "pooling", "") == "cls"
    new = packed_like(base, number, first_only, model.tokenizer)
    return None if new is None else _with_part(model, path, new).eval()


def _encoder_of(model: Any) -> tuple[Any, list[str]]:
    """The text encoder inside a network and the names that lead to it; (None, []) without one."""
    inner = getattr(model, "text", None)
    if inner is not None and hasattr(inner, "config"):
        return inner, ["text"]
    inner = getattr(model, "model", None)
    if inner is None or not hasattr(model, "tokenizer") or not hasattr(inner, "base_model_prefix"):
        return None, []
    prefix = inner.base_model_prefix
    if model.heads is None:
        return getattr(inner, prefix, None), ["model", prefix]
    return inner, ["model"]


def _with_part(module: Any, path: list[str], new: Any) -> Any:
    """A copy of a module with another part at `path`; both share every other part."""
    made = copy(module)
    made._modules = dict(module._modules)
    name, *deeper = path
    made._modules[name] = _with_part(module._modules[name], deeper, new) if deeper else new
    return made


def _with_vectors(
    predictor: Predictor, samples: Sequence[Sample], read: Callable[[Sequence[str]], NDArray[np.float32]]
) -> Any:
    """The values of a model of heads, with vectors that `read` gives."""
    texts = [sample.text for sample in samples]
    vectors = read(texts)
    return vectors if predictor.card.architecture == "heads" else {"text": texts, "vector": vectors}
