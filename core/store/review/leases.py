"""Leases: gives the next utterances of a queue to one curator, so that no two curators work on the same one.

A lease ends when the curator decides, gives it back, or its time has run out. Until then nobody else gets the
utterance; under a scheme of recordings, nobody else gets any utterance of that recording. Free utterances are searched
without a lock; a short write transaction checks them again and leases them, so curators hardly wait for each other.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, exists, insert, select, update

from core.schemes import scheme
from core.store.engine import reading, writing
from core.store.portable import given
from core.store.review import answers
from core.store.review.queue_order import QueueRequest, blind_conditions, blind_ids, conditions, queue_ids
from core.store.schema import lease, overlap, utterance

SPARE = 8  # extra candidates, in case other curators lease some of them meanwhile
TRIES = 8  # searches until `take` returns with fewer than it was asked for


@dataclass(frozen=True, slots=True)
class _Candidate:
    id: int
    recording_id: int | None


class Leases:
    """Leases utterances to curators."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, request: QueueRequest) -> tuple[list[int], int]:
        """Lease up to `request.n` utterances; return their ids in the order of the queue, and the queue's length."""
        taken: list[int] = []
        left = 0
        for _ in range(TRIES):
            rest = replace(request, n=request.n - len(taken), on_screen=[*request.on_screen, *taken])
            with reading(self._engine) as connection:
                candidates, left = _search(connection, rest)
            if not candidates:
                break
            with writing(self._engine) as connection:
                taken += _lease(connection, rest, candidates)
            if len(taken) >= request.n or len(candidates) < rest.n:
                break
        return taken, max(left, len(taken))

    def left(self, request: QueueRequest) -> int:
        """Return how many utterances wait in the queue."""
        with reading(self._engine) as connection:
            return _search(connection, replace(request, n=0))[1]

    def hold(self, utterance_id: int, curator: str, at: str, until: str) -> bool:
        """Lease one utterance; return False if somebody else has it."""
        with writing(self._engine) as connection:
            if connection.scalar(
                select(lease.c.curator).where(lease.c.utterance_id == utterance_id, *_of_others(curator, at))
            ):
                return False
            _write(connection, [utterance_id], curator, until)
            return True

    def release(self, curator: str, utterance_id: int | None = None) -> None:
        """End one of the curator's leases, or all if `utterance_id` is None."""
        conditions = [lease.c.curator == curator]
        if utterance_id is not None:
            conditions.append(lease.c.utterance_id == utterance_id)
        with writing(self._engine) as connection:
            connection.execute(delete(lease).where(*conditions))

    def release_utterances(self, curator: str, utterance_ids: Collection[int]) -> None:
        """End the curator's leases of the utterances."""
        with writing(self._engine) as connection:
            in_list = lease.c.utterance_id.in_(given(connection, utterance_ids))
            connection.execute(delete(lease).where(lease.c.curator == curator, in_list))

    def held(self, at: str) -> list[tuple[int, str]]:
        """Return (utterance id, curator) of every lease that has not run out at the time `at`."""
        query = select(lease.c.utterance_id, lease.c.curator).where(lease.c.until_at > at)
        with reading(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(query.order_by(lease.c.utterance_id))]


