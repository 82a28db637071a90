"""JSONL for programs: UTF-8, one JSON object a line, each text as it is. Holds what the CSV holds."""

from collections.abc import Iterable
from pathlib import Path

from core.export.rows import Line, Plan, Written
from core.files import json_text


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> Written:
    done = Written()
    with path.open("w", newline="", encoding="utf-8") as file:
        for line in lines:
            row = {column: line.values[column] for column in plan.columns}
            file.write(json_text(row) + "\n")
            done.utterances += 1
    return done
