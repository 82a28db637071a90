"""Which source a table belongs to, and what an import does with its rows whose key is known with other content."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path

from core.files import sha256
from core.filters import Filter
from core.ingest.archives import printable
from core.ingest.tables import File, Reject, Row, Table
from core.ingest.tables.row_parser import ParsedRow, RowParser, recording_key
from core.ingest.tables.stream import sha256 as content_sha256
from core.ingest.tables.stream import source_name
from core.messages import Message
from core.records import NewRecording, NewUtterance, OnClash, Recording, Report, Utterance
from core.store import ELSEWHERE, NEW_SPEAKER, Comparison
from core.workflows.imports import sources
from core.workflows.imports.clashes import ClashLog, Counted
from core.workflows.imports.report import BATCH
from core.workflows.imports.sources import ChosenSource, NamedDelivery
from core.workflows.workspace import Workspace

CLASH = "clash"  # the kind of a reject that names a known row with other content
OTHER_AUDIO = Message("its recording is known with other audio: left as it is")
ROWS = 20_000  # compared before a source is chosen; with the policy "source" all are


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are read as those of one source, and where the audio of a recording lies (else why it has none)."""

    parser: RowParser
    find: Callable[[str], Path | str]


ReadAs = Callable[[str], Reading]  # takes the name of a source


@dataclass(frozen=True, slots=True)
class TableSource:
    """The source of a table, its id, and how its rows are read."""

    chosen: ChosenSource
    id: int
    reading: Reading


def source_of(
    ws: Workspace, file: File, table: Table, asked: str, read_as: ReadAs, policy: OnClash, ids: bool,
    licence: str, sounding: bool = False, kind: str = "table",
) -> TableSource:  # fmt: skip
    """Choose the source of a table, and add it if it is new.

    `ids`: its rows have ids of their own; `sounding`: they name recordings.
    """
    shape = table.shape
    part = shape.sheet if shape.sheet and shape.sheets and shape.sheet != shape.sheets[0] else ""
    folder = file.folder.name if file.folder is not None else ""
    delivered = NamedDelivery(
        kind, source_name(file, asked), content_sha256(file), bool(asked.strip()), part, len(shape.sheets) > 1, folder,
        sounding,
    )  # fmt: skip
    most = None if policy == "source" else ROWS
    compare = cache(lambda name: _compare(ws, table, read_as(name), name, ids, sounding, most))
    chosen, source_id = sources.settle(ws, delivered, compare, policy, printable(licence))
    return TableSource(chosen, source_id, read_as(chosen.name))


def _compare(
    ws: Workspace, table: Table, reading: Reading, source: str, ids: bool, sounding: bool, most: int | None
) -> Comparison:
    """Compare the first `most` rows with what is stored under their keys.

    Rows without ids are known by number and text. So where the source has rows as well, unknown ones are other rows.
    """
    rows = _parsed(islice(table.rows(), most), reading.parser)
    if sounding:
        return ws.store.corpus.compare(recordings=_recordings(ws, source, list(rows), reading))
    total, n_rows, n_known = Comparison(), 0, 0
    while batch := list(islice(rows, BATCH)):
        part = ws.store.corpus.compare([row.utterance for row in batch])
        n_rows, n_known = n_rows + len(batch), n_known + part.same + len(part.clashes)
        total += part
    if not ids:
        total.other += max(min(n_rows, ws.store.deliveries.size(source)) - n_known, 0)
    return total


def _parsed(rows: Iterable[Row | Reject], parser: RowParser) -> Iterator[ParsedRow]:
    for row in rows:
        if isinstance(row, Row) and isinstance(parsed := parser.read(row), ParsedRow):
            yield parsed


def _recordings(ws: Workspace, source: str, rows: Sequence[ParsedRow], reading: Reading) -> list[NewRecording]:
    """The recordings that the rows name; those that are known come with the hash of their audio."""
    by_name: dict[str, list[NewUtterance]] = {}
    for row in rows:
        by_name.setdefault(row.recording or "", []).append(row.utterance)
    keys = {name: recording_key(source, name) for name in by_name}
    known = ws.store.transfer.recordings_by_key(keys.values())
    return [
        NewRecording(keys[name], 0, None, None, _sound(name, reading) if keys[name] in known else None, tuple(items))
        for name, items in by_name.items()
    ]


