"""Column names: makes them unique, finds columns without data (unnamed, or a row count), and finds a column by name."""

import re
from collections.abc import Iterable, Sequence

from core.errors import UnknownName
from core.ingest.tables.types import Cell
from core.text.visible import folded, visible

_UNNAMED = re.compile(r"unnamed:? ?\d*(_level_\d+)?", re.I)
_INDEX = ("index", "level_0")  # pandas writes these
_NAME_CHARS = 200


def unique(raw: Sequence[Cell]) -> tuple[str, ...]:
    """A unique name for every column: as people see it, on one line. A repeated or missing name gets a number.

    >>> unique(["text", "", "text", "text_2"])
    ('text', 'column_2', 'text_3', 'text_2')
    """
    plain = [visible(cell if isinstance(cell, str) else "")[:_NAME_CHARS] for cell in raw]
    taken = set(plain)
    names: list[str] = []
    for position, name in enumerate(plain, start=1):
        unique_name, number = name or f"column_{position}", position
        while unique_name in names or (not name and unique_name in taken):
            unique_name, number = f"{name or 'column'}_{number}", number + 1
        names.append(unique_name)
    return tuple(names)


def numbered(width: int) -> tuple[str, ...]:
    """The column names of a table without a header: `column_1`, `column_2` and so on."""
    return tuple(f"column_{position}" for position in range(1, width + 1))


def strays(raw: Sequence[Cell], names: Sequence[str], sample: Sequence[Sequence[Cell]]) -> list[int]:
    """The positions of columns without data: unnamed and blank or counting rows, `Unnamed: n`, a counting `index`."""
    positions = []
    for position, name in enumerate(names):
        cells = [row[position] if position < len(row) else None for row in sample]
        header = raw[position] if position < len(raw) else None
        blank = not any(cells)
        unnamed = not header or (isinstance(header, str) and not header.strip())
        if (
            (unnamed and (blank or counts(cells)))
            or _UNNAMED.fullmatch(name)
            or (name.casefold() in _INDEX and counts(cells))
        ):
            positions.append(position)
    return positions


def counts(cells: Sequence[Cell]) -> bool:
    """Whether the cells are 0, 1, 2, … or 1, 2, 3, …"""
    if len(cells) < 2 or cells[0] not in ("0", "1"):
        return False
    return all(cell == str(number) for number, cell in enumerate(cells, start=int(str(cells[0]))))


def find(columns: Sequence[str], wanted: str) -> str:
    """The column called `wanted`, exactly or but for case, spaces, width and Unicode form. `UnknownName` lists all."""
    if wanted in columns:
        return wanted
    similar = [name for name in columns if _folded(name) == _folded(wanted)]
    if len(similar) != 1:
        raise UnknownName("column", wanted, tuple(columns))
    return similar[0]


def holds(columns: Sequence[str], wanted: Iterable[str]) -> bool:
    """Whether `find` finds every name in `wanted`."""
    try:
        return all(find(columns, name) for name in wanted)
    except UnknownName:
        return False


def _folded(name: str) -> str:
    return "".join(folded(name).split())
