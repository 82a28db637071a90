"""What a person must know beside a score: persons on several sides of its split, and how a published split was used."""

from collections.abc import Mapping
from typing import Any

from core.messages import Message, Word

AS_PUBLISHED, CLEAN = Word("as published"), Word("published split, clean")
CROSSING = Word("speakers on several sides")


def short_marks(metrics: Mapping[str, Any]) -> list[Word]:
    """The few words that stand beside a score wherever it is shown; none for a score that needs no remark."""
    mark = metrics.get("official")
    words = [AS_PUBLISHED if mark["did"] == "keep" else CLEAN] if mark else []
    return words + [CROSSING] * bool(metrics.get("persons_on_several_sides"))


def training_saw_the_test(metrics: Mapping[str, Any]) -> bool:
    """Whether the split was taken as published, with what repeats across its sides."""
    return AS_PUBLISHED in short_marks(metrics)


def warnings(metrics: Mapping[str, Any]) -> list[Message]:
    """What must be said with the scores in the `metrics` of a run; nothing for runs that are too old to know."""
    persons = metrics.get("persons_on_several_sides", 0)
    crossing = Message("{n:,} speakers stand on several sides of the split: a score by voice is too high", n=persons)
    return [crossing] * bool(persons) + split_marks(metrics)


def split_marks(metrics: Mapping[str, Any]) -> list[Message]:
    """How a published split was used, a sentence each; nothing for the split of this program."""
    mark = metrics.get("official")
    if not mark:
        return []
    counts = {"train": mark["train"], "validation": mark["validation"]}
    if mark["did"] == "keep":
        first = Message(
            "as published: {train:,} training and {validation:,} validation items repeat a later side and were kept, "
            "so this score may be too high",
            **counts,
        )
        clear = Message("as published: no item of a side repeats a later one")
        lines = [first if any(counts.values()) else clear]
    else:
        lines = [
            Message(
                "published split, clean: {train:,} training and {validation:,} validation items that repeat a later "
                "side were left out",
                **counts,
            )
        ]
    if mark["test_from"]:
        lines.append(Message("no test side was published: the published validation side is the test"))
    if mark["validation_from"]:
        lines.append(Message("the validation side was taken from the published training side"))
    return lines
