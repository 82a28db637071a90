"""Inserts sources, recordings and utterances, many at a time, inside the caller's transaction.

Ids are allotted first, then each table gets its rows by one `executemany`. An item whose key is known is not added
again; a known recording gets the utterances that it lacks. The search index is updated at the end of the transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select, update

from core.records import IMPORTED, Level, NewRecording, NewUtterance, Report
from core.schemes import split_codes
from core.store.engine import allot, insert_id, insert_many
from core.store.rows import NAMES
from core.store.schema import annotation, label, recording, source, tag, utterance
from core.text import nfc

Row = dict[str, Any]


def add_source(connection: Connection, values: Row) -> int:
    """Return the id of the source `values["name"]`; add it if it is new."""
    known = connection.scalar(select(source.c.id).where(source.c.name == values["name"]))
    return int(known) if known is not None else insert_id(connection, source, values)


def known_keys(connection: Connection, table: Table, keys: Iterable[str]) -> dict[str, int]:
    """Return key -> id of those `keys` that `table` has."""
    wanted = list(keys)
    ids: dict[str, int] = {}
    for start in range(0, len(wanted), NAMES):
        query = select(table.c.key, table.c.id).where(table.c.key.in_(wanted[start : start + NAMES]))
        ids |= {key: int(row_id) for key, row_id in connection.execute(query)}
    return ids


def add_sentences(connection: Connection, source_id: int, items: Sequence[NewUtterance], at: str) -> Report:
    """Add utterances without a recording; see `Corpus.add_sentences`."""
    by_key = {item.key: item for item in items}
    known = known_keys(connection, utterance, by_key)
    new = [item for key, item in by_key.items() if key not in known]
    _add_utterances(connection, source_id, [(None, item) for item in new], at)
    return Report(added=len(new), known=len(items) - len(new))


def add_recordings(connection: Connection, source_id: int, items: Sequence[NewRecording], at: str) -> Report:
    """Add recordings with their utterances and labels; see `Corpus.add_recordings`."""
    known = known_keys(connection, recording, {item.key for item in items})
    new: dict[str, NewRecording] = {}
    again: list[NewRecording] = []
    for item in items:
        if item.key in known or item.key in new:
            again.append(item)
        else:
            new[item.key] = item
    numbered = list(zip(allot(connection, recording, len(new)), new.values(), strict=True))
    columns = ("id", "key", "source_id", "path", "sha256", "duration_ms", "sample_rate_hz", "meta")
    rows = [
        (number, item.key, source_id, item.path, item.sha256, item.duration_ms, item.sample_rate_hz, dict(item.meta))
        for number, item in numbered
    ]
    insert_many(connection, recording, columns, rows)
    add_labels(connection, "recording", ((number, _agreed(item, True)) for number, item in numbered), at)
    add_labels(connection, "recording", ((number, _agreed(item, False)) for number, item in numbered), at, "disputed")
    new_utterances = [(number, entry) for number, item in numbered for entry in item.utterances]
    _add_utterances(connection, source_id, new_utterances, at)
    for item in again:
        _attach_audio(connection, item)
    joined = _join(connection, source_id, again, at)
    report = Report(added=len(new), known=len(again))
    if new or joined:
        report.note("utterances", len(new_utterances) + joined)
    return report


def _agreed(item: NewRecording, yes: bool) -> dict[str, str]:
    return {name: code for name, code in item.labels.items() if (name not in item.disputed) == yes}


def _join(connection: Connection, source_id: int, items: Sequence[NewRecording], at: str) -> int:
    """Give known recordings the utterances that they lack; return how many.

    A recording without audio becomes as long as its last utterance.
    """
    known = known_keys(connection, utterance, {entry.key for item in items for entry in item.utterances})
    lacking = {entry.key: (item.key, entry) for item in items for entry in item.utterances if entry.key not in known}
    homes = known_keys(connection, recording, {home for home, _ in lacking.values()})
    _add_utterances(connection, source_id, [(homes[home], entry) for home, entry in lacking.values()], at)
    for home, entry in lacking.values():
        longer = (recording.c.id == homes[home], recording.c.path.is_(None), recording.c.duration_ms < entry.end_ms)
        if entry.end_ms is not None:
            connection.execute(update(recording).where(*longer).values(duration_ms=entry.end_ms))
    return len(lacking)


def insert_utterance(
    connection: Connection, source_id: int, recording_id: int | None, item: NewUtterance, parent_id: int | None = None
) -> int:
    """Insert one utterance without its labels; return its id."""
    (number,) = allot(connection, utterance, 1)
    insert_many(connection, utterance, COLUMNS, [utterance_row(number, source_id, recording_id, item, parent_id)])
    return number


def _attach_audio(connection: Connection, item: NewRecording) -> None:
    """Give a known recording the audio that it lacks; its utterances get their times and usable voices."""
    if item.path is None:
        return
    values = {"path": item.path, "sha256": item.sha256, "duration_ms": item.duration_ms,
              "sample_rate_hz": item.sample_rate_hz}  # fmt: skip
    lacks = (recording.c.key == item.key, recording.c.path.is_(None))
    if connection.execute(update(recording).where(*lacks).values(values)).rowcount:
        for entry in item.utterances:  # an utterance without times gets the span of the delivery
            untimed = (utterance.c.key == entry.key, utterance.c.end_ms.is_(None))
            span = {"start_ms": entry.start_ms, "end_ms": entry.end_ms}
            connection.execute(update(utterance).where(*untimed).values(span))
        usable = [entry.key for entry in item.utterances if entry.voice_usable]
        for start in range(0, len(usable), NAMES):
            block = utterance.c.key.in_(usable[start : start + NAMES])
            connection.execute(update(utterance).where(block).values(voice_usable=True))


COLUMNS = (
    "id", "key", "source_id", "recording_id", "parent_id", "start_ms", "end_ms", "speaker", "text", "original", "chars",
    "version", "group", "voice_usable", "origin", "skipped", "active", "meta",
)  # fmt: skip


def utterance_row(
    number: int, source_id: int, recording_id: int | None, item: NewUtterance, parent_id: int | None = None
) -> tuple[Any, ...]:
    """Return the row of a new utterance with id `number`, in the order of `COLUMNS`."""
    text = nfc(item.text)
    return (
        number, item.key, source_id, recording_id, parent_id, item.start_ms, item.end_ms, item.speaker, text, item.text,
        len(text), 0, item.group, item.voice_usable, item.origin, False, True, dict(item.meta),
    )  # fmt: skip


def _add_utterances(
    connection: Connection, source_id: int, items: Sequence[tuple[int | None, NewUtterance]], at: str
) -> None:
    numbers = allot(connection, utterance, len(items))
    numbered = list(zip(numbers, items, strict=True))
    rows = [utterance_row(number, source_id, recording_id, item) for number, (recording_id, item) in numbered]
    insert_many(connection, utterance, COLUMNS, rows)
    tags = [(number, name) for number, (_, item) in numbered for name in dict.fromkeys(item.tags)]
    insert_many(connection, tag, ("utterance_id", "tag"), tags)
    add_labels(connection, "utterance", ((number, item.labels) for number, (_, item) in numbered), at)


def add_labels(
    connection: Connection, level: Level, items: Iterable[tuple[int, Mapping[str, str]]], at: str, grade: str = "gold"
) -> None:
    """Insert the labels of a delivery: one row of `label` for each class, and for gold one annotation for each answer.

    Silver labels have no annotation, because no person answered. Disputed labels have none, because it is not known
    who answered what.
    """
    answers = [(target, name, code) for target, labels in items for name, code in labels.items()]
    if grade == "gold":
        columns = ("level", "target_id", "scheme", "code", "curator", "at")
        insert_many(connection, annotation, columns, [(level, t, s, c, IMPORTED, at) for t, s, c in answers])
    columns = ("level", "target_id", "scheme", "code", "grade", "by")
    classes = [(level, t, s, code, grade, IMPORTED) for t, s, c in answers for code in split_codes(c)]
    insert_many(connection, label, columns, classes)
