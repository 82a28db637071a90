"""Published checkpoints: classifiers of texts or of sounds as transformers saves them, made to answer a scheme's
classes.

Rows of the head are put into the order of the scheme, and `id2label` gets its class codes; every other weight stays as
it is. Only safetensors are read. What their labels mean is told by a person: see `reconciled`.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from core.errors import CheckpointMismatch, InputError
from core.files import json_text, write_text
from core.messages import ClassName, Names, SchemeName, Word
from core.schemes import Scheme
from core.schemes.target import Target

CONFIG = "config.json"
TAKEN = ("*.json", "*.txt", "*.model", "LICENSE*", "LICENCE*", "NOTICE*")
LEFT = ("card.json", "targets.json")
# The last layer of each head of transformers, by the end of the name of its tensors.
HEADS = ("classifier.weight", "classifier.bias", "classifier.out_proj.weight", "classifier.out_proj.bias",
         "classifier.dense.weight", "classifier.dense.bias", "score.weight", "score.bias", "logits_proj.weight",
         "logits_proj.bias")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """A classifier in a folder: its architecture here, its labels by the rows of its head."""

    folder: Path
    architecture: str
    labels: tuple[str, ...]
    multi: bool


def read_published(folder: Path) -> Published:
    """What the config.json of `folder` tells. `InputError` unless it is a classifier in safetensors."""
    path = folder / CONFIG
    if not path.is_file():
        raise InputError("{folder} holds no config.json: it is no model of transformers", folder=folder)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        kinds = [str(kind) for kind in config.get("architectures") or ()]
        table = dict(config.get("id2label") or {})
        labels = tuple(str(table[key]) for key in sorted(table, key=int))
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError("{path} is no configuration of a model: {error}", path=path, error=error) from error
    if not any(kind.endswith(("ForSequenceClassification", "ForAudioClassification")) for kind in kinds):
        raise InputError("{path} is of {kinds}, which is no classifier", path=path, kinds=Names(kinds or ["nothing"]))
    if not labels:
        raise InputError("{path} names no classes (id2label)", path=path)
    sounds = (folder / "preprocessor_config.json").is_file()
    if not any(folder.glob("*.safetensors")):
        raise InputError("{folder} holds no safetensors; pickled weights are not read", folder=folder)
    multi = config.get("problem_type") == "multi_label_classification"
    return Published(folder, "audio-encoder" if sounds else "text-encoder", labels, multi)


def reconciled(published: Published, scheme: Scheme, given: Mapping[str, str]) -> list[int]:
    """For each class of `scheme` the row of the published head; `given` are pairs their label -> our class.

    A label that is the code or a title of a class needs no pair. `InputError` names both lists where a label or a class
    is left over, or two labels mean one class.
    """
    if published.multi != (scheme.kind == "multi"):
        raise InputError(
            "the model answers {theirs} an item, scheme {scheme} {ours}",
            theirs=Word("several classes") if published.multi else Word("one class"), scheme=SchemeName(scheme.name),
            ours=Word("several classes") if scheme.kind == "multi" else Word("one class"),
        )  # fmt: skip
    ours = {code: code for code in scheme.codes}
    for label in scheme.labels:
        ours |= {name.casefold(): label.code for name in (label.code, label.ko, label.en)}
    wrong = [theirs for theirs in given if theirs not in published.labels]
    wrong += [code for code in given.values() if code not in scheme.codes]
    meant = [given.get(theirs) or ours.get(theirs.casefold()) for theirs in published.labels]
    if wrong or sorted(str(code) for code in meant) != sorted(scheme.codes):
        raise InputError(
            "which label is which class is not clear ({odd}): the model has {theirs}; scheme {scheme} has {ours}: say "
            "it for each label with --label THEIRS=OURS",
            odd=Names(wrong or _odd(published, meant, scheme)),
            theirs=Names(published.labels),
            scheme=SchemeName(scheme.name),
            ours=Names(ClassName(scheme.name, code) for code in scheme.codes),
        )
    return [meant.index(code) for code in scheme.codes]


def _odd(published: Published, meant: Sequence[str | None], scheme: Scheme) -> list[str]:
    """The labels without a class, those that share one, and the classes without a label."""
    labels = [name for name, code in zip(published.labels, meant, strict=True) if not code or meant.count(code) > 1]
    return labels + [code for code in scheme.codes if code not in meant]


def write_model(published: Published, target: Target, rows: Sequence[int], out: Path) -> None:
    """Write the model into the existing folder `out`: head rows and class names in the order of `target`."""
    for pattern in TAKEN:
        for path in published.folder.glob(pattern):
            if path.name not in LEFT:
                shutil.copyfile(path, out / path.name)
    config: dict[str, Any] = json.loads((published.folder / CONFIG).read_text(encoding="utf-8"))
    problem = "multi_label_classification" if target.multi else "single_label_classification"
    config |= {
        "id2label": {str(k): code for k, code in enumerate(target.codes)},
        "label2id": {code: k for k, code in enumerate(target.codes)},
        "problem_type": problem,
    }
    write_text(out / CONFIG, json_text(config, 2))
    changed = 0
    for path in sorted(published.folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = file.metadata() or {"format": "pt"}
        for name, tensor in tensors.items():
            if name.endswith(HEADS) and tensor.shape[0] == len(rows):
                tensors[name] = tensor[torch.tensor(rows)].contiguous()
                changed += 1
        save_file(tensors, out / path.name, metadata=header)
    if not changed:
        raise CheckpointMismatch("{folder}: the head of this model is not known", folder=published.folder)
