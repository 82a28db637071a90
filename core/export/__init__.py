"""Taking utterances out as a file or a folder, one format a file; all stream, so that memory stays flat.

What is written appears under its name only when it is complete. Cells that a spreadsheet would run are neutralised in
every CSV (`core.cells`); the other formats hold the text as it is. Nothing here reads the store.
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
    Line,
    Opinion,
    Plan,
    Written,
    corpus_plan,
    frozen_plan,
)
from core.files import whole

__all__ = [
    "COLUMNS",
    "DISPUTED",
    "FORMATS",
    "FROZEN",
    "SILVER",
    "TAGS",
    "Format",
    "Line",
    "Opinion",
    "Plan",
    "Written",
    "chosen",
    "corpus_plan",
    "frozen_plan",
    "write",
]

Write = Callable[[Path, Plan, Iterable[Line]], Written]


@dataclass(frozen=True, slots=True)
class Format:
    """`suffix` is the one that means this format, "" for none; `write` fills a new file, or an empty folder.

    `about` says what it is. `frozen`: it is made of a Snapshot only; `live`: it is made of the corpus only. `full`,
    `audio`, `opinions`: it asks for the columns that only the store knows, the recordings, what models said.
    """

    name: str
    suffix: str
    write: Write
    about: str
    folder: bool = False
    frozen: bool = False
    live: bool = False
    full: bool = False
    audio: bool = False
    opinions: bool = False
    ends: str = ""  # a name ends so that means no format by itself


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
        live=True, full=True, opinions=True,
    ),
)  # fmt: skip
FORMATS: dict[str, Format] = {one.name: one for one in _ALL}


def chosen(path: Path, name: str | None) -> Format:
    """The format called `name`, else the one that the suffix of `path` means."""
    if name is not None:
        if name not in FORMATS:
            raise UnknownName("export format", name, tuple(FORMATS))
        return FORMATS[name]
    suffix = path.suffix.lower()
    by_suffix = {one.suffix: one for one in FORMATS.values() if one.suffix}
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


def write(path: Path, how: Format, plan: Plan, lines: Iterable[Line]) -> Written:
    """Write `lines` to `path`: a file is replaced, a folder must be new. `InputError` for what cannot be written."""
    if how.frozen and plan.frozen is None:
        raise InputError(
            "{format} needs sides and one label a row: name a snapshot; `python -m core snapshot create "
            "NAME --scheme S` makes one",
            format=how.name,
        )
    if how.live and plan.frozen is not None:
        raise InputError("{format} is made of the corpus as it is, not of a snapshot", format=how.name)
    if how.folder and path.exists():
        raise InputError("{path} exists already; a folder is not replaced, choose another name", path=path)
    if path.is_dir():
        raise InputError("{path} is a folder", path=path)
    try:
        with whole(path) as made:
            if how.folder:
                made.mkdir()
            return how.write(made, plan, lines)
    except OSError as error:
        raise InputError("{path}: cannot be written: {reason}", path=path, reason=error.strerror or error) from error
