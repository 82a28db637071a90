"""One utterance at a time: what to show next, and writing down what the curator decided before it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.records import UNLABELLED, Filter, Revision, Utterance
from core.schemes import scheme
from core.workflows.workspace import Workspace, now

Queue = Literal["unlabelled", "all", "skipped", "tagged"]
TAG = "review"  # what the Corpus page queues for review


@dataclass(frozen=True, slots=True)
class Card:
    """The item on screen with its neighbours in the call (empty texts where there are none); `left`: in the queue."""

    utterance: Utterance
    before: str
    after: str
    left: int


def next_card(
    ws: Workspace, schemes: Sequence[str], queue: Queue = "unlabelled", base: Filter | None = None, after_id: int = 0
) -> Card | None:
    """The next utterance of the queue after `after_id`, from the start again when the end is reached."""
    wanted = queue_filter(schemes, queue, base)
    for start in (after_id, 0) if after_id else (0,):
        page = ws.store.corpus.find(replace(wanted, after_id=start or None), limit=1)
        if page.rows:
            left = page.total if not start else ws.store.corpus.find(wanted, limit=0).total
            return card(ws, page.rows[0].id, left)
    return None


def queue_filter(schemes: Sequence[str], queue: Queue, base: Filter | None = None) -> Filter:
    """Unlabelled: the first of the schemes has no answer yet; skipped ones wait in a queue of their own.

    Tagged: those with the tag `TAG`, which they keep until it is taken off.
    """
    wanted = replace(base or Filter(), skipped=None if queue in ("all", "tagged") else queue == "skipped")
    if queue == "tagged":
        wanted = replace(wanted, tag=(TAG,))
    if queue == "unlabelled" and schemes:
        wanted = replace(wanted, labels={**wanted.labels, schemes[0]: (UNLABELLED,)})
    if any(scheme(name).level == "recording" for name in schemes):
        wanted = replace(wanted, in_recording=True)
    return wanted


def card(ws: Workspace, utterance_id: int, left: int) -> Card:
    """The card of one utterance."""
    one = ws.store.corpus.utterance(utterance_id)
    before = after = ""
    if one.recording_id is not None and one.parent_id is None:
        said = ws.store.corpus.find(Filter(recording_id=one.recording_id, origin=("imported",)), limit=1000).rows
        before = next((u.text for u in reversed(said) if u.id < one.id), "")
        after = next((u.text for u in said if u.id > one.id), "")
    return Card(one, before, after, left)


def decide(
    ws: Workspace,
    utterance_id: int,
    version: int,
    curator: str,
    labels: Mapping[str, str],
    text: str | None = None,
    spent_ms: int | None = None,
) -> Revision:
    """Labels (scheme -> code) and, if changed, the text; on disk when this returns. Takes a skip back."""
    return ws.store.review.decide(
        utterance_id, version, curator, now(), labels=labels, text=text, spent_ms=spent_ms, skip=False
    )


def skip(ws: Workspace, utterance_id: int, version: int, curator: str) -> Revision:
    return ws.store.review.decide(utterance_id, version, curator, now(), skip=True, why="skip")


def undo(ws: Workspace, curator: str) -> Revision | None:
    """Take back the latest decision that stands; None when there is none."""
    return ws.store.review.undo(curator, now())
