"""The augmented rows of a leak meter: variants that people accepted, or variants made for this measurement.

Every variant of a row has the row's class and group, and is gold if the row is. Whether it is trained on or held out is
decided later.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.augment import MOST_PER_SENTENCE, Guard, Known, make
from core.filters import Filter
from core.messages import Message
from core.records import Utterance
from core.schemes import JOIN
from core.snapshots.format import Snapshot
from core.snapshots.items import Item, Items
from core.text.model_text import model_text
from core.training.recipes import recipe
from core.workflows.augment.making import lexicon_of
from core.workflows.leaks import voices
from core.workflows.leaks.plan import LeakPlan, default_operations
from core.workflows.snapshots.ancestry import sources_of
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
    derived = {u.key: u for u in ws.store.corpus.every(Filter(origin=("augmented",)))}
    keys, modality = frozen.items.column("key"), recipe(plan.recipe).modality
    originals = frozen.items.take([i for i, key in enumerate(keys) if key not in derived])
    none = originals.part(0, 0)
    if why := _unsuited(frozen, plan):
        return Augmented(originals, none, "made", why=why)
    accepted = frozen.items.take([i for i, key in enumerate(keys) if key in derived])
    if modality == "voice":  # it cannot read a variant of a text
        accepted = accepted.take([i for i, audio in enumerate(accepted.column("audio")) if audio])
    if len(accepted) and not plan.operations:
        return Augmented(originals, _as_gold_as_parents(ws, originals, accepted, derived), "accepted")
    operations = plan.operations or default_operations(modality)
    if modality == "text":
        known = Known(originals.column("text"))
        variants, refused = _made(ws, frozen, voices.watched(originals, progress), known, plan, operations)
    else:
        number = partial(_how_many, plan=plan)
        variants, refused = voices.copies(ws, originals, ",".join(operations), plan.seed, number, work, progress)
    nothing = None if variants else Message("the operations find no place to act in these rows")
    return Augmented(originals, Items.of(variants), "made", operations, dict(refused), nothing)


def _unsuited(frozen: Snapshot, plan: LeakPlan) -> Message | None:
    """Why this snapshot and recipe have no augmented rows; None if they may have some."""
    if not plan.augmented:
        return Message("augmentation was not asked for")
    if frozen.unit == "call" and recipe(plan.recipe).modality == "text":
        return Message("a row is a whole call, and the operations change single sentences")
    return None


def _as_gold_as_parents(ws: Workspace, originals: Items, accepted: Items, derived: Mapping[str, Utterance]) -> Items:
    """The accepted variants; gold are those that were made, over any steps, from a gold row of the snapshot."""
    gold = {key for key, is_gold in zip(originals.column("key"), originals.column("gold"), strict=True) if is_gold}
    parents = ws.store.derivations.parents()
    made = (derived[key] for key in accepted.column("key"))
    return accepted.replaced(gold=[any(s.key in gold for s in sources_of(parents, variant)) for variant in made])


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
            made.append(replace(item, key=f"{item.key}~{number}", text=text, audio=None))
    return made, refused


def _how_many(item: Item, plan: LeakPlan) -> int:
    """How many variants a row gets: the whole part of the factor, and one more with the chance of the rest."""
    factor = max((plan.class_factors.get(code, plan.factor) for code in item.code.split(JOIN)), default=plan.factor)
    whole, rest = divmod(factor - 1, 1)
    more = random.Random(f"{plan.seed}\x1f{item.key}").random() < rest
    return min(MOST_PER_SENTENCE, int(whole) + more)
