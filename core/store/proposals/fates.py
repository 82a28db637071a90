"""What becomes of a suggestion that a person accepts: one rule for all kinds, on what stands by then.

A suggestion was made from a text or a state. If that still stands, it is written as it is. If it does not, but the
change still applies (the texts differ at another place, the copies have the same letters), it is rebased: the change is
made on what stands. Else it is refused, and the reason is a `Refusal`. Nothing here writes.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from core.errors import Unfit
from core.messages import Message, SchemeName
from core.text import letters, nfc, rebased

# Why a suggestion cannot be accepted any more. changed: the text is another one, at the very place that it would
# change. same: what it would write is there already. left-out: the utterance was skipped. labelled: it has a label.
# gone: it was taken out of the corpus. no-copy: the copy that was to stay in its place was left out.
Refusal = Literal["changed", "same", "left-out", "labelled", "gone", "no-copy"]
Fate = Literal["accepted", "rebased", "decided"] | Refusal  # decided: somebody had decided on it already
WRITTEN: tuple[Fate, ...] = ("accepted", "rebased")  # every other fate leaves the suggestion as it was


class Standing(Protocol):
    """An utterance as it stands now."""

    @property
    def text(self) -> str: ...
    @property
    def skipped(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What accepting writes; `text` is that of the utterance, or of the new utterance that an augmentation makes."""

    text: str | None = None
    skip: bool | None = None
    rebased: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """What a rule looks at: the utterance, the schemes that it has a label of, and the copy that is to stay."""

    utterance: Standing
    labelled: Collection[str] = ()
    copy: Standing | None = None


def of(kind: str, payload: Mapping[str, Any], now: Now) -> Change | Refusal:
    """What accepting a suggestion of `kind` means for an utterance that is in the corpus."""
    return _RULES[kind](payload, now)


def refusal(row: Any, reason: Fate) -> Unfit:
    """Return the error that tells a person why proposal `row` cannot be accepted."""
    number, scheme = row.utterance_id, SchemeName(row.payload.get("scheme") or "")
    message = {
        "changed": Message("the text of utterance {id} was changed meanwhile; reject this suggestion", id=number),
        "same": Message(
            "utterance {id} is already as this suggestion would have it; reject this suggestion", id=number
        ),
        "left-out": Message("utterance {id} is left out already; reject this suggestion", id=number),
        "labelled": Message(
            "utterance {id} has a {scheme} label by now; reject this suggestion", id=number, scheme=scheme
        ),
        "gone": Message("utterance {id} was taken out of the corpus meanwhile; reject this suggestion", id=number),
        "no-copy": Message(
            "the copy that was to stay in place of utterance {id} is left out itself; reject this suggestion", id=number
        ),
    }[reason]
    return Unfit(message, reason=reason)


def _cleaning(payload: Mapping[str, Any], now: Now) -> Change | Refusal:
    return _text(payload, now.utterance.text)


def _augmentation(payload: Mapping[str, Any], now: Now) -> Change | Refusal:
    """What was left out of the corpus is no parent for new training text."""
    return "left-out" if now.utterance.skipped else _text(payload, now.utterance.text)


def _text(payload: Mapping[str, Any], current: str) -> Change | Refusal:
    before = nfc(str(payload.get("before", current)))
    after = rebased(before, nfc(str(payload["text"])), current)
    if after is None:
        return "changed"
    return "same" if after == current else Change(after, rebased=before != current)


def _exclude(payload: Mapping[str, Any], now: Now) -> Change | Refusal:
    """It holds while the letters are those that were judged, or still those of the copy that stays."""
    text, copy = now.utterance.text, now.copy
    if now.utterance.skipped:
        return "left-out"
    if copy is not None and copy.skipped:
        return "no-copy"
    before = nfc(str(payload.get("before", text)))
    if letters(text) != letters(before) and (copy is None or letters(copy.text) != letters(text)):
        return "changed"
    return Change(skip=True, rebased=before != text)


def _label(payload: Mapping[str, Any], now: Now) -> Change | Refusal:
    if payload["scheme"] in now.labelled:
        return "labelled"
    return "left-out" if now.utterance.skipped else Change()


_RULES: dict[str, Callable[[Mapping[str, Any], Now], Change | Refusal]] = {
    "cleaning": _cleaning, "exclude": _exclude, "augmentation": _augmentation, "pseudo-label": _label,
}  # fmt: skip
