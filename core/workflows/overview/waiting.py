"""What waits for a decision: how much of each kind, how much of it is one curator's own, and since when it waits.

A count agrees with the queue or page that its link opens. An answer costs the same in a large corpus as in a small one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from core.filters import Filter
from core.schemes import SCHEMES, is_bundled
from core.store import COUNTED, Disputes, Open, QueueRequest
from core.workflows.review import leases, queues
from core.workflows.workspace import Workspace, now

Kind = Literal[
    "failed", "unlabelled", "blind", "disputes", "flags", "comments", "label-errors", "audits", "clashes", "cleaning",
    "transcripts", "quality", "augmentations", "pseudo-labels", "rounds", "schemes",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
PROPOSALS: dict[Kind, str] = {
    "clashes": "delivery", "cleaning": "cleaning", "quality": "exclude", "augmentations": "augmentation",
    "transcripts": "transcript", "pseudo-labels": "pseudo-label",
}  # fmt: skip
LISTS: dict[Kind, str] = {"label-errors": queues.LABEL_ERRORS, "audits": queues.PSEUDO_LABEL_AUDIT}
REMARKS: dict[Kind, tuple[Literal["flag", "comment"], Filter]] = {
    "flags": ("flag", Filter(flagged=True)), "comments": ("comment", Filter(comment="open")),
}  # fmt: skip
OVERDUE_DAYS = 3  # what waits for longer is overdue
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`n` decisions of one kind that wait; `scheme` is the scheme that they belong to, "" for none.

    `mine` of them are the curator's own: on what that person decided, answered, wrote or started; None where they are
    anybody's. `since` is the time at which the oldest began to wait (UTC, ISO 8601), None if that is not known.
    `queued` is how many utterances the curator has in the queue of the Review page that the row links to, if that is
    another number: second answers come first there, and a call has many utterances.
    """

    kind: Kind
    n: int
    scheme: str = ""
    mine: int | None = None
    since: str | None = None
    queued: int | None = None

    @property
    def waiting_for_curator(self) -> int:
        """How many wait for the curator: the own ones, or all where they are anybody's."""
        return self.n if self.mine is None else self.mine


def waiting(
    ws: Workspace, curator: str = NOBODY, progress: dict[str, dict[str, int]] | None = None,
    disputes: Mapping[str, Disputes] | None = None,
) -> list[Waiting]:  # fmt: skip
    """Count what waits, in the order of `KINDS`; what does not wait is left out.

    `curator` "" stands for a person without a name, who has nothing of their own. `progress` is that of the corpus and
    `disputes` those of the store, if the caller has read them already.
    """
    in_dispute = ws.store.waiting.disputes() if disputes is None else disputes
    totals = ws.store.corpus.progress() if progress is None else progress
    rows = [
        *_failed(ws, curator), *_to_answer(ws, curator, totals), *_disputes(in_dispute, curator),
        *_remarks(ws, curator), *_lists(ws), *_proposals(ws), *_rounds(ws, curator), *_schemes(),
    ]  # fmt: skip
    return sorted((row for row in rows if row.n), key=lambda row: KINDS.index(row.kind))


def days_waiting(since: str, at: str) -> int:
    """Return how many whole days lie between two instants (UTC, ISO 8601).

    >>> days_waiting("2026-11-28T10:00:00+00:00", "2026-12-01T09:00:00+00:00")
    2
    """
    return max(0, (datetime.fromisoformat(at) - datetime.fromisoformat(since)).days)


def is_overdue(row: Waiting, at: str) -> bool:
    """Return whether the oldest of a row has waited for `OVERDUE_DAYS` at the instant `at`."""
    return row.since is not None and days_waiting(row.since, at) >= OVERDUE_DAYS


def _failed(ws: Workspace, curator: str) -> Iterator[Waiting]:
    jobs = ws.store.board.failed()
    if jobs:
        own = sum(bool(curator) and job.params.get("curator") == curator for job in jobs)
        yield Waiting("failed", len(jobs), mine=own or None, since=min(job.updated_at for job in jobs))


