"""Where the next utterances come from: ids in the order of a queue, block by block, and the SQL that says whether one
is in the queue still. Who has one already is not asked here (see `core.store.review.leases`).

Blocks are made as they are asked for. The cost does not grow with the corpus: the index answers a Filter, and a walk
goes on from the curator's last decision.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, literal_column, or_, select

from core.filters import Filter
from core.records import UNLABELLED
from core.schemes import scheme
from core.store.corpus import find
from core.store.review import answers
from core.store.schema import label, overlap, queue_item, revision, utterance

FIRST, GROWTH, MOST = 128, 8, 4096  # ids looked at in a first step, and how many more in each following
COUNTED = 10_000  # more than these that others answered are not counted
_MISSING = overlap.c.missing > literal_column("0")  # a bound value would keep SQLite from its partial index


@dataclass(frozen=True, slots=True)
class Ask:
    """What a curator wants next, at the instant `at`, leased until `until`; ids in `have` are not given again.

    `queue`: a list that was built, else `disputed`, else all of `wanted`. `wanted` narrows each of them. `since`: what
    somebody decided on from then on is out of the queue. `begun`: where the curator's last decision is no older, a
    walk goes on behind it. `overlap`: the share of targets that `copies` curators answer; `blind`: what others answered
    and this curator is to answer too comes first.
    """

    curator: str
    schemes: tuple[str, ...]
    wanted: Filter
    n: int
    at: str
    until: str
    have: Sequence[int] = ()
    queue: str | None = None
    disputed: bool = False
    since: str | None = None
    begun: str | None = None
    overlap: float = 0.0
    copies: int = 2
    blind: bool = True

    @property
    def by_call(self) -> bool:
        return bool(self.schemes) and scheme(self.schemes[0]).level == "recording"


def source(connection: Connection, ask: Ask) -> tuple[Iterator[list[int]], int]:
    """The ids of the queue, and how many wait in it."""
    if ask.queue is not None:
        return _built(connection, ask)
    return _in_dispute(connection, ask) if ask.disputed else _walk(connection, ask)


def conditions(ask: Ask) -> list[ColumnElement[bool]]:
    """What holds of everything in the queue."""
    u = utterance.c
    held = find.where(replace(ask.wanted, after_id=None))
    if ask.queue is not None:
        own, any_of = queue_item.alias(), queue_item.alias()
        built_at = select(any_of.c.at).where(any_of.c.queue == ask.queue).limit(1).scalar_subquery()
        held += [exists().where(own.c.queue == ask.queue, own.c.utterance_id == u.id), ~_decided(built_at)]
    elif ask.disputed:
        held.append(or_(*(_disputes(name) for name in ask.schemes)))
    if ask.since is not None:
        held.append(~_decided(ask.since))
    return held


def _decided(since: Any) -> ColumnElement[bool]:
    mine = (revision.c.utterance_id == utterance.c.id, revision.c.at >= since)
    return exists().where(*mine, *answers.stands())


def _disputes(name: str) -> ColumnElement[bool]:
    level = scheme(name).level
    target = utterance.c.id if level == "utterance" else utterance.c.recording_id
    c = label.c
    return exists().where(c.level == level, c.target_id == target, c.scheme == name, c.grade == "disputed")


# -- the queues


def _walk(connection: Connection, ask: Ask) -> tuple[Iterator[list[int]], int]:
    """All that match, from behind the curator's last decision on and then from the front."""
    start = _last_decided(connection, ask)
    ahead = replace(ask.wanted, after_id=max(start, ask.wanted.after_id or 0) or None)
    ids, left = find.window(connection, ahead, "id", 0, FIRST)

    def blocks() -> Iterator[list[int]]:
        yield ids
        yield from _pages(connection, ask.wanted, ids)
        if start:
            first = find.window(connection, ask.wanted, "id", 0, FIRST)[0]
            yield first
            yield from _pages(connection, ask.wanted, first, start)

    if start and not left:
        left = find.window(connection, ask.wanted, "id", 0, 0)[1]
    return blocks(), left


def _pages(connection: Connection, wanted: Filter, ids: list[int], stop: int | None = None) -> Iterator[list[int]]:
    """The ids behind those, until `stop`."""
    full = FIRST
    while len(ids) == full and (stop is None or ids[-1] < stop):
        full = min(full * GROWTH, MOST)
        ids = find.window(connection, replace(wanted, after_id=ids[-1]), "id", 0, full)[0]
        yield ids


