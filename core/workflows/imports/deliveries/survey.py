"""Lists what a delivery holds, by names and first bytes: tables, audio, annotations, label files. Nothing is stored.

Zips and tars are listed without being unpacked; of the JSON files only the first few are read.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import BadRecord
from core.ingest.archives import Limits, Member, members
from core.ingest.audio_names import is_audio
from core.messages import Message
from core.records import Skip
from core.workflows.imports.deliveries.places import is_utf8

LIMITS = Limits(json_bytes=100_000_000)
READ_JSON, READ_BYTES = 3, 20_000_000
TABLES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".parquet", ".pq")
SPOKEN = (".textgrid", ".eaf", ".vtt", ".srt", ".smi", ".sami", ".label", ".labels", ".lab", ".grid")
COLUMNAR = (".arrow", ".parquet")
SAVED = ("dataset_dict.json", "dataset_info.json", "state.json")  # beside the files of a saved dataset
MOST_KEPT = 100  # names and problems that are kept to be shown


@dataclass(slots=True)
class Survey:
    """What was found. `labels` and `sounds` are the stems of JSON and audio files; `tables` lie outside archives.

    `documents` are the first JSON files, parsed. `packed_tables` counts tables inside archives.
    """

    labels: set[str] = field(default_factory=set)
    sounds: set[str] = field(default_factory=set)
    sound_names: list[str] = field(default_factory=list)
    archives: set[str] = field(default_factory=set)
    tables: list[Path] = field(default_factory=list)
    packed_tables: int = 0
    spoken: int = 0
    texts: int = 0
    columnar: int = 0
    saved: bool = False
    others: list[str] = field(default_factory=list)
    n_others: int = 0
    problems: list[Skip] = field(default_factory=list)
    documents: list[tuple[Path | None, Any]] = field(default_factory=list)


def survey(paths: Sequence[Path]) -> Survey:
    """List the files under `paths`. `InputError` if a path does not exist."""
    seen = Survey()
    for path in paths:
        for item in members(path.resolve(), LIMITS):
            if isinstance(item, Skip):
                if len(seen.problems) < MOST_KEPT:
                    seen.problems.append(item)
            else:
                _note(seen, item)
    return seen


def _note(seen: Survey, member: Member) -> None:
    """Count a file by its kind."""
    name, suffix = PurePosixPath(member.inner).name.lower(), member.suffix
    on_disk = _on_disk(member)
    if on_disk is None:
        seen.archives.add(member.archive)
    if name in SAVED:
        seen.saved = True
    elif suffix == ".json":
        seen.labels.add(member.stem)
        _read_document(seen, member, on_disk)
    elif is_audio(name):
        seen.sounds.add(member.stem)
        if len(seen.sound_names) < MOST_KEPT:
            seen.sound_names.append(member.inner)
    elif suffix in TABLES or name.endswith((".csv.gz", ".tsv.gz", ".jsonl.gz", ".json.gz")):
        seen.columnar += suffix in COLUMNAR
        if on_disk is None:
            seen.packed_tables += 1
        elif not is_utf8(on_disk.name):
            seen.problems.append(Skip(member.name, Message("its name is in another encoding than UTF-8: rename it")))
        else:
            seen.tables.append(on_disk)
    elif suffix in COLUMNAR:
        seen.columnar += 1
    elif suffix in SPOKEN:
        seen.spoken += 1
    elif suffix == ".txt":
        seen.texts += 1
    else:
        seen.n_others += 1
        if len(seen.others) < MOST_KEPT:
            seen.others.append(member.name)


def _on_disk(member: Member) -> Path | None:
    """The path of a file that lies on the disk by itself; None if it is inside an archive."""
    path = Path(*member.place)
    return path if os.path.isfile(path) else None


def _read_document(seen: Survey, member: Member, on_disk: Path | None) -> None:
    """Parse one of the first JSON files, if it is small enough."""
    if len(seen.documents) >= READ_JSON or member.size > READ_BYTES:
        return
    try:
        seen.documents.append((on_disk, json.loads(member.read().decode("utf-8-sig"))))
    except (BadRecord, ValueError, RecursionError):  # the importer will name it
        return
