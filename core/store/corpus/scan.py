"""Reads the whole corpus once, in blocks, with only the columns that quality checks need.

Each block is a transaction of its own, so that no writer has to wait. What is added meanwhile may be read or not.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, select

from core.records import ScannedRecording, ScannedSpan, ScannedUtterance
from core.schemes import join_codes, split_codes
from core.split import PUBLISHED, SIDES
from core.store.engine import reading
from core.store.rows import NAMES, labels_of
from core.store.schema import label, recording, tag, utterance

UTTERANCES, RECORDINGS = 10_000, 500  # rows of one block
_ALIVE = (utterance.c.active, ~utterance.c.skipped)


class ScannedSample(NamedTuple):
    """The fields of an utterance that a snapshot reads; its label is read apart."""

    id: int
    key: str
    source_id: int
    recording_id: int | None
    parent_id: int | None
    start_ms: int | None
    end_ms: int | None
    speaker: str | None
    text: str
    group: str
    voice_usable: bool
    origin: str


class CorpusScan:
    """Reads utterances and recordings for the checks of the corpus and for snapshots; writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def utterances(self, block: int = UTTERANCES) -> Iterator[list[ScannedUtterance]]:
        """Yield blocks of all utterances that are not skipped, by id, with their own labels."""
        c = utterance.c
        columns = (c.id, c.recording_id, c.text, c.group, c.origin, c.source_id)
        query = select(*columns).where(*_ALIVE).order_by(c.id).limit(block)
        last = 0
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(c.id > last)).all()
                if not rows:
                    return
                labels = _labels_between(connection, rows[0].id, rows[-1].id)
                sides = _sides(connection, utterance.c.id, utterance.c.id.between(rows[0].id, rows[-1].id))
            last = rows[-1].id
            yield [
                ScannedUtterance(*row[:5], labels.get(row.id, {}), row.source_id, sides.get(row.id, ())) for row in rows
            ]

    def samples(self, block: int = UTTERANCES) -> Iterator[ScannedSample]:
        """Yield all utterances that are not skipped, by id; a block is in memory at a time."""
        columns = [utterance.c[name] for name in ScannedSample._fields]
        query = select(*columns).where(*_ALIVE).order_by(utterance.c.id).limit(block)
        last = 0
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(utterance.c.id > last)).all()
            if not rows:
                return
            last = rows[-1].id
            yield from map(ScannedSample._make, rows)

    def calls(self, after: int = 0, block: int = RECORDINGS) -> Iterator[list[ScannedRecording]]:
        """Yield blocks of the recordings with an id above `after`, by id; no block is empty.

        A recording whose utterances are all skipped, or all variants (a changed copy of a voice), is left out.
        """
        c = recording.c
        columns = (c.id, c.key, c.source_id, c.path, c.sha256, c.duration_ms, c.sample_rate_hz)
        query = select(*columns).order_by(c.id).limit(block)
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(c.id > after)).all()
                if not rows:
                    return
                ids = [row.id for row in rows]
                gone = _wholly_skipped(connection, ids) | _derived(connection, ids)
                spans = _spans(connection, ids)
                labels = labels_of(connection, "recording", ids)
                sides = _sides(connection, utterance.c.recording_id, utterance.c.recording_id.in_(ids))
            after = ids[-1]
            if complete := [
                ScannedRecording(*row, tuple(spans.get(row.id, ())), labels.get(row.id, {}), sides.get(row.id, ()))
                for row in rows
                if row.id not in gone
            ]:
                yield complete

    def known_paths(self, paths: Sequence[str]) -> set[str]:
        """Return those of `paths` that belong to a recording."""
        known: set[str] = set()
        with reading(self._engine) as connection:
            for start in range(0, len(paths), NAMES):
                block = paths[start : start + NAMES]
                known |= set(connection.scalars(select(recording.c.path).where(recording.c.path.in_(block))))
        return known

    def utterances_of(self, recording_ids: Iterable[int]) -> dict[int, list[int]]:
        """Return recording id -> ids of its utterances that are not skipped, ascending."""
        wanted = list(recording_ids)
        utterance_ids: dict[int, list[int]] = {}
        c = utterance.c
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), NAMES):
                in_block = c.recording_id.in_(wanted[start : start + NAMES])
                for call_id, utterance_id in connection.execute(
                    select(c.recording_id, c.id).where(in_block, *_ALIVE).order_by(c.id)
                ):
                    utterance_ids.setdefault(call_id, []).append(utterance_id)
        return utterance_ids


def _labels_between(connection: Connection, first: int, last: int) -> dict[int, dict[str, str]]:
    """As `rows.labels_of`, for all utterance ids from `first` to `last`; faster than a list of thousands of ids."""
    labels: dict[int, dict[str, str]] = {}
    query = select(label.c.target_id, label.c.scheme, label.c.code).where(
        label.c.level == "utterance", label.c.target_id.between(first, last)
    )
    for target_id, name, code in connection.execute(query):
        target_labels = labels.setdefault(target_id, {})
        target_labels[name] = (
            join_codes(name, [*split_codes(target_labels[name]), code]) if name in target_labels else code
        )
    return labels


def _sides(connection: Connection, key: ColumnElement[Any], wanted: ColumnElement[bool]) -> dict[int, tuple[str, ...]]:
    """Return `key` (an id) -> the published sides of the utterances that are `wanted`, in their order."""
    names = {f"{PUBLISHED}{side}": side for side in SIDES}
    query = select(key, tag.c.tag).join(tag, tag.c.utterance_id == utterance.c.id)
    tagged: dict[int, set[str]] = {}
    for item_id, name in connection.execute(query.where(tag.c.tag.in_(names), wanted, *_ALIVE).distinct()):
        tagged.setdefault(item_id, set()).add(names[name])
    return {item_id: tuple(side for side in SIDES if side in sides) for item_id, sides in tagged.items()}


def _spans(connection: Connection, call_ids: Sequence[int]) -> dict[int, list[ScannedSpan]]:
    c = utterance.c
    query = (
        select(c.recording_id, c.id, c.start_ms, c.end_ms, c.speaker)
        .where(c.recording_id.in_(call_ids), *_ALIVE, c.start_ms.is_not(None), c.end_ms.is_not(None))
        .order_by(c.recording_id, c.start_ms, c.id)
    )
    spans: dict[int, list[ScannedSpan]] = {}
    for call_id, *span in connection.execute(query):
        spans.setdefault(call_id, []).append(ScannedSpan(*span))
    return spans


def _wholly_skipped(connection: Connection, call_ids: Sequence[int]) -> set[int]:
    in_recordings = utterance.c.recording_id.in_(call_ids)
    every = set(connection.scalars(select(utterance.c.recording_id).where(in_recordings).distinct()))
    return every - set(connection.scalars(select(utterance.c.recording_id).where(in_recordings, *_ALIVE).distinct()))


def _derived(connection: Connection, call_ids: Sequence[int]) -> set[int]:
    """The recordings that have no utterance but variants."""
    c = utterance.c
    in_recordings, of_origin = c.recording_id.in_(call_ids), c.origin == "augmented"
    some = set(connection.scalars(select(c.recording_id).where(in_recordings, of_origin).distinct()))
    if not some:
        return some
    return some - set(connection.scalars(select(c.recording_id).where(c.recording_id.in_(some), ~of_origin).distinct()))
