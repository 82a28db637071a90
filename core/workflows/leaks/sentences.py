"""The figures of a leak meter in words. A sentence claims an effect only where its interval leaves out 0."""

from collections.abc import Mapping
from typing import Any

from core.messages import ClassName, Message, Word, message_from_json
from core.workflows.leaks.results import Document

SCORES = {"accuracy": Word("accuracy"), "macro_f1": Word("macro-F1")}
Score = Mapping[str, float | None]


def sentences(document: Document, score: str = "accuracy") -> list[Message]:
    """What a leak meter says about one score: leakage, what augmentation is worth, and where the variants come from."""
    differences = {name: scores[score] for name, scores in document["differences"].items()}
    name = _name(document, score)
    lines = [_without(differences["leakage_without"], name, document["unseen"])]
    if "leakage" in differences:
        lines = [_leaked(differences["apparent"], differences["leakage"], name), _worth(differences["gain"], name),
                 *lines]  # fmt: skip
    return [*lines, _variants(document["augmentation"])]


def _name(document: Document, score: str) -> str:
    if score == "recall":
        return Message("recall of {name}", name=ClassName(document["scheme"], document["critical"]))
    return SCORES[score]


def _leaked(apparent: Score, leaked: Score, name: str) -> Message:
    fields = {
        "apparent": points(apparent),
        "leaked": points(leaked),
        "score": name,
        "interval": interval_in_points(leaked),
    }
    if sign(leaked) <= 0:
        return Message(
            "Augmenting first and splitting random rows then shows {apparent:+.1f} points of {score}; no leakage can "
            "be told from chance in them ({leaked:+.1f} points, {interval}).",
            **fields,
        )
    return Message(
        "Of the {apparent:+.1f} points of {score} that augmenting first and splitting random rows then seems to bring, "
        "{leaked:.1f} are leakage ({interval}).",
        **fields,
    )


def _worth(gain: Score, name: str) -> Message:
    fields = {"gain": points(gain), "score": name, "interval": interval_in_points(gain)}
    if sign(gain) > 0:
        return Message("Augmentation itself is worth {gain:+.1f} points of {score} ({interval}).", **fields)
    if sign(gain) < 0:
        return Message("Augmentation itself does harm here: {gain:+.1f} points of {score} ({interval}).", **fields)
    return Message(
        "What augmentation itself is worth cannot be told from nothing: {gain:+.1f} points of {score} ({interval}).",
        **fields,
    )


def _without(leaked: Score, name: str, unseen: str) -> Message:
    fields = {"leaked": points(leaked), "score": name, "interval": interval_in_points(leaked)}
    if unseen == "speakers":
        return Message(
            "Without augmentation, random clips show {leaked:+.1f} points of {score} against unseen speakers "
            "({interval}).",
            **fields,
        )
    return Message(
        "Without augmentation, random rows show {leaked:+.1f} points of {score} against groups that are kept whole "
        "({interval}).",
        **fields,
    )


def _variants(augmentation: Mapping[str, Any]) -> Message:
    if augmentation["why"] is not None:
        return Message("There is no score with augmentation: {why}.", why=message_from_json(augmentation["why"]))
    if augmentation["source"] == "accepted":
        return Message("The variants are the {n:,} accepted ones in the snapshot.", n=augmentation["n"])
    refused = sum(augmentation["refused"].values())
    return Message(
        "{n:,} variants were made for this measurement by {operations}; {refused:,} candidates were refused.",
        n=augmentation["n"],
        operations=", ".join(augmentation["operations"]),
        refused=refused,
    )


def points(score: Score) -> float:
    """The score in hundredths."""
    return 100 * (score["value"] or 0.0)


def interval_in_points(score: Score) -> Message:
    """The interval in points; a test side of one group has none."""
    low, high = score["low"], score["high"]
    if low is None or high is None:
        return Message("no interval")
    return Message("95% interval {low:+.1f} to {high:+.1f}", low=100 * low, high=100 * high)


def sign(score: Score) -> int:
    """1 or -1 where the interval lies on one side of 0, else 0."""
    low, high = score["low"], score["high"]
    if low is None or high is None:
        return 0
    return (low > 0) - (high < 0)
