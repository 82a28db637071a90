"""Reads what an export needs in addition to the utterances, and imports exported utterances again.

An utterance that is imported again is inserted with its text as received. If it was edited or skipped, one Revision by
the curator `IMPORTED` follows, so that its history says where the text came from. Its versions start from 0 again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select
from sqlalchemy import insert as insert_rows

from core.records import IMPORTED, Clash, NewRecording, NewUtterance, Purpose, Recording, Report, RestoredUtterance
from core.records.derivation import derivation_from_meta
from core.store.corpus import insert
from core.store.corpus.compare import Comparison, Delivered, compare_recordings, compare_utterances
from core.store.corpus.derivations import derivation
from core.store.engine import allot, insert_many, reading, writing
from core.store.ledger import current
from core.store.rows import names_by_id, schemes_of_grade
from core.store.schema import label, prediction, recording, revision, tag, utterance
from core.text import nfc

Change = dict[str, Any]  # the fields that a Revision changed


@dataclass(frozen=True, slots=True)
class RunPrediction:
    """The prediction of one Run for an utterance under `scheme`. The probabilities are in the run's folder."""

    run_id: str
    scheme: str
    purpose: Purpose
    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class UtteranceExtras:
    """What an export needs of an utterance in addition to its record.

    `parent`: key of the parent. `silver`, `disputed`: the schemes whose label has that grade, including labels of the
    recording.
    """

    parent: str | None
    silver: tuple[str, ...]
    disputed: tuple[str, ...]
    tags: tuple[str, ...]
    meta: Mapping[str, Any]


class Transfer:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- export

    def extras(self, ids: Sequence[int]) -> dict[int, UtteranceExtras]:
        """Return id -> parent's key, grades of labels, tags and meta. `ids`: at most some thousands."""
        parent = utterance.alias()
        query = (
            select(utterance.c.id, utterance.c.meta, parent.c.key)
            .outerjoin(parent, parent.c.id == utterance.c.parent_id)
            .where(utterance.c.id.in_(ids))
        )
        tagged = select(tag.c.utterance_id, tag.c.tag).where(tag.c.utterance_id.in_(ids)).order_by(tag.c.tag)
        with reading(self._engine) as connection:
            silver, disputed = (schemes_of_grade(connection, ids, grade) for grade in ("silver", "disputed"))
            tags = names_by_id(connection, tagged)
            rows = connection.execute(query).all()
        return {
            row.id: UtteranceExtras(
                row.key, tuple(silver.get(row.id, ())), tuple(disputed.get(row.id, ())), tuple(tags.get(row.id, ())),
                row.meta,
            )
            for row in rows
        }  # fmt: skip

    def recordings(self, ids: Iterable[int]) -> dict[int, Recording]:
        """Return id -> Recording; unknown ids are left out."""
        return {row.id: row for row in self._recordings(recording.c.id.in_(set(ids)))}

    def recordings_by_key(self, keys: Iterable[str]) -> dict[str, Recording]:
        """Return key -> Recording; unknown keys are left out."""
        return {row.key: row for row in self._recordings(recording.c.key.in_(set(keys)))}

    def _recordings(self, condition: ColumnElement[bool]) -> list[Recording]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(recording).where(condition)).mappings()
            return [Recording(**row) for row in rows]

    def has_grade(self, grade: str) -> bool:
        """Return whether any label has the grade."""
        query = select(label.c.code).where(label.c.grade == grade).limit(1)
        with reading(self._engine) as connection:
            return connection.scalar(query) is not None

    def run_predictions(self, ids: Sequence[int]) -> dict[int, list[RunPrediction]]:
        """Return utterance id -> the prediction of each Run for it, sorted by run.

        The prediction on the pool if the run made one, else the one of its evaluation.
        """
        c = prediction.c
        query = select(c.utterance_id, c.run_id, c.target, c.purpose, c.code, c.confidence).where(
            c.utterance_id.in_(ids), current()
        )
        predictions: dict[int, list[RunPrediction]] = {}
        with reading(self._engine) as connection:
            for utterance_id, *values in connection.execute(query.order_by(c.run_id, c.target)):
                predictions.setdefault(utterance_id, []).append(RunPrediction(*values))
        return predictions

    # -- import

    def restore(
        self, source_id: int, items: Sequence[RestoredUtterance], recordings: Mapping[str, NewRecording], at: str
    ) -> Report:
        """Add the utterances whose keys are new, in one transaction. `recordings`: those that `items` name, by key.

        Known ones are compared: what differs is a clash and stays as it is. A recording is added only if a new
        utterance belongs to it. A parent must be in the workspace or come before its child in `items`; else the child
        is added without it, and the report notes that.
        """
        report = Report()
        with writing(self._engine) as connection:
            known = insert.known_keys(connection, utterance, [item.new.key for item in items])
            named = {item.recording: recordings[item.recording] for item in items if item.recording}
            calls = insert.known_keys(connection, recording, named)
            known_calls = frozenset(calls)
            known_named = {key: call for key, call in named.items() if key in calls}
            foreign = insert.compare_again(connection, with_utterances(known_named, items), calls, at, report)
            new = {item.new.key: item for item in items if item.new.key not in known and item.recording not in foreign}
            again = [item for item in items if new.get(item.new.key) is not item]
            wanted = {item.recording: recordings[item.recording] for item in new.values() if item.recording}
            unknown = [call for key, call in wanted.items() if key not in calls]
            if unknown:
                added = insert.add_recordings(connection, source_id, unknown, at).added
                report.note("recordings", added)
                calls = insert.known_keys(connection, recording, wanted)
            _insert_utterances(connection, source_id, list(new.values()), calls, at, report)
            report.added = len(new)
            _compare_again(connection, again, recordings, known_calls, foreign, at, report)
        return report

    def compare(self, items: Sequence[RestoredUtterance], recordings: Mapping[str, NewRecording]) -> Comparison:
        """Compare what an export says with what is stored under the same keys; nothing is written."""
        with reading(self._engine) as connection:
            calls = insert.known_keys(connection, recording, recordings)
            found = compare_recordings(connection, [recordings[key] for key in calls], calls)
            ids = insert.known_keys(connection, utterance, [item.new.key for item in items])
            known = [_delivered(item, recordings, calls) for item in items if item.new.key in ids]
            of_utterances = compare_utterances(connection, known, ids)
        return found + of_utterances


