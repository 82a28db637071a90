"""Finds label cells that mark spans within a text, as doccano, Prodigy and Label Studio write them; sets them aside.

`[[0, 3, "LOC"]]`, `[{"start": 0, "end": 3, "label": "LOC"}]` and `["B-LOC", "I-LOC", "O"]` say where something stands
in a text. They are no class of the text, so no label is made of them: a note counts their rows, and the cell stays in
the details of its row. A column of which every cell is so is no label column.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.ingest.tables.row_parser import Columns
from core.ingest.tables.types import Cell, Meter, Reject, Row, Table
from core.messages import Message

_TRIED = 2_000  # label cells of a column that are looked at before it counts as one without spans
_LONGEST = 100_000  # characters of a cell that is parsed
_TOKEN = re.compile(r"O|[BIESLU]-\S.*")


def marks_spans(cell: Cell) -> bool:
    """Whether a cell marks parts of a text instead of naming classes of it.

    >>> marks_spans('[[0, 3, "LOC"]]'), marks_spans(("0", "3", "LOC")), marks_spans(("B-LOC", "O"))
    (True, True, True)
    >>> marks_spans("LOC"), marks_spans(("LOC", "PER")), marks_spans("[LOC]"), marks_spans('["LOC"]'), marks_spans("O")
    (False, False, False, False, False)
    """
    if isinstance(cell, tuple):
        tokens = len(cell) > 1 and all(map(_TOKEN.fullmatch, cell)) and any("-" in part for part in cell)
        return tokens or (len(cell) == 3 and cell[0].isdecimal() and cell[1].isdecimal() and not cell[2].isdecimal())
    text = (cell or "").strip()
    if text[:1] not in ("[", "{") or len(text) > _LONGEST:
        return False
    value = _parsed(text)
    if isinstance(value, dict):
        return not value.keys() <= {"choices"}
    return isinstance(value, list) and any(isinstance(part, dict | list | tuple) for part in value)


def _parsed(text: str) -> Any:
    """The JSON, or the list as Python prints it, in `text`; None if it is neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def set_aside(table: Table, columns: Columns) -> tuple[Table, Columns]:
    """The table without spans in its label columns, and `columns` without the labels that are nothing but spans."""
    spanned = {name for name in columns.labels.values() if _has_spans(table, name)}
    if not spanned:
        return table, columns
    only = {name for name in spanned if not _has_classes(table, name)}

    def rows(meter: Meter) -> Iterator[Row | Reject]:
        for row in table.rows(meter):
            yield row if isinstance(row, Reject) else _without_spans(row, spanned, only)

    labels = {scheme: name for scheme, name in columns.labels.items() if name not in only}
    return replace(table, reader=rows), replace(columns, labels=labels)


def _without_spans(row: Row, spanned: set[str], only: set[str]) -> Row:
    """The row with each cell of spans moved to its details, under another name if the column has classes too."""
    cells, notes = dict(row.cells), list(row.notes)
    for name in spanned:
        if marks_spans(cell := row.cells.get(name)):
            notes.append(
                Message(
                    "row whose {column} marks spans within the text: no class is made of them, its details keep them",
                    column=name,
                )
            )
            if name not in only:
                cells |= {name: None, f"{name}.spans": cell}
    return replace(row, cells=cells, notes=tuple(notes)) if len(notes) > len(row.notes) else row


def _has_spans(table: Table, column: str) -> bool:
    """Whether one of the first cells of the column that are not empty marks spans."""
    return any(marks_spans(cell) for cell, _ in zip(_cells(table, column), range(_TRIED), strict=False))


def _has_classes(table: Table, column: str) -> bool:
    return any(not marks_spans(cell) for cell in _cells(table, column))


def _cells(table: Table, column: str) -> Iterator[Cell]:
    return (cell for row in table.rows() if isinstance(row, Row) and (cell := row.cells.get(column)))
