"""Decides what accepting a proposal writes: one rule for all kinds of proposals.

A proposal was made from an earlier text or state of an utterance. If that has not changed, the proposal is written as
it is. If it has changed, but the change still applies (the texts differ at another place, or the copies have the same
letters), the proposal is rebased: the change is made on the current text. Else it is refused; the reason is a
`Refusal`. Nothing here reads or writes the database.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from core.errors import Unfit
from core.messages import Message, SchemeName, Word
from core.text import letters, nfc, rebase

# Why a proposal cannot be accepted any more. changed: the text changed at the same place. same: the utterance is
# already as the proposal would make it. left-out: the utterance was skipped. labelled: it has a label already. gone: it
# was taken out of the corpus. no-copy: the copy that was to stay in its place was left out. last-copy: no other copy of
# its text would stay (see core.store.proposals.copies). overtaken: a time, a speaker, a label or the audio is no longer
# as it was delivered before.
Refusal = Literal["changed", "same", "left-out", "labelled", "gone", "no-copy", "last-copy", "overtaken"]
Outcome = Literal["accepted", "rebased", "decided"] | Refusal  # decided: it was no longer open
_DELIVERED = {
    "text": Word("text"), "times": Word("times"), "speaker": Word("speaker"), "labels": Word("labels"),
    "audio": Word("audio"),
}  # fmt: skip
WRITTEN: tuple[Outcome, ...] = ("accepted", "rebased")  # every other outcome leaves the proposal as it was


class Standing(Protocol):
    """The current text of an utterance, and whether it is skipped."""

    @property
    def text(self) -> str: ...
    @property
    def skipped(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What accepting a proposal writes. `text`: of the utterance, or of the new utterance that an augmentation adds."""

    text: str | None = None
    skip: bool | None = None
    rebased: bool = False


@dataclass(frozen=True, slots=True)
class CurrentState:
    """What a rule reads: the utterance, the schemes under which it has a label, and the copy that is to stay.

    `last_copy`: without the utterance, its text would be gone from the corpus. `fields` are the present values of what
    a suggestion of a delivery would change.
    """

    utterance: Standing
    labelled: Collection[str] = ()
    copy: Standing | None = None
    last_copy: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)


def change_for(kind: str, payload: Mapping[str, Any], state: CurrentState) -> Change | Refusal:
    """Return what accepting a proposal of `kind` writes, or why it is refused. The utterance must be in the corpus."""
    return _RULES[kind](payload, state)


def refusal_error(row: Any, reason: Outcome) -> Unfit:
    """Return the error that tells a person why the proposal `row` cannot be accepted."""
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
        "last-copy": Message(
            "utterance {id} is the last copy of this text, so it stays; reject this suggestion, or skip the utterance "
            "in the review to leave it out all the same",
            id=number,
        ),
        "overtaken": Message(
            "{what} of utterance {id} is no longer as it was delivered: somebody decided on it meanwhile; reject this "
            "suggestion",
            what=_DELIVERED.get(row.operation, Word(row.operation)),
            id=number,
        ),
    }[reason]
    return Unfit(message, reason=reason)


def _cleaning(payload: Mapping[str, Any], state: CurrentState) -> Change | Refusal:
    return _text(payload, state.utterance.text)


def _augmentation(payload: Mapping[str, Any], state: CurrentState) -> Change | Refusal:
    """A skipped utterance must not be the parent of new training text."""
    return "left-out" if state.utterance.skipped else _text(payload, state.utterance.text)


def _text(payload: Mapping[str, Any], current: str) -> Change | Refusal:
    before = nfc(str(payload.get("before", current)))
    after = rebase(before, nfc(str(payload["text"])), current)
    if after is None:
        return "changed"
    return "same" if after == current else Change(after, rebased=before != current)


def _exclude(payload: Mapping[str, Any], state: CurrentState) -> Change | Refusal:
    """An exclusion applies while the letters are as they were, or are the same as those of the copy that stays."""
    text, copy = state.utterance.text, state.copy
    if state.utterance.skipped:
        return "left-out"
    if copy is not None and copy.skipped:
        return "no-copy"
    before = nfc(str(payload.get("before", text)))
    if letters(text) != letters(before) and (copy is None or letters(copy.text) != letters(text)):
        return "changed"
    return "last-copy" if state.last_copy else Change(skip=True, rebased=before != text)


def _label(payload: Mapping[str, Any], state: CurrentState) -> Change | Refusal:
    if payload["scheme"] in state.labelled:
        return "labelled"
    return "left-out" if state.utterance.skipped else Change()


def _delivery(payload: Mapping[str, Any], state: CurrentState) -> Change | Refusal:
    """A text is rebased like a cleaning. Anything else applies while it is as an earlier delivery brought it."""
    before, after = payload["before"], payload["after"]
    if "text" in after:
        return _text({"before": before["text"], "text": after["text"]}, state.utterance.text)
    if all(state.fields.get(name) == value for name, value in after.items()):
        return "same"
    return Change() if all(state.fields.get(name) == value for name, value in before.items()) else "overtaken"


_RULES: dict[str, Callable[[Mapping[str, Any], CurrentState], Change | Refusal]] = {
    "cleaning": _cleaning, "exclude": _exclude, "augmentation": _augmentation, "pseudo-label": _label,
    "delivery": _delivery, "transcript": _cleaning,
}  # fmt: skip
