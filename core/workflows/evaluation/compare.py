"""Compare two runs on the items that both were scored on and neither was trained on: which one is better, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, NotEnoughData
from core.messages import SchemeName
from core.scores import paired
from core.snapshots.format import Item, Items
from core.split import merge_shared
from core.text import letters
from core.workflows.evaluation import seen
from core.workflows.evaluation.scored import Scored, frozen_items, scored
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Changed:
    """One utterance on which exactly one of the two runs is right. `first` and `second` are the predicted classes."""

    id: int
    key: str
    text: str
    gold: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`scores` is the result of `core.scores.paired.compare` on the shared items.

    `only_first` and `only_second` count the test items that the other run was not scored on. `different` counts those
    whose text or true class differs between the two snapshots; they are not compared. `matrices` are the confusion
    matrices of both runs on the shared items, int (K, K), rows true and columns predicted, in the order of `codes`.
    """

    first: str
    second: str
    scheme: str
    scores: Mapping[str, Any]
    only_first: int
    only_second: int
    different: int
    right_to_wrong: tuple[Changed, ...]
    wrong_to_right: tuple[Changed, ...]
    codes: tuple[str, ...] = ()
    matrices: tuple[list[list[int]], ...] = ()


def compare(
    ws: Workspace, first: str, second: str, *, target: str | None = None, resamples: int = 1000, seed: int = 0
) -> Comparison:
    """Compare two finished runs on the test items that they share, for one Target or the first of each.

    `InputError` for a run compared with itself, runs whose schemes or classes differ, or a run whose teacher has seen
    one of these items; `NotEnoughData` if their test
    sides share no item; `CheckpointMismatch` if predictions or a snapshot cannot be read.
    """
    if first == second:
        raise InputError("run {run} cannot be compared with itself; name two runs", run=first)
    a, b = scored(ws, first, target), scored(ws, second, target)
    _check_classes(a, b)
    rows_of_b = {key: j for j, key in enumerate(b.keys)}
    pairs = [(i, rows_of_b[key]) for i, key in enumerate(a.keys) if key in rows_of_b]
    frozen_a = frozen_items(ws, a.run.snapshot, [a.ids[i] for i, _ in pairs])
    frozen_b = frozen_items(ws, b.run.snapshot, [b.ids[j] for _, j in pairs])
    same = [(i, j) for i, j in pairs if a.gold[i] == b.gold[j] and _is_same(frozen_a[a.keys[i]], frozen_b[b.keys[j]])]
    if not same:
        raise NotEnoughData(
            "runs {first} and {second} share no item of their test sides, so they cannot be compared; "
            "train both on one snapshot",
            first=first,
            second=second,
        )
    at_a, at_b = (np.array(rows, dtype=np.int64) for rows in zip(*same, strict=True))
    _refuse_taught(ws, a, b, Items.of(frozen_a[a.keys[i]] for i, _ in same))
    groups = _groups([frozen_a[a.keys[i]] for i in at_a], [frozen_b[b.keys[j]] for j in at_b])
    guesses = a.guess[at_a], b.guess[at_b]
    gold = a.gold[at_a]
    scores = paired.compare(gold, *guesses, groups, len(a.codes), resamples=resamples, seed=seed)
    rights = guesses[0] == gold, guesses[1] == gold
    items = [frozen_a[a.keys[i]] for i in at_a]
    return Comparison(
        first=first,
        second=second,
        scheme=a.target,
        scores=scores,
        only_first=len(a.keys) - len(pairs),
        only_second=len(b.keys) - len(pairs),
        different=len(pairs) - len(same),
        right_to_wrong=_changed(items, a.codes, gold, guesses, rights[0] & ~rights[1]),
        wrong_to_right=_changed(items, a.codes, gold, guesses, ~rights[0] & rights[1]),
        codes=a.codes,
        matrices=tuple(_matrix(gold, guess, len(a.codes)) for guess in guesses),
    )


def _matrix(gold: NDArray[np.int64], guess: NDArray[np.int64], n_classes: int) -> list[list[int]]:
    """Count true and predicted classes, int (N,) each, as an n_classes x n_classes matrix."""
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (gold, guess), 1)
    matrix: list[list[int]] = counts.tolist()
    return matrix


def _refuse_taught(ws: Workspace, a: Scored, b: Scored, shared: Items) -> None:
    """Refuse the comparison if a teacher of either run has seen a shared item; freezing kept both runs from them."""
    for run in (a.run, b.run):
        seen.refuse(ws, run, run.snapshot, shared, {a.run.snapshot, b.run.snapshot})


def _check_classes(a: Scored, b: Scored) -> None:
    if a.target != b.target:
        raise InputError(
            "run {first} judges {scheme}, run {second} judges {other}; only runs of one scheme can be compared",
            first=a.run.id,
            scheme=SchemeName(a.target),
            second=b.run.id,
            other=SchemeName(b.target),
        )
    if a.codes != b.codes:
        raise InputError(
            "runs {first} and {second} have other classes or another order of them", first=a.run.id, second=b.run.id
        )


def _is_same(a: Item, b: Item) -> bool:
    return letters(a.text) == letters(b.text)


def _groups(a: list[Item], b: list[Item]) -> list[str]:
    """The groups of the shared items: what either snapshot keeps together is drawn together."""
    return merge_shared([item.group for item in a], [[item.group] for item in b])


def _changed(
    items: list[Item],
    codes: tuple[str, ...],
    gold: NDArray[np.int64],
    guesses: tuple[NDArray[np.int64], NDArray[np.int64]],
    where: NDArray[np.bool_],
) -> tuple[Changed, ...]:
    rows = np.flatnonzero(where).tolist()
    return tuple(
        Changed(items[r].id, items[r].key, items[r].text, codes[gold[r]], codes[guesses[0][r]], codes[guesses[1][r]])
        for r in rows
    )
