"""Who works on what: the next utterances of a queue, leased in the transaction that picks them.

A lease is one curator's until it is given back, decided on or has run out; nobody else is given the utterance before,
and under a scheme of recordings nobody another utterance of that recording. What is free is looked for without a lock;
a short write then checks again what it takes, so that many curators wait for each other's disk and nothing else.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, exists, insert, select, text, update

from core.schemes import scheme
from core.store.engine import reading, writing
from core.store.review import answers
from core.store.review.queue_order import Ask, blind, blind_conditions, conditions, source
from core.store.schema import lease, overlap, utterance

SPARE = 8  # candidates beyond those asked for: what others take meanwhile is not looked for again
TRIES = 8
_GIVEN = text("SELECT value FROM json_each(:ids)")


@dataclass(frozen=True, slots=True)
class _Open:
    id: int
    recording_id: int | None


class Leases:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, ask: Ask) -> tuple[list[int], int]:
        """Lease up to `ask.n` utterances: their ids in the order of the queue, and how many wait in it."""
        taken: list[int] = []
        left = 0
        for _ in range(TRIES):
            rest = replace(ask, n=ask.n - len(taken), have=[*ask.have, *taken])
            with reading(self._engine) as connection:
                open_ones, left = _look(connection, rest)
            if not open_ones:
                break
            with writing(self._engine) as connection:
                taken += _lease(connection, rest, open_ones)
            if len(taken) >= ask.n or len(open_ones) < rest.n:
                break
        return taken, max(left, len(taken))

    def left(self, ask: Ask) -> int:
        """How many wait in the queue."""
        with reading(self._engine) as connection:
            return _look(connection, replace(ask, n=0))[1]

    def hold(self, utterance_id: int, curator: str, at: str, until: str) -> bool:
        """Lease one utterance; False where somebody else has it."""
        with writing(self._engine) as connection:
            if connection.scalar(
                select(lease.c.curator).where(lease.c.utterance_id == utterance_id, *_others(curator, at))
            ):
                return False
            _write(connection, [utterance_id], curator, until)
            return True

    def release(self, curator: str, utterance_id: int | None = None) -> None:
        """Give back one of the curator's leases, or all."""
        mine = [lease.c.curator == curator]
        if utterance_id is not None:
            mine.append(lease.c.utterance_id == utterance_id)
        with writing(self._engine) as connection:
            connection.execute(delete(lease).where(*mine))

    def release_these(self, curator: str, utterance_ids: Collection[int]) -> None:
        """Give back those of the curator's leases."""
        with writing(self._engine) as connection:
            these = lease.c.utterance_id.in_(_ids(connection, list(utterance_ids)))
            connection.execute(delete(lease).where(lease.c.curator == curator, these))

    def held(self, at: str) -> list[tuple[int, str]]:
        """(utterance id, curator) of every lease that has not run out."""
        query = select(lease.c.utterance_id, lease.c.curator).where(lease.c.until_at > at)
        with reading(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(query.order_by(lease.c.utterance_id))]


