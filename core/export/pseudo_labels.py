"""What a run predicted, as the table of the seed emotion-selftraining: CSV with the columns `COLUMNS`.

`user_input` is what was judged, `orig_emotion` the class that people gave, empty without one, `pred_emotion` the class
that the run predicts, `pred_conf` its calibrated probability and `pred_margin` the lead over the next class, both in
[0, 1]. UTF-8 with a byte order mark; cells that a spreadsheet would run as formulas are neutralised. Rows stream.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from core.errors import InputError
from core.files import atomic_path
from core.text.cells import escape_formula

COLUMNS = ("id", "user_input", "orig_emotion", "pred_emotion", "pred_conf", "pred_margin")
DIGITS = 6  # of confidence and margin: float32 has no more


class PseudoLabel(NamedTuple):
    """One row, in the order of `COLUMNS`."""

    id: int
    text: str
    original: str
    predicted: str
    confidence: float
    margin: float


def write(path: Path, rows: Iterable[PseudoLabel]) -> int:
    """Write `rows` to `path` and return their number. The file appears when it is complete, and replaces an older one.

    `InputError` for a name that does not end in .csv, or a path that cannot be written.
    """
    if path.suffix.lower() != ".csv":
        raise InputError("{file}: pseudo-labels are written as CSV; choose a name that ends in .csv", file=path.name)
    n = 0
    try:
        with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8-sig") as file:
            out = csv.writer(file)
            out.writerow(COLUMNS)
            for row in rows:
                numbers = (f"{row.confidence:.{DIGITS}f}", f"{row.margin:.{DIGITS}f}")
                texts = (escape_formula(cell) for cell in (row.text, row.original, row.predicted))
                out.writerow([row.id, *texts, *numbers])
                n += 1
    except OSError as error:
        raise InputError("{path}: cannot be written: {reason}", path=path, reason=error.strerror or error) from error
    return n
