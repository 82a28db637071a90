"""The augmented rows of a leak meter: variants that people accepted, or variants made for this measurement.

Every variant of a row has the row's class and group. Whether it is trained on or held out is decided later.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.augment import Guard, Known, make
from core.filters import Filter
from core.messages import Message
from core.schemes import JOIN
from core.snapshots.format import Snapshot
from core.snapshots.items import Item, Items
from core.text.model_text import model_text
from core.training.recipes import recipe
from core.workflows.augment.making import lexicon_of
from core.workflows.leaks import voices
from core.workflows.leaks.plan import MOST_PER_SENTENCE, LeakPlan, default_operations
from core.workflows.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Augmented:
    """The rows of a snapshot without variants, the variants, and where these come from ("accepted" or "made").

    `refused` counts candidates by reason. `why` says why there is no variant, None if there is one.
    """

    originals: Items
    variants: Items
    source: str
    operations: tuple[str, ...] = ()
    refused: Mapping[str, int] | None = None
    why: Message | None = None


def augmented(
    ws: Workspace,
    frozen: Snapshot,
    plan: LeakPlan,
    work: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Augmented:
    """The rows of `frozen` and their variants, as `plan` wants them; copies of voices are files below `work`.

    `progress(done, total)` counts the rows that have their variants, and may raise to stop.
    """
    derived = {u.key for u in ws.store.corpus.every(Filter(origin=("augmented",)))}
    is_derived = [key in derived for key in frozen.items.column("key")]
    originals = frozen.items.take([i for i, yes in enumerate(is_derived) if not yes])
    accepted = frozen.items.take([i for i, yes in enumerate(is_derived) if yes])
    none = originals.part(0, 0)
    if why := _unsuited(frozen, plan):
        return Augmented(originals, none, "made", why=why)
    if len(accepted) and not plan.operations:
        return Augmented(originals, accepted, "accepted")
    operations = plan.operations or default_operations(recipe(plan.recipe).modality)
    if recipe(plan.recipe).modality == "text":
        known = Known(originals.column("text"))
        variants, refused = _made(ws, frozen, _watched(originals, progress), known, plan, operations)
    else:
        number = partial(_how_many, plan=plan)
        watched = _watched(originals, progress)
        variants, refused = voices.copies(ws, watched, ",".join(operations), plan.seed, number, work)
    nothing = None if variants else Message("the operations find no place to act in these rows")
    return Augmented(originals, Items.of(variants), "made", operations, dict(refused), nothing)


def _unsuited(frozen: Snapshot, plan: LeakPlan) -> Message | None:
    """Why this snapshot and recipe have no augmented rows; None if they may have some."""
    if not plan.augmented:
        return Message("augmentation was not asked for")
    if frozen.unit == "call" and recipe(plan.recipe).modality == "text":
        return Message("a row is a whole call, and the operations change single sentences")
    return None


def _watched(items: Items, progress: Callable[[int, int], None]) -> Iterator[Item]:
    """The items; before each, how many are done is told."""
    for done, item in enumerate(items):
        progress(done, len(items))
        yield item


def _made(
    ws: Workspace, frozen: Snapshot, items: Iterable[Item], known: Known, plan: LeakPlan, operations: Sequence[str]
) -> tuple[list[Item], Counter[str]]:
    """Variants of the gold rows: as many of each row as its class's factor says; and refused candidates by reason."""
    made: list[Item] = []
    refused: Counter[str] = Counter()
    guard = Guard(lexicon_of(ws, frozen.targets[0].name), known)
    for item in items:
        n = _how_many(item, plan) if item.gold else 0
        variants, reasons = make(item.text, operations, n=n, seed=plan.seed, alpha=plan.alpha, guard=guard)
        refused.update(reasons)
        for number, variant in enumerate(variants, start=1):
            known.add(variant.text)
            text = model_text(frozen.plan, variant.text)
            made.append(replace(item, key=f"{item.key}~{number}", text=text, gold=False, audio=None))
    return made, refused


def _how_many(item: Item, plan: LeakPlan) -> int:
    """How many variants a row gets: the whole part of the factor, and one more with the chance of the rest."""
    factor = max((plan.class_factors.get(code, plan.factor) for code in item.code.split(JOIN)), default=plan.factor)
    whole, rest = divmod(factor - 1, 1)
    more = random.Random(f"{plan.seed}\x1f{item.key}").random() < rest
    return min(MOST_PER_SENTENCE, int(whole) + more)
