"""The layout that Hugging Face AutoTrain reads, made of a Snapshot; its sides are kept.

Text: `train.csv`, `valid.csv`, `test.csv` with the columns `text` and `target` (the class code), without a byte order
mark, which would become part of a column's name. Audio: one folder per side with a WAV for each clip and `metadata.csv`
(`file_name`, `text`, `target`), which `datasets` also reads as an audio folder. Ids, keys, groups, times, speakers and
grades are not kept: such a folder can be imported as a table, but not as this corpus. Cells that a spreadsheet would
run as formulas begin with the apostrophe of `core.text.cells`.
"""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from core.audio.clips import read_clip
from core.errors import AudioError
from core.export.rows import ExportReport, Line, Plan
from core.text.cells import escape_formula

SIDES = {"train": "train", "validation": "valid", "test": "test"}


def write_text(folder: Path, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write one CSV per side; rows without text are left out and counted."""
    report = ExportReport()
    with ExitStack() as files:
        out = {side: _table(files, folder / f"{name}.csv", ("text", "target")) for side, name in SIDES.items()}
        for line in lines:
            if not line.values["text"]:
                report.leave_out("no text")
                continue
            out[line.values["side"]].writerow(
                (escape_formula(line.values["text"]), escape_formula(line.values["code"]))
            )
            report.utterances += 1
    return report


def write_audio(folder: Path, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write one folder of clips per side; rows without usable sound are left out and counted."""
    report = ExportReport()
    with ExitStack() as files:
        out: dict[str, Any] = {}
        for side, name in SIDES.items():
            (folder / name).mkdir()
            out[side] = _table(files, folder / name / "metadata.csv", ("file_name", "text", "target"))
        for line in lines:
            name = f"{report.utterances:07d}.wav"
            side = line.values["side"]
            try:
                (folder / SIDES[side] / name).write_bytes(_clip(line))
            except AudioError as error:
                report.leave_out(error.reason)
                continue
            out[side].writerow((name, escape_formula(line.values["text"]), escape_formula(line.values["code"])))
            report.utterances += 1
    return report


def _clip(line: Line) -> bytes:
    start, end = line.values["start_ms"], line.values["end_ms"]
    if line.audio is None or start is None or end is None:
        raise AudioError(str(line.values["key"]), "no sound that can be judged by voice")
    return read_clip(line.audio, start, end, str(line.values["key"]))


def _table(files: ExitStack, path: Path, header: tuple[str, ...]) -> Any:
    out = csv.writer(files.enter_context(path.open("w", newline="", encoding="utf-8")))
    out.writerow(header)
    return out
