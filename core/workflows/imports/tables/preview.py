"""Shows how a table will be read before it is imported: its first rows, and a guess which column is which."""

from dataclasses import dataclass
from itertools import islice

from core.errors import InputError
from core.ingest.tables import File, Options, Reject, Row, Shape, open_table
from core.ingest.tables.guess import Guess, guess_columns
from core.ingest.tables.labels import LabelReader
from core.schemes import SCHEMES


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows as these options read them, and a guess which column is which."""

    shape: Shape
    rows: tuple[Row | Reject, ...]
    guess: Guess


def preview(file: File, options: Options, rows: int = 20) -> Preview:
    """Read only the beginning of `file`, as `options` say."""
    table = open_table(file, options)
    first_rows = tuple(islice(table.rows(), rows))
    readable = [row for row in first_rows if isinstance(row, Row)]
    return Preview(table.shape, first_rows, guess_columns(table.shape.columns, readable))


def fitting_scheme(shown: Preview, column: str) -> str | None:
    """The name of a known scheme with a class for every value seen in `column`; None if there is none."""
    values = [row.cells.get(column) for row in shown.rows if isinstance(row, Row)]
    for name, scheme in SCHEMES.items():
        read = LabelReader(scheme)
        try:
            if any(read(value) for value in values):
                return name
        except InputError:
            continue
    return None
