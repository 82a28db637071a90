"""Column names: unnamed and repeated ones, index columns that only count rows, and the column a person means."""

import re
from collections.abc import Sequence

from core.errors import UnknownName
from core.ingest.tables.types import Cell
from core.text import nfc

_UNNAMED = re.compile(r"unnamed:? ?\d*(_level_\d+)?", re.I)
_INDEX = ("index", "level_0")  # what pandas leaves behind
_NAME_CHARS = 200


def unique(raw: Sequence[Cell]) -> tuple[str, ...]:
    """A name for every column: NFC, in one line, repeated ones numbered, missing ones by their position.

    >>> unique(["text", "", "text", "text_2"])
    ('text', 'column_2', 'text_3', 'text_2')
    """
    plain = [" ".join(nfc(cell if isinstance(cell, str) else "").split())[:_NAME_CHARS] for cell in raw]
    taken = set(plain)
    names: list[str] = []
    for position, name in enumerate(plain, start=1):
        made, number = name or f"column_{position}", position
        while made in names or (not name and made in taken):
            made, number = f"{name or 'column'}_{number}", number + 1
        names.append(made)
    return tuple(names)


def numbered(width: int) -> tuple[str, ...]:
    """Names of a table without a header."""
    return tuple(f"column_{position}" for position in range(1, width + 1))


def strays(raw: Sequence[Cell], names: Sequence[str], sample: Sequence[Sequence[Cell]]) -> list[int]:
    """Positions of columns that say nothing: unnamed ones that are blank or count, `Unnamed: n`, a running `index`."""
    found = []
    for position, name in enumerate(names):
        cells = [row[position] if position < len(row) else None for row in sample]
        own = raw[position] if position < len(raw) else None
        blank = not any(cells)
        unnamed = not own or (isinstance(own, str) and not own.strip())
        if (
            (unnamed and (blank or counts(cells)))
            or _UNNAMED.fullmatch(name)
            or (name.casefold() in _INDEX and counts(cells))
        ):
            found.append(position)
    return found


def counts(cells: Sequence[Cell]) -> bool:
    """Whether the cells are n, n + 1, n + 2 … from 0 or 1 on."""
    if len(cells) < 2 or cells[0] not in ("0", "1"):
        return False
    return all(cell == str(number) for number, cell in enumerate(cells, start=int(str(cells[0]))))


def find(columns: Sequence[str], wanted: str) -> str:
    """The column that `wanted` names, exactly or but for case, spaces and Unicode form; `UnknownName` lists them."""
    if wanted in columns:
        return wanted
    near = [name for name in columns if _folded(name) == _folded(wanted)]
    if len(near) != 1:
        raise UnknownName("column", wanted, tuple(columns))
    return near[0]


def _folded(name: str) -> str:
    return nfc("".join(name.split())).casefold()
