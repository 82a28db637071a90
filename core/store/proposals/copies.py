"""Finds out whether a text stays in the corpus when an utterance is left out: some other copy of it must stay.

The checks that compare texts leave out copies, so the last copy never goes with them, whatever was accepted before. A
check of sound leaves out utterances for another reason. It takes a last copy too, but not where the other copies were
left out as copies. Checks of texts without content take all copies: nothing is lost. A person who skips an utterance in
the review decides alone: this module judges proposals only.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection, select

from core.batches import batches
from core.filters import Filter
from core.records import CAPTION
from core.store.corpus import find
from core.store.schema import proposal, utterance
from core.text import letters
from core.text.near_duplicates import nearly_equal
from core.text.visible import same_text

COMPARING = ("same-text", "same-letters", "near-text", "label-conflict")  # operations that leave out copies
WITHOUT_CONTENT = ("mask-only", "empty-text", "no-letters")  # operations on texts that say nothing
_MORE_CHARS = 8  # white space that a copy may have more than the text itself
_READ = 50  # candidates read at a time


class State(Protocol):
    """The current state of an utterance, with the changes of this transaction that are not written yet."""

    @property
    def id(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def skipped(self) -> bool: ...
    @property
    def active(self) -> bool: ...


class Copies:
    """Judges the proposals of one transaction. `states`: id -> state; `load(ids)` adds the states of more of them."""

    def __init__(self, connection: Connection, states: Mapping[int, State], load: Callable[[set[int]], object]) -> None:
        self._connection, self._states, self._load = connection, states, load
        self._left_out: bool | None = None

    def staying(self, row: Any, state: State) -> tuple[bool, State | None]:
        """(whether the proposal `row` may leave out the utterance of `state`, the copy that stays, if one is known)."""
        text = same_text(state.text)
        if row.operation in WITHOUT_CONTENT or not text:
            return True, None
        if row.operation not in COMPARING:
            return not self._left_out_as_copies(text, state.id) or self._any(text, state.id) is not None, None
        keep = self._states.get(row.payload.get("keep") or 0)
        if keep is not None and _stays(keep) and _stands_for(row, keep, state.text):
            return True, keep
        keep_text = row.payload.get("keep_text") if row.operation == "near-text" else None
        copy = self._any(same_text(keep_text or state.text), state.id)
        return copy is not None, copy

    def _any(self, text: str, utterance_id: int) -> State | None:
        """Another utterance of the corpus with the same text that is not skipped."""
        stored = (state for state in self._stored(text, skipped=False) if state.id != utterance_id and _stays(state))
        return next(stored, None)

    def _left_out_as_copies(self, text: str, utterance_id: int) -> bool:
        """Whether another utterance with the same text was left out by an accepted proposal of a comparing check."""
        c = proposal.c
        taken = (c.kind == "exclude", c.operation.in_(COMPARING), c.state == "accepted")
        if self._left_out is None:
            self._left_out = self._connection.scalar(select(c.id).where(*taken).limit(1)) is not None
        if not self._left_out:
            return False
        twins = [state.id for state in self._stored(text, skipped=True) if state.id != utterance_id]
        query = select(c.id).where(*taken, c.utterance_id.in_(twins)).limit(1)
        return bool(twins) and self._connection.scalar(query) is not None

    def _stored(self, text: str, skipped: bool) -> Iterator[State]:
        """The utterances with the same text that the database has as `skipped`, in their current states."""
        wanted = Filter(text=text, ignore_spacing=True, skipped=skipped, max_chars=len(text) + _MORE_CHARS)
        u = utterance.c
        for block in batches(iter(find.every(self._connection, wanted).tolist()), _READ):
            spoken = select(u.id).where(u.id.in_(block), u.origin != CAPTION).order_by(u.id)
            ids = list(self._connection.scalars(spoken))
            self._load(set(ids) - self._states.keys())
            yield from (self._states[i] for i in ids if same_text(self._states[i].text) == text)


def _stays(state: State) -> bool:
    return state.active and not state.skipped


def _stands_for(row: Any, keep: State, text: str) -> bool:
    """Whether the text of `keep` is still what the check took for a copy of `text`."""
    if same_text(keep.text) == same_text(text) or (letters(text) and letters(keep.text) == letters(text)):
        return True
    if row.operation != "near-text":
        return False
    before = row.payload.get("keep_text")  # None: an earlier program did not store it
    return before is None or letters(before) == letters(keep.text) or nearly_equal(letters(keep.text), letters(text))
