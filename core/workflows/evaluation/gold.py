"""Score a run on a gold set: the items of another snapshot, none of which the run may have seen.

Seen is what is on the training or validation side of the run's own snapshot. Refused are the same item, the same group
(a call, a person) and, where the run reads texts, equal and nearly equal texts; where it reads the voice, the same
sound file and the same person.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointMismatch, InputError, NotEnoughData
from core.inference.predictor import Predictor, cached
from core.messages import Names, SchemeName
from core.records import RunInfo
from core.scores import evaluate
from core.scores.multi import evaluate_multi
from core.snapshots.format import Snapshot, read
from core.snapshots.items import Item, Items
from core.speakers import names_a_person
from core.split import merge_near_duplicates
from core.text import letters
from core.training.inputs import Inputs, Reading, read_inputs
from core.workflows.evaluation import baselines
from core.workflows.evaluation.scored import codes_of, finished_run, under
from core.workflows.workspace import Workspace

Which = Literal["all", "test"]
NAMED = 5  # keys that a refusal names


@dataclass(frozen=True, slots=True)
class GoldScores:
    """`scores` is the result of `core.scores.evaluate` on the gold set, `baselines` those of the trivial models on it.

    `side` says which items of the snapshot counted. `not_gold` items were left out since no person labelled them,
    `unusable` ones since they hold nothing that the run could read.
    """

    snapshot: str
    sha256: str
    side: Which
    scores: dict[str, Any]
    baselines: dict[str, Any]
    not_gold: int
    unusable: int


def score_on_gold(ws: Workspace, run_id: str, snapshot: str, side: Which = "all") -> GoldScores:
    """Score a finished run on the items of `snapshot` (or on those of its test side).

    `InputError` if the run has seen an item of it, or if scheme, classes or cleaning differ; `NotEnoughData` if nothing
    is left to score.
    """
    run = finished_run(ws, run_id)
    frozen = read(ws.snapshot_folder(snapshot))
    shared = [target for target in frozen.targets if target.name in run.schemes]
    if shared:
        run, frozen = under(run, shared[0].name), frozen.under(shared[0].name)
    _check_fits(run, frozen.scheme, frozen.codes, snapshot)
    items = tuple(item for item in frozen.items if side == "all" or item.side == side)
    gold = Items.of(item for item in items if item.gold)
    seen = [item for item in _own_items(ws, run) if item.side != "test"]
    refuse_seen(run_id, snapshot, run.modality, seen, gold)
    predictor = cached(ws.run_folder(run_id))
    inputs, probs = _predicted(ws, predictor, frozen, gold)
    used = inputs.items
    target = frozen.targets[0]
    answers = target.answers(used.column("code"))
    scores = (evaluate_multi if target.multi else evaluate)(answers, probs, used.column("group"), frozen.codes)
    return GoldScores(
        snapshot=snapshot,
        sha256=frozen.sha256,
        side=side,
        scores=scores,
        baselines=baselines.on_items(ws, run, used),
        not_gold=len(items) - len(gold),
        unusable=len(gold) - len(used),
    )


def _own_items(ws: Workspace, run: RunInfo) -> Items:
    """All items of the run's own snapshot; refused if it is not the one that the run's card names."""
    card = cached(ws.run_folder(run.id)).card
    if ws.store.ledger.snapshot(run.snapshot).sha256 != card.snapshot_sha256:
        raise CheckpointMismatch(
            "run {run} was trained on another snapshot than {snapshot} is now (SHA-256 differs), so nobody can tell "
            "what it has seen",
            run=run.id,
            snapshot=run.snapshot,
        )
    return baselines.snapshot_items(ws, run.snapshot)


def _check_fits(run: RunInfo, scheme: str, codes: Sequence[str], snapshot: str) -> None:
    if (run.scheme, codes_of(run)) != (scheme, tuple(codes)):
        raise InputError(
            "run {run} judges {scheme} ({codes}), snapshot {snapshot} holds {other} ({others}): scheme, classes and "
            "their order must be the same",
            run=run.id,
            scheme=SchemeName(run.scheme),
            codes=Names(codes_of(run)),
            snapshot=snapshot,
            other=SchemeName(scheme),
            others=Names(codes),
        )


def refuse_seen(run_id: str, snapshot: str, modality: str, seen: Sequence[Item], gold: Sequence[Item]) -> None:
    """`InputError` if an item of `gold`, or one too near to it, is among `seen`; it counts and names them."""
    same = {item.key for item in gold} & {item.key for item in seen}
    shared = _sharing(seen, gold, lambda item: item.group) - same
    alike = (_same_texts(seen, gold) if modality == "text" else _same_voices(seen, gold)) - same - shared
    if overlapping := same | shared | alike:
        ordered = [item.key for item in gold if item.key in overlapping]
        raise InputError(
            "run {run} has seen {n:,} of the {total:,} items of {snapshot}, so it is not scored on it: "
            "{same:,} the same, {shared:,} of the same group, {alike:,} equal or nearly equal; first {keys}; "
            "freeze a gold set that the run was neither trained nor tuned on",
            run=run_id,
            n=len(overlapping),
            total=len(gold),
            snapshot=snapshot,
            same=len(same),
            shared=len(shared),
            alike=len(alike),
            keys=Names(ordered[:NAMED]),
        )


def _sharing(seen: Sequence[Item], gold: Sequence[Item], of: Any) -> set[str]:
    """The keys of the gold items whose value `of(item)` a seen item has too; an empty value is shared with nobody."""
    values = {of(item) for item in seen}
    return {item.key for item in gold if of(item) and of(item) in values}


def _same_texts(seen: Sequence[Item], gold: Sequence[Item]) -> set[str]:
    """The keys of the gold items whose text equals, or nearly equals, a seen one."""
    equal = _sharing(seen, gold, lambda item: letters(item.text))
    names = [f"{i}" for i in range(len(seen) + len(gold))]
    merged = merge_near_duplicates(names, [item.text for item in (*seen, *gold)])
    near = set(merged[: len(seen)])
    return equal | {item.key for item, name in zip(gold, merged[len(seen) :], strict=True) if name in near}


def _same_voices(seen: Sequence[Item], gold: Sequence[Item]) -> set[str]:
    """The keys of the gold items whose sound file, or whose person, is among the seen ones."""
    persons = _sharing(seen, gold, lambda item: item.speaker if names_a_person(item.speaker) else None)
    return persons | _sharing(seen, gold, lambda item: item.audio)


def _predicted(
    ws: Workspace, predictor: Predictor, frozen: Snapshot, items: Items
) -> tuple[Inputs, NDArray[np.float64]]:
    """The usable items with their calibrated probabilities (N, K)."""
    card, snapshot = predictor.card, frozen.name
    if card.modality != "voice" and tuple(frozen.plan) != card.cleaning:
        raise InputError(
            "snapshot {snapshot} was cleaned by another plan than the texts that run {run} was trained on",
            snapshot=snapshot,
            run=predictor.run_id,
        )
    reading = Reading(card.modality, card.architecture, card.encoder, card.config)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "features.safetensors"
        inputs = read_inputs(items, reading, ws.settings.home, cache, lambda done, total: None)
    if not inputs.items:
        raise NotEnoughData("snapshot {snapshot} holds nothing that run {run} can read", snapshot=snapshot,
                            run=predictor.run_id)  # fmt: skip
    return inputs, predictor.judge(inputs.values)[frozen.scheme]