def _last_decided(connection: Connection, ask: Ask) -> int:
    """The utterance the curator decided on last, if that was since the walk was begun; else 0."""
    if ask.begun is None:
        return 0
    c = revision.c
    query = select(c.utterance_id).where(c.curator == ask.curator, c.at >= ask.begun)
    return int(connection.scalar(query.order_by(c.at.desc(), c.id.desc()).limit(1)) or 0)


def _built(connection: Connection, ask: Ask) -> tuple[Iterator[list[int]], int]:
    """A list in its order, from behind what the curator decided on last of it and then from the front."""
    c = queue_item.c
    built_at = connection.scalar(select(c.at).where(c.queue == ask.queue).limit(1))
    last = _last_decided(connection, replace(ask, begun=built_at))
    at = connection.scalar(select(c.position).where(c.queue == ask.queue, c.utterance_id == last))
    starts = [-1] if at is None else [at, -1]
    query = select(c.position, c.utterance_id).where(c.queue == ask.queue).order_by(c.position)

    def blocks() -> Iterator[list[int]]:
        for position in starts:
            size = FIRST
            while rows := connection.execute(query.where(c.position > position).limit(size)).all():
                yield [row.utterance_id for row in rows]
                position, size = rows[-1].position, min(size * GROWTH, MOST)

    return blocks(), _open_in(connection, ask)


def _open_in(connection: Connection, ask: Ask) -> int:
    """How many of a list nobody has decided on since it was built."""
    c = queue_item.c
    rows = select(func.count()).select_from(queue_item.join(utterance, utterance.c.id == c.utterance_id))
    return int(connection.scalar(rows.where(c.queue == ask.queue, *conditions(ask))) or 0)


def _in_dispute(connection: Connection, ask: Ask) -> tuple[Iterator[list[int]], int]:
    """What curators who answered blind do not agree on; of a recording, its first utterance."""
    found: set[int] = set()
    c = label.c
    for name in ask.schemes:
        one = scheme(name)
        mine = (c.scheme == name, c.level == one.level, c.code.in_(one.codes), c.grade == "disputed")
        targets = select(c.target_id).where(*mine)
        if one.level == "recording":
            u = utterance.c
            targets = select(func.min(u.id)).where(u.recording_id.in_(targets), u.active).group_by(u.recording_id)
        found |= set(connection.scalars(targets))
    return iter([sorted(found)]), len(found)


# -- answered by several


def blind(connection: Connection, ask: Ask) -> tuple[Iterator[list[int]], int]:
    """Utterances that others have answered and that still want this curator's answer, and how many there are."""
    if not ask.blind:
        return iter(()), 0
    groups = [(name, told) for name in ask.schemes for told in _answered(connection, name) if _wants(told, ask.curator)]
    c = overlap.c

    def blocks() -> Iterator[list[int]]:
        for name, told in groups:
            query = select(c.utterance_id).where(c.scheme == name, c.answered == told, _MISSING)
            last, size = 0, FIRST
            while ids := list(
                connection.scalars(query.where(c.utterance_id > last).order_by(c.utterance_id).limit(size))
            ):
                yield ids
                last, size = ids[-1], min(size * GROWTH, MOST)

    n = 0
    for name, told in groups:
        some = select(c.utterance_id).where(c.scheme == name, c.answered == told, _MISSING).limit(COUNTED)
        n += int(connection.scalar(select(func.count()).select_from(some.subquery())) or 0)
    return blocks(), n


def _answered(connection: Connection, name: str) -> list[str]:
    """The different `answered` of what is missing answers, each by one step into the index."""
    found: list[str] = []
    mine = (overlap.c.scheme == name, _MISSING)
    query = select(func.min(overlap.c.answered)).where(*mine)
    while (one := connection.scalar(query.where(overlap.c.answered > found[-1]) if found else query)) is not None:
        found.append(one)
    return found


def _wants(told: str, curator: str) -> bool:
    """What nobody has answered yet is in the queue itself."""
    answered = json.loads(told)
    return bool(answered) and curator not in answered


def blind_conditions(ask: Ask) -> list[ColumnElement[bool]]:
    """Inside of what narrows the queue, labels it asks to be absent aside."""
    asked = {name: codes for name, codes in ask.wanted.labels.items() if UNLABELLED not in codes}
    held = find.where(replace(ask.wanted, labels=asked, skipped=False, after_id=None))
    if ask.queue is not None:
        held.append(exists().where(queue_item.c.queue == ask.queue, queue_item.c.utterance_id == utterance.c.id))
    me = json.dumps(ask.curator, ensure_ascii=False)
    mine = (overlap.c.utterance_id == utterance.c.id, overlap.c.scheme.in_(ask.schemes), _MISSING)
    return [*held, exists().where(*mine, func.replace(overlap.c.answered, me, "") == overlap.c.answered)]
