"""Any two deliveries in any order: no text gets foreign audio, no row is lost, and only what changed is reported."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from aihub119_files import wav_bytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.files import sha256
from core.filters import Filter
from core.settings import Settings
from core.workflows.imports.tables import table
from core.workflows.imports.tables.table import Columns, File, TableImport, TableImportOptions
from core.workflows.workspace import Workspace, open_workspace

pytestmark = pytest.mark.integration
SOUNDS = [wav_bytes(600, hz=200 + 50 * n) for n in range(4)]
HASHES = [sha256(sound) for sound in SOUNDS]
SAID = ("네", "불이야", "도와주세요", "문이 잠겼어요", "네!")
LABELS = ("", "위험", "정상")


@dataclass(frozen=True)
class Row:
    recording: int
    text: str
    label: str


@dataclass(frozen=True)
class Delivery:
    """Rows about the recordings 0, 1, 2; `sounds` gives the audio of each, None for a missing file."""

    rows: tuple[Row, ...]
    sounds: tuple[int | None, int | None, int | None]
    ids: bool

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for number, sound in enumerate(self.sounds):
            if sound is not None:
                (folder / f"{number}.wav").write_bytes(SOUNDS[sound])
        with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["id", "file", "text", "label"])
            out.writerows((n, f"{row.recording}.wav", row.text, row.label) for n, row in enumerate(self.rows))
        return folder / "labels.csv"

    def sound(self, row: Row) -> str | None:
        number = self.sounds[row.recording]
        return None if number is None else HASHES[number]


rows = st.builds(Row, st.integers(0, 2), st.sampled_from(SAID), st.sampled_from(LABELS))
heard = st.one_of(st.none(), st.integers(0, 3))
deliveries = st.builds(
    Delivery, st.lists(rows, min_size=1, max_size=5).map(tuple), st.tuples(heard, heard, heard), st.booleans()
)


@pytest.fixture
def empty(empty_database: Path) -> Path:
    return empty_database


@contextmanager
def workspace(empty: Path) -> Iterator[tuple[Workspace, Path]]:
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        shutil.copyfile(empty, home / "gwidama.db")
        url = f"sqlite:///{home / 'gwidama.db'}"
        yield open_workspace(Settings(home, url, f"{url}.jobs", frozenset(), "", 0, "kim")), Path(folder)


def take(ws: Workspace, path: Path, ids: bool) -> TableImport:
    columns = Columns("text", {"danger": "label"}, id="id" if ids else None, recording="file")
    return table.ingest_table(ws, File.at(path), TableImportOptions(columns))


def named_rows(done: TableImport) -> set[int]:
    """The positions of the rows that the import named; the header is row 1."""
    if done.rejects is None:
        return set()
    with done.rejects.open(encoding="utf-8-sig", newline="") as file:
        return {int(line["row"]) - 2 for line in csv.DictReader(file)}


def stored(ws: Workspace) -> set[tuple[str, str | None]]:
    """Each text with the hash of the audio that it is read to."""
    calls = {call.id: call.sha256 for call in ws.store.corpus.recordings()}
    return {(u.text, calls.get(u.recording_id or 0)) for u in ws.store.corpus.every(Filter())}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries, deliveries)
def test_no_text_has_foreign_audio_and_no_row_is_lost(empty: Path, one: Delivery, other: Delivery) -> None:
    with workspace(empty) as (ws, folder):
        given_ = [(one, one.write(folder / "a")), (other, other.write(folder / "b"))]
        done = [(delivery, path, take(ws, path, delivery.ids)) for delivery, path in given_]
        delivered = {(row.text, delivery.sound(row)) for delivery, _ in given_ for row in delivery.rows}
        # A recording that was delivered without audio may get it later, by its name, from the same source.
        silent = {row.text for delivery, _ in given_ for row in delivery.rows if delivery.sound(row) is None}
        pairs = stored(ws)
        assert {pair for pair in pairs if pair not in delivered and pair[0] not in silent} == set()
        for delivery, _, result in done:
            named = named_rows(result) if result.clashed or result.rejected else set()
            for number, row in enumerate(delivery.rows):
                there = (row.text, delivery.sound(row)) in pairs or (
                    delivery.sound(row) is None and any(text == row.text for text, _ in pairs)
                )
                assert there or number in named, (number, row, result)
            assert result.added + result.known + len(named) >= len(delivery.rows)
        for delivery, path, result in done:
            again = take(ws, path, delivery.ids)
            assert (again.added, again.source) == (0, result.source)
            assert again.clashed <= result.clashed + len(delivery.rows)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries)
def test_an_unchanged_delivery_adds_nothing(empty: Path, delivery: Delivery) -> None:
    with workspace(empty) as (ws, folder):
        path = delivery.write(folder / "a")
        first = take(ws, path, delivery.ids)
        before = stored(ws)
        again = take(ws, path, delivery.ids)
        assert (again.added, again.known, again.clashed, again.labels_added) == (0, first.added, 0, 0)
        assert (again.notes["recordings added"], stored(ws)) == (0, before)


changes = st.dictionaries(st.integers(0, 6), st.tuples(st.sampled_from(SAID), st.sampled_from(LABELS)), max_size=3)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, min_size=7, max_size=7), changes)
def test_a_changed_delivery_reports_exactly_its_changes(
    empty: Path, before: list[Row], changed: dict[int, tuple[str, str]]
) -> None:
    after = [Row(row.recording, *changed[number]) if number in changed else row for number, row in enumerate(before)]
    expected = {}
    filled = 0
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        differing = ["text"] if old.text != new.text else []
        if old.label != new.label and old.label and new.label:
            differing.append("label:danger")
        filled += bool(new.label and not old.label)
        if differing:
            expected[f"row {number + 2}"] = differing
    with workspace(empty) as (ws, folder):
        take(ws, Delivery(tuple(before), (0, 1, 2), True).write(folder / "a"), ids=True)
        texts = stored(ws)
        done = take(ws, Delivery(tuple(after), (0, 1, 2), True).write(folder / "a"), ids=True)
        reported = {clash.where: [d.field for d in clash.differences] for clash in done.clashes}
        assert (reported, done.labels_added, done.added) == (expected, filled, 0)
        assert done.known == 7 - len(expected)
        assert stored(ws) == texts
