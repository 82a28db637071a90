"""JSONL for programs: UTF-8, one JSON object per line, texts unchanged. It holds what the CSV holds."""

from collections.abc import Iterable
from pathlib import Path

from core.export.rows import ExportReport, Line, Plan
from core.files import json_text


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write the plain columns of the plan, one object per line."""
    report = ExportReport()
    with path.open("w", newline="", encoding="utf-8") as file:
        for line in lines:
            row = {column: line.values[column] for column in plan.columns}
            file.write(json_text(row) + "\n")
            report.utterances += 1
    return report
