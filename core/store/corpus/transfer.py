"""What an export needs beside the utterances, and the way back in.

An utterance that comes back is inserted as it was received; what it was edited to and whether it was skipped follow as
one Revision of the curator `IMPORTED`, so that its history says where the text came from. Its version starts anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, select, union

from core.records import IMPORTED, NewRecording, Purpose, Recording, Report, Restored
from core.store.corpus import insert
from core.store.engine import allot, insert_many, reading, writing
from core.store.ledger import current
from core.store.schema import label, prediction, recording, revision, tag, utterance
from core.text import nfc

Change = dict[str, Any]  # what a Revision changed


@dataclass(frozen=True, slots=True)
class Judged:
    """What a Run said of an utterance under `scheme`; its probabilities lie in the run's folder."""

    run_id: str
    scheme: str
    purpose: Purpose
    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Beside:
    """What the store knows of an utterance that its record does not say. `silver` and `disputed` name schemes, those
    of its recording among them."""

    parent: str | None
    silver: tuple[str, ...]
    disputed: tuple[str, ...]
    tags: tuple[str, ...]
    meta: Mapping[str, Any]


class Transfer:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- out

    def beside(self, ids: Sequence[int]) -> dict[int, Beside]:
        """Of the utterances `ids`, at most some thousands: id -> key of the parent, grades of labels, tags, meta."""
        parent = utterance.alias()
        query = (
            select(utterance.c.id, utterance.c.meta, parent.c.key)
            .outerjoin(parent, parent.c.id == utterance.c.parent_id)
            .where(utterance.c.id.in_(ids))
        )
        tagged = select(tag.c.utterance_id, tag.c.tag).where(tag.c.utterance_id.in_(ids)).order_by(tag.c.tag)
        with reading(self._engine) as connection:
            silver, disputed = (_listed(connection, _graded_of(ids, grade)) for grade in ("silver", "disputed"))
            tags = _listed(connection, tagged)
            rows = connection.execute(query).all()
        return {
            row.id: Beside(
                row.key, tuple(silver.get(row.id, ())), tuple(disputed.get(row.id, ())), tuple(tags.get(row.id, ())),
                row.meta,
            )
            for row in rows
        }  # fmt: skip

    def recordings(self, ids: Iterable[int]) -> dict[int, Recording]:
        """id -> Recording."""
        return {one.id: one for one in self._found(recording.c.id.in_(set(ids)))}

    def recordings_by_key(self, keys: Iterable[str]) -> dict[str, Recording]:
        """key -> Recording."""
        return {one.key: one for one in self._found(recording.c.key.in_(set(keys)))}

    def _found(self, condition: ColumnElement[bool]) -> list[Recording]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(recording).where(condition)).mappings()
            return [Recording(**row) for row in rows]

    def has(self, grade: str) -> bool:
        """Whether there is any label of that grade."""
        query = select(label.c.code).where(label.c.grade == grade).limit(1)
        with reading(self._engine) as connection:
            return connection.scalar(query) is not None

    def judged(self, ids: Sequence[int]) -> dict[int, list[Judged]]:
        """utterance id -> what each Run predicted for it, by run; on the pool where it did that, else in evaluation."""
        c = prediction.c
        query = select(c.utterance_id, c.run_id, c.target, c.purpose, c.code, c.confidence).where(
            c.utterance_id.in_(ids), current()
        )
        found: dict[int, list[Judged]] = {}
        with reading(self._engine) as connection:
            for utterance_id, *judged in connection.execute(query.order_by(c.run_id, c.target)):
                found.setdefault(utterance_id, []).append(Judged(*judged))
        return found

    # -- in

    def restore(
        self, source_id: int, items: Sequence[Restored], recordings: Mapping[str, NewRecording], at: str
    ) -> Report:
        """Add what is not there yet, in one transaction. `recordings` are those that `items` name, by key.

        A recording that nothing new belongs to is not added; one that is known gets what is new of it. A parent that
        is not in the workspace, nor before its child among `items`, is left out and noted.
        """
        report = Report()
        with writing(self._engine) as connection:
            known = insert.known_keys(connection, utterance, [item.new.key for item in items])
            new = {item.new.key: item for item in items if item.new.key not in known}
            report.added, report.known = len(new), len(items) - len(new)
            wanted = {item.recording: recordings[item.recording] for item in new.values() if item.recording}
            calls = insert.known_keys(connection, recording, wanted)
            unknown = [call for key, call in wanted.items() if key not in calls]
            if unknown:
                added = insert.add_recordings(connection, source_id, unknown, at).added
                report.note("recordings", added)
                calls = insert.known_keys(connection, recording, wanted)
            _utterances(connection, source_id, list(new.values()), calls, at, report)
        return report


