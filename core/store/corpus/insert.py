"""Inserts sources, recordings and utterances, many at a time, inside the caller's transaction.

Ids are allotted first, then each table gets its rows by one `executemany`. An item whose key is known is not added
again; a known recording gets the utterances that it lacks. What is known is compared with what is delivered
(`core.store.corpus.compare`): the report names what differs, and labels that nobody gave yet are added. The search
index is updated at the end of the transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select, update

from core.messages import Message
from core.records import IMPORTED, Clash, Level, NewRecording, NewUtterance, Report
from core.schemes import split_codes
from core.store.corpus import compare
from core.store.corpus.compare import Comparison, Delivered
from core.store.engine import allot, insert_id, insert_many
from core.store.rows import NAMES
from core.store.schema import annotation, label, recording, source, tag, utterance
from core.text import nfc

Row = dict[str, Any]
Item = TypeVar("Item", NewUtterance, NewRecording)
NEW_SPEAKER = Message("speaker of a known utterance that had none: left as it is")
ELSEWHERE = Message("row whose id is known and belongs to no such recording: left as it is")


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
    keys = {item.key for item in items}
    known = known_keys(connection, utterance, keys)
    new, again = items, list[NewUtterance]()
    if known or len(keys) < len(items):
        fresh, again = _new_and_again(items, known)
        new = list(fresh.values())
    _add_utterances(connection, source_id, [(None, item) for item in new], at)
    report = Report(added=len(new))
    if again:
        ids = known_keys(connection, utterance, {item.key for item in again})
        compared = compare.compare_utterances(connection, [Delivered(item) for item in again], ids)
        report.known = len(again) - len(compared.clashes)
        note_comparison(connection, report, compared, at)
    return report


def _new_and_again(items: Sequence[Item], known: Mapping[str, int]) -> tuple[dict[str, Item], list[Item]]:
    """Return the items to add by key, and those that are known or repeat the key of an earlier item."""
    new: dict[str, Item] = {}
    again: list[Item] = []
    for item in items:
        if item.key in known or item.key in new:
            again.append(item)
        else:
            new[item.key] = item
    return new, again


def note_comparison(connection: Connection, report: Report, compared: Comparison, at: str) -> None:
    """Add the clashes to the report, and the labels that nobody gave yet to the database."""
    levels: tuple[Level, ...] = ("utterance", "recording")
    for wanted in levels if compared.missing else ():
        of_level = [(target, labels) for level, target, labels in compared.missing if level == wanted]
        add_labels(connection, wanted, of_level, at)
        report.labels_added += sum(len(labels) for _, labels in of_level)
    if compared.new_speakers:
        report.note(NEW_SPEAKER, compared.new_speakers)
    report.clashes += compared.clashes
    report.clashed += len(compared.clashes)
    for difference in (difference for clash in compared.clashes for difference in clash.differences):
        report.differing[difference.field] = report.differing.get(difference.field, 0) + 1


def add_recordings(
    connection: Connection, source_id: int, items: Sequence[NewRecording], at: str, elsewhere: bool = False
) -> Report:
    """Add recordings with their utterances and labels; see `Corpus.add_recordings`."""
    known = known_keys(connection, recording, {item.key for item in items})
    new, again = _new_and_again(items, known)
    strays: list[Delivered] = []
    if elsewhere:
        new, strays = _without_strays(connection, new)
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
    report = Report(added=len(new))
    joined = _add_again(connection, source_id, again, strays, at, report) if again or strays else 0
    if new or joined:
        report.note("utterances", len(new_utterances) + joined)
    return report


def _add_again(
    connection: Connection, source_id: int, again: Sequence[NewRecording], strays: Sequence[Delivered], at: str,
    report: Report,
) -> int:  # fmt: skip
    """Compare known recordings with what is delivered; give them the audio and the utterances that they lack.

    A recording with other audio gets no utterance of this delivery. `strays` are known utterances that are delivered
    with another recording. Returns how many utterances were added.
    """
    homes = known_keys(connection, recording, {item.key for item in again})
    foreign = compare_again(connection, again, homes, at, report)
    known = known_keys(connection, utterance, {entry.key for item in again for entry in item.utterances})
    joined = _join(connection, source_id, [item for item in again if item.key not in foreign], homes, known, at)
    left_out = [
        Clash(entry.key, None, homes[item.key], "", foreign[item.key].differences[:1])
        for item in again
        if item.key in foreign
        for entry in item.utterances
        if entry.key not in known
    ]
    delivered = [*compare.delivered_in(again, known), *strays]
    known |= known_keys(connection, utterance, {stray.item.key for stray in strays})
    of_utterances = compare.compare_utterances(connection, delivered, known)
    different = {clash.key for clash in of_utterances.clashes}
    if left := sum(stray.item.key not in different for stray in strays):
        report.note(ELSEWHERE, left)
    of_utterances.clashes += left_out
    note_comparison(connection, report, of_utterances, at)
    clashing = {clash.recording_id for clash in report.clashes}
    report.known = sum(homes[item.key] not in clashing for item in again)
    return joined


def compare_again(
    connection: Connection, again: Sequence[NewRecording], homes: Mapping[str, int], at: str, report: Report
) -> dict[str, Clash]:
    """Compare known recordings with what is delivered, and give them the audio that they lack.

    `homes` maps the key of each to its id. Returns the clashes of those that have other audio, by key.
    """
    for item in again:
        _attach_audio(connection, item)
    compared = compare.compare_recordings(connection, again, homes)
    note_comparison(connection, report, compared, at)
    return {clash.key: clash for clash in compared.clashes if clash.differences[0].field == "audio"}


def _agreed(item: NewRecording, yes: bool) -> dict[str, str]:
    return {name: code for name, code in item.labels.items() if (name not in item.disputed) == yes}


def _without_strays(
    connection: Connection, new: Mapping[str, NewRecording]
) -> tuple[dict[str, NewRecording], list[Delivered]]:
    """Take the utterances that are known already out of new recordings; a recording of only such ones is not new."""
    taken = known_keys(connection, utterance, [entry.key for item in new.values() for entry in item.utterances])
    if not taken:
        return dict(new), []
    strays = compare.delivered_in(new.values(), taken)
    left = {
        key: replace(item, utterances=tuple(entry for entry in item.utterances if entry.key not in taken))
        for key, item in new.items()
    }
    return {key: item for key, item in left.items() if item.utterances or not new[key].utterances}, strays


def _join(
    connection: Connection, source_id: int, items: Sequence[NewRecording], homes: Mapping[str, int],
    known: Mapping[str, int], at: str,
) -> int:  # fmt: skip
    """Give known recordings the utterances that they lack; return how many.

    A recording without audio becomes as long as its last utterance.
    """
    lacking = {entry.key: (item.key, entry) for item in items for entry in item.utterances if entry.key not in known}
    _add_utterances(connection, source_id, [(homes[home], entry) for home, entry in lacking.values()], at)
    for home, entry in lacking.values():
        if entry.end_ms is not None:
            longer = (recording.c.id == homes[home], recording.c.path.is_(None), recording.c.duration_ms < entry.end_ms)
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
