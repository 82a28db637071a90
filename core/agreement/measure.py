"""Measure the agreement of the answers under one scheme: all figures in one record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.agreement.coefficients import (
    ClassFigures,
    Pair,
    figures_by_class,
    fleiss,
    kappa_by_pair,
    krippendorff,
    ratings_against_rest,
    unanimous,
)
from core.agreement.consensus import RaterAgreement, coincidences, compare_answers, compare_raters
from core.agreement.figures import Figure, Resampling
from core.agreement.ratings import Answer, build_ratings, latest_answers, ratings_by_class
from core.agreement.trends import Drift, SpeedBin, WindowSize, drift, speed
from core.errors import NotEnoughData
from core.messages import Message

SEVERAL = Message("several classes at once: each class is judged by itself, see classes")
NO_OTHER = Message("no item has answers of two people")


@dataclass(frozen=True, slots=True)
class Agreement:
    """All figures of agreement under one scheme.

    `n_items` counts the items with two answers or more, `n_ratings` their answers. `single` counts the items with one
    answer, which say nothing about agreement. `settled` counts the items that a reviewer settled. `nominal` and
    `ordinal` are Krippendorff's alpha; `ordinal` is None if the classes have no order. `pairs` (K, K) are the
    `coincidences`, empty for a multi scheme.
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
    against: tuple[RaterAgreement, ...]
    drift: tuple[Drift, ...]
    speed: tuple[SpeedBin, ...]


def measure(
    answers: Sequence[Answer],
    codes: Sequence[str],
    *,
    join: str = "",
    ordinal: bool = False,
    settled: Mapping[int, str] | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    every: WindowSize = 50,
    draws: Resampling | None = None,
) -> Agreement:
    """Measure the agreement of `answers`; `NotEnoughData` if no item has two answers.

    `join` is the character between the classes of one answer in a multi scheme, "" for a single scheme. `settled` maps
    items to their settled codes. `pairs` are the pairs of raters for Cohen's kappa, all by default. `every` is the size
    of the windows of the drift.
    """
    resampling, answers = draws or Resampling(), latest_answers(answers)
    binary = ratings_by_class(answers, codes, join) if join else {}
    rated = build_ratings(answers, sorted({answer.code for answer in answers}) if join else codes)
    shared = rated.shared
    if not shared.items:
        raise NotEnoughData(
            "{reason}: let a second person answer some of the same items, or import votes", reason=NO_OTHER
        )
    compared = compare_answers(rated, answers, settled)
    class_only = _without_value if join else _unchanged
    return Agreement(
        codes=tuple(codes), raters=rated.raters, anonymous=bool(rated.anonymous.any()), n_items=len(shared.items),
        n_ratings=int(shared.per_item.sum()), single=len(rated.items) - len(shared.items),
        settled=sum(item in (settled or {}) for item in rated.items), unanimous=unanimous(rated, resampling),
        fleiss=class_only(fleiss(rated, resampling)), nominal=class_only(krippendorff(rated, resampling)),
        ordinal=krippendorff(rated, resampling, ordinal=True) if ordinal and len(codes) > 2 and not join else None,
        cohen=() if join else kappa_by_pair(rated, resampling, ordinal=ordinal, only=pairs),
        classes=figures_by_class(binary or ratings_against_rest(rated), resampling),
        pairs=() if join else coincidences(rated), against=() if join else compare_raters(rated, settled),
        drift=drift(compared, every), speed=speed(compared),
    )  # fmt: skip


def _without_value(figure: Figure) -> Figure:
    """Remove the value of a figure: a coefficient of single classes does not apply to sets of classes."""
    return replace(figure, value=None, low=None, high=None, reason=SEVERAL)


def _unchanged(figure: Figure) -> Figure:
    return figure
