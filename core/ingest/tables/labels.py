"""Reads the label cells of a table: maps values, leaves out those that mean no answer, and finds the class.

The order is: the map of the person (`상=high`), the values that the person calls missing, the classes of the scheme,
and last the values that mean no answer in any table (`N/A`, `-`: see `core.schemes.missing`). A cell of a multi scheme
may hold several values, as a list or with commas, semicolons or bars between them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import InputError, UnknownName
from core.ingest.tables.types import Cell, Reject, Row
from core.messages import Message, SchemeName
from core.schemes import Scheme
from core.schemes.missing import class_values, is_missing
from core.text.visible import folded, visible

_PARTS = re.compile(r"[,;|]")
_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0+")
_REMEMBERED = 10_000  # cached label cells; a label column has far fewer different ones
_LISTED_VALUES = 20  # different values whose reading a note tells


@dataclass(frozen=True, slots=True)
class ValueRules:
    """What a person says about label values: `mapped` (value -> class, "" for none) and further `missing` values."""

    mapped: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "mapped", {folded(value): code for value, code in self.mapped.items()})
        object.__setattr__(self, "missing", tuple(map(folded, self.missing)))

    def value(self, written: str) -> str:
        """`written` as its class is called, "" if it means no answer to this person."""
        if not self.mapped and not self.missing:
            return written
        key = folded(written)
        return self.mapped.get(key, "" if key in self.missing else written)


NO_RULES = ValueRules()


class LabelReader:
    """Reads label cells under `scheme`. If `ids`, a number is a class position, counted from 0.

    `notes` has a note for each cell whose value differs from its class in what nobody sees, or means no answer.
    """

    def __init__(self, scheme: Scheme, ids: bool = False, rules: ValueRules = NO_RULES) -> None:
        self._scheme, self._ids, self._rules, self._name = scheme, ids, rules, SchemeName(scheme.name)
        self._known: dict[Cell, str] = {}
        self.notes: dict[Cell, Message] = {}

    def __call__(self, cell: Cell) -> str:
        """The code of `cell`, "" without an answer. `UnknownName` if it is no class."""
        if (code := self._known.get(cell)) is None:
            code = self._read(cell)
            if len(self._known) < _REMEMBERED:
                self._known[cell] = code
        return code

    def _read(self, cell: Cell) -> str:
        if isinstance(cell, tuple):
            several = [part for part in cell if part.strip()]
            if self._scheme.kind == "multi":
                return self._several(cell, several)
            return self._single(cell, ", ".join(several))
        try:
            return self._single(cell, without_zero_fraction(cell or ""))
        except UnknownName:
            if self._scheme.kind == "multi" and (several := cell_parts(cell or "")):
                return self._several(cell, several)
            raise

    def _several(self, cell: Cell, parts: Iterable[str]) -> str:
        return self._scheme.join(code for part in parts if (code := self._single(cell, part)))

    def _single(self, cell: Cell, written: str) -> str:
        """The code of one value; `cell` is where it stands."""
        value = self._rules.value(written)
        if not value.strip():
            return ""
        code = self._code(value)
        if not code and is_missing(value):
            note = Message("value {value!r} of {scheme}: means no answer", value=value[:40], scheme=self._name)
            self._tell(cell, note)
            return ""
        code = code or self._scheme.parse(value)
        if value is written and _looks_other(cell, value):
            note = Message(
                "value {value!r} of {scheme}: read as {shown!r}, which looks the same",
                value=str(cell)[:40],
                scheme=self._name,
                shown=visible(value)[:40],
            )
            self._tell(cell, note)
        return code

    def _code(self, value: str) -> str | None:
        value = value.strip()
        if self._ids and value.isdecimal() and int(value) < len(self._scheme.codes):
            return self._scheme.codes[int(value)]
        return self._scheme.find(value)

    def _tell(self, cell: Cell, note: Message) -> None:
        """Note what was made of `cell`. Only the first values are told one by one."""
        if len(self.notes) < _REMEMBERED:
            listed = len(set(self.notes.values())) < _LISTED_VALUES
            self.notes[cell] = note if listed else Message("value that is no class as it is written: read by rule")


def _looks_other(cell: Cell, value: str) -> bool:
    """Whether `cell` holds spaces at its edges, doubled spaces, hidden characters or letters of unusual width."""
    whole = cell if isinstance(cell, str) else value
    if whole.isascii() and whole == value:
        return "  " in whole
    plain = unicodedata.normalize("NFC", whole)
    return plain != visible(plain) or folded(plain) != plain.casefold()


def without_zero_fraction(value: str) -> str:
    """`value` without spaces and without `.0`: programs that allow empty cells often write 1 as 1.0.

    >>> without_zero_fraction("1.0"), without_zero_fraction("1.5")
    ('1', '1.5')
    """
    match = _WHOLE_FLOAT.fullmatch(value.strip())
    return match[1] if match else value.strip()


def cell_parts(text: str) -> list[str]:
    """The parts of a multi-label cell, which stand between commas, semicolons or bars.

    >>> cell_parts("2,5, 8"), cell_parts("")
    (['2', '5', '8'], [])
    """
    return [part.strip() for part in _PARTS.split(text) if part.strip()]


@dataclass(slots=True)
class _Column:
    """The different cells of one label column, and the different parts of them."""

    cells: dict[str, None] = field(default_factory=dict)
    pieces: dict[str, None] = field(default_factory=dict)
    listed: bool = False

    def add(self, cell: Cell, rules: ValueRules) -> None:
        if isinstance(cell, tuple):
            self.listed = True
        parts = cell if isinstance(cell, tuple) else cell_parts(cell or "")
        whole = "|".join(cell) if isinstance(cell, tuple) else rules.value(without_zero_fraction(cell or ""))
        if not whole.strip():
            return
        if len(self.cells) <= _REMEMBERED:
            self.cells[whole] = None
        self.pieces.update(dict.fromkeys(rules.value(without_zero_fraction(part)) for part in parts))


def distinct(
    rows: Iterator[Row | Reject],
    columns: Mapping[str, str],
    most: int,
    rules: Mapping[str, ValueRules] | None = None,
) -> dict[str, tuple[list[str], bool]]:
    """scheme -> (the sorted values of its column, whether cells hold several values).

    Cells hold several values if one is a list, or if there are fewer different parts than different cells.
    `InputError` if a column has more than `most` values.
    """
    ruled = {scheme: (rules or {}).get(scheme, NO_RULES) for scheme in columns}
    seen_columns = {scheme: _Column() for scheme in columns}
    seen: set[tuple[str, Cell]] = set()
    for row in rows:
        if isinstance(row, Reject):
            continue
        for scheme, column in columns.items():
            cell = row.cells.get(column)
            if (scheme, cell) in seen:
                continue
            if len(seen) < _REMEMBERED:
                seen.add((scheme, cell))
            if isinstance(cell, tuple) and len(set(cell)) < len(cell):
                raise InputError(
                    "row {row}: the list in column {column} holds a value twice, as the answers of several raters do: "
                    "import them with `python -m core ingest votes`",
                    row=row.number,
                    column=column,
                )
            seen_columns[scheme].add(cell, ruled[scheme])
            if len(seen_columns[scheme].pieces) > 10 * most:
                raise _too_many(scheme, column, most)
    return {
        scheme: _values(scheme, columns[scheme], column_values, most) for scheme, column_values in seen_columns.items()
    }


def _values(scheme: str, column: str, column_values: _Column, most: int) -> tuple[list[str], bool]:
    pieces, cells = class_values(column_values.pieces), class_values(column_values.cells)
    several = column_values.listed or len(pieces) < len(cells)
    values = pieces if several else cells
    if len(values) > most:
        raise _too_many(scheme, column, most)
    return sorted(values, key=_order), several


def _too_many(scheme: str, column: str, most: int) -> InputError:
    return InputError(
        "column {column} has more than {most} different values: too many for the classes of a new scheme {scheme!r}",
        column=column,
        most=most,
        scheme=scheme,
    )


def _order(value: str) -> tuple[int, int, str]:
    return (0, int(value), "") if re.fullmatch(r"-?\d{1,15}", value) else (1, 0, value)


def rules_of(scheme: str, maps: Sequence[tuple[str, str, str]], missing: Sequence[str]) -> ValueRules:
    """The rules of `scheme` among `maps`, which are (scheme or "" for every one, value, class)."""
    mapped = {value: code for of, value, code in maps if of in ("", scheme)}
    return ValueRules(mapped, tuple(missing))