def _utterances(
    connection: Connection, source_id: int, items: Sequence[Restored], calls: Mapping[str, int], at: str,
    report: Report,
) -> None:  # fmt: skip
    numbers = allot(connection, utterance, len(items))
    parents = insert.known_keys(connection, utterance, {item.parent for item in items if item.parent})
    rows, edits = [], []
    for number, item in zip(numbers, items, strict=True):
        if item.parent and item.parent not in parents:
            report.note("parents that are not in the workspace")
        call = calls[item.recording] if item.recording else None
        row = insert.utterance_row(number, source_id, call, item.new, parents.get(item.parent or ""))
        before, after = _edit(item)
        if after:
            edits.append((number, before, after))
            row = _as_left(row, after)
        rows.append(row)
        parents[item.new.key] = number
    insert_many(connection, utterance, insert.COLUMNS, rows)
    _decided(connection, edits, at)
    numbered = list(zip(numbers, items, strict=True))
    tags = [(number, name) for number, item in numbered for name in dict.fromkeys(item.tags)]
    insert_many(connection, tag, ("utterance_id", "tag"), tags)
    for grade in ("gold", "silver", "disputed"):
        graded = [(number, _graded(item, grade)) for number, item in numbered]
        insert.add_labels(connection, "utterance", graded, at, grade)


def _edit(item: Restored) -> tuple[Change, Change]:
    """What was decided since it was received, as a Revision has it: before and after, both empty for nothing."""
    before: Change = {}
    after: Change = {}
    if (text := nfc(item.text)) != (received := nfc(item.new.text)):
        before["text"], after["text"] = received, text
    if item.skipped:
        before["skipped"], after["skipped"] = False, True
    return before, after


def _as_left(row: tuple[Any, ...], after: Change) -> tuple[Any, ...]:
    """The row of an utterance after its one decision."""
    told = dict(zip(insert.COLUMNS, row, strict=True)) | after | {"version": 1}
    told["chars"] = len(told["text"])
    return tuple(told[name] for name in insert.COLUMNS)


def _decided(connection: Connection, edits: Sequence[tuple[int, Change, Change]], at: str) -> None:
    """The first Revision of each: (utterance id, before, after)."""
    columns = ("id", "utterance_id", "version", "curator", "at", "before", "after", "act", "why")
    numbered = zip(allot(connection, revision, len(edits)), edits, strict=True)
    rows = [(number, one, 1, IMPORTED, at, before, after, IMPORTED, "") for number, (one, before, after) in numbered]
    insert_many(connection, revision, columns, rows)


def _listed(connection: Connection, query: Select[Any]) -> dict[int, list[str]]:
    """id -> names, of a query for both."""
    found: dict[int, list[str]] = {}
    for one, name in connection.execute(query):
        found.setdefault(one, []).append(name)
    return found


def _graded_of(ids: Sequence[int], grade: str) -> Select[Any]:
    """(utterance id, scheme) of the labels of that grade, of the utterances and of their recordings."""
    c, u = label.c, utterance.c
    own = select(c.target_id, c.scheme).where(c.level == "utterance", c.target_id.in_(ids), c.grade == grade)
    of_call = (
        select(u.id, c.scheme)
        .join(label, c.target_id == u.recording_id)
        .where(u.id.in_(ids), c.level == "recording", c.grade == grade)
    )
    both = union(own, of_call).subquery()
    return select(both).order_by(*both.c)


def _graded(item: Restored, grade: str) -> dict[str, str]:
    other = dict.fromkeys(item.silver, "silver") | dict.fromkeys(item.disputed, "disputed")
    return {name: code for name, code in item.new.labels.items() if other.get(name, "gold") == grade}
