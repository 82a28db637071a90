"""Yields the utterance ids of a queue in its order, in blocks, and the SQL conditions of being in the queue.

Leases are not considered here (see `core.store.review.leases`). Blocks are read only when they are needed. The cost
does not grow with the corpus: the index answers a Filter, and a walk continues after the curator's last decision.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal_column, or_, select

from core.filters import Filter
from core.records import UNLABELLED
from core.schemes import scheme
from core.store.corpus import find
from core.store.review import answers
from core.store.schema import label, overlap, queue_item, revision, utterance

FIRST, GROWTH, MOST = 128, 8, 4096  # ids of the first block, growth factor of the next ones, largest block
COUNTED = 10_000  # counting of utterances that others have answered stops here
_MISSING = overlap.c.missing > literal_column("0")  # with a bound value SQLite would not use its partial index


@dataclass(frozen=True, slots=True)
class QueueRequest:
    """A curator's request for the next `n` utterances of a queue, at the time `at`, leased until `until`.

    `on_screen`: ids that the curator has already; they are not given again. `queue`: the name of a ranked list; if it
    is None, the queue is all disputes (`disputed`) or all of `wanted`. `wanted` narrows each queue. `since`: utterances
    decided on from this time on are not in the queue. `started_at`: if the curator's last decision is not older than
    this, the walk continues after it. `overlap`: the share of targets that `copies` curators answer. `blind`: targets
    that others have answered and this curator shall answer too come first.
    """

    curator: str
    schemes: tuple[str, ...]
    wanted: Filter
    n: int
    at: str
    until: str
    on_screen: Sequence[int] = ()
    queue: str | None = None
    disputed: bool = False
    since: str | None = None
    started_at: str | None = None
    overlap: float = 0.0
    copies: int = 2
    blind: bool = True

    @property
    def by_recording(self) -> bool:
        return bool(self.schemes) and scheme(self.schemes[0]).level == "recording"


def queue_ids(connection: Connection, request: QueueRequest) -> tuple[Iterator[list[int]], int]:
    """Return the blocks of ids of the queue, and the queue's length."""
    if request.queue is not None:
        return _built(connection, request)
    return _in_dispute(connection, request) if request.disputed else _walk(connection, request)


def conditions(request: QueueRequest) -> list[ColumnElement[bool]]:
    """Return the SQL conditions that every utterance in the queue fulfils."""
    u = utterance.c
    clauses = find.where(replace(request.wanted, after_id=None))
    if request.queue is not None:
        list_row, any_of = queue_item.alias(), queue_item.alias()
        built_at = select(any_of.c.at).where(any_of.c.queue == request.queue).limit(1).scalar_subquery()
        clauses += [
            exists().where(list_row.c.queue == request.queue, list_row.c.utterance_id == u.id),
            ~_decided(built_at),
        ]
    elif request.disputed:
        clauses.append(or_(*(_disputes(name) for name in request.schemes)))
    if request.since is not None:
        clauses.append(~_decided(request.since))
    return clauses


def _decided(since: Any) -> ColumnElement[bool]:
    by_people = revision.c.round_id.is_(None)  # a round of pseudo-labels leaves its utterances to be reviewed
    conditions = (revision.c.utterance_id == utterance.c.id, revision.c.at >= since, by_people)
    return exists().where(*conditions, *answers.stands())


def _disputes(name: str) -> ColumnElement[bool]:
    level = scheme(name).level
    target = utterance.c.id if level == "utterance" else utterance.c.recording_id
    c = label.c
    return exists().where(c.level == level, c.target_id == target, c.scheme == name, c.grade == "disputed")


# -- the queues


def _walk(connection: Connection, request: QueueRequest) -> tuple[Iterator[list[int]], int]:
    """Walk through all that match: first those after the curator's last decision, then from the start."""
    start = _last_decided(connection, request)
    ahead = replace(request.wanted, after_id=max(start, request.wanted.after_id or 0) or None)
    ids, left = find.window(connection, ahead, "id", 0, FIRST)

    def blocks() -> Iterator[list[int]]:
        yield ids
        yield from _pages(connection, request.wanted, ids)
        if start:
            first = find.window(connection, request.wanted, "id", 0, FIRST)[0]
            yield first
            yield from _pages(connection, request.wanted, first, start)

    if start and not left:
        left = find.window(connection, request.wanted, "id", 0, 0)[1]
    return blocks(), left


def _pages(connection: Connection, wanted: Filter, ids: list[int], stop: int | None = None) -> Iterator[list[int]]:
    """Yield the blocks of ids after `ids`, until `stop`."""
    full = FIRST
    while len(ids) == full and (stop is None or ids[-1] < stop):
        full = min(full * GROWTH, MOST)
        ids = find.window(connection, replace(wanted, after_id=ids[-1]), "id", 0, full)[0]
        yield ids


def _last_decided(connection: Connection, request: QueueRequest) -> int:
    """Return the utterance of the curator's last decision, if it is not older than `started_at`; else 0."""
    if request.started_at is None:
        return 0
    c = revision.c
    by_hand = (c.curator == request.curator, c.at >= request.started_at, c.round_id.is_(None))
    query = select(c.utterance_id).where(*by_hand)
    return int(connection.scalar(query.order_by(c.at.desc(), c.id.desc()).limit(1)) or 0)


