"""Freeze what a student of self-training learns from: a snapshot as it is, and the pseudo-labels of one round."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.records import SnapshotInfo
from core.snapshots.format import Items, Snapshot, content_hash
from core.snapshots.freeze import build, group_counts
from core.snapshots.students import with_pseudo_labels
from core.snapshots.weights import weights_of, with_weights
from core.workflows.corpus.schemes import trainable
from core.workflows.snapshots.samples import Gathering
from core.workflows.snapshots.snapshot import stored
from core.workflows.workspace import Workspace, now

ALL_IN_TRAINING = (1.0, 0.0, 0.0)


def create_for_student(
    ws: Workspace, name: str, base: Snapshot, label_round: int, lineage: Mapping[str, Any], apart: Items | None = None
) -> SnapshotInfo:
    """Freeze the items of `base` under its first scheme, and the silver labels of `label_round` on the training side.

    Labels that people gave since `base` was frozen are left out, so that two rounds differ in their pseudo-labels
    alone; so is what belongs to the gold items `apart` or nearly repeats one. The report has `rounds` (those of `base`
    and this one) and `lineage` as `selftraining`.
    """
    view, scheme = base.under(base.scheme), trainable(base.scheme)
    gathered = Gathering(ws, [scheme], base.inputs, False, base.unit)
    fresh = build(
        name, scheme, gathered.items(), ALL_IN_TRAINING, base.seed, now(), base.plan, inputs=base.inputs,
        marks=gathered.marks, unit=base.unit, lineages=gathered.lineages,
    )  # fmt: skip
    keys = [key for key, number in gathered.rounds[scheme.name].items() if number == label_round]
    items, left_out = with_pseudo_labels(view.items, fresh.items, keys, base.inputs != "voice", apart)
    items = _in_order(with_weights(items, view.targets, _weights(view, gathered.weights)))
    report = {
        **group_counts(items), "merged_groups": 0, "dropped_repeats": left_out,
        "warnings": list(base.report.get("warnings", ())),
        "rounds": [*base.report.get("rounds", ()), _made(ws, label_round, len(items) - len(view.items))],
        "selftraining": dict(lineage),
    }  # fmt: skip
    return stored(ws, replace(
        view, name=name, created_at=now(), items=items, report=report,
        sha256=content_hash(view.scheme, view.codes, items, view.targets),
    ))  # fmt: skip


def _weights(view: Snapshot, today: Mapping[str, Mapping[str, float]]) -> dict[str, Mapping[str, float]]:
    """The weights of today, where `view` has none of its own."""
    target = view.targets[0].name
    frozen = weights_of(view.items, target)
    own = {} if frozen is None else dict(zip(view.items.column("key"), frozen.tolist(), strict=True))
    return {target: {**today.get(target, {}), **own}}


def _in_order(items: Items) -> Items:
    keys = items.column("key")
    return items.take(sorted(range(len(keys)), key=keys.__getitem__))


def _made(ws: Workspace, label_round: int, n: int) -> dict[str, Any]:
    """The round of pseudo-labels, as a snapshot's report names it."""
    made = ws.store.rounds.get(label_round)
    return {"round": made.id, "run": made.run_id, "scheme": made.scheme, "weight": made.weight, "n": n}
