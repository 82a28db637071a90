"""What a gate measures: the pseudo-labels of a round, a recipe for the student, a snapshot, and a gold set.

The gold set is the test side of the snapshot, or the gold items of another one. It is frozen: its hash stands in the
verdict. Neither the teacher, nor what taught the teacher, nor the student may have seen any of it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import InputError, NotEnoughData, NotFound
from core.messages import Message, SchemeName
from core.models import Modality
from core.records import Round
from core.runs.folder import RunFolder
from core.schemes.target import Target
from core.snapshots.format import Snapshot
from core.snapshots.hashing import gold_hash
from core.snapshots.items import Items
from core.thresholds import Thresholds
from core.training.recipes import config_for
from core.training.recipes import recipe as recipe_named
from core.training.setup import TrainSpec
from core.workflows.evaluation import seen
from core.workflows.models import train
from core.workflows.pseudo_labels.accept import propose
from core.workflows.workspace import Workspace


@dataclass(frozen=True)
class GatePlan:
    """The request for one gate, JSON-able both ways. `gold` None: the gold set is the test side of `snapshot`."""

    round_id: int
    snapshot: str
    recipe: str
    encoder: str | None = None
    preset: str = "default"
    overrides: Mapping[str, str] = field(default_factory=dict)
    gold: str | None = None
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "GatePlan":
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Measured:
    """What a checked plan works on: the snapshot under the round's Target, the items that are not gold set, the gold
    set with its hash, and the request of a training.
    """

    round: Round
    frozen: Snapshot
    learnt: Items
    gold: Items
    gold_sha256: str
    spec: TrainSpec

    @property
    def target(self) -> Target:
        """The Target that is measured."""
        return self.frozen.targets[0]


def round_of(ws: Workspace, run_id: str, target: str, thresholds: Thresholds, curator: str) -> Round:
    """The newest round of these thresholds that is not withdrawn; a new proposal if there is none."""
    for made in ws.store.rounds.list(target, run_id):
        if made.state != "withdrawn" and dict(made.thresholds) == thresholds.to_json():
            return made
    return propose(ws, run_id, target, thresholds, curator)


def stored(ws: Workspace, round_id: int) -> Mapping[str, Any]:
    """The verdict that is stored with a round; `NotFound` if it was not measured yet."""
    verdict = ws.store.rounds.get(round_id).verdict
    if verdict is None:
        raise NotFound("round {round_id} was not measured yet: `pseudo-label gate` does it", round_id=round_id)
    return verdict


def gold_sets(ws: Workspace, scheme: str) -> list[str]:
    """The names of the snapshots that hold a scheme, the newest first: a gate trains on one, and scores on another."""
    infos = ws.store.ledger.snapshots()
    return [info.name for info in infos if scheme in info.counts.get("schemes", [info.scheme])]


def other_recipes(ws: Workspace, run_id: str, scheme: str) -> list[str]:
    """The recipes among which a person must choose that of the student: empty where the teacher's settings are here."""
    if RunFolder(ws.run_folder(run_id)).config() is not None:
        return []
    return [name for name, one in train.recipes().items() if one.learns(scheme)]


def planned(
    ws: Workspace,
    round_id: int,
    *,
    snapshot: str | None = None,
    recipe: str | None = None,
    encoder: str | None = None,
    preset: str | None = None,
    overrides: Mapping[str, str] | None = None,
    gold: str | None = None,
    seed: int = 0,
) -> GatePlan:
    """The plan that measures a round; by default the student has the snapshot, recipe and settings of the teacher.

    `NotFound` for an unknown round, `InputError` for a teacher whose settings are not here.
    """
    teacher = ws.store.ledger.run(ws.store.rounds.get(round_id).run_id)
    plan = GatePlan(round_id, snapshot or teacher.snapshot, recipe or teacher.recipe, gold=gold, seed=seed)
    if recipe is not None or encoder is not None or preset is not None:
        return replace(plan, encoder=encoder, preset=preset or "default", overrides=dict(overrides or {}))
    config = RunFolder(ws.run_folder(teacher.id)).config()
    if config is None:
        raise InputError(
            "run {run_id} has no config.toml, so a student cannot be trained as it was: name a recipe",
            run_id=teacher.id,
        )
    settings = {name: str(value) for name, value in config["settings"].items()} | dict(overrides or {})
    return replace(plan, encoder=config["encoder"], preset=config.get("preset", "default"), overrides=settings)


