"""Reads the votes in a table's row: the answers of many raters to one item.

There are two forms. Either each rater has a column, and the cell is that rater's answer; the curator name is then
`vote:{column}`. Or each class has a column, and the cell counts the raters who chose that class; who they were is not
known, so the curator names are `vote:#1`, `vote:#2` and so on, class by class. An empty cell is no answer. A cell that
cannot be read makes a `Reject` of its row.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError, UnknownName
from core.ingest.tables import Reject, Row
from core.ingest.tables.row_parser import MISSING, ReadLabel, cell_text, without_zero_fraction
from core.messages import Message

PREFIX = "vote:"
NAMELESS = f"{PREFIX}#"  # a number follows, since the person is unknown
MOST_VOTES = 1_000  # in one row
_COUNT = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One vote: the class `code`, and the curator name under which it is stored."""

    curator: str
    code: str


def rater_name(column: str) -> str:
    """The curator name of the rater whose answers stand in `column`; `InputError` if the column begins with `#`.

    >>> rater_name("label2")
    'vote:label2'
    """
    if column.startswith("#"):
        raise InputError("column {column!r}: a rater's name cannot begin with #; rename the column", column=column)
    return PREFIX + column


def of_raters(row: Row, columns: Sequence[str], read: ReadLabel) -> list[Choice] | Reject:
    """The answers in `columns`, one column for each rater; `read` turns a cell into a code."""
    choices = []
    for column in columns:
        try:
            code = read(row.cells.get(column))
        except UnknownName as error:
            return Reject(row.number, "unknown class", Message("column {column}: {error}", column=column, error=error))
        if code:
            choices.append(Choice(rater_name(column), code))
    return choices


def of_counts(row: Row, columns: Mapping[str, str]) -> list[Choice] | Reject:
    """As many votes as the cells count; `columns` maps a class to its column. A row has at most `MOST_VOTES` votes."""
    choices: list[Choice] = []
    for code, column in columns.items():
        count = without_zero_fraction(cell_text(row, column) or "")
        if count.casefold() in MISSING:
            continue
        if not _COUNT.fullmatch(count):
            return Reject(
                row.number,
                "no count",
                Message("column {column}: {value!r} is no number of votes", column=column, value=count[:40]),
            )
        if len(choices) + int(count) > MOST_VOTES:
            return Reject(
                row.number, "too many votes", Message("more than {most_votes:,} votes", most_votes=MOST_VOTES)
            )
        choices += [Choice(f"{NAMELESS}{len(choices) + n}", code) for n in range(1, int(count) + 1)]
    return choices
