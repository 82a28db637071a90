"""Reads a Hugging Face `audiofolder`: audio files, and tables called `metadata.csv`, `.jsonl` or `.parquet`.

A row of a table names its file, relative to the table's folder, in the column `file_name`. A folder called train, test
and so on is a split. Without any metadata the folder right above a file is its class, if there are two classes or more.
Zips and tars in the folder are read too. A key is made of split, path and content; no script is ever run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.audio.header import may_be_sound
from core.errors import AudioError, BadRecord, InputError
from core.files import sha256
from core.files.content import HEAD_BYTES
from core.ingest.archives import Member, members
from core.ingest.audio_names import AudioNames, is_audio
from core.ingest.entries import TEXT_KEYS, Entry, clip_recording, read_sound, recording_notes, storable
from core.ingest.huggingface.dataset import GROUP_KEYS, MOST_CLASSES, ColumnMapping, who
from core.ingest.tables import File, Reject, Row, open_table
from core.ingest.tables.types import Cell
from core.ingest.tars import is_archive
from core.messages import Message
from core.records import NewUtterance, Skip
from core.schemes import usable_name
from core.split import published_side, published_tags

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
FOLDER = "folder"  # stands for the class folder where a column is asked for
LABEL_KEYS = ("label", "labels", "class", "라벨", "분류")
UNNAMED = Message("audio file that no metadata describes: imported without a text")
_DOCUMENTS = ("readme.md", "license", "license.txt", "license.md", ".gitattributes", ".gitignore")
_FILE_NAME = "file_name"


@dataclass(frozen=True, slots=True)
class Described:
    """A row of a metadata table, and the place where it stands."""

    where: str
    cells: Mapping[str, Cell]


@dataclass(slots=True)
class AudioFolderDataset:
    """The files of a folder and the rows that describe them; a row whose file is not there is in `absent`."""

    name: str
    clips: list[Member] = field(default_factory=list)
    rows: dict[tuple[str, ...], Described] = field(default_factory=dict)
    absent: list[tuple[Described, str]] = field(default_factory=list)
    columns: dict[str, None] = field(default_factory=dict)
    skips: list[Skip] = field(default_factory=list)
    described: bool = False
    mapping: ColumnMapping = field(default_factory=ColumnMapping)

    @property
    def total(self) -> int:
        """The number of clips and of rows without one."""
        return len(self.clips) + len(self.absent)

    @property
    def labels(self) -> Mapping[str, str]:
        """scheme -> column."""
        return self.mapping.labels or {}

    def multi(self, scheme: str) -> bool:
        """Whether a row may have several classes under `scheme`."""
        cells = (row.cells.get(self.labels[scheme]) for row in self._every_row())
        return any(isinstance(cell, tuple) for cell in cells)

    def values(self, scheme: str) -> list[str]:
        """All label values under `scheme`, sorted. `InputError` if they are too many for a label."""
        column = self.labels[scheme]
        if column == FOLDER:
            return sorted({class_folder(clip) for clip in self.clips} - {""})
        values = {value for row in self._every_row() for value in _values(row.cells.get(column))}
        if len(values) > MOST_CLASSES:
            raise InputError(
                "column {column} has more than {most_classes:,} values: that is no label",
                column=column, most_classes=MOST_CLASSES,
            )  # fmt: skip
        return sorted(values, key=lambda value: (0, int(value), "") if value.isdecimal() else (1, 0, value))

    def _every_row(self) -> Iterator[Described]:
        yield from self.rows.values()
        yield from (row for row, _ in self.absent)


def is_audiofolder(path: Path) -> bool:
    """Whether `path` is a folder of audio, with a metadata table or at least without Arrow and Parquet files.

    A zip or a tar counts as such a folder.
    """
    if not path.is_dir():
        return is_archive(path.name)
    names = [item.name.lower() for item in path.rglob("*") if item.is_file()]
    audio = any(is_audio(name) or is_archive(name) for name in names)
    tables = any(name.endswith((".arrow", ".parquet")) and name not in METADATA for name in names)
    return audio and (not tables or any(name in METADATA for name in names))


def has_metadata(path: Path) -> bool:
    """Whether a table below the folder `path` is called like metadata and names the files that it describes."""
    for item in path.rglob("*") if path.is_dir() else ():
        if item.name.lower() in METADATA and item.is_file():
            try:
                return bool(_file_column(open_table(File.at(item)).shape.columns, item.name))
            except InputError:
                continue
    return False


def open_audiofolder(path: Path, mapping: ColumnMapping, name: str = "") -> AudioFolderDataset:
    """The dataset in the folder `path`. `InputError` if it has no audio, or if a named column is not in it."""
    data = AudioFolderDataset(name or path.resolve().name)
    tables: list[Member] = []
    for item in members(path):
        if isinstance(item, Skip):
            data.skips.append(item)
        elif PurePosixPath(item.inner).name.lower() in METADATA:
            tables.append(item)
        elif PurePosixPath(item.inner).name.lower() not in _DOCUMENTS:
            _add_clip(data, item)
    if not data.clips:
        raise InputError("{file}: no audio file in it", file=path.name)
    for table in tables:
        _add_rows(data, table)
    data.mapping = _complete(data, mapping)
    return data


def _add_clip(data: AudioFolderDataset, member: Member) -> None:
    try:
        sounds = may_be_sound(member.head(HEAD_BYTES))
    except BadRecord as error:
        data.skips.append(Skip(error.where, error.reason))
        return
    if sounds:
        data.clips.append(member)
    else:
        data.skips.append(Skip(member.name, Message("neither audio nor a metadata table")))


def _add_rows(data: AudioFolderDataset, table: Member) -> None:
    """Give each row of a metadata table to its file; a row without a usable file is `absent`."""
    home = table.place[:-1]
    near = {"/".join(c.place[len(home) :]): c for c in data.clips if c.place[: len(home)] == home}
    names = AudioNames(near)
    try:
        opened = open_table(File(PurePosixPath(table.inner).name, table.size, table.open))
        column = _file_column(opened.shape.columns, table.name)
        matches = names.find_all(dict.fromkeys(_named(row, column) for row in opened.rows() if isinstance(row, Row)))
        data.described = True
        data.columns |= dict.fromkeys(name for name in opened.shape.columns if name != column)
        for row in opened.rows():
            number = row.row if isinstance(row, Reject) else row.number
            where = Message("{file}, row {number}", file=table.name, number=number)
            if isinstance(row, Reject):
                data.skips.append(Skip(where, row.reason))
                continue
            name = _named(row, column)
            match = matches[name]
            if match.path is not None:
                _describe(data, near[match.path], Described(where, row.cells), name)
                continue
            files = ", ".join((match.candidates or names.nearest(name))[:3]) or "-"
            reason = Message("its file {name!r} is not there; nearest names: {files}", name=name[:200], files=files)
            data.absent.append((Described(where, row.cells), reason))
    except InputError as error:
        data.skips.append(Skip(table.name, error.message))


def _named(row: Row, column: str) -> str:
    """The file that a row names."""
    cell = row.cells.get(column)
    return cell.strip() if isinstance(cell, str) else ""


def _describe(data: AudioFolderDataset, clip: Member, row: Described, name: str) -> None:
    """Give `row` to `clip`, unless an earlier row describes it."""
    if clip.place in data.rows:
        reason = Message("the file {name!r} was described before: the first is kept", name=name)
        data.skips.append(Skip(row.where, reason))
    else:
        data.rows[clip.place] = row


def _file_column(columns: Sequence[str], where: str) -> str:
    """The column that names the files: `file_name`, or the only one that ends so."""
    by_name = {name.casefold(): name for name in columns}
    ending = [name for low, name in by_name.items() if low.endswith("_" + _FILE_NAME)]
    if _FILE_NAME in by_name or len(ending) == 1:
        return by_name.get(_FILE_NAME) or ending[0]
    raise BadRecord(
        where, "no column file_name, so its rows name no file; there are {columns}", columns=", ".join(columns)
    )


def _complete(data: AudioFolderDataset, mapping: ColumnMapping) -> ColumnMapping:
    """`mapping` with guesses for the columns that are not named; `InputError` if a named column is not there."""
    known = (*data.columns, FOLDER)
    named = (mapping.text, mapping.group, *(mapping.labels or {}).values())
    if missing := [name for name in named if name and name not in known]:
        raise InputError(
            "no column {missing}; there are {columns}", missing=", ".join(missing), columns=", ".join(known)
        )
    by_name = {name.casefold(): name for name in data.columns}

    def first(keys: Sequence[str]) -> str:
        return next((by_name[key] for key in keys if key in by_name), "")

    labels = mapping.labels
    if labels is None:
        column = first(LABEL_KEYS)
        classes = {class_folder(clip) for clip in data.clips} - {""}
        labels = (
            {usable_name(column): column}
            if column
            else {"label": FOLDER}
            if not data.described and len(classes) > 1
            else {}
        )
    return ColumnMapping(mapping.text or first(TEXT_KEYS), "", mapping.group or first(GROUP_KEYS), labels)


def split_of(member: Member) -> str:
    """The name of the split folder that a file lies in, "" for none."""
    return next((part for part in PurePosixPath(member.inner).parent.parts if published_side(part)), "")


def class_folder(member: Member) -> str:
    """The folder right above a file, unless it is a split; "" at the top."""
    name = PurePosixPath(member.inner).parent.name
    return "" if published_side(name) else name


def _values(cell: Cell) -> list[str]:
    cells = cell if isinstance(cell, tuple) else (cell,)
    texts = [storable(text).strip() for text in cells if text]
    return [text for text in texts if text]


def read_audiofolder(data: AudioFolderDataset) -> Iterator[Entry | Skip]:
    """Yield every clip, then every row without a clip; one file is in memory at a time."""
    yield from data.skips
    for clip in data.clips:
        try:
            yield _clip_entry(clip, data)
        except (AudioError, BadRecord) as error:
            yield Skip(error.where, error.reason)
            if (row := data.rows.get(clip.place)) is not None:
                yield from _text_entry(row, data, Message("its file cannot be read"))
    for row, reason in data.absent:
        yield from _text_entry(row, data, reason)


def _clip_entry(clip: Member, data: AudioFolderDataset) -> Entry:
    row = data.rows.get(clip.place)
    cells = row.cells if row else {}
    sound = read_sound(clip, clip.name)
    split = split_of(clip)
    key = f"hf:{split}:{clip.inner}:{sound.sha256[:16]}"
    text = " ".join(_values(cells.get(data.mapping.text)))
    speaker, group, role = _who(cells, data, key)
    tags = published_tags(split)
    recording = clip_recording(key, group, text, sound, speaker, _meta(cells, data, split, clip.name), tags=tags)
    labels = {scheme: tuple(_values(cells.get(name))) for scheme, name in data.labels.items() if name != FOLDER}
    labels |= {scheme: (class_folder(clip),) for scheme, name in data.labels.items() if name == FOLDER}
    notes = recording_notes(recording) + sound.notes + role + ((UNNAMED,) if data.described and row is None else ())
    return Entry(clip.name, recording, sound, {s: v for s, v in labels.items() if any(v)}, notes=notes)


def _text_entry(row: Described, data: AudioFolderDataset, reason: str) -> Iterator[Entry | Skip]:
    """The sentence of a row without a clip, and why it has none; only the reason if it has no text either."""
    text = " ".join(_values(row.cells.get(data.mapping.text)))
    if not text:
        yield Skip(row.where, Message("{reason}; left out, since it has no text", reason=reason))
        return
    yield Skip(row.where, Message("{reason}: text imported without audio", reason=reason))
    key = f"hf::{row.where}:{sha256(text.encode())[:16]}"
    speaker, group, role = _who(row.cells, data, key)
    labels = {s: values for s, name in data.labels.items() if (values := tuple(_values(row.cells.get(name))))}
    sentence = NewUtterance(key, text, group, speaker=speaker, meta=_meta(row.cells, data, "", row.where))
    yield Entry(row.where, sentence, None, labels, notes=role)


def _who(cells: Mapping[str, Cell], data: AudioFolderDataset, key: str) -> tuple[str | None, str, tuple[str, ...]]:
    """The speaker, the group and a note if the speaker is a role."""
    column = data.mapping.group
    name = next(iter(_values(cells.get(column))), "") if column else ""
    return who(name, data.name, column, key)


def _meta(cells: Mapping[str, Cell], data: AudioFolderDataset, split: str, where: str) -> dict[str, object]:
    others = {name: cell for name, cell in cells.items() if cell and name != data.mapping.text}
    columns = {storable(name): list(cell) if isinstance(cell, tuple) else cell for name, cell in others.items()}
    return {"dataset": data.name, "split": split, "file": where, "columns": columns}