def checked(ws: Workspace, plan: GatePlan) -> Measured:
    """What the plan measures. `NotFound`, `UnknownName` or `InputError` names what is wrong in it.

    `InputError` too if the teacher, what taught it or the student has seen an item of the gold set.
    """
    made = ws.store.rounds.get(plan.round_id)
    spec = train.plan(ws, plan.recipe, plan.snapshot, plan.encoder, plan.overrides, plan.preset)
    frozen = seen.registered(ws, plan.snapshot)
    frozen.target(made.scheme)
    if not recipe_named(plan.recipe).learns(made.scheme):
        recipe_named(plan.recipe).check_scheme(made.scheme)
    if frozen.official == "keep":
        raise InputError(
            "snapshot {name} keeps the published split with its repeats, so its test side is no gold set; freeze it "
            "with --official clean or without --official",
            name=plan.snapshot,
        )
    view = frozen.under(made.scheme)
    learnt, gold = _parts(ws, plan, view)
    _refuse_seen(ws, plan, made, gold)
    return Measured(made, view, learnt, gold, gold_hash(gold), replace(spec, seed=plan.seed, overrides=_for_one(spec)))


def _for_one(spec: TrainSpec) -> dict[str, str]:
    """The settings of the student, who learns one Target: a teacher of several has a share of the loss for each."""
    config = config_for(recipe_named(spec.recipe), spec.encoder, spec.overrides, spec.preset)
    return {**spec.overrides, **({"target_weights": ""} if getattr(config, "target_weights", "") else {})}


def _parts(ws: Workspace, plan: GatePlan, view: Snapshot) -> tuple[Items, Items]:
    """The items that are not of the gold set, and the gold set on the test side."""
    sides = view.items.column("side")
    learnt = view.items.take([row for row, side in enumerate(sides) if side != "test"])
    if plan.gold is None or plan.gold == plan.snapshot:
        gold = view.items.take([row for row, side in enumerate(sides) if side == "test"])
    else:
        gold = _gold_items(ws, plan.gold, view)
        title = Message("{recipe} on {snapshot}", recipe=plan.recipe, snapshot=plan.snapshot)
        modality: Modality = recipe_named(plan.recipe).modality
        seen.refuse_seen(title, plan.gold, modality, learnt, gold, seen.sounds_of(ws, modality, learnt, gold))
    if not len(gold):
        raise NotEnoughData("the gold set of the gate is empty: name another one")
    return learnt, gold


def _gold_items(ws: Workspace, name: str, view: Snapshot) -> Items:
    """The gold items of another snapshot; refused if its classes or its cleaning differ."""
    other = seen.registered(ws, name).under(view.scheme)
    if (other.codes, other.plan, other.unit) != (view.codes, view.plan, view.unit):
        raise InputError(
            "snapshots {snapshot} and {gold} differ in the classes of {scheme}, in cleaning or in what an item is, so "
            "one cannot be the gold set of the other",
            snapshot=view.name, gold=name, scheme=SchemeName(view.scheme),
        )  # fmt: skip
    gold = other.items.take([row for row, yes in enumerate(other.items.column("gold")) if yes])
    return gold.replaced(side=["test"] * len(gold))


def _refuse_seen(ws: Workspace, plan: GatePlan, made: Round, gold: Items) -> None:
    """Refuse a gold set of which the teacher of the round, or what taught it, has seen an item.

    No arm holds a label of another round that is in the snapshot, so the teachers of those rounds do not matter.
    """
    own = plan.gold is None or plan.gold == plan.snapshot
    seen.refuse(
        ws, ws.store.ledger.run(made.run_id), plan.gold or plan.snapshot, gold, {plan.snapshot} if own else set()
    )
