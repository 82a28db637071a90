"""Pretrained encoders: found by folder or hub id, checked, and loaded from safetensors only, without remote code.

`find` looks at a local folder first, then at the hub's cache on this machine, then at the hub itself; without a network
it fails within seconds. It checks that weights and configuration are complete before anything is loaded. Everything
after that reads the folder that was found and never the network.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging

from core.errors import CheckpointMismatch, InputError
from core.models.pretrained.hub import HUB_ID, from_hub
from core.models.text import kobert

WEIGHTS, SHARDS = "model.safetensors", "model.safetensors.index.json"
VOCABULARIES = (
    "tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model",
)  # fmt: skip
_LICENCE = re.compile(r"^license:[ \t]*[\"']?([\w.+-]+)", re.M)
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---", re.S)
_UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)  # what transformers raises for bad files


@dataclass(frozen=True)
class Pretrained:
    """An encoder on this machine: `name` for the card, its `folder`, `config` of transformers, `licence` or ""."""

    name: str
    folder: Path
    config: Any
    licence: str = ""

    def to_card(self) -> dict[str, str]:
        """The entry `base` of a card."""
        return {"name": self.name, "licence": self.licence}


def find(encoder: str) -> Pretrained:
    """The encoder of a folder or hub id (`owner/name`, `owner/name@revision`), with complete weights.

    `MissingBackend` names all that was tried if it cannot be had; `InputError` or `CheckpointMismatch` if its folder
    cannot be used.
    """
    folder = Path(encoder).expanduser()
    if folder.is_dir():
        return _checked(encoder, folder, folder.resolve().name)
    if not HUB_ID.fullmatch(encoder):
        raise InputError(
            "encoder {encoder}: there is no such folder, and it is no hub id: give a folder that holds config.json and "
            "model.safetensors, or a hub id such as klue/roberta-base",
            encoder=encoder,
        )
    return _checked(encoder, from_hub(encoder), encoder)


def load_model(source: Pretrained, kind: Any = AutoModel, *, new: Sequence[str] = ("pooler.",), **options: Any) -> Any:
    """The network of `found` with its weights in float32, made by the Auto class or model class `kind`.

    `new` names the parts that may begin with random weights; `CheckpointMismatch` if any other tensor is missing.
    """
    config = options.pop("config", source.config)
    try:
        with quiet():
            model, info = kind.from_pretrained(
                source.folder,
                config=config,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                **options,
            )
    except _UNREADABLE as error:
        raise CheckpointMismatch(
            "encoder {encoder}: its weights cannot be loaded: {reason}", encoder=source.name, reason=_line(error)
        ) from error
    missing = sorted(key for key in info["missing_keys"] if not any(part in key for part in new))
    if missing:
        raise CheckpointMismatch(
            "encoder {encoder}: {n} tensors are missing from its weights (the first is {first}): they do not belong to "
            "its config.json",
            encoder=source.name,
            n=len(missing),
            first=missing[0],
        )
    return model


def load_tokenizer(source: Pretrained) -> Any:
    """The tokenizer of `found`; `CheckpointMismatch` if it is missing or does not fit the embeddings."""
    if kobert.is_kobert(source.folder, source.config):
        tokenizer = kobert.tokenizer(source.folder)
    else:
        tokenizer = _auto_tokenizer(source)
    vocabulary = getattr(source.config, "vocab_size", None)
    if vocabulary is not None and len(tokenizer) > vocabulary:
        raise CheckpointMismatch(
            "encoder {encoder}: its tokenizer has {n:,} tokens and its embeddings have {rows:,}: they do not belong "
            "together",
            encoder=source.name,
            n=len(tokenizer),
            rows=vocabulary,
        )
    if tokenizer.pad_token is None:
        raise CheckpointMismatch("encoder {encoder}: its tokenizer has no padding token", encoder=source.name)
    return tokenizer


def _auto_tokenizer(source: Pretrained) -> Any:
    if not any((source.folder / name).is_file() for name in VOCABULARIES):
        raise CheckpointMismatch(
            "encoder {encoder}: {folder} holds no tokenizer ({names})",
            encoder=source.name,
            folder=source.folder,
            names=", ".join(VOCABULARIES),
        )
    try:
        with quiet():
            return AutoTokenizer.from_pretrained(source.folder, local_files_only=True, trust_remote_code=False)
    except _UNREADABLE as error:
        raise CheckpointMismatch(
            "encoder {encoder}: its tokenizer cannot be read: {reason}", encoder=source.name, reason=_line(error)
        ) from error


def best_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from printing during the block: its progress bars, notices and load reports."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _checked(encoder: str, folder: Path, name: str) -> Pretrained:
    """The encoder in `folder`, whose configuration can be read and whose weights are complete safetensors."""
    if not (folder / "config.json").is_file():
        raise InputError(
            "encoder {encoder}: {folder} holds no config.json: give the folder of a Hugging Face model",
            encoder=encoder,
            folder=folder,
        )
    _check_weights(encoder, folder)
    try:
        with quiet():
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except _UNREADABLE as error:
        raise InputError(
            "encoder {encoder}: its config.json cannot be used: {reason}", encoder=encoder, reason=_line(error)
        ) from error
    return Pretrained(name, folder, config, licence(folder))


def _check_weights(encoder: str, folder: Path) -> None:
    """`InputError` if there are no safetensors, or if a part of them is missing."""
    if (folder / WEIGHTS).is_file():
        return
    if (folder / SHARDS).is_file():
        parts = set(json.loads((folder / SHARDS).read_text(encoding="utf-8"))["weight_map"].values())
        if absent := sorted(part for part in parts if not (folder / part).is_file()):
            raise InputError(
                "encoder {encoder}: {folder} lacks {names}", encoder=encoder, folder=folder, names=", ".join(absent)
            )
        return
    if pickled := sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern)):
        raise InputError(
            "encoder {encoder}: {folder} holds only pickled weights ({names}), which can run foreign code and are not "
            "loaded: save the model once as model.safetensors (save_pretrained), or name a converted revision as "
            "owner/name@refs/pr/1",
            encoder=encoder,
            folder=folder,
            names=", ".join(pickled),
        )
    raise InputError(
        "encoder {encoder}: {folder} holds no weights: model.safetensors is missing", encoder=encoder, folder=folder
    )


def licence(folder: Path) -> str:
    """The licence in the front matter of README.md, such as "mit"; "" where it says none."""
    path = folder / "README.md"
    front = _FRONT_MATTER.match(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
    match = _LICENCE.search(front[1]) if front else None
    return match[1] if match else ""


def _line(error: BaseException) -> str:
    """The first line of an error, short enough for one line on a screen."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]
