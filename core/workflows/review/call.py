"""The whole call around an utterance, in the order in which it was spoken: a curator decides with its context."""

from dataclasses import dataclass

from core.errors import NotFound
from core.workflows.snapshots.calls import in_order
from core.workflows.workspace import Workspace

MOST_LINES = 400  # of a longer call those around the utterance


@dataclass(frozen=True, slots=True)
class CallLine:
    """One utterance of a call: its current text, who spoke and when; no label, so that nothing is given away."""

    id: int
    text: str
    speaker: str | None
    start_ms: int | None
    here: bool


def whole_call(ws: Workspace, item: int) -> tuple[CallLine, ...]:
    """Return the utterances of the call of utterance `item`; none for a sentence. `here` marks the utterance itself.

    Skipped utterances and augmented variants are left out, unless it is the utterance itself. `NotFound` for an
    unknown id.
    """
    own = next(iter(ws.store.corpus.utterances([item])), None)
    if own is None:
        raise NotFound("utterance {id} does not exist", id=item)
    if own.recording_id is None:
        return ()
    ids = ws.store.scan.utterances_of([own.recording_id]).get(own.recording_id, [])
    turns = in_order(ws.store.corpus.utterances(_around(ids, item)))
    if item not in [turn.id for turn in turns]:
        turns = sorted([*turns, own], key=lambda turn: (turn.start_ms is None, turn.start_ms or 0, turn.id))
    return tuple(CallLine(turn.id, turn.text, turn.speaker, turn.start_ms, turn.id == item) for turn in turns)


def _around(ids: list[int], item: int) -> list[int]:
    """Return at most `MOST_LINES` of `ids`, those nearest to `item` (ids of a call follow its time)."""
    before = sum(other < item for other in ids)
    start = max(0, min(before - MOST_LINES // 2, len(ids) - MOST_LINES))
    return ids[start : start + MOST_LINES]
