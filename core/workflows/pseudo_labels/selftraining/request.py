"""What a person asks of a self-training, from words as a command line gives them, and what stands in its way."""

from collections.abc import Collection
from dataclasses import replace

from core.errors import InputError, UnknownName
from core.files import json_text
from core.filters import Filter
from core.messages import Message, Names, SchemeName, Word
from core.schemes import scheme
from core.snapshots.format import Snapshot
from core.snapshots.items import Items
from core.thresholds import Thresholds
from core.training.recipes import recipe, recipes
from core.workflows.evaluation import seen
from core.workflows.pseudo_labels.accept import LONGEST_REASON, rounds, standing, tidied_reason, withdraw
from core.workflows.pseudo_labels.candidates import HUMAN
from core.workflows.pseudo_labels.selftraining.record import Trainee, named_rounds
from core.workflows.workspace import Workspace


def chosen_teacher(ws: Workspace, name: str | None, how: Trainee) -> Trainee | str:
    """The run called `name`, or `how` with the recipe called so; `how` itself without a name."""
    if name is None:
        return how
    if name in {run.id for run in ws.store.ledger.runs()}:
        return name
    try:
        return replace(how, recipe=recipe(name).name)
    except UnknownName as error:
        raise InputError(
            "{name} can teach neither as a run nor as a recipe; the recipes are {recipes}, the finished runs {runs}",
            name=name, recipes=Names(tuple(recipes())), runs=Names([run.id for run in ws.store.ledger.runs("done")]),
        ) from error  # fmt: skip


def chosen_snapshot(ws: Workspace, teacher: Trainee | str, name: str | None) -> str:
    """The snapshot `name`, or that of the run that teaches; `InputError` if neither is given."""
    if name is not None:
        return name
    if isinstance(teacher, str):
        return ws.store.ledger.run(teacher).snapshot
    raise InputError(
        "name the snapshot with the labels of people (--snapshot); there are {names}",
        names=Names([info.name for info in ws.store.ledger.snapshots()]),
    )


def reason_of(override: str | None, snapshot: str, number: int, curator: str) -> str:
    """What a round says in place of an audit: what ran, who ran it, that nobody audited, and that person's reason."""
    told = f"self-training of snapshot {snapshot}, round {number}, run by {curator}: nobody audited these labels"
    reason = tidied_reason(override, LONGEST_REASON - len(told) - len("; "))
    return told if reason is None else f"{told}; {reason}"


def refuse_others(ws: Workspace, target: str, run_id: str, sure: Thresholds, curator: str, why: str) -> None:
    """`InputError` if an open or accepted round has the run and the thresholds.

    Not for the open one that `curator` proposed for the reason `why`, just before a self-training was killed.
    """
    for one in rounds(ws, target, run_id):
        mine = (one.state, one.made_by, one.override) == ("proposed", curator, why)
        if one.state != "withdrawn" and dict(one.thresholds) == sure.to_json() and not mine:
            raise InputError(
                "round {round_id}, which {curator} made of the same run and thresholds, is {state}: ask for "
                "other thresholds or another teacher, or withdraw it if it is accepted (`pseudo-label withdraw "
                "{round_id}`)",
                round_id=one.id, curator=one.made_by, state=Word(one.state),
            )  # fmt: skip


def described(sure: Thresholds) -> Message | str:
    """The thresholds in words where they are those of the seed, else as JSON."""
    if sure.mode != "fixed":
        return json_text(sure.to_json())
    return Message(
        "confidence at least {confidence}, margin at least {margin}", confidence=sure.confidence, margin=sure.margin
    )


