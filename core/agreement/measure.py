"""Everything there is to say about the answers under one scheme, in one record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.agreement.coefficients import (
    ClassFigures,
    Pair,
    against_rest,
    by_class,
    by_pair,
    fleiss,
    krippendorff,
    unanimous,
)
from core.agreement.consensus import Against, against, coincidences, judged
from core.agreement.figures import Draws, Figure
from core.agreement.ratings import Answer, every_class, latest, ratings
from core.agreement.trends import Bin, Drift, Every, drift, speed
from core.errors import NotEnoughData
from core.messages import Message

SEVERAL = Message("several classes at once: each class is judged by itself, see classes")
NO_OTHER = Message("no item has answers of two people")


@dataclass(frozen=True, slots=True)
class Agreement:
    """`ordinal` is None where the classes have no order. `pairs` (K, K): see `coincidences`, empty of a multi scheme.

    `n_items` have two answers or more; `n_ratings` are theirs. `single` items have one answer: they tell nothing.
    """

    codes: tuple[str, ...]
    raters: tuple[str, ...]
    anonymous: bool
    n_items: int
    n_ratings: int
    single: int
    settled: int
    unanimous: Figure
    fleiss: Figure
    nominal: Figure
    ordinal: Figure | None
    cohen: tuple[Pair, ...]
    classes: tuple[ClassFigures, ...]
    pairs: tuple[tuple[int, ...], ...]
    against: tuple[Against, ...]
    drift: tuple[Drift, ...]
    speed: tuple[Bin, ...]


def measure(
    answers: Sequence[Answer],
    codes: Sequence[str],
    *,
    join: str = "",
    ordinal: bool = False,
    settled: Mapping[int, str] | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    every: Every = 50,
    draws: Draws | None = None,
) -> Agreement:
    """Measure `answers`; `join` is what stands between the classes of one answer of a multi scheme, "" of a single one.
    `pairs` are the ones that Cohen's kappa is wanted of, all by default; `every` is the window of the drift.

    `NotEnoughData` where no item has two answers.
    """
    chosen, kept = draws or Draws(), latest(answers)
    binary = every_class(kept, codes, join) if join else {}
    rated = ratings(kept, sorted({one.code for one in kept}) if join else codes)
    shared = rated.shared
    if not shared.items:
        raise NotEnoughData(
            "{reason}: let a second person answer some of the same items, or import votes", reason=NO_OTHER
        )
    held = judged(rated, kept, settled)
    whole = _of_sets if join else _as_is
    return Agreement(
        codes=tuple(codes), raters=rated.raters, anonymous=bool(rated.anonymous.any()), n_items=len(shared.items),
        n_ratings=int(shared.per_item.sum()), single=len(rated.items) - len(shared.items),
        settled=sum(item in (settled or {}) for item in rated.items), unanimous=unanimous(rated, chosen),
        fleiss=whole(fleiss(rated, chosen)), nominal=whole(krippendorff(rated, chosen)),
        ordinal=krippendorff(rated, chosen, ordinal=True) if ordinal and len(codes) > 2 and not join else None,
        cohen=() if join else by_pair(rated, chosen, ordinal=ordinal, only=pairs),
        classes=by_class(binary or against_rest(rated), chosen),
        pairs=() if join else coincidences(rated), against=() if join else against(rated, settled),
        drift=drift(held, every), speed=speed(held),
    )  # fmt: skip


def _of_sets(one: Figure) -> Figure:
    """A coefficient of classes says nothing of sets of classes."""
    return replace(one, value=None, low=None, high=None, reason=SEVERAL)


def _as_is(one: Figure) -> Figure:
    return one
