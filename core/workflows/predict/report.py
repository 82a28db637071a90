"""Prediction documents as files that leave the program: JSON, CSV, and a report to read and print (`report_page`).

The CSV has a row for each document (level "call") and one for each of its utterances, so that a filter in a spreadsheet
shows either. Cells that a spreadsheet would run are escaped.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from core.files import json_text
from core.text.cells import escape_formula

Document = Mapping[str, Any]
PLACE = ("source", "level", "start_ms", "end_ms", "speaker", "text", "transcript_state", "first_alarm_ms")
BOM = "\ufeff"  # spreadsheet programs read UTF-8, and so Hangul, only after it


def json_bytes(documents: Sequence[Document]) -> bytes:
    """The documents as the shell prints them: `{"inputs": [document, ...]}`."""
    return json_text({"inputs": list(documents)}, indent=2).encode()


def csv_bytes(documents: Sequence[Document]) -> bytes:
    """The documents as a table: UTF-8 with a byte order mark, commas, CRLF."""
    rows = [row for document in documents for row in _rows(document)]
    answered = [name for row in rows for name in row if name not in PLACE]
    columns = [*PLACE, *dict.fromkeys(sorted(answered, key=_scheme_first))]
    sheet = io.StringIO(newline="")
    sheet.write(BOM)
    out = csv.writer(sheet)
    out.writerow(columns)
    out.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return sheet.getvalue().encode()


def _scheme_first(column: str) -> str:
    return column.partition(":")[0]


def _cell(value: Any) -> Any:
    return escape_formula("|".join(map(str, value)) if isinstance(value, list | tuple) else value)


def _rows(document: Document) -> list[dict[str, Any]]:
    """The row of the call, then those of its utterances."""
    call: dict[str, Any] = {"source": document["source"], "level": "call"}
    for name, judgement in (dict(document.get("call", {})) | dict(document.get("verdict", {}))).items():
        call |= _columns(name, judgement)
        if judgement.get("first_alarm_ms") is not None:
            call["first_alarm_ms"] = min(judgement["first_alarm_ms"], call.get("first_alarm_ms", float("inf")))
    return [call, *(_utterance_row(document, utterance) for utterance in document["utterances"])]


def _utterance_row(document: Document, utterance: Mapping[str, Any]) -> dict[str, Any]:
    row = {"source": document["source"], "level": "utterance"}
    row |= {key: utterance.get(key) for key in ("start_ms", "end_ms", "speaker", "text")}
    row["transcript_state"] = (utterance.get("transcript") or {}).get("state")
    for name, code in utterance.get("abstained", {}).items():
        row |= {name: None, f"{name}:abstained": code}
    for name, judgement in utterance["judgements"].items():
        row |= _columns(name, judgement)
    return row


def _columns(name: str, judgement: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of one judgement: the class is empty where the run cannot tell, its probabilities stay."""
    abstained = judgement.get("abstained")
    columns = {
        name: None if abstained else judgement["label"],
        f"{name}:confidence": judgement["confidence"],
        f"{name}:abstained": abstained,
        f"{name}:set": judgement.get("set"),
        f"{name}:run": judgement["run"],
    }
    return columns | {f"{name}:p:{code}": p for code, p in judgement.get("probabilities", {}).items()}
