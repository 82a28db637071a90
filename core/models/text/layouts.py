"""The two layouts in which a text encoder stands on disk: with transformers' own head for one Target, or bare.

The layout with a head is that of `AutoModelForSequenceClassification`: its `id2label` holds the class codes in order,
and its `problem_type` tells one class from several.
"""

import inspect
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from transformers import AutoModel, AutoModelForSequenceClassification
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, MODEL_MAPPING

from core.models.pretrained.encoders import Pretrained, load_model
from core.schemes.target import Target

_DROPOUTS = ("classifier_dropout", "seq_classif_dropout", "cls_dropout", "summary_last_dropout")


def has_sequence_layout(config: Any) -> bool:
    """Whether transformers has a network with a head for this kind of encoder."""
    return type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING


def no_pooler(config: Any) -> dict[str, Any]:
    """The argument that leaves out a pooler that nothing would use; {} where the encoder has none."""
    kind: Any = MODEL_MAPPING.get(type(config), None)
    takes_it = isinstance(kind, type) and "add_pooling_layer" in inspect.signature(kind).parameters
    return {"add_pooling_layer": False} if takes_it else {}


def bare(source: Pretrained) -> Any:
    """The pretrained encoder without a head."""
    return load_model(source, AutoModel, **no_pooler(source.config))


def new_sequence(source: Pretrained, target: Target, dropout: float) -> Any:
    """The pretrained encoder with a new head for `target`; an earlier head in its folder is not used."""
    config = deepcopy(source.config)
    config.id2label = dict(enumerate(target.codes))
    config.label2id = {code: k for k, code in enumerate(target.codes)}
    config.problem_type = _problem(target)
    for name in _DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, dropout)
    model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    inner = model.base_model
    pooled: dict[str, Any] = {} if getattr(inner, "pooler", None) is not None else no_pooler(source.config)
    inner.load_state_dict(load_model(source, AutoModel, **pooled).state_dict())
    return model


def saved_sequence(source: Pretrained, targets: Sequence[Target]) -> Any:
    """The network that `new_sequence` made and a run saved; ValueError if its classes are not those of the Target."""
    codes = tuple(source.config.id2label[k] for k in sorted(source.config.id2label))
    if len(targets) != 1 or codes != targets[0].codes or source.config.problem_type != _problem(targets[0]):
        expected = ", ".join(f"{target.name} ({'|'.join(target.codes)})" for target in targets)
        raise ValueError(f"the network answers {'|'.join(codes)}, not {expected}")
    return load_model(source, AutoModelForSequenceClassification, new=())


def _problem(target: Target) -> str:
    return "multi_label_classification" if target.multi else "single_label_classification"
