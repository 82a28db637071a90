"""The layout that HF AutoTrain takes, made of a Snapshot, whose sides it keeps. Both hold very little.

Text: `train.csv`, `valid.csv`, `test.csv` with the columns `text` and `target` (the class code), nothing else, and no
byte order mark, which would become part of a column's name. Audio: a folder a side with a WAV for each clip and
`metadata.csv` (`file_name`, `text`, `target`), which `datasets` reads as an audio folder too. Ids, keys, groups, times,
speakers and which labels are silver are gone: such a folder can be imported as a table, not as this corpus.
These are CSV too, so a text that a spreadsheet would run has the apostrophe of `core.cells` before it.
"""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from core.audio.clips import read_clip
from core.cells import harmless
from core.errors import AudioError
from core.export.rows import Line, Plan, Written

SIDES = {"train": "train", "validation": "valid", "test": "test"}


def write_text(folder: Path, plan: Plan, lines: Iterable[Line]) -> Written:
    done = Written()
    with ExitStack() as files:
        out = {side: _table(files, folder / f"{name}.csv", ("text", "target")) for side, name in SIDES.items()}
        for line in lines:
            if not line.values["text"]:
                done.leave_out("no text")
                continue
            out[line.values["side"]].writerow((harmless(line.values["text"]), harmless(line.values["code"])))
            done.utterances += 1
    return done


def write_audio(folder: Path, plan: Plan, lines: Iterable[Line]) -> Written:
    done = Written()
    with ExitStack() as files:
        out: dict[str, Any] = {}
        for side, name in SIDES.items():
            (folder / name).mkdir()
            out[side] = _table(files, folder / name / "metadata.csv", ("file_name", "text", "target"))
        for line in lines:
            name = f"{done.utterances:07d}.wav"
            side = line.values["side"]
            try:
                (folder / SIDES[side] / name).write_bytes(_clip(line))
            except AudioError as error:
                done.leave_out(error.reason)
                continue
            out[side].writerow((name, harmless(line.values["text"]), harmless(line.values["code"])))
            done.utterances += 1
    return done


def _clip(line: Line) -> bytes:
    start, end = line.values["start_ms"], line.values["end_ms"]
    if line.audio is None or start is None or end is None:
        raise AudioError(str(line.values["key"]), "no sound that can be judged by voice")
    return read_clip(line.audio, start, end, str(line.values["key"]))


def _table(files: ExitStack, path: Path, header: tuple[str, ...]) -> Any:
    out = csv.writer(files.enter_context(path.open("w", newline="", encoding="utf-8")))
    out.writerow(header)
    return out
