"""One utterance at a time: what to show next, and writing down what the curator decided before it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import NotFound
from core.records import Filter, Revision, Utterance
from core.workflows import queues
from core.workflows.queues import TAG
from core.workflows.workspace import Workspace, now

__all__ = ["TAG", "Card", "Queue", "card", "decide", "next_card", "queue_filter", "skip", "undo"]

Queue = Literal["unlabelled", "all", "skipped", "tagged"]


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
    """See `core.workflows.queues.wanted`."""
    return queues.wanted(queue, schemes, base)


def card(ws: Workspace, utterance_id: int, left: int) -> Card:
    """The card of one utterance."""
    found = ws.store.cards.about([utterance_id], ())
    if not found:
        raise NotFound(f"no utterance {utterance_id}")
    return Card(found[0].utterance, found[0].before, found[0].after, left)


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
