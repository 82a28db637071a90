"""Score a run on a gold set: the items of another snapshot, none of which the run may have seen.

`core.workflows.evaluation.seen` says what a run, and what taught it, has seen. The gold set is frozen: a snapshot that
is verified by its hash.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, NotEnoughData
from core.inference.predictor import Predictor, cached
from core.messages import Names, SchemeName
from core.records import RunInfo
from core.scores import evaluate
from core.scores.multi import evaluate_multi
from core.snapshots.format import Snapshot
from core.snapshots.hashing import gold_hash
from core.snapshots.items import Items
from core.training.inputs import Inputs, Reading, read_inputs
from core.workflows.evaluation import baselines
from core.workflows.evaluation.scored import codes_of, finished_run, under
from core.workflows.evaluation.seen import refuse, refuse_seen, registered
from core.workflows.workspace import Workspace

__all__ = ["GoldScores", "Which", "refuse_seen", "score_on_gold"]

Which = Literal["all", "test"]


@dataclass(frozen=True, slots=True)
class GoldScores:
    """`scores` is the result of `core.scores.evaluate` on the gold set, `baselines` those of the trivial models on it.

    `sha256` is the hash of the whole snapshot, `gold_sha256` that of the gold items, by which the gate and the golden
    table of `selftrain` name their gold set too. `side` says which items of the snapshot
    counted. `not_gold` items were left out since no person labelled them,
    `unusable` ones since they hold nothing that the run could read.
    """

    snapshot: str
    sha256: str
    side: Which
    scores: dict[str, Any]
    baselines: dict[str, Any]
    not_gold: int
    unusable: int
    gold_sha256: str = ""


def score_on_gold(ws: Workspace, run_id: str, snapshot: str, side: Which = "all") -> GoldScores:
    """Score a finished run on the items of `snapshot` (or on those of its test side).

    `InputError` if the run, or a run that taught it, has seen an item of it, or if scheme, classes or cleaning differ;
    `NotEnoughData` if nothing is left to score.
    """
    run = finished_run(ws, run_id)
    frozen = registered(ws, snapshot)
    shared = [target for target in frozen.targets if target.name in run.schemes]
    if shared:
        run, frozen = under(run, shared[0].name), frozen.under(shared[0].name)
    _check_fits(run, frozen.scheme, frozen.codes, snapshot)
    items = tuple(item for item in frozen.items if side == "all" or item.side == side)
    gold = Items.of(item for item in items if item.gold)
    refuse(ws, run, snapshot, gold)
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
        gold_sha256=gold_hash(gold),
    )


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
