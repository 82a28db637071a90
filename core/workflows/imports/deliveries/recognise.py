"""Says which format a delivery has, and what it holds in numbers, before anything is imported.

A person can choose another format; the importer then names what it cannot use.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from core.errors import CoreError
from core.ingest.exports.gwidama import open_export
from core.ingest.huggingface.audiofolder import has_metadata
from core.ingest.spoken.formats.recognised import shape_of
from core.messages import Message
from core.records import Skip
from core.workflows.imports.deliveries.survey import COLUMNAR, Survey, survey

Kind = Literal[
    "aihub119", "situation", "elder", "annotations", "audio", "huggingface", "table", "labelstudio", "gwidama"
]
KINDS: tuple[Kind, ...] = (
    "aihub119", "table", "audio", "annotations", "huggingface", "labelstudio", "gwidama", "situation", "elder",
)  # fmt: skip
SHOWN = 5
_SOUND_ZIP = re.compile(r"^(TS|VS)_")
_LABEL_ZIP = re.compile(r"^(TL|VL)_")


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a delivery is. `kind` None: nothing that an importer reads.

    `labels`, `sounds` and `pairs` count label files, audio files, and label files that have their audio. `tables` are
    the tables that can be imported; `sound_names` are the first audio files. `notes` say what is odd, and what to do.
    `unread` are files whose kind no importer reads: their number and the first names.
    """

    kind: Kind | None
    labels: int = 0
    sounds: int = 0
    pairs: int = 0
    spoken: int = 0
    tables: tuple[Path, ...] = ()
    sound_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unread: int = 0
    unread_names: tuple[str, ...] = ()
    problems: tuple[Skip, ...] = ()


def recognise(paths: Sequence[Path]) -> Recognised:
    """Recognise the delivery at `paths`. `InputError` if a path does not exist."""
    seen = survey(paths)
    kind = _kind(seen, paths)
    pairs = len(seen.labels & seen.sounds) + _paired_by_id(seen)
    tables = _tables(seen)
    return Recognised(
        kind, len(seen.labels), len(seen.sounds), min(pairs, len(seen.labels)), seen.spoken, tables,
        tuple(seen.sound_names), tuple(_notes(seen, kind)), seen.n_others, tuple(seen.others[:SHOWN]),
        tuple(seen.problems),
    )  # fmt: skip


def _kind(seen: Survey, paths: Sequence[Path]) -> Kind | None:
    """The format, by the content of the first label files, then by what kinds of files there are."""
    for _, document in seen.documents:
        if kind := _kind_of_json(document):
            return kind
    if _is_dataset(seen, paths):
        return "huggingface"
    if len(seen.tables) == 1 and not seen.sounds and _is_own_export(seen.tables[0]):
        return "gwidama"
    if seen.spoken:
        return "annotations"
    if _tables(seen):
        return "table"
    return "audio" if seen.sounds else None


def _kind_of_json(document: Any) -> Kind | None:
    """The kind of corpus whose label file this is; None for any other JSON."""
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict):
        return None
    if isinstance(first.get("utterances"), list) and "_id" in first:
        return "aihub119"
    if "data" in first and any(name in first for name in ("annotations", "completions", "predictions")):
        return "labelstudio"
    if shape_of(document) is not None:
        return "annotations"
    names = _names(document, 4)
    if {"stt", "fileNm"} <= names:
        return "elder"
    return "situation" if "audio_id" in names and {"note", "category_01"} & names else None


def _names(value: Any, depth: int) -> set[str]:
    """The keys of a JSON document down to `depth`; of a list only the first items count."""
    if depth and isinstance(value, dict):
        return set(value).union(*(_names(part, depth - 1) for part in value.values()))
    if depth and isinstance(value, list):
        return set().union(*(_names(part, depth - 1) for part in islice(value, 3)))
    return set()


def _is_dataset(seen: Survey, paths: Sequence[Path]) -> bool:
    """Whether this is one saved dataset of Hugging Face, or one folder of audio with a metadata table."""
    if len(paths) != 1 or not paths[0].is_dir():
        return False
    return (
        (seen.saved and seen.columnar > 0)
        or _only_shards(seen, paths[0])
        or (bool(seen.sounds) and has_metadata(paths[0]))
    )


def _only_shards(seen: Survey, folder: Path) -> bool:
    shards = [path for path in seen.tables if path.suffix.lower() in COLUMNAR]
    arrows = any(folder.rglob("*.arrow"))
    return (arrows or len(shards) > 1) and len(shards) == len(seen.tables)


def _is_own_export(path: Path) -> bool:
    """Whether a table is an export of this program: its header tells."""
    if path.suffix.lower() not in (".csv", ".jsonl", ".parquet"):
        return False
    with suppress(CoreError):
        return bool(list(islice(open_export(path).rows(), 1)))
    return False


def _tables(seen: Survey) -> tuple[Path, ...]:
    """The tables outside archives, and JSON files that are lists of rows."""
    rows = [path for path, document in seen.documents if path is not None and _is_rows(document)]
    return tuple(dict.fromkeys([*seen.tables, *rows]))


def _is_rows(document: Any) -> bool:
    if isinstance(document, dict):
        return any(_is_rows(part) for part in document.values())
    return isinstance(document, list) and bool(document) and isinstance(document[0], dict)


def _paired_by_id(seen: Survey) -> int:
    """How many label files have audio of another stem that begins with the same id."""
    ids = {stem.split("_", 1)[0] for stem in seen.sounds - seen.labels}
    return sum(stem.split("_", 1)[0] in ids for stem in seen.labels - seen.sounds)


def _notes(seen: Survey, kind: Kind | None) -> list[str]:
    """What a person should know before the import."""
    notes: list[str] = []
    sound_zips = [name for name in seen.archives if _SOUND_ZIP.match(name)]
    label_zips = [name for name in seen.archives if _LABEL_ZIP.match(name)]
    if sound_zips and not label_zips and not seen.labels:
        notes.append(Message(
            "These zips hold the sound of AI Hub 119 calls without their labels: add the zips that begin with TL_ or "
            "VL_, so that the calls get their texts and labels."
        ))  # fmt: skip
    if kind == "aihub119" and not seen.sounds:
        notes.append(Message(
            "There is no audio: the calls come in as texts. Add the zips that begin with TS_ or VS_ now, or import "
            "them later together with these: the sound is then joined."
        ))  # fmt: skip
    if kind is None and seen.packed_tables:
        notes.append(Message("The tables are inside an archive: unpack it, and add the tables themselves."))
    return notes
