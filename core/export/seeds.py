"""`processed_data.csv` as the 119 seed projects read it: one row an utterance that can be judged by voice.

`_id` and `disasterMedium` are the delivery's, `wav_file_path` is relative to the workspace folder, `startAt` and
`endAt` are ms, `sentiment` and `urgencyLevel` the Korean names, `urgency_label` the class id (하 0, 중 1, 상 2).
A label that curators answered differently is left empty, as one that nobody gave: the seeds train on what is here.
Does not hold the original, danger labels, groups or recordings without audio; sentences on their own and utterances
that are too short or silent are counted as left out. The seeds lay `wav2vec2_embeddings.npy` beside it, a row each: a
workspace holds no such embeddings yet, so none is written.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from core.cells import harmless
from core.export.rows import DISPUTED, Line, Plan, Written
from core.messages import Message
from core.schemes import SENTIMENT, URGENCY, Scheme

COLUMNS = (
    "_id", "wav_file_path", "utterance_id", "text", "startAt", "endAt", "sentiment", "urgencyLevel", "urgency_label",
    "disasterMedium",
)  # fmt: skip


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> Written:
    done = Written()
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for line in lines:
            if (why := _unusable(line)) is not None:
                done.leave_out(why)
                continue
            out.writerow([harmless(cell) for cell in _row(line)])
            done.utterances += 1
    return done


def _unusable(line: Line) -> str | None:
    if line.recording is None:
        return Message("a sentence on its own")
    if line.audio is None or not line.values["voice_usable"]:
        return Message("no sound that can be judged by voice")
    return None


def _row(line: Line) -> tuple[object, ...]:
    call, told = line.recording, line.values
    assert call is not None
    urgency, sentiment = _agreed(line, URGENCY), _agreed(line, SENTIMENT)
    return (
        call.meta.get("_id", call.key), call.path, told["key"].removeprefix(f"{call.key}:"), told["text"],
        told["start_ms"], told["end_ms"],
        SENTIMENT.label(sentiment).ko if sentiment else None,
        URGENCY.label(urgency).ko if urgency else None,
        URGENCY.index(urgency) if urgency else None,
        call.meta.get("disasterMedium"),
    )  # fmt: skip


def _agreed(line: Line, scheme: Scheme) -> str | None:
    return None if scheme.name in (line.values[DISPUTED] or "").split(",") else line.values.get(scheme.name)
