"""`processed_data.csv` as the 119 seed projects read it: one row per utterance that can be judged by voice.

`_id` and `disasterMedium` are those of the delivery. `wav_file_path` is relative to the workspace folder. `startAt` and
`endAt` are in ms. `sentiment` and `urgencyLevel` are Korean names; `urgency_label` is the class id (하 0, 중 1, 상 2).
A label on which curators disagree is left empty, since the seeds train on every label in the file. It does not hold the
original, danger labels, groups and recordings without audio. Sentences without a recording, and utterances that are too
short or silent, are counted as left out. The seeds also expect `wav2vec2_embeddings.npy` next to this file; it is not
written, since a workspace has no such embeddings.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from core.export.rows import DISPUTED, ExportReport, Line, Plan
from core.messages import Message
from core.schemes import SENTIMENT, URGENCY, Scheme
from core.text.cells import escape_formula

COLUMNS = (
    "_id", "wav_file_path", "utterance_id", "text", "startAt", "endAt", "sentiment", "urgencyLevel", "urgency_label",
    "disasterMedium",
)  # fmt: skip


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write the usable utterances; count the others by reason."""
    report = ExportReport()
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for line in lines:
            if (reason := _unusable(line)) is not None:
                report.leave_out(reason)
                continue
            out.writerow([escape_formula(cell) for cell in _row(line)])
            report.utterances += 1
    return report


def _unusable(line: Line) -> str | None:
    """Why the seeds cannot use this utterance; None if they can."""
    if line.recording is None:
        return Message("a sentence on its own")
    if line.audio is None or not line.values["voice_usable"]:
        return Message("no sound that can be judged by voice")
    return None


def _row(line: Line) -> tuple[object, ...]:
    recording, values = line.recording, line.values
    assert recording is not None
    urgency, sentiment = _agreed(line, URGENCY), _agreed(line, SENTIMENT)
    return (
        recording.meta.get("_id", recording.key), recording.path,
        values["key"].removeprefix(f"{recording.key}:"), values["text"],
        values["start_ms"], values["end_ms"],
        SENTIMENT.label(sentiment).ko if sentiment else None,
        URGENCY.label(urgency).ko if urgency else None,
        URGENCY.index(urgency) if urgency else None,
        recording.meta.get("disasterMedium"),
    )  # fmt: skip


def _agreed(line: Line, scheme: Scheme) -> str | None:
    """The code under `scheme`; None if there is none or if curators disagree."""
    return None if scheme.name in (line.values[DISPUTED] or "").split(",") else line.values.get(scheme.name)
