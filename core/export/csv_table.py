"""CSV for spreadsheets: UTF-8 with a byte order mark (Hangul shows), commas, CRLF between rows, one header row.

Holds the text and the original, labels as codes, tags, times, speaker, group and, as numbers, recording and parent.
Does not hold audio, what is known of a recording (its key, length, metadata), the source and its licence. An empty cell
is nothing: an empty speaker is the same as none.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from core.cells import harmless
from core.export.rows import Line, Plan, Written


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> Written:
    done = Written()
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        out.writerow([harmless(column) for column in plan.columns])
        for line in lines:
            out.writerow([harmless(line.values[column]) for column in plan.columns])
            done.utterances += 1
    return done
