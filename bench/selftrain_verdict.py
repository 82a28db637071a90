"""What the arms of bench.selftrain say, in words: who gained, on which teacher, and whether adaptive beats plain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.scores import paired

TEACHER, CEILING = "teacher", "ceiling: the true labels of all"
PLAIN, ADAPTIVE = "plain .75 / .20", "adaptive, FreeMatch"

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Answers:
    """What an arm answered to the M test reviews, and what is true; for paired intervals between two arms."""

    truth: Ints
    guess: Ints
    groups: Sequence[str]
    classes: int


@dataclass(frozen=True)
class Result:
    """What one arm reached with one seed; `gain` is against the teacher of its own view, None for that itself."""

    accuracy: Mapping[str, float]
    gain: Mapping[str, float] | None
    pseudo: int
    precision: float
    answers: Answers | None = None


CAUTION = (
    "All seeds share one test set and nearly all unlabelled reviews, so that they agree more than "
    "independent ones would."
)


def verdict(named: Mapping[str, list[Result]]) -> str:
    """Which arms helped, in words: against the teacher of their own recipe, and against the best teacher there is.

    Beaten is a teacher whose interval is below the gain, or the accuracy, with every seed.
    """
    gains = {
        name: [one.gain for one in each if one.gain is not None]
        for name, each in named.items()
        if not name.endswith((TEACHER, CEILING))
    }
    points = {name: 100 * sum(gain["value"] for gain in each) / len(each) for name, each in gains.items() if each}
    order = sorted(points, key=points.__getitem__, reverse=True)
    helped = [name for name in order if all(gain["low"] > 0 for gain in gains[name])]
    harmed = [name for name in order if all(gain["high"] < 0 for gain in gains[name])]
    parts = {
        "more than the teacher of its own recipe with every seed": helped,
        "less with every seed": harmed,
        "neither": [name for name in order if name not in (*helped, *harmed)],
    }
    shown = (f"{title}: " + ("; ".join(f"{name} ({points[name]:+.2f})" for name in each) or "none")
             for title, each in parts.items())  # fmt: skip
    return f"In points of accuracy, {'. '.join(shown)}. {best(named)}{duel(named)}{CAUTION}"


def best(named: Mapping[str, list[Result]]) -> str:
    """How the arms do against the teacher with the highest accuracy; "" where one recipe alone was measured."""
    means = {name: 100 * sum(one.accuracy["value"] for one in each) / len(each) for name, each in named.items()}
    teachers = [name for name in means if name.endswith(TEACHER)]
    if len(teachers) < 2:
        return ""
    top = max(teachers, key=means.__getitem__)
    recipe = top.partition(":")[0]
    others = sorted((n for n in means if not n.endswith((TEACHER, CEILING))), key=means.__getitem__, reverse=True)
    above = [name for name in others if means[name] > means[top]]
    below = [name for name in others if means[name] <= means[top]]

    def show(names: Sequence[str]) -> str:
        return (
            "; ".join(f"{name} {_gap(named[top], named[name], means[name] - means[top])}" for name in names) or "none"
        )

    return (
        f"Against the best teacher there is, that of {recipe} (mean accuracy {means[top]:.1f}%), by mean accuracy: "
        f"above it {show(above)}. Not above it: "
        f"{show(below)}. "
    )


def duel(named: Mapping[str, list[Result]]) -> str:
    """The adaptive students against the plain ones: the mean difference, and its interval where answers were kept."""
    pairs = [(name, name.replace(PLAIN, ADAPTIVE)) for name in named if name.endswith(PLAIN)]
    shown = [f"{plain.replace(f', {PLAIN}', '')} {_against(named[plain], named[other])}"
             for plain, other in pairs if other in named]  # fmt: skip
    return f"{ADAPTIVE} minus {PLAIN}, in points: {'; '.join(shown)}. "


def _against(first: Sequence[Result], second: Sequence[Result]) -> str:
    pairs = list(zip(first, second, strict=True))
    mean = 100 * sum(_gain(b) - _gain(a) for a, b in pairs) / len(pairs)
    return _gap(first, second, mean)


def _gap(first: Sequence[Result], second: Sequence[Result], mean: float) -> str:
    """A mean difference in points, with the paired interval of each seed where answers were kept."""
    pairs = zip(first, second, strict=True)
    return " ".join(["(" + f"{mean:+.2f}", *(gap for a, b in pairs if (gap := paired_gap(a, b)) is not None)]) + ")"


def _gain(one: Result) -> float:
    """The gain against the teacher of the view, which two arms of a view share; else the accuracy."""
    return one.accuracy["value"] if one.gain is None else one.gain["value"]


def paired_gap(first: Result, second: Result) -> str | None:
    """The paired interval of the second arm minus the first, in points; None where no answers were kept."""
    if first.answers is None or second.answers is None:
        return None
    one, two = first.answers, second.answers
    gap = paired.compare(one.truth, one.guess, two.guess, one.groups, one.classes)["accuracy"]["difference"]
    return f"[{100 * gap['low']:+.2f}, {100 * gap['high']:+.2f}]"
