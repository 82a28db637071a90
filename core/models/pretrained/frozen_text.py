"""Vectors of texts by a frozen text encoder of Hugging Face: the mean over the tokens of its last layer.

The encoder is a folder or a hub id whose weights are on this machine. Models of the e5 family want a prefix, which is
taken from the name in their config. Texts are read in batches of like length, and each distinct text once: vectors are
kept in the workspace's cache by the SHA-256 of the encoder's files and of the text. A text longer than the encoder
reads is cut.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.files import sha256
from core.models.pretrained import encoders
from core.models.pretrained.local_weights import local_folder
from core.models.pretrained.vector_store import VectorStore
from core.settings import settings

TOKENS = 4096  # of padded length in one batch
TOGETHER = 1024  # texts whose vectors are written at once
LONGEST = 512
E5_PREFIX = "query: "
IDENTITY = (".safetensors", ".json", ".model", ".txt")  # files that decide what an encoder gives


@dataclass(frozen=True)
class FrozenText:
    """A loaded encoder. `identity` is the SHA-256 of its files; `prefix` stands before each text.

    A batch has at most `tokens` of padded length.
    """

    tokenizer: Any
    model: Any
    identity: str
    prefix: str
    longest: int
    tokens: int = TOKENS

    @property
    def width(self) -> int:
        return int(self.model.config.hidden_size)

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 (N, D) of N texts, computed anew. Each row is what the text alone would give, up to rounding."""
        made = np.zeros((len(texts), self.width), np.float32)
        tokens = self.tokenizer(
            [self.prefix + text for text in texts], truncation=True, max_length=self.longest
        )["input_ids"] if len(texts) else []  # fmt: skip
        order = sorted(range(len(texts)), key=lambda i: -len(tokens[i]))
        at = 0
        while at < len(order):
            rows = order[at : at + max(1, self.tokens // max(1, len(tokens[order[at]])))]
            made[rows] = self._batch([tokens[i] for i in rows])
            at += len(rows)
        return made

    def _batch(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        batch = self.tokenizer.pad({"input_ids": tokens}, return_tensors="pt")
        with torch.inference_mode():
            states = self.model(**{name: batch[name] for name in ("input_ids", "attention_mask")}).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return np.asarray(mean.float().numpy())


def vectors(texts: Sequence[str], encoder: str) -> NDArray[np.float32]:
    """float32 (N, D) of N texts by `encoder`, from the cache where it has them.

    A run that is killed keeps the vectors that it wrote. `InputError` or `MissingBackend` for an encoder that cannot be
    had.
    """
    loaded = load(encoder)
    store = VectorStore(settings().home / "cache" / "vectors" / loaded.identity[:16], loaded.width)
    keys = [hashlib.sha256(f"{loaded.identity}\n{text}".encode("utf-8", "surrogatepass")).digest() for text in texts]
    stored = store.rows()
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in stored}
    shortest_first = sorted(missing, key=lambda key: len(missing[key]))
    for at in range(0, len(shortest_first), TOGETHER):
        block = shortest_first[at : at + TOGETHER]
        store.add(block, loaded.read([missing[key] for key in block]))
    return store.get(keys)


def load(encoder: str) -> FrozenText:
    """The encoder, one copy a process for as long as its files stay as they are."""
    folder = local_folder(encoder) or encoders.find(encoder).folder
    return _loaded(encoder, folder, tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.iterdir())))


@lru_cache(maxsize=1)
def _loaded(encoder: str, folder: Path, files: tuple[tuple[str, int], ...]) -> FrozenText:
    source = encoders.find(encoder)
    tokenizer, model = encoders.load_tokenizer(source), encoders.load_model(source)
    longest = min(LONGEST, int(getattr(model.config, "max_position_embeddings", LONGEST)))
    prefix = E5_PREFIX if _is_e5(model.config, folder) else ""
    return FrozenText(tokenizer, model.eval(), identity_of(folder), prefix, longest)


def _is_e5(config: Any, folder: Path) -> bool:
    """Whether the config's own name, or the folder's, says that the encoder is of the e5 family."""
    names = [str(getattr(config, "_name_or_path", "")).rsplit("/", 1)[-1], folder.name]
    names += [part for part in folder.parts[-3:] if part.startswith("models--")]  # in the cache of the hub
    return any("e5" in name.lower().replace("_", "-").split("-") for name in names)


def identity_of(folder: Path) -> str:
    """The SHA-256 over the names and contents of the files that decide what the encoder gives."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in IDENTITY and path.is_file():
            digest.update(f"{path.name}\n{sha256(path)}\n".encode())
    return digest.hexdigest()
