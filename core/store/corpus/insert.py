"""Taking in sources, recordings and utterances, many at a time: ids are allotted inside the write transaction, then
every table gets its rows by one `executemany`. What is known by its key adds nothing; a known recording gets the
utterances it lacked. The index follows by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select, update

from core.records import IMPORTED, Level, NewRecording, NewUtterance, Report
from core.schemes import parts
from core.store.engine import allot, insert_id, insert_many
from core.store.rows import NAMES
from core.store.schema import annotation, label, recording, source, utterance
from core.text import nfc

Row = dict[str, Any]


def add_source(connection: Connection, values: Row) -> int:
    """The id of the source of that name, added if it is new."""
    known = connection.scalar(select(source.c.id).where(source.c.name == values["name"]))
    return int(known) if known is not None else insert_id(connection, source, values)


def known_keys(connection: Connection, table: Table, keys: Iterable[str]) -> dict[str, int]:
    """Of `keys`, those that `table` has: key -> id."""
    wanted = list(keys)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), NAMES):
        query = select(table.c.key, table.c.id).where(table.c.key.in_(wanted[start : start + NAMES]))
        found |= {key: int(row_id) for key, row_id in connection.execute(query)}
    return found


def add_sentences(connection: Connection, source_id: int, items: Sequence[NewUtterance], at: str) -> Report:
    by_key = {item.key: item for item in items}
    known = known_keys(connection, utterance, by_key)
    new = [item for key, item in by_key.items() if key not in known]
    _add_utterances(connection, source_id, [(None, item) for item in new], at)
    return Report(added=len(new), known=len(items) - len(new))


def add_recordings(connection: Connection, source_id: int, items: Sequence[NewRecording], at: str) -> Report:
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
        (number, one.key, source_id, one.path, one.sha256, one.duration_ms, one.sample_rate_hz, dict(one.meta))
        for number, one in numbered
    ]
    insert_many(connection, recording, columns, rows)
    add_labels(connection, "recording", ((number, _agreed(item, True)) for number, item in numbered), at)
    add_labels(connection, "recording", ((number, _agreed(item, False)) for number, item in numbered), at, "disputed")
    said = [(number, one) for number, item in numbered for one in item.utterances]
    _add_utterances(connection, source_id, said, at)
    for item in again:
        _attach_audio(connection, item)
    joined = _join(connection, source_id, again, at)
    report = Report(added=len(new), known=len(again))
    if new or joined:
        report.note("utterances", len(said) + joined)
    return report


def _agreed(item: NewRecording, yes: bool) -> dict[str, str]:
    return {name: code for name, code in item.labels.items() if (name not in item.disputed) == yes}


def _join(connection: Connection, source_id: int, items: Sequence[NewRecording], at: str) -> int:
    """Give known recordings the utterances that they lack; how many. One without audio ends with its last utterance."""
    known = known_keys(connection, utterance, {one.key for item in items for one in item.utterances})
    lacking = {one.key: (item.key, one) for item in items for one in item.utterances if one.key not in known}
    homes = known_keys(connection, recording, {home for home, _ in lacking.values()})
    _add_utterances(connection, source_id, [(homes[home], one) for home, one in lacking.values()], at)
    for home, one in lacking.values():
        longer = (recording.c.id == homes[home], recording.c.path.is_(None), recording.c.duration_ms < one.end_ms)
        if one.end_ms is not None:
            connection.execute(update(recording).where(*longer).values(duration_ms=one.end_ms))
    return len(lacking)


def insert_utterance(
    connection: Connection, source_id: int, recording_id: int | None, item: NewUtterance, parent_id: int | None = None
) -> int:
    """One row, without its labels; its id."""
    (number,) = allot(connection, utterance, 1)
    insert_many(connection, utterance, COLUMNS, [utterance_row(number, source_id, recording_id, item, parent_id)])
    return number


def _attach_audio(connection: Connection, item: NewRecording) -> None:
    """Give a known recording the audio that it lacked."""
    if item.path is None:
        return
    values = {"path": item.path, "sha256": item.sha256, "duration_ms": item.duration_ms,
              "sample_rate_hz": item.sample_rate_hz}  # fmt: skip
    lacks = (recording.c.key == item.key, recording.c.path.is_(None))
    if connection.execute(update(recording).where(*lacks).values(values)).rowcount:
        for one in item.utterances:  # a label without times learns its span from the audio
            untimed = (utterance.c.key == one.key, utterance.c.end_ms.is_(None))
            span = {"start_ms": one.start_ms, "end_ms": one.end_ms}
            connection.execute(update(utterance).where(*untimed).values(span))
        usable = [one.key for one in item.utterances if one.voice_usable]
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
    add_labels(connection, "utterance", ((number, item.labels) for number, (_, item) in numbered), at)


def add_labels(
    connection: Connection, level: Level, items: Iterable[tuple[int, Mapping[str, str]]], at: str, grade: str = "gold"
) -> None:
    """The labels of a delivery: an annotation an answer, a row of `label` a class. Silver: no person
    answered; disputed: who answered what is not told."""
    answers = [(target, name, code) for target, labels in items for name, code in labels.items()]
    if grade == "gold":
        columns = ("level", "target_id", "scheme", "code", "curator", "at")
        insert_many(connection, annotation, columns, [(level, t, s, c, IMPORTED, at) for t, s, c in answers])
    columns = ("level", "target_id", "scheme", "code", "grade", "by")
    classes = [(level, t, s, one, grade, IMPORTED) for t, s, c in answers for one in parts(c)]
    insert_many(connection, label, columns, classes)
