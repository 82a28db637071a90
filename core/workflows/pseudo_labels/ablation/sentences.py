"""The verdict of a gate in words. A sentence claims an effect only where its interval leaves out 0."""

from collections.abc import Mapping
from typing import Any

from core.messages import Message
from core.workflows.leaks.sentences import SCORES, interval_in_points, points, sign

Verdict = Mapping[str, Any]
SCORE = SCORES["macro_f1"]  # that which decides


def sentences(verdict: Verdict) -> list[Message]:
    """What the pseudo-labels are worth, what half of them is, on which gold set, and what was left out."""
    lines = [_all(verdict), _half(verdict), _gold(verdict["gold"])]
    if left_out := verdict["pseudo_labels"]["left_out"]:
        lines.append(Message("{n:,} pseudo-labels were left out: they are too near to a held-out item.", n=left_out))
    if dropped := verdict["pseudo_labels"].get("dropped", 0):
        lines.append(
            Message("{n:,} labels of machines in the snapshot are in none of the students' training data.", n=dropped)
        )
    lines.append(Message("The interval is that of the gold set. How much a second training would vary is not in it."))
    return lines


def _all(verdict: Verdict) -> Message:
    gain = verdict["differences"]["all"]["macro_f1"]
    if gain["value"] is None:
        return Message("What the pseudo-labels are worth has no number: {score} is not defined here.", score=SCORE)
    fields = {
        "gain": points(gain), "score": SCORE, "interval": interval_in_points(gain),
        "n": verdict["pseudo_labels"]["used"],
    }  # fmt: skip
    if sign(gain) > 0:
        return Message(
            "The pseudo-labels help: {gain:+.1f} points of {score} with all {n:,} of them ({interval}).", **fields
        )
    if sign(gain) < 0:
        return Message(
            "The pseudo-labels do harm: {gain:+.1f} points of {score} with all {n:,} of them ({interval}).", **fields
        )
    return Message(
        "What the pseudo-labels are worth cannot be told from nothing: {gain:+.1f} points of {score} with all {n:,} of "
        "them ({interval}).",
        **fields,
    )


def _half(verdict: Verdict) -> Message:
    gain = verdict["differences"]["half"]["macro_f1"]
    if gain["value"] is None:
        return Message("With half of them there is no number either.")
    return Message(
        "With half of them: {gain:+.1f} points of {score} ({interval}).",
        gain=points(gain), score=SCORE, interval=interval_in_points(gain),
    )  # fmt: skip


def _gold(gold: Mapping[str, Any]) -> Message:
    return Message(
        "Gold set: {n:,} items in {groups:,} groups of {snapshot}, seen by neither teacher nor student",
        n=gold["n"], groups=gold["n_groups"], snapshot=gold["set"],
    )  # fmt: skip