def with_utterances(recordings: Mapping[str, NewRecording], items: Sequence[RestoredUtterance]) -> list[NewRecording]:
    """Return the recordings with the utterances of `items`, which may get their times from its audio."""
    of_call: dict[str, list[NewUtterance]] = {}
    for item in items:
        of_call.setdefault(item.recording or "", []).append(item.new)
    return [replace(call, utterances=tuple(of_call.get(key, ()))) for key, call in recordings.items()]


def _delivered(item: RestoredUtterance, recordings: Mapping[str, NewRecording], known: Collection[str]) -> Delivered:
    """Return what is compared. A recording that is neither known nor has audio may be a name that was made up here."""
    call = recordings.get(item.recording or "")
    sounds = call is not None and call.sha256 is not None
    home = item.recording if sounds or item.recording in known else None
    return Delivered(item.new, home, sounds, item.text, (*item.silver, *item.disputed))


def _compare_again(
    connection: Connection, again: Sequence[RestoredUtterance], recordings: Mapping[str, NewRecording],
    calls: Collection[str], foreign: Mapping[str, Clash], at: str, report: Report,
) -> None:  # fmt: skip
    """Compare known utterances; name those that are left out because their recording has other audio."""
    ids = insert.known_keys(connection, utterance, {item.new.key for item in again})
    known = [_delivered(item, recordings, calls) for item in again if item.new.key in ids]
    compared = compare_utterances(connection, known, ids)
    report.known = len(known) - len(compared.clashes)
    compared.clashes += [
        Clash(item.new.key, None, clash.recording_id, "", clash.differences[:1])
        for item in again
        if item.new.key not in ids and (clash := foreign.get(item.recording or "")) is not None
    ]
    insert.note_comparison(connection, report, compared, at)


def _insert_utterances(
    connection: Connection, source_id: int, items: Sequence[RestoredUtterance], calls: Mapping[str, int], at: str,
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
        before, after = _changes(item)
        if after:
            edits.append((number, before, after))
            row = _edited_row(row, after)
        rows.append(row)
        parents[item.new.key] = number
    insert_many(connection, utterance, insert.COLUMNS, rows)
    _insert_revisions(connection, edits, at)
    numbered = list(zip(numbers, items, strict=True))
    tags = [(number, name) for number, item in numbered for name in dict.fromkeys(item.tags)]
    insert_many(connection, tag, ("utterance_id", "tag"), tags)
    made = [derivation_from_meta(number, item.new.meta) for number, item in numbered if item.new.origin == "augmented"]
    if derived := [asdict(row) for row in made if row is not None]:
        connection.execute(insert_rows(derivation), derived)
    for grade in ("gold", "silver", "disputed"):
        graded = [(number, _labels_of_grade(item, grade)) for number, item in numbered]
        insert.add_labels(connection, "utterance", graded, at, grade)


def _changes(item: RestoredUtterance) -> tuple[Change, Change]:
    """Return what was edited since the text was received, as the before and after of a Revision; empty if nothing."""
    before: Change = {}
    after: Change = {}
    if (text := nfc(item.text)) != (received := nfc(item.new.text)):
        before["text"], after["text"] = received, text
    if item.skipped:
        before["skipped"], after["skipped"] = False, True
    return before, after


def _edited_row(row: tuple[Any, ...], after: Change) -> tuple[Any, ...]:
    """Return the row of an utterance with the changes of its one Revision written into it."""
    fields = dict(zip(insert.COLUMNS, row, strict=True)) | after | {"version": 1}
    fields["chars"] = len(fields["text"])
    return tuple(fields[name] for name in insert.COLUMNS)


def _insert_revisions(connection: Connection, edits: Sequence[tuple[int, Change, Change]], at: str) -> None:
    """Insert the first Revision of each utterance; `edits`: (utterance id, before, after)."""
    columns = ("id", "utterance_id", "version", "curator", "at", "before", "after", "act", "why")
    numbered = zip(allot(connection, revision, len(edits)), edits, strict=True)
    rows = [
        (number, target_id, 1, IMPORTED, at, before, after, IMPORTED, "")
        for number, (target_id, before, after) in numbered
    ]
    insert_many(connection, revision, columns, rows)


def _labels_of_grade(item: RestoredUtterance, grade: str) -> dict[str, str]:
    other = dict.fromkeys(item.silver, "silver") | dict.fromkeys(item.disputed, "disputed")
    return {name: code for name, code in item.new.labels.items() if other.get(name, "gold") == grade}
