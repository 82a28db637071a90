"""Prunes a Hugging Face model to the vocabulary of a corpus: fewer embeddings, the same answers on its texts.

A multilingual encoder keeps most of its weights in embeddings of languages that a Korean corpus never uses. The folder
must hold config.json, tokenizer.json and safetensors. Rows of the embeddings (and of the layer that predicts tokens)
are taken over bit by bit; everything else stays as it is. The new folder keeps licence and README.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from core.errors import CheckpointMismatch, InputError
from core.files import atomic_path, json_text, write_text
from core.models.pretrained.vocabulary import prune

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
# Tensors with one row for each token, by a part of their names.
BY_TOKEN = ("word_embeddings", "embed_tokens", "shared.weight", "wte.weight", "lm_head", "predictions",
            "embeddings.tok", "generator_lm_head")  # fmt: skip
IDS = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id", "mask_token_id", "unk_token_id",
       "decoder_start_token_id")  # fmt: skip
ALONGSIDE = ("LICENSE*", "LICENCE*", "NOTICE*", "README*", "tokenizer_config.json", "special_tokens_map.json",
             "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
             "preprocessor_config.json", "1_Pooling/*", "2_Normalize/*")  # fmt: skip


@dataclass(frozen=True, slots=True)
class PruneReport:
    """Tokens and bytes of the safetensors, before and after; `texts`: those that were checked to keep their pieces."""

    folder: str
    kind: str
    texts: int
    tokens_before: int
    tokens_after: int
    bytes_before: int
    bytes_after: int


def prune_model(folder: Path, out: Path, texts: Sequence[str]) -> PruneReport:
    """Write the model of `folder`, pruned to `texts`, into the new folder `out`.

    `InputError` names a missing file, an existing `out`, or a kind of tokenizer that cannot be pruned.
    """
    _check(folder, out, texts)
    document = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    pruned = prune(document, texts)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    weights = sorted(folder.glob("*.safetensors"))
    with atomic_path(out) as temporary:
        temporary.mkdir(parents=True)
        size, rows = _write_weights(weights, temporary, config, pruned.remaining)
        write_text(temporary / TOKENIZER, json_text(pruned.tokenizer))
        write_text(temporary / CONFIG, json_text(_config(config, pruned.remaining), 2))
        _take_along(folder, temporary, pruned.remaining)
    return PruneReport(
        str(out), str(document["model"].get("type", "")), len(texts), rows, len(pruned.remaining),
        sum(path.stat().st_size for path in weights), size,
    )  # fmt: skip


def _check(folder: Path, out: Path, texts: Sequence[str]) -> None:
    for name in (CONFIG, TOKENIZER):
        if not (folder / name).is_file():
            raise InputError(
                "{folder} holds no {name}: pruning needs the folder of a Hugging Face model with a fast tokenizer "
                "(save one with AutoTokenizer.from_pretrained(...).save_pretrained(folder))",
                folder=folder,
                name=name,
            )
    if not any(folder.glob("*.safetensors")):
        raise InputError("{folder} holds no safetensors; pickled weights are not read", folder=folder)
    if out.exists():
        raise InputError("{out} exists already; name a new folder", out=out)
    if not texts:
        raise InputError("the corpus is empty: nothing says which tokens to keep")


def _write_weights(
    weights: list[Path], out: Path, config: dict[str, Any], remaining: tuple[int, ...]
) -> tuple[int, int]:
    """Write each file of weights with fewer rows; returns their bytes and the rows of the embeddings before."""
    total, rows_before = 0, 0
    take = torch.tensor(remaining, dtype=torch.int64)
    for path in weights:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = file.metadata() or {"format": "pt"}
        for name, tensor in tensors.items():
            if any(part in name for part in BY_TOKEN) and tensor.shape[0] == config["vocab_size"]:
                rows_before = tensor.shape[0]
                tensors[name] = tensor[take].contiguous()
        save_file(tensors, out / path.name, metadata=header)
        total += (out / path.name).stat().st_size
    if not rows_before:
        raise CheckpointMismatch(
            "no tensor has {n} rows, one for each token of config.json: this architecture cannot be pruned",
            n=config["vocab_size"],
        )
    if remaining[-1] >= rows_before:
        raise CheckpointMismatch("the tokenizer has more tokens than the {n} rows of the embeddings", n=rows_before)
    return total, rows_before


def _config(config: dict[str, Any], remaining: tuple[int, ...]) -> dict[str, Any]:
    """The config with the new number of tokens and the new ids of special tokens."""
    new = {old: number for number, old in enumerate(remaining)}
    ids = {name: new.get(config[name]) for name in IDS if isinstance(config.get(name), int)}
    return config | ids | {"vocab_size": len(remaining)}


def _take_along(folder: Path, out: Path, remaining: tuple[int, ...]) -> None:
    """Copy licence, README and the small files beside the weights; ids in them are numbered anew."""
    for pattern in ALONGSIDE:
        for path in sorted(folder.glob(pattern)):
            target = out / path.relative_to(folder)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        document = json.loads(index.read_text(encoding="utf-8"))
        document["metadata"] = {"total_size": sum(path.stat().st_size for path in out.glob("*.safetensors"))}
        write_text(out / index.name, json_text(document, 2))
    settings = out / "tokenizer_config.json"
    if settings.is_file():
        document = json.loads(settings.read_text(encoding="utf-8"))
        new = {str(old): str(number) for number, old in enumerate(remaining)}
        if isinstance(added := document.get("added_tokens_decoder"), dict):
            document["added_tokens_decoder"] = {new[old]: token for old, token in added.items() if old in new}
            write_text(settings, json_text(document, 2))
