"""Sentences of the same class that a prompt shows: gold, imported, masked, and not equal to the source.

What a model was shown has left its mark on what it writes. So examples are taken from groups that the usual split (seed
0) puts into training, where there are any, and never from what a published split holds out. Each variant keeps the keys
of its examples: a snapshot that holds one of them out leaves the variant out. The lowest hashes are taken, so that a
corpus that grows changes few examples.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest

from core.batches import batches
from core.cleaning.personal_data.pii import mask
from core.records import Utterance
from core.schemes import Scheme
from core.split import assign_sides
from core.store import ScannedSample
from core.text import letters
from core.workflows.augment.published import held_out
from core.workflows.workspace import Workspace

POOL = 200  # sentences of a class to draw from
_SHORTEST, _LONGEST = 4, 120  # characters
_BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence that a prompt may show, as it is sent. `is_in_training` as the usual split has it."""

    key: str
    text: str
    is_in_training: bool


class Examples:
    """The gold sentences of each class of a scheme. All blocks of the run `batch` draw from the same."""

    def __init__(self, ws: Workspace, scheme: Scheme, batch: str = "") -> None:
        self._pools = _of_run(ws, scheme, batch) if batch else _pools(ws, scheme)

    def of(self, code: str, source: Utterance, n: int, seed: int) -> list[Example]:
        """At most `n` sentences of the class `code`, none of them equal to the source."""
        same = letters(source.text)
        usable = [example for example in self._pools.get(code, ()) if letters(example.text) != same]
        return nsmallest(n, usable, key=lambda example: _rank(f"{seed}\x1f{source.key}", example.key))


@lru_cache(maxsize=2)
def _of_run(ws: Workspace, scheme: Scheme, batch: str) -> dict[str, list[Example]]:
    return _pools(ws, scheme)


def _pools(ws: Workspace, scheme: Scheme) -> dict[str, list[Example]]:
    """The pool of each class; the corpus is read once, a block at a time."""
    grades = ws.store.corpus.grades(scheme.level, scheme.name)
    pools: dict[str, list[Example]] = {}
    for block in batches(ws.store.scan.samples(), _BLOCK):
        new: dict[str, list[ScannedSample]] = {}
        for row in block:
            target = row.id if scheme.level == "utterance" else row.recording_id
            code, grade = grades.get(target or 0, ("", ""))
            if grade == "gold" and _is_usable(row):
                new.setdefault(code, []).append(row)
        hidden = held_out(ws, [row.id for rows in new.values() for row in rows])
        for code, rows in new.items():
            shown = [row for row in rows if row.id not in hidden]
            pools[code] = _best([*pools.get(code, ()), *_examples(shown)])
    return {code: _masked(pool) for code, pool in pools.items()}


def _examples(rows: Collection[ScannedSample]) -> list[Example]:
    sides = assign_sides([row.group for row in rows])
    return [Example(row.key, row.text, side == "train") for side, row in zip(sides, rows, strict=True)]


def _best(examples: Iterable[Example]) -> list[Example]:
    """The sentences that stay in a pool: those in training first, then the lowest hashes."""
    return nsmallest(POOL, examples, key=lambda example: (not example.is_in_training, _rank("", example.key)))


def _masked(pool: Collection[Example]) -> list[Example]:
    """The pool as it is shown: masked, and only what is in training if anything is."""
    usable = [example for example in pool if example.is_in_training] or pool
    return [replace(example, text=mask(example.text)) for example in usable]


def _is_usable(row: ScannedSample) -> bool:
    return row.parent_id is None and row.origin != "augmented" and _SHORTEST <= len(row.text) <= _LONGEST


def _rank(name: str, key: str) -> bytes:
    return blake2b(f"{name}\x1f{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
