"""Exports utterances as a file or a folder, one format per module. All formats stream, so memory does not grow.

The file or folder appears under its name only when it is complete. In every CSV, cells that a spreadsheet would run as
formulas are neutralised (`core.text.cells`); the other formats hold the text unchanged. Nothing here reads the store.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError, UnknownName
from core.export import autotrain, csv_table, hf_dataset, json_lines, label_studio, parquet, seeds
from core.export.rows import (
    COLUMNS,
    DISPUTED,
    FROZEN,
    SILVER,
    TAGS,
    ExportReport,
    Line,
    Plan,
    Prediction,
    corpus_plan,
    frozen_plan,
)
from core.files import atomic_path, remove_leftovers

__all__ = [
    "COLUMNS",
    "DISPUTED",
    "FORMATS",
    "FROZEN",
    "SILVER",
    "TAGS",
    "ExportReport",
    "Format",
    "Line",
    "Plan",
    "Prediction",
    "corpus_plan",
    "find_format",
    "frozen_plan",
    "write",
]

Write = Callable[[Path, Plan, Iterable[Line]], ExportReport]


@dataclass(frozen=True, slots=True)
class Format:
    """An export format. `suffix` is the file suffix that means it, "" for none; `description` says what it is.

    `write` fills a new file, or an empty folder if `folder` is set. `frozen`: made of a Snapshot only; `live`: made of
    the corpus only. `full`, `audio`, `predictions`: it needs the columns that only the store knows, the recordings, the
    predictions of models.
    """

    name: str
    suffix: str
    write: Write
    description: str
    folder: bool = False
    frozen: bool = False
    live: bool = False
    full: bool = False
    audio: bool = False
    predictions: bool = False
    ends: str = ""  # the file suffix of a format that no suffix means


_ALL = (
    Format("csv", ".csv", csv_table.write, "a table for spreadsheets"),
    Format("jsonl", ".jsonl", json_lines.write, "one JSON object a line"),
    Format("parquet", ".parquet", parquet.write, "a typed table that holds everything but audio", full=True),
    Format("hf", "", hf_dataset.write, "a folder of Hugging Face datasets, with audio", True, full=True, audio=True),
    Format("seeds", "", seeds.write, "processed_data.csv of the 119 seed projects", live=True, audio=True, ends=".csv"),
    Format("autotrain", "", autotrain.write_text, "AutoTrain: text and target by side", True, frozen=True),
    Format("autotrain-audio", "", autotrain.write_audio, "AutoTrain: clips by side", True, frozen=True, audio=True),
    Format(
        "labelstudio", ".json", label_studio.write, "Label Studio tasks with predictions",
        live=True, full=True, predictions=True,
    ),
)  # fmt: skip
FORMATS: dict[str, Format] = {f.name: f for f in _ALL}


def find_format(path: Path, name: str | None) -> Format:
    """The format called `name`; without a name, the format that the suffix of `path` means."""
    if name is not None:
        if name not in FORMATS:
            raise UnknownName("export format", name, tuple(FORMATS))
        return FORMATS[name]
    suffix = path.suffix.lower()
    by_suffix = {f.suffix: f for f in FORMATS.values() if f.suffix}
    if suffix not in by_suffix:
        what = path.suffix or "a file without suffix"
        raise InputError(
            "{file}: cannot write {what}; use {by_suffix} or --format {formats}",
            file=path.name,
            what=what,
            by_suffix=", ".join(by_suffix),
            formats=", ".join(FORMATS),
        )
    return by_suffix[suffix]


def write(path: Path, file_format: Format, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write `lines` to `path`. An existing file is replaced; a folder must be new.

    `InputError` if the format does not fit the plan, or if the path cannot be written.
    """
    if file_format.frozen and plan.frozen is None:
        raise InputError(
            "{format} needs sides and one label a row: name a snapshot; `python -m core snapshot create "
            "NAME --scheme S` makes one",
            format=file_format.name,
        )
    if file_format.live and plan.frozen is not None:
        raise InputError("{format} is made of the corpus as it is, not of a snapshot", format=file_format.name)
    if file_format.folder and path.exists():
        raise InputError("{path} exists already; a folder is not replaced, choose another name", path=path)
    if path.is_dir():
        raise InputError("{path} is a folder", path=path)
    remove_leftovers(path.parent)
    try:
        with atomic_path(path) as partial:
            if file_format.folder:
                partial.mkdir()
            return file_format.write(partial, plan, lines)
    except OSError as error:
        raise InputError("{path}: cannot be written: {reason}", path=path, reason=error.strerror or error) from error
