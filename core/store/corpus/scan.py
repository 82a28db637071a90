"""Reading the whole corpus once, lean and in blocks, for checks: what is in it, as it stands, nobody excluded.

Each block is a transaction of its own, so that no writer is kept waiting; what is added meanwhile may be in or out.
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, Engine, select

from core.records import Call, Said, Span
from core.schemes import joined, parts
from core.store.engine import reading
from core.store.rows import NAMES, labels_of
from core.store.schema import label, recording, utterance

SAID, CALLS = 10_000, 500
_ALIVE = (utterance.c.active, ~utterance.c.skipped)


class Audit:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def said(self, block: int = SAID) -> Iterator[list[Said]]:
        """Every utterance that is not skipped, by id, with its own labels."""
        c = utterance.c
        query = select(c.id, c.recording_id, c.text, c.group, c.origin).where(*_ALIVE).order_by(c.id).limit(block)
        last = 0
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(c.id > last)).all()
                if not rows:
                    return
                labels = _labels_between(connection, rows[0].id, rows[-1].id)
            last = rows[-1].id
            yield [Said(*row, labels.get(row[0], {})) for row in rows]

    def calls(self, after: int = 0, block: int = CALLS) -> Iterator[list[Call]]:
        """Recordings by id, after the id `after`, but those whose utterances are all skipped; no block is empty."""
        c = recording.c
        columns = (c.id, c.key, c.source_id, c.path, c.sha256, c.duration_ms, c.sample_rate_hz)
        query = select(*columns).order_by(c.id).limit(block)
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(c.id > after)).all()
                if not rows:
                    return
                ids = [row.id for row in rows]
                gone = _wholly_skipped(connection, ids)
                spans = _spans(connection, ids)
                labels = labels_of(connection, "recording", ids)
            after = ids[-1]
            if found := [
                Call(*row, tuple(spans.get(row.id, ())), labels.get(row.id, {})) for row in rows if row.id not in gone
            ]:
                yield found

    def known_paths(self, paths: Sequence[str]) -> set[str]:
        """Of `paths`, those that a recording has."""
        found: set[str] = set()
        with reading(self._engine) as connection:
            for start in range(0, len(paths), NAMES):
                block = paths[start : start + NAMES]
                found |= set(connection.scalars(select(recording.c.path).where(recording.c.path.in_(block))))
        return found

    def utterances_of(self, recording_ids: Iterable[int]) -> dict[int, list[int]]:
        """recording id -> its utterances that are not skipped, by id."""
        wanted = list(recording_ids)
        found: dict[int, list[int]] = {}
        c = utterance.c
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), NAMES):
                mine = c.recording_id.in_(wanted[start : start + NAMES])
                for call_id, one in connection.execute(
                    select(c.recording_id, c.id).where(mine, *_ALIVE).order_by(c.id)
                ):
                    found.setdefault(call_id, []).append(one)
        return found


def _labels_between(connection: Connection, first: int, last: int) -> dict[int, dict[str, str]]:
    """As `rows.labels_of`, for a span of ids: a walk along the key instead of thousands of names."""
    found: dict[int, dict[str, str]] = {}
    query = select(label.c.target_id, label.c.scheme, label.c.code).where(
        label.c.level == "utterance", label.c.target_id.between(first, last)
    )
    for target_id, name, code in connection.execute(query):
        own = found.setdefault(target_id, {})
        own[name] = joined(name, [*parts(own[name]), code]) if name in own else code
    return found


def _spans(connection: Connection, call_ids: Sequence[int]) -> dict[int, list[Span]]:
    c = utterance.c
    query = (
        select(c.recording_id, c.id, c.start_ms, c.end_ms, c.speaker)
        .where(c.recording_id.in_(call_ids), *_ALIVE, c.start_ms.is_not(None), c.end_ms.is_not(None))
        .order_by(c.recording_id, c.start_ms, c.id)
    )
    found: dict[int, list[Span]] = {}
    for call_id, *span in connection.execute(query):
        found.setdefault(call_id, []).append(Span(*span))
    return found


def _wholly_skipped(connection: Connection, call_ids: Sequence[int]) -> set[int]:
    mine = utterance.c.recording_id.in_(call_ids)
    every = set(connection.scalars(select(utterance.c.recording_id).where(mine).distinct()))
    return every - set(connection.scalars(select(utterance.c.recording_id).where(mine, *_ALIVE).distinct()))
