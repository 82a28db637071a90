"""Votes in a table's row: the answers of many people to one item, each with the name it is kept under.

Two forms. A column a rater, whose cell is that rater's answer: kept as `vote:{column}`. A column a class, whose cell
counts those who chose it: kept as `vote:#1`, `vote:#2` ... class by class, since nobody knows who said what. An
empty cell is no answer; a cell that cannot be read is a `Reject` of its row.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError, UnknownName
from core.ingest.tables import Reject, Row
from core.ingest.tables.meaning import MISSING, Read, cell_text, tidied
from core.messages import Message

PREFIX = "vote:"
NAMELESS = f"{PREFIX}#"  # what comes after it is a number, not a person
MOST_VOTES = 1_000  # of one row
_COUNT = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class Choice:
    curator: str
    code: str


def rater_name(column: str) -> str:
    """
    >>> rater_name("label2")
    'vote:label2'
    """
    if column.startswith("#"):
        raise InputError("column {column!r}: a rater's name cannot begin with #; rename the column", column=column)
    return PREFIX + column


def of_raters(row: Row, columns: Sequence[str], read: Read) -> list[Choice] | Reject:
    """The answers of the raters `columns`; `read` is how a cell is read."""
    found = []
    for column in columns:
        try:
            code = read(row.cells.get(column))
        except UnknownName as error:
            return Reject(row.number, "unknown class", Message("column {column}: {error}", column=column, error=error))
        if code:
            found.append(Choice(rater_name(column), code))
    return found


def of_counts(row: Row, columns: Mapping[str, str]) -> list[Choice] | Reject:
    """One vote for each that is counted; `columns` maps a class to its column."""
    found: list[Choice] = []
    for code, column in columns.items():
        told = tidied(cell_text(row, column) or "")
        if told.casefold() in MISSING:
            continue
        if not _COUNT.fullmatch(told):
            return Reject(
                row.number,
                "no count",
                Message("column {column}: {value!r} is no number of votes", column=column, value=told[:40]),
            )
        if len(found) + int(told) > MOST_VOTES:
            return Reject(
                row.number, "too many votes", Message("more than {most_votes:,} votes", most_votes=MOST_VOTES)
            )
        found += [Choice(f"{NAMELESS}{len(found) + n}", code) for n in range(1, int(told) + 1)]
    return found
