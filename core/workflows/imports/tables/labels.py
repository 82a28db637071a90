"""What an import of a table knows about labels before its first row: schemes, readers, and which rows count.

`--where` leaves rows out. In a file of Prodigy (its column `answer` tells, with `_input_hash` and the like or by its
values) a rejected or ignored row keeps its text, but its label is no answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from core.errors import InputError
from core.ingest.tables import Meter, Reject, Row, Table, names
from core.ingest.tables.labels import ValueRules, distinct
from core.ingest.tables.types import SAMPLE_ROWS
from core.messages import Message, SchemeName
from core.schemes import SCHEMES, Scheme
from core.schemes.files import MOST_CLASSES
from core.text.visible import folded
from core.workflows.corpus import schemes
from core.workflows.workspace import Workspace

_PRODIGY = ("_input_hash", "_task_hash", "_annotator_id", "_session_id", "_view_id")
_NO_ANSWERS = ("reject", "ignore")


@dataclass(frozen=True, slots=True)
class Condition:
    """Rows whose cell in `column` is (or, if `equal` is false, is not) `value`; case, width and spaces are ignored."""

    column: str
    value: str
    equal: bool = True


@dataclass(slots=True)
class RowFilter:
    """The rows of a table that count. `notes` counts, for the last pass, what was left out or lost its label."""

    notes: dict[str, int] = field(default_factory=dict)
    left_out: int = 0

    def applied(self, table: Table, conditions: Iterable[Condition], label_columns: Iterable[str]) -> Table:
        """`table` with only the rows that count. `UnknownName` if a condition names no column."""
        allowed: dict[tuple[str, bool], set[str]] = {}
        for condition in conditions:
            column = names.find(table.shape.columns, condition.column)
            allowed.setdefault((column, condition.equal), set()).add(folded(condition.value))
        asked = {column for column, _ in allowed}
        labels = tuple(label_columns)
        prodigy = labels if labels and "answer" not in (*asked, *labels) and is_prodigy(table) else ()
        if not allowed and not prodigy:
            return table

        def rows(meter: Meter) -> Iterator[Row | Reject]:
            self.notes, self.left_out = {}, 0
            for row in table.rows(meter):
                if isinstance(row, Row):
                    if other := next((c for (c, equal), of in allowed.items() if (_cell(row, c) in of) != equal), None):
                        self._count(Message("row left out, as asked: by its {column}", column=other))
                        self.left_out += 1
                        continue
                    if prodigy and (answer := _cell(row, "answer")) in _NO_ANSWERS:
                        self._count(Message("row with the Prodigy answer {answer}: without its label", answer=answer))
                        row = replace(row, cells={**row.cells, **dict.fromkeys(prodigy)})
                yield row

        return replace(table, reader=rows)

    def _count(self, note: str) -> None:
        self.notes[note] = self.notes.get(note, 0) + 1


def is_prodigy(table: Table) -> bool:
    """Whether this is a Prodigy file with answers: by its columns, or because all answers are Prodigy's words."""
    if "answer" not in table.shape.columns:
        return False
    if any(name in table.shape.columns for name in _PRODIGY):
        return True
    first = [_cell(row, "answer") for row in islice(table.rows(), SAMPLE_ROWS) if isinstance(row, Row)]
    return "accept" in first and set(first) <= {"", "accept", *_NO_ANSWERS}


def schemes_of(
    ws: Workspace, table: Table, labels: Mapping[str, str], on_recordings: bool, rules: Mapping[str, ValueRules]
) -> dict[str, Scheme]:
    """The scheme of each label column. An unknown or proposed scheme gets a class for every value of its column."""
    recording_schemes = [name for name in labels if name in SCHEMES and SCHEMES[name].level == "recording"]
    if recording_schemes and not on_recordings:
        raise InputError(
            "{scheme} is a label of recordings: name the recording's column too",
            scheme=SchemeName(recording_schemes[0]),
        )
    known = {name: SCHEMES[name] for name in labels if name in SCHEMES and SCHEMES[name].state == "active"}
    new = {name: column for name, column in labels.items() if name not in known}
    distinct_values = distinct(table.rows(), new, MOST_CLASSES, rules) if new else {}
    proposed: dict[str, Scheme] = {}
    for name, (values, is_multi) in distinct_values.items():
        if not values:
            raise InputError(
                "column {column} holds no value to make classes of scheme {name} of",
                column=new[name],
                name=SchemeName(name),
            )
        is_multi = is_multi or (name in SCHEMES and SCHEMES[name].kind == "multi")
        level = SCHEMES[name].level if name in SCHEMES else "utterance"
        proposed[name] = schemes.propose(ws, name, values, multi=is_multi, level=level)
    return {name: known.get(name) or proposed[name] for name in labels}


def _cell(row: Row, column: str) -> str:
    cell = row.cells.get(column)
    return folded(",".join(cell) if isinstance(cell, tuple) else cell or "")