def at_known_places(
    ws: Workspace, calls: Sequence[NewRecording], known: Mapping[str, Recording], rows: Sequence[ParsedRow]
) -> tuple[list[NewRecording], list[ParsedRow]]:
    """Find rows without ids by their place: the times in a known recording say which utterance an edited row is.

    Such a row gets the key of that utterance, so that its text is compared and does not become a second utterance. A
    place that several rows or utterances share tells nothing.
    """
    again = [call for call in calls if call.key in known]
    there = ws.store.corpus.utterance_ids([item.key for call in again for item in call.utterances])
    keys: dict[str, str] = {}
    for call in (call for call in again if any(item.key not in there for item in call.utterances)):
        delivered = {item.key for item in call.utterances}
        stored = ws.store.corpus.every(Filter(recording_id=known[call.key].id))
        free = _by_place(u for u in stored if u.key not in delivered and u.parent_id is None)
        edited = _by_place(item for item in call.utterances if item.key not in there)
        keys |= {edited[place]: free[place] for place in edited.keys() & free.keys() if edited[place] and free[place]}
    if not keys:
        return list(calls), list(rows)
    return [
        replace(call, utterances=tuple(replace(item, key=keys.get(item.key, item.key)) for item in call.utterances))
        for call in calls
    ], [_renamed(row, keys) for row in rows]


def _renamed(row: ParsedRow, keys: Mapping[str, str]) -> ParsedRow:
    return replace(row, utterance=replace(row.utterance, key=keys.get(row.utterance.key, row.utterance.key)))


def _by_place(items: Iterable[NewUtterance | Utterance]) -> dict[tuple[int | None, int | None], str]:
    """Map times to the key of the one utterance that has them; to "" if several have."""
    keys: dict[tuple[int | None, int | None], str] = {}
    for item in items:
        place = (item.start_ms, item.end_ms)
        keys[place] = "" if place in keys else item.key
    return keys


def sound_sha256(file: Path) -> str:
    """The SHA-256 of a file of audio. It is kept for the file as it is: files are compared twice in one import."""
    state = file.stat()
    return _sha256(file, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=50_000)
def _sha256(file: Path, *state: int) -> str:
    return sha256(file)


def _sound(name: str, reading: Reading) -> str | None:
    file = reading.find(name)
    return sound_sha256(file) if isinstance(file, Path) else None


@dataclass(frozen=True, slots=True)
class TableClashes:
    """Counts the clashes of a table import and names their rows by `reject`, which takes a row and a reason."""

    log: ClashLog
    total: Counted
    reject: Callable[[Reject], None]

    def take(self, part: Report, rows: Iterable[ParsedRow], recordings: Sequence[NewRecording] = ()) -> int:
        """Add the clashes of one batch and what is remarkable in it; return how many rows clash."""
        for note in (ELSEWHERE, NEW_SPEAKER):
            if n := part.notes.get(note, 0):
                self.total.note(note, n)
        if not part.clashes:
            return len(self.log.take(part, self.total, {}))
        rows = list(rows)
        numbers = {row.utterance.key: row.row for row in reversed(rows)}
        for call in reversed(recordings):
            if keys := [item.key for item in call.utterances if item.key in numbers]:
                numbers[call.key] = numbers[keys[0]]
        places = {key: Message("row {number}", number=number) for key, number in numbers.items()}
        skips = self.log.take(part, self.total, places, [row.utterance for row in rows], recordings)
        by_place: dict[str, int] = {place: numbers[key] for key, place in places.items()}
        for skip in skips:
            self.reject(Reject(by_place.get(skip.where, 0), CLASH, skip.reason))
        clashing = {clash.key for clash in part.clashes}
        named = {by_place.get(skip.where) for skip in skips}
        foreign = {clash.key for clash in part.clashes if clash.differences[0].field == "audio"}
        for key in (item.key for call in recordings if call.key in foreign for item in call.utterances):
            if key not in clashing and numbers.get(key) not in named:  # a known row, but its recording sounds otherwise
                self.reject(Reject(numbers.get(key, 0), CLASH, OTHER_AUDIO))
            clashing.add(key)
        return len(clashing & numbers.keys() - {call.key for call in recordings})
