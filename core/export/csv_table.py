"""CSV for spreadsheets: UTF-8 with a byte order mark (so that Hangul shows), commas, CRLF between rows, one header row.

It holds the text and the original, labels as codes, tags, times, speaker, group, and recording and parent as numbers.
It does not hold audio, the key, length and metadata of a recording, the source and its licence. An empty cell means
nothing: an empty speaker is the same as no speaker.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from core.export.rows import ExportReport, Line, Plan
from core.text.cells import escape_formula


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write the plain columns of the plan, one row per line."""
    report = ExportReport()
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        out.writerow([escape_formula(column) for column in plan.columns])
        for line in lines:
            out.writerow([escape_formula(line.values[column]) for column in plan.columns])
            report.utterances += 1
    return report