def _built(connection: Connection, request: QueueRequest) -> tuple[Iterator[list[int]], int]:
    """Walk through a ranked list: first what follows the curator's last decision in it, then from the start."""
    c = queue_item.c
    built_at = connection.scalar(select(c.at).where(c.queue == request.queue).limit(1))
    last = _last_decided(connection, replace(request, started_at=built_at))
    at = connection.scalar(select(c.position).where(c.queue == request.queue, c.utterance_id == last))
    starts = [-1] if at is None else [at, -1]
    query = select(c.position, c.utterance_id).where(c.queue == request.queue).order_by(c.position)

    def blocks() -> Iterator[list[int]]:
        for position in starts:
            size = FIRST
            while rows := connection.execute(query.where(c.position > position).limit(size)).all():
                yield [row.utterance_id for row in rows]
                position, size = rows[-1].position, min(size * GROWTH, MOST)

    return blocks(), _open_in(connection, request)


def _open_in(connection: Connection, request: QueueRequest) -> int:
    """Return how many utterances of a list nobody has decided on since it was built."""
    c = queue_item.c
    rows = select(func.count()).select_from(queue_item.join(utterance, utterance.c.id == c.utterance_id))
    return int(connection.scalar(rows.where(c.queue == request.queue, *conditions(request))) or 0)


def _in_dispute(connection: Connection, request: QueueRequest) -> tuple[Iterator[list[int]], int]:
    """Return the utterances whose blind answers differ; for a recording, its first utterance."""
    utterance_ids = {int(item) for name in request.schemes for item in connection.scalars(disputed(name))}
    return iter([sorted(utterance_ids)]), len(utterance_ids)


def disputed(name: str) -> Select[Any]:
    """Return the query of the disputes under a scheme: the `item` to show (the first of a recording), the `target`.

    What was taken out of the corpus cannot be settled, so it is no dispute.
    """
    definition, c, u = scheme(name), label.c, utterance.c
    targets = select(c.target_id).where(
        c.scheme == definition.name, c.level == definition.level, c.code.in_(definition.codes), c.grade == "disputed"
    )
    if definition.level == "utterance":
        return select(u.id.label("item"), u.id.label("target")).where(u.id.in_(targets), u.active)
    first = select(func.min(u.id).label("item"), u.recording_id.label("target"))
    return first.where(u.recording_id.in_(targets), u.active).group_by(u.recording_id)


# -- answered by several


def blind_ids(connection: Connection, request: QueueRequest) -> tuple[Iterator[list[int]], int]:
    """Return blocks of utterances that others have answered and this curator shall answer too, and their number.

    The number is 0 for a queue that has them anyway, so that they are not counted twice.
    """
    if not request.blind:
        return iter(()), 0
    in_queue = not any(UNLABELLED in codes for codes in request.wanted.labels.values())  # also if others answered
    groups = [
        (name, answered)
        for name in request.schemes
        for answered in _answered(connection, name)
        if _lacks_answer_of(answered, request.curator)
    ]
    c = overlap.c

    def blocks() -> Iterator[list[int]]:
        for name, answered in groups:
            query = select(c.utterance_id).where(c.scheme == name, c.answered == answered, _MISSING)
            last, size = 0, FIRST
            while ids := list(
                connection.scalars(query.where(c.utterance_id > last).order_by(c.utterance_id).limit(size))
            ):
                yield ids
                last, size = ids[-1], min(size * GROWTH, MOST)

    n = 0
    for name, answered in () if in_queue else groups:
        some = select(c.utterance_id).where(c.scheme == name, c.answered == answered, _MISSING).limit(COUNTED)
        n += int(connection.scalar(select(func.count()).select_from(some.subquery())) or 0)
    return blocks(), n


def _answered(connection: Connection, name: str) -> list[str]:
    """Return the different values of `answered` in rows with missing answers, each by one index look-up."""
    values: list[str] = []
    conditions = (overlap.c.scheme == name, _MISSING)
    query = select(func.min(overlap.c.answered)).where(*conditions)
    while (value := connection.scalar(query.where(overlap.c.answered > values[-1]) if values else query)) is not None:
        values.append(value)
    return values


def _lacks_answer_of(stored: str, curator: str) -> bool:
    """Return whether others have answered and the curator has not. Targets without any answer are in the queue."""
    answered = json.loads(stored)
    return bool(answered) and curator not in answered


def blind_conditions(request: QueueRequest) -> list[ColumnElement[bool]]:
    """Return the SQL conditions of `blind_ids`: the Filter of the queue, without conditions that a label is absent."""
    labels = {name: codes for name, codes in request.wanted.labels.items() if UNLABELLED not in codes}
    clauses = find.where(replace(request.wanted, labels=labels, skipped=False, after_id=None))
    if request.queue is not None:
        clauses.append(exists().where(queue_item.c.queue == request.queue, queue_item.c.utterance_id == utterance.c.id))
    curator = json.dumps(request.curator, ensure_ascii=False)
    own_rows = (overlap.c.utterance_id == utterance.c.id, overlap.c.scheme.in_(request.schemes), _MISSING)
    return [*clauses, exists().where(*own_rows, func.replace(overlap.c.answered, curator, "") == overlap.c.answered)]
