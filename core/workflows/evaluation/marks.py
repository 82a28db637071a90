"""What a person must know beside a score: persons on several sides of its split, and how a published split was used."""

from collections.abc import Mapping
from typing import Any

from core.messages import Message, Word, message_from_json

AS_PUBLISHED, CLEAN = Word("as published"), Word("published split, clean")
CROSSING = Word("speakers on several sides")
UNFAIR = Word("not scored: its teacher has seen the test")
UNKNOWN_MACHINE = Word("labels of an unknown machine")


def short_marks(metrics: Mapping[str, Any]) -> list[Word]:
    """The few words that stand beside a score wherever it is shown; none for a score that needs no remark."""
    mark = metrics.get("official")
    words = [AS_PUBLISHED if mark["did"] == "keep" else CLEAN] if mark else []
    words += [CROSSING] * bool(metrics.get("persons_on_several_sides"))
    words += [UNKNOWN_MACHINE] * bool(metrics.get("unknown_machine"))
    return [UNFAIR, *words] if refused(metrics) else words


def refused(metrics: Mapping[str, Any]) -> bool:
    """Whether the score on the test side may not be shown: who taught the run has seen some of it, or may have."""
    return bool(metrics.get("unfair_test"))


def training_saw_the_test(metrics: Mapping[str, Any]) -> bool:
    """Whether the split was taken as published, with what repeats across its sides."""
    return AS_PUBLISHED in short_marks(metrics)


def warnings(metrics: Mapping[str, Any]) -> list[Message]:
    """What must be said with the scores in the `metrics` of a run; nothing for runs that are too old to know."""
    persons = metrics.get("persons_on_several_sides", 0)
    crossing = Message("{n:,} speakers stand on several sides of the split: a score by voice is too high", n=persons)
    machine = metrics.get("unknown_machine", 0)
    unknown = Message(
        "{n:,} labels that it learnt from are of a machine that nobody can name: it may have seen the test side",
        n=machine,
    )
    why = [message_from_json(metrics["unfair_test"]["why"])] if refused(metrics) else []
    return [*why, *([unknown] * bool(machine)), *([crossing] * bool(persons)), *split_marks(metrics)]


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