def _of_others(curator: str, at: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return lease.c.curator != curator, lease.c.until_at > at


def _write(connection: Connection, ids: Sequence[int], curator: str, until: str) -> None:
    connection.execute(delete(lease).where(lease.c.curator == curator, lease.c.utterance_id.in_(ids)))
    rows = [{"utterance_id": number, "curator": curator, "until_at": until} for number in ids]
    connection.execute(insert(lease), rows)


# -- search


def _search(connection: Connection, request: QueueRequest) -> tuple[list[_Candidate], int]:
    """Return the first free utterances of the queue, some more than requested, and the queue's length."""
    firsts, waiting = blind_ids(connection, request)
    blocks, left = queue_ids(connection, request)
    most = request.n + SPARE if request.n else 0
    candidates = [*islice(_free(connection, request, firsts, blind_conditions(request)), most)]
    candidates += islice(_free(connection, request, blocks, conditions(request)), most - len(candidates))
    return list({candidate.id: candidate for candidate in candidates}.values()), left + waiting


def _free(
    connection: Connection, request: QueueRequest, blocks: Iterable[list[int]], required: Sequence[ColumnElement[bool]]
) -> Iterator[_Candidate]:
    """Yield the utterances of `blocks` that are still in the queue and that nobody else has.

    Under a scheme of recordings, only one utterance of each recording.
    """
    seen: set[int] = set(request.on_screen)
    recordings = (
        set(connection.scalars(_recordings_of(request.on_screen)))
        if request.by_recording and request.on_screen
        else set()
    )
    for ids in blocks:
        for candidate in _still_free(connection, request, ids, required):
            if candidate.id in seen or (request.by_recording and candidate.recording_id in recordings):
                continue
            seen.add(candidate.id)
            recordings.add(candidate.recording_id)
            yield candidate


def _recordings_of(ids: Sequence[int]) -> Any:
    return select(utterance.c.recording_id).where(utterance.c.id.in_(ids))


def _still_free(
    connection: Connection, request: QueueRequest, ids: Sequence[int], required: Sequence[ColumnElement[bool]]
) -> list[_Candidate]:
    """Return those of `ids`, in their order, that fulfil the conditions `required` and that nobody else has leased."""
    if not ids:
        return []
    u = utterance.c
    other = utterance.alias()
    taken = exists().where(lease.c.utterance_id == u.id, *_of_others(request.curator, request.at))
    free = [~taken]
    if request.by_recording:
        leased = select(other.c.recording_id).join(lease, lease.c.utterance_id == other.c.id)
        free.append(
            u.recording_id.not_in(
                leased.where(*_of_others(request.curator, request.at), other.c.recording_id.is_not(None))
            )
        )
    rows = connection.execute(
        select(u.id, u.recording_id).where(u.id.in_(given(connection, ids)), u.active, *free, *required)
    )
    free_rows = {row.id: _Candidate(row.id, row.recording_id) for row in rows}
    return [free_rows[number] for number in ids if number in free_rows]


def chosen(target_id: int, share: float) -> bool:
    """Return whether a target belongs to the share that several curators answer. The result never changes.

    >>> sum(chosen(number, 0.2) for number in range(1000))
    181
    """
    drawn = int.from_bytes(blake2b(str(target_id).encode(), digest_size=8).digest(), "big") / 2**64
    return drawn < share


# -- lease


def _lease(connection: Connection, request: QueueRequest, candidates: Sequence[_Candidate]) -> list[int]:
    """Lease the first candidates that are still free, and mark those that several curators shall answer."""
    _renew(connection, request)
    connection.execute(delete(lease).where(lease.c.until_at <= request.at))
    ids = [candidate.id for candidate in candidates]
    free = {candidate.id: candidate for candidate in _still_free(connection, request, ids, conditions(request))}
    if request.blind:
        free |= {
            candidate.id: candidate for candidate in _still_free(connection, request, ids, blind_conditions(request))
        }
    leased = [candidate for candidate in candidates if candidate.id in free][: request.n]
    if leased:
        _write(connection, [candidate.id for candidate in leased], request.curator, request.until)
        _mark_overlap(connection, request, leased)
    return [candidate.id for candidate in leased]


def _renew(connection: Connection, request: QueueRequest) -> None:
    """Extend the leases of what the curator has on the screen, unless somebody else has leased it meanwhile."""
    if not request.on_screen:
        return
    other = lease.alias()
    taken = exists().where(
        other.c.utterance_id == lease.c.utterance_id, other.c.curator != request.curator, other.c.until_at > request.at
    )
    own_leases = (lease.c.curator == request.curator, lease.c.utterance_id.in_(request.on_screen), ~taken)
    connection.execute(update(lease).where(*own_leases).values(until_at=request.until))


def _mark_overlap(connection: Connection, request: QueueRequest, leased: Sequence[_Candidate]) -> None:
    """Add rows of `overlap` for the drawn share of the utterances: under each scheme several curators answer them."""
    if request.overlap <= 0 or request.disputed:
        return
    for name in request.schemes:
        level = scheme(name).level
        targets = {
            candidate.id: candidate.id if level == "utterance" else candidate.recording_id for candidate in leased
        }
        drawn = {
            number: target
            for number, target in targets.items()
            if target is not None and chosen(target, request.overlap)
        }
        marked = (overlap.c.scheme == name, overlap.c.utterance_id.in_(drawn))
        known = set(connection.scalars(select(overlap.c.utterance_id).where(*marked)))
        for number, target in drawn.items():
            if number not in known:
                row = {"scheme": name, "utterance_id": number, "wanted": request.copies, "missing": request.copies}
                connection.execute(insert(overlap).values(row | {"answered": answers.names(())}))
                answers.recount(connection, level, target, name)
