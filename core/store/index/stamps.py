"""Stamps of the predictions of a run: who reads them into memory sees by the stamp that they were written again."""

import os
from collections.abc import Iterable

from sqlalchemy import Connection

from core.store.portable import put, run

_NAME = "stamp:predictions:"  # such a row of the table `facet` belongs to no chunk
_NO_CHUNK = -1


def predictions_written(connection: Connection, run_ids: Iterable[str]) -> None:
    """Give the predictions of these runs a new stamp, in the transaction that writes them."""
    rows = [(f"{_NAME}{run_id}", _NO_CHUNK, os.urandom(16)) for run_id in dict.fromkeys(run_ids)]
    if rows:
        put(connection, rows)


def of_predictions(connection: Connection, run_id: str) -> bytes | None:
    """Return the stamp of a run's predictions; None if they were not written since stamps exist."""
    query = "SELECT bits FROM facet WHERE name = ? AND chunk = ?"
    stamp: bytes | None = run(connection, query, (f"{_NAME}{run_id}", _NO_CHUNK)).scalar()
    return stamp