def check_base(ws: Workspace, base: Snapshot) -> None:
    """Refuse a snapshot that holds pseudo-labels of an earlier self-training: a teacher would learn from them."""
    named = named_rounds(ws.settings.home)
    for made in base.report.get("rounds", ()):
        if made["round"] is None:  # accepted one by one: no self-training did that
            continue
        known = named.get(int(made["round"]))
        if known is not None and known.teacher == made["run"]:
            raise InputError(
                "snapshot {name} holds {n:,} pseudo-labels of an earlier self-training, of round {round_id}: "
                "freeze one without them for another self-training (after `pseudo-label withdraw {round_id}` if they "
                "stand), or let that one go on with more --rounds",
                name=base.name, n=int(made["n"]), round_id=int(made["round"]),
            )  # fmt: skip


def clear_the_way(ws: Workspace, base: Snapshot, own: Collection[int], curator: str) -> tuple[Message, ...]:
    """Withdraw the pseudo-labels of earlier self-trainings whose students have theirs, and say so.

    Only rounds that a record of this workspace names are withdrawn, none of `own`. `InputError` if what is left has a
    machine's label everywhere: then there is nothing that a teacher could label.
    """
    left, named = standing(ws, base.scheme), named_rounds(ws.settings.home)
    frozen = {info.name for info in ws.store.ledger.snapshots()}
    notes = []
    for made in rounds(ws, base.scheme):
        known = named.get(made.id)
        if known is None or made.id in own or made.state != "accepted" or not left.get(made.id):
            continue
        if known.teacher == made.run_id and known.snapshot in frozen:
            withdraw(ws, made.id, curator)
            n = left.pop(made.id)
            notes.append(Message(
                "withdrew the {n:,} pseudo-labels of round {round_id}, of an earlier self-training; snapshot {name} "
                "keeps them", n=n, round_id=made.id, name=known.snapshot,
            ))  # fmt: skip
    _check_room(ws, base, {number: n for number, n in left.items() if number not in own})
    return tuple(notes)


def _check_room(ws: Workspace, base: Snapshot, others: dict[int, int]) -> None:
    """Refuse where the rounds `others`, with so many labels each, cover all that no person has labelled."""
    level = scheme(base.scheme).level
    corpus = ws.store.corpus
    total = corpus.find(Filter(), limit=0).total if level == "utterance" else int(corpus.counts()["recordings"])
    open_ = total - len(corpus.labelled(level, base.scheme, HUMAN))
    if others and open_ <= sum(others.values()):
        raise InputError(
            "{n:,} items have no label of a person, and all have a machine's, of rounds {rounds}: a self-training "
            "would have nothing to label. Withdraw them first (`pseudo-label withdraw {first}`), or import more text",
            n=open_, rounds=Names(map(str, sorted(others))), first=max(others),
        )  # fmt: skip


def unseen_gold(ws: Workspace, base: Snapshot, name: str, teacher: str, recipe_names: Collection[str]) -> Items:
    """The items of the gold set `name`. `InputError` if the run `teacher`, finished or to be trained by one of the
    recipes on `base`, would have seen any of them, or if the gold set is not of the scheme.
    """
    frozen = seen.registered(ws, name)
    if (base.scheme, base.codes) not in [(target.name, target.codes) for target in frozen.targets]:
        raise InputError(
            "gold set {name} holds {schemes}, and the self-training learns {scheme}: name one with the same classes",
            name=name, schemes=Names(SchemeName(target.name) for target in frozen.targets),
            scheme=SchemeName(base.scheme),
        )  # fmt: skip
    gold = Items.of(item for item in frozen.under(base.scheme).items if item.gold)
    finished = {run.id: run for run in ws.store.ledger.runs("done")}
    taught = [str(made["run"]) for made in seen.rounds_in(ws, base.name)]
    for run_id in (teacher, *taught):
        if run_id in finished:
            seen.refuse(ws, finished[run_id], name, gold)
    learnt = base.items.take([at for at, side in enumerate(base.items.column("side")) if side != "test"])
    for modality in {recipe(one).modality for one in recipe_names}:
        seen.refuse_seen(teacher, name, modality, learnt, gold, seen.sounds_of(ws, modality, learnt, gold))
    return gold
