"""What an export needs beside the utterances, and the way back in.

An utterance that comes back is inserted as it was received; what it was edited to and whether it was skipped follow as
one Revision of the curator `IMPORTED`, so that its history says where the text came from. Its version starts anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select

from core.records import IMPORTED, NewRecording, Recording, Report, Restored
from core.store import intake, review
from core.store.engine import allot, insert_many, reading, writing
from core.store.schema import label, prediction, recording, run, utterance
from core.text import nfc

WHY = "re-imported"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a Run said of an utterance; `probs[k]` belongs to the k-th class of `scheme`."""

    run_id: str
    scheme: str
    code: str
    confidence: float
    probs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """What the store knows of an utterance that its record does not say. `silver` names schemes."""

    parent: str | None
    silver: tuple[str, ...]
    meta: Mapping[str, Any]


class Transfer:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- out

    def beside(self, ids: Sequence[int]) -> dict[int, Beside]:
        """Of the utterances `ids`, at most some thousands: id -> the key of the parent, silver labels, meta."""
        parent = utterance.alias()
        query = (
            select(utterance.c.id, utterance.c.meta, parent.c.key)
            .outerjoin(parent, parent.c.id == utterance.c.parent_id)
            .where(utterance.c.id.in_(ids))
        )
        machine = (
            select(label.c.target_id, label.c.scheme)
            .distinct()
            .where(label.c.level == "utterance", label.c.target_id.in_(ids), label.c.grade == "silver")
        )
        silver: dict[int, list[str]] = {}
        with reading(self._engine) as connection:
            for target_id, name in connection.execute(machine.order_by(label.c.scheme)):
                silver.setdefault(target_id, []).append(name)
            rows = connection.execute(query).all()
        return {row.id: Beside(row.key, tuple(silver.get(row.id, ())), row.meta) for row in rows}

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

    def has_silver(self) -> bool:
        """Whether any utterance has a label that a machine gave."""
        query = select(label.c.code).where(label.c.level == "utterance", label.c.grade == "silver").limit(1)
        with reading(self._engine) as connection:
            return connection.scalar(query) is not None

    def judged(self, ids: Sequence[int]) -> dict[int, list[Judged]]:
        """utterance id -> what each Run predicted for it, by run."""
        query = select(prediction, run.c.scheme).join(run, run.c.id == prediction.c.run_id)
        found: dict[int, list[Judged]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query.where(prediction.c.utterance_id.in_(ids)).order_by(run.c.id)):
                one = Judged(row.run_id, row.scheme, row.code, row.confidence, tuple(row.probs))
                found.setdefault(row.utterance_id, []).append(one)
        return found

    # -- in

    def restore(
        self, source_id: int, items: Sequence[Restored], recordings: Mapping[str, NewRecording], at: str
    ) -> Report:
        """Add what is not there yet, in one transaction. `recordings` are those that `items` name, by key.

        A recording that nothing new belongs to is not added. A parent that is not in the workspace, nor before its
        child among `items`, is left out and noted.
        """
        report = Report()
        with writing(self._engine) as connection:
            known = intake.known_keys(connection, utterance, [item.new.key for item in items])
            new = {item.new.key: item for item in items if item.new.key not in known}
            report.added, report.known = len(new), len(items) - len(new)
            wanted = {item.recording: recordings[item.recording] for item in new.values() if item.recording}
            calls = intake.known_keys(connection, recording, wanted)
            unknown = [call for key, call in wanted.items() if key not in calls]
            if unknown:
                added = intake.add_recordings(connection, source_id, unknown, at).added
                report.note("recordings", added)
                calls = intake.known_keys(connection, recording, wanted)
            _utterances(connection, source_id, list(new.values()), calls, at, report)
        return report


def _utterances(
    connection: Connection, source_id: int, items: Sequence[Restored], calls: Mapping[str, int], at: str,
    report: Report,
) -> None:  # fmt: skip
    numbers = allot(connection, utterance, len(items))
    parents = intake.known_keys(connection, utterance, {item.parent for item in items if item.parent})
    rows = []
    for number, item in zip(numbers, items, strict=True):
        if item.parent and item.parent not in parents:
            report.note("parents that are not in the workspace")
        call = calls[item.recording] if item.recording else None
        rows.append(intake.utterance_row(number, source_id, call, item.new, parents.get(item.parent or "")))
        parents[item.new.key] = number
    insert_many(connection, utterance, intake.COLUMNS, rows)
    numbered = list(zip(numbers, items, strict=True))
    for grade in ("gold", "silver"):
        labels = [(number, _graded(item, grade)) for number, item in numbered]
        intake.add_labels(connection, "utterance", labels, at, grade)
    for number, item in numbered:
        edited = item.text if item.text != nfc(item.new.text) else None
        if edited is not None or item.skipped:
            skip = item.skipped or None
            review.decide(connection, number, 0, IMPORTED, at, text=edited, labels={}, skip=skip, why=WHY)


def _graded(item: Restored, grade: str) -> dict[str, str]:
    return {name: code for name, code in item.new.labels.items() if (name in item.silver) == (grade == "silver")}