def _to_answer(ws: Workspace, curator: str, totals: dict[str, dict[str, int]]) -> Iterator[Waiting]:
    """Count what no person has labelled under the schemes in use, and what a second curator is to answer blind.

    Under a scheme of recordings, calls without a label are counted.
    """
    seconds = _second_answers(ws, curator)
    for name, n in totals.items():
        if not n["targets"] or SCHEMES[name].state != "active" or not (name in seconds or in_use(name, n)):
            continue
        left = ws.store.corpus.find(queues.queue_filter("unlabelled", [name]), limit=0).total
        unlabelled = n["targets"] - n["labelled"] if SCHEMES[name].level == "recording" else left
        second, own, counted = seconds.get(name, (0, 0, 0))
        queue = left + counted
        if in_use(name, n):
            yield Waiting("unlabelled", unlabelled, name, queued=None if queue == unlabelled else queue)
        yield Waiting("blind", second, name, own, queued=queue)


def _second_answers(ws: Workspace, curator: str) -> dict[str, tuple[int, int, int]]:
    """Return scheme -> what a second one is to answer; the curator's own part; what of that the queue counts."""
    counts: dict[str, tuple[int, int, int]] = {}
    for group in ws.store.waiting.blind_answers():
        own = group.n if curator and curator not in group.answered else 0
        n, of_curator, counted = counts.get(group.scheme, (0, 0, 0))
        counts[group.scheme] = (n + group.n, of_curator + own, counted + min(own, COUNTED))
    return counts


def in_use(name: str, totals: dict[str, int]) -> bool:
    """Return whether people label under a scheme: it has labels, it is the workspace's own, or it is danger."""
    own = not is_bundled(name) and SCHEMES[name].state == "active"
    return bool(totals["labelled"]) or own or name == "danger"


def _disputes(disputes: Mapping[str, Disputes], curator: str) -> Iterator[Waiting]:
    for name, entry in disputes.items():
        yield Waiting("disputes", entry.n, name, entry.of.get(curator, 0), entry.since)


def _remarks(ws: Workspace, curator: str) -> Iterator[Waiting]:
    """Count utterances with a flag, and those with a comment that nobody has decided on since."""
    for kind, (remark, wanted) in REMARKS.items():
        n = ws.store.corpus.find(wanted, limit=0).total
        own = ws.store.corpus.find(replace(wanted, curator=(curator,)), limit=0).total if curator and n else 0
        yield Waiting(kind, n, mine=own, since=ws.store.waiting.oldest_remark(remark) if n else None)


def _lists(ws: Workspace) -> Iterator[Waiting]:
    """Count what is left of the lists of suspected label errors and of audits."""
    built = ws.store.queues.built()
    for kind, queue in LISTS.items():
        for name in SCHEMES:
            info = built.get(queues.list_key(queue, name))
            if info is not None:
                yield Waiting(kind, _left(ws, queue, name), name, since=info.built_at)


def _left(ws: Workspace, queue: str, scheme_name: str) -> int:
    at = now()
    wanted: Any = queues.queue_filter(queue, [scheme_name])
    request = QueueRequest(
        NOBODY, (scheme_name,), wanted, 0, at, leases.ends_at(at), queue=queues.list_key(queue, scheme_name),
        blind=False,
    )  # fmt: skip
    return ws.store.leases.left(request)


def _proposals(ws: Workspace) -> Iterator[Waiting]:
    entries = ws.store.waiting.proposals()
    for kind, of_store in PROPOSALS.items():
        entry: Open = entries[of_store]
        yield Waiting(kind, entry.n, since=entry.since)


def _rounds(ws: Workspace, curator: str) -> Iterator[Waiting]:
    proposed = [entry for entry in ws.store.rounds.list() if entry.state == "proposed"]
    if proposed:
        own = sum(bool(curator) and entry.made_by == curator for entry in proposed)
        yield Waiting("rounds", len(proposed), mine=own, since=min(entry.made_at for entry in proposed))


def _schemes() -> Iterator[Waiting]:
    yield Waiting("schemes", sum(entry.state == "proposed" for entry in SCHEMES.values()))
