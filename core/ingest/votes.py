"""Reads the votes in a table's row: the answers of many raters to one item.

There are three forms. Each rater has a column, and the cell is that rater's answer; the curator name is then
`vote:{column}`. Or each row is one answer, with the rater's name in a column: `vote:{name}`. Or each class has a
column, and the cell counts the raters who chose that class; who they were is not known, so the curator names are
`vote:#1`, `vote:#2` and so on, class by class. An empty cell is no answer. A cell that cannot be read makes a `Reject`
of its row.

A list in a cell holds the answers of several raters, or several classes of one; a person says which.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError, UnknownName
from core.ingest.tables import Reject, Row
from core.ingest.tables.labels import LabelReader, without_zero_fraction
from core.ingest.tables.row_parser import cell_text
from core.ingest.tables.types import Cell
from core.messages import Message
from core.schemes.missing import is_missing
from core.text.visible import visible

PREFIX = "vote:"
NAMELESS = f"{PREFIX}#"  # a number follows, since the person is unknown
MOST_VOTES = 1_000  # in one row
_COUNT = re.compile(r"\d{1,9}")
_LIST = re.compile(r"\[[^\[\]{}]*\]", re.S)


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


def _unknown(row: Row, column: str, error: UnknownName) -> Reject:
    return Reject(row.number, "unknown class", Message("column {column}: {error}", column=column, error=error))


def of_raters(row: Row, columns: Sequence[str], read: LabelReader) -> list[Choice] | Reject:
    """The answers in `columns`, one column for each rater; `read` turns a cell into a code."""
    choices = []
    for column in columns:
        try:
            code = read(row.cells.get(column))
        except UnknownName as error:
            return _unknown(row, column, error)
        if code:
            choices.append(Choice(rater_name(column), code))
    return choices


def of_long_row(row: Row, rater: str, answer: str, read: LabelReader) -> list[Choice] | Reject:
    """The answer in the column `answer` of the rater in the column `rater`; lists hold one of each for every rater."""
    names, answers = as_list(row.cells.get(rater)), as_list(row.cells.get(answer))
    if not is_list(row.cells.get(answer)) and not is_list(row.cells.get(rater)):
        names, answers = names or ("",), answers or ("",)
    if len(names) != len(answers):
        reason = Message("{n} raters and {m} answers in one row", n=len(names), m=len(answers))
        return Reject(row.number, "raters without answers", reason)
    choices = []
    for name, value in zip(names, answers, strict=True):
        if is_missing(name) or name.startswith("#"):
            return Reject(row.number, "no rater", Message("column {column}: no rater is named", column=rater))
        try:
            code = read(value)
        except UnknownName as error:
            return _unknown(row, answer, error)
        if code:
            choices.append(Choice(PREFIX + visible(name), code))
    return choices


def of_lists(row: Row, columns: Sequence[str], read: LabelReader) -> list[Choice] | Reject:
    """The answers in the lists of `columns`; who gave them is not known."""
    choices: list[Choice] = []
    for column in columns:
        for value in as_list(row.cells.get(column)):
            try:
                code = read(value)
            except UnknownName as error:
                return _unknown(row, column, error)
            if code:
                choices.append(Choice(f"{NAMELESS}{len(choices) + 1}", code))
    return choices


def as_list(cell: Cell) -> tuple[str, ...]:
    """The values of a cell: those of a list, also if it is written as text (`[4, 5, 4]`), else the cell itself.

    >>> as_list("[4, 5, 4]"), as_list(("a", "b")), as_list("a"), as_list(None)
    (('4', '5', '4'), ('a', 'b'), ('a',), ())
    """
    if isinstance(cell, tuple):
        return cell
    text = (cell or "").strip()
    return _written_list(text) if _LIST.fullmatch(text) else (text,) if text else ()


def is_list(cell: Cell) -> bool:
    """Whether the cell holds a list, perhaps written as text."""
    return isinstance(cell, tuple) or _LIST.fullmatch((cell or "").strip()) is not None


def _written_list(text: str) -> tuple[str, ...]:
    try:
        values = json.loads(text.replace("'", '"'))
    except ValueError:
        values = text[1:-1].split(",")
    return tuple(str(value).strip() for value in values if value is not None)


def of_counts(row: Row, columns: Mapping[str, str]) -> list[Choice] | Reject:
    """As many votes as the cells count; `columns` maps a class to its column. A row has at most `MOST_VOTES` votes."""
    choices: list[Choice] = []
    for code, column in columns.items():
        count = without_zero_fraction(cell_text(row, column) or "")
        if is_missing(count):
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