def _others(curator: str, at: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return lease.c.curator != curator, lease.c.until_at > at


def _write(connection: Connection, ids: Sequence[int], curator: str, until: str) -> None:
    connection.execute(delete(lease).where(lease.c.curator == curator, lease.c.utterance_id.in_(ids)))
    rows = [{"utterance_id": number, "curator": curator, "until_at": until} for number in ids]
    connection.execute(insert(lease), rows)


# -- looking


def _look(connection: Connection, ask: Ask) -> tuple[list[_Open], int]:
    """The first free ones of the queue, some more than asked for, and how many wait in it."""
    firsts, waiting = blind(connection, ask)
    blocks, left = source(connection, ask)
    most = ask.n + SPARE if ask.n else 0
    found = [*islice(_free(connection, ask, firsts, blind_conditions(ask)), most)]
    found += islice(_free(connection, ask, blocks, conditions(ask)), most - len(found))
    return list({one.id: one for one in found}.values()), left + waiting


def _free(
    connection: Connection, ask: Ask, blocks: Iterable[list[int]], held: Sequence[ColumnElement[bool]]
) -> Iterator[_Open]:
    """Those of `blocks` that nobody else has and the queue still holds; of a recording only one where that is due."""
    seen: set[int] = set(ask.have)
    calls = set(connection.scalars(_calls_of(ask.have))) if ask.by_call and ask.have else set()
    for ids in blocks:
        for one in _still(connection, ask, ids, held):
            if one.id in seen or (ask.by_call and one.recording_id in calls):
                continue
            seen.add(one.id)
            calls.add(one.recording_id)
            yield one


def _calls_of(ids: Sequence[int]) -> Any:
    return select(utterance.c.recording_id).where(utterance.c.id.in_(ids))


def _still(connection: Connection, ask: Ask, ids: Sequence[int], held: Sequence[ColumnElement[bool]]) -> list[_Open]:
    """Of `ids`, in that order, those that fulfil the conditions now and that nobody else has leased."""
    if not ids:
        return []
    u = utterance.c
    other = utterance.alias()
    taken = exists().where(lease.c.utterance_id == u.id, *_others(ask.curator, ask.at))
    free = [~taken]
    if ask.by_call:
        leased = select(other.c.recording_id).join(lease, lease.c.utterance_id == other.c.id)
        free.append(
            u.recording_id.not_in(leased.where(*_others(ask.curator, ask.at), other.c.recording_id.is_not(None)))
        )
    rows = connection.execute(
        select(u.id, u.recording_id).where(u.id.in_(_ids(connection, ids)), u.active, *free, *held)
    )
    found = {row.id: _Open(row.id, row.recording_id) for row in rows}
    return [found[number] for number in ids if number in found]


def _ids(connection: Connection, ids: Sequence[int]) -> Any:
    return _GIVEN.bindparams(ids=json.dumps(list(ids))) if connection.dialect.name == "sqlite" else list(ids)


def chosen(target_id: int, share: float) -> bool:
    """Whether a target is one of the share that several answer; the same in every process and for ever.

    >>> sum(chosen(number, 0.2) for number in range(1000))
    181
    """
    drawn = int.from_bytes(blake2b(str(target_id).encode(), digest_size=8).digest(), "big") / 2**64
    return drawn < share


# -- leasing


def _lease(connection: Connection, ask: Ask, open_ones: Sequence[_Open]) -> list[int]:
    """Lease the first of the candidates that are still free, and note which of them several are to answer."""
    _renew(connection, ask)
    connection.execute(delete(lease).where(lease.c.until_at <= ask.at))
    ids = [one.id for one in open_ones]
    free = {one.id: one for one in _still(connection, ask, ids, conditions(ask))}
    if ask.blind:
        free |= {one.id: one for one in _still(connection, ask, ids, blind_conditions(ask))}
    mine = [one for one in open_ones if one.id in free][: ask.n]
    if mine:
        _write(connection, [one.id for one in mine], ask.curator, ask.until)
        _spread(connection, ask, mine)
    return [one.id for one in mine]


def _renew(connection: Connection, ask: Ask) -> None:
    """What the curator has on the screen stays his, though he took his time, unless somebody else has it by now."""
    if not ask.have:
        return
    other = lease.alias()
    taken = exists().where(
        other.c.utterance_id == lease.c.utterance_id, other.c.curator != ask.curator, other.c.until_at > ask.at
    )
    mine = (lease.c.curator == ask.curator, lease.c.utterance_id.in_(ask.have), ~taken)
    connection.execute(update(lease).where(*mine).values(until_at=ask.until))


def _spread(connection: Connection, ask: Ask, mine: Sequence[_Open]) -> None:
    """Make those of the drawn share wait for several answers under each scheme."""
    if ask.overlap <= 0 or ask.disputed:
        return
    for name in ask.schemes:
        level = scheme(name).level
        targets = {one.id: one.id if level == "utterance" else one.recording_id for one in mine}
        drawn = {one: target for one, target in targets.items() if target is not None and chosen(target, ask.overlap)}
        have = (overlap.c.scheme == name, overlap.c.utterance_id.in_(drawn))
        known = set(connection.scalars(select(overlap.c.utterance_id).where(*have)))
        for one, target in drawn.items():
            if one not in known:
                row = {"scheme": name, "utterance_id": one, "wanted": ask.copies, "missing": ask.copies}
                connection.execute(insert(overlap).values(row | {"answered": answers.names(())}))
                answers.recount(connection, level, target, name)
