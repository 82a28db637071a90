"""The rows of the tables that pandas writes with `orient`, and of lists of lists. Such a document is read as a whole.

The name of a row (the index of pandas) becomes the column `index`, unless the rows have one; a mere count is left out
later, as in any table.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import InputError
from core.ingest.tables.readers import header, values
from core.ingest.tables.readers.encoding import open_text
from core.ingest.tables.readers.objects.outline import RowForm
from core.ingest.tables.types import File, Options

LARGEST = 200_000_000  # characters


def records(file: File, encoding: str, form: RowForm, options: Options) -> Iterator[Any]:
    """The rows as objects; a row that fits no columns is given back as it is."""
    document = _loaded(file, encoding)
    if form.form == "grid":
        return _grid(document[form.path] if form.path else document, options)
    if form.form == "split":
        return _split(file, document)
    if form.form == "lists":
        return _lists(file, document)
    return _index(document) if form.form == "index" else _columns(document)


def _loaded(file: File, encoding: str) -> Any:
    with open_text(file, encoding) as text:
        whole = text.read(LARGEST + 1)
    if len(whole) > LARGEST:
        raise InputError(
            "{file}: more than {most:,} characters of JSON that is no list of objects: write it as JSON Lines "
            "(pandas: orient='records', lines=True)",
            file=file.name,
            most=LARGEST,
        )
    try:
        return json.loads(whole)
    except (ValueError, RecursionError) as error:
        reason = values.safe(str(error)) if isinstance(error, ValueError) else "nested too deep"
        raise InputError("{file}: is not JSON: {error}", file=file.name, error=reason) from error


def _index(document: Mapping[str, Any]) -> Iterator[Any]:
    for key, record in document.items():
        yield {"index": key} | record if isinstance(record, dict) else record


def _columns(document: Mapping[str, Any]) -> Iterator[Any]:
    rows: dict[str, dict[str, Any]] = {}
    for column, cells in document.items():
        for key, cell in cells.items() if isinstance(cells, dict) else ():
            rows.setdefault(key, {"index": key})[column] = cell
    yield from rows.values()


def _lists(file: File, document: Mapping[str, Any]) -> Iterator[Any]:
    if len({len(cells) for cells in document.values()}) > 1:
        raise InputError("{file}: its columns are lists of different lengths", file=file.name)
    for cells in zip(*document.values(), strict=True):
        yield dict(zip(document, cells, strict=True))


def _split(file: File, document: Mapping[str, Any]) -> Iterator[Any]:
    names = [".".join(map(str, name)) if isinstance(name, list) else str(name) for name in document["columns"]]
    index = document.get("index")
    keys = index if isinstance(index, list) and len(index) == len(document["data"]) else None
    for place, row in enumerate(document["data"]):
        if not isinstance(row, list) or len(row) != len(names):
            yield row
            continue
        yield ({"index": keys[place]} if keys else {}) | dict(zip(names, row, strict=True))


def _grid(rows: Any, options: Options) -> Iterator[Any]:
    """Lists of cells; the first may hold the names of the columns."""
    sample = [[values.cell(cell) for cell in row] for row in rows[:200] if isinstance(row, list)]
    with_names = options.header
    if with_names is None:
        with_names = bool(sample) and header.is_named(sample[0], options.wanted)
    width = max(map(len, sample), default=0)
    first = sample[0] if with_names and sample else []
    names = [cell if isinstance(cell, str) and cell else f"column_{n}" for n, cell in enumerate(first, start=1)]
    names += [f"column_{n}" for n in range(len(names) + 1, width + 1)]
    for row in rows[1:] if with_names else rows:
        fits = isinstance(row, list) and len(row) <= len(names)
        yield dict(zip(names, row, strict=False)) if fits else row
