"""The golden-set table of several runs, as in the seed: precision, recall and F1 of each class, and scores over all.

All runs are scored on the same items, which none of them has seen: those that stand on the test side of every run's
own snapshot with the same text and class, or the items of a gold set, on which a run that has seen any is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import NotEnoughData
from core.scores import evaluate
from core.snapshots.format import Item, Items
from core.snapshots.hashing import gold_hash
from core.split import merge_shared
from core.text import letters
from core.workflows.evaluation import seen
from core.workflows.evaluation.gold import score_on_gold
from core.workflows.evaluation.scored import Scored, frozen_items, scored
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class GoldenTable:
    """`scores` holds for each run, in order, what `core.scores.evaluate` gives. `sha256` is that of the items' content.

    `of` names the gold set, or the snapshot whose test side it is.
    """

    of: str
    sha256: str
    n: int
    n_groups: int
    scores: Mapping[str, Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """The table as JSON can hold it: what the seed's has, with intervals."""
        names = ("accuracy", "macro_f1", "weighted_f1", "per_class")
        runs = {run: {name: scores[name] for name in names} for run, scores in self.scores.items()}
        return {"of": self.of, "sha256": self.sha256, "n": self.n, "n_groups": self.n_groups, "runs": runs}


def golden_table(ws: Workspace, runs: Sequence[str], gold: str | None = None) -> GoldenTable:
    """Score finished runs on the items that they share, or on the gold set `gold`.

    `NotEnoughData` if they share none, `InputError` if a run has seen an item of the gold set.
    """
    return _on_gold(ws, runs, gold) if gold else _on_shared(ws, runs)


def _on_gold(ws: Workspace, runs: Sequence[str], gold: str) -> GoldenTable:
    made = {run: score_on_gold(ws, run, gold) for run in runs}
    first = made[runs[0]]
    scores = {run: one.scores for run, one in made.items()}
    return GoldenTable(gold, first.gold_sha256, first.scores["n"], first.scores["n_groups"], scores)


def _on_shared(ws: Workspace, runs: Sequence[str]) -> GoldenTable:
    sides = [scored(ws, run) for run in runs]
    items = [frozen_items(ws, side.run.snapshot, side.ids) for side in sides]
    frozen = {side.run.snapshot for side in sides}
    keys = [key for key in sides[0].keys if all(_same(items[0][key], other.get(key)) for other in items[1:])]
    if not keys:
        raise NotEnoughData("runs {runs} share no item of their test sides", runs=", ".join(runs))
    for side in sides:  # their teachers, if these are not among them
        seen.refuse(ws, side.run, side.run.snapshot, Items.of(items[0][key] for key in keys), frozen)
    groups = merge_shared(
        [items[0][key].group for key in keys], [[other[key].group for other in items[1:]] for key in keys]
    )
    scores = {run: _scores(side, keys, groups) for run, side in zip(runs, sides, strict=True)}
    first = scores[runs[0]]
    digest = golden_hash([items[0][key] for key in keys])
    return GoldenTable(sides[0].run.snapshot, digest, first["n"], first["n_groups"], scores)


def _same(item: Item, other: Item | None) -> bool:
    return other is not None and (item.code, letters(item.text)) == (other.code, letters(other.text))


def _scores(side: Scored, keys: Sequence[str], groups: Sequence[str]) -> Mapping[str, Any]:
    places = {key: place for place, key in enumerate(side.keys)}
    rows = np.array([places[key] for key in keys], dtype=np.int64)
    return evaluate(side.gold[rows], side.probs[rows], groups, side.codes)


def golden_hash(items: Sequence[Item]) -> str:
    """The SHA-256 of the gold set, as the gate and `evaluate --gold` name it."""
    return gold_hash(items)
