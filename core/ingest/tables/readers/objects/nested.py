"""Rows of rows: a record that holds a list of objects, such as a call with its utterances, becomes one row for each.

The fields of the record go with every row. If both have a field of one name, that of the record is called
`record.NAME`. Rows are then numbered in the order of the file, not by record.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.ingest.tables import names
from core.ingest.tables.guess import named_text
from core.ingest.tables.readers import values
from core.ingest.tables.types import Options

_DEEPEST = 3
Path = tuple[str, ...]


def list_within(records: Sequence[Any], options: Options, *, nearest: bool = False) -> Path | None:
    """The list to open in each record, as a path of keys: the one that `options` name, or that holds what they need.

    None if the records themselves are the rows. With `nearest` a list that holds more of what is needed than the
    records is enough; the names that are missing are then told beside its own.
    """
    outer: dict[str, None] = {}
    inner: dict[Path, dict[str, None]] = {}
    for record in records:
        if isinstance(record, Mapping) and not values.deep(record):
            outer |= {name: None for name, value in values.flat(record) if not _objects(value)}
            for path, children in _lists(record):
                fields = inner.setdefault(path, {})
                fields |= {name: None for child in children for name, _ in values.flat(child)}
    if (named_path := next((path for path in inner if ".".join(path) == options.sheet), None)) is not None:
        return named_path
    if options.wanted:
        if not inner or names.holds(tuple(outer), options.wanted):
            return None
        both = {path: outer | fields | _repeated(outer, fields) for path, fields in inner.items()}
        best = max(both, key=lambda path: _n_held(both[path], options.wanted))
        enough = _n_held(outer, options.wanted) + 1 if nearest else len(options.wanted)
        return best if _n_held(both[best], options.wanted) >= enough else None
    texts = [path for path, fields in inner.items() if named_text(fields)]
    return texts[0] if len(texts) == 1 and not named_text(outer) else None


def paths(records: Sequence[Any]) -> list[str]:
    """The lists of objects within the records, as `a.b`."""
    return list(dict.fromkeys(".".join(path) for record in records for path, _ in _lists(record)))


def opened(record: Any, path: Path) -> Iterator[Any]:
    """The rows within `record`. A record without such a list is given back as it is."""
    parent = record
    for key in path:
        parent = parent.get(key) if isinstance(parent, Mapping) else None
    if not isinstance(parent, list) or not parent or values.deep(record):
        yield record
        return
    above = dict(values.flat(_without(record, path)))
    for child in parent:
        if not isinstance(child, Mapping):
            yield child
            continue
        own = dict(values.flat(child))
        yield {f"record.{name}" if name in own else name: value for name, value in above.items()} | own


def _without(record: Mapping[str, Any], path: Path) -> dict[str, Any]:
    head, *rest = path
    inner = _without(record[head], tuple(rest)) if rest else {}
    return {key: value for key, value in record.items() if key != head} | ({head: inner} if inner else {})


def _lists(record: Any, above: Path = ()) -> Iterator[tuple[Path, Sequence[Mapping[str, Any]]]]:
    """The lists of objects in `record`, with their paths."""
    for key, value in record.items() if isinstance(record, Mapping) else ():
        if _objects(value):
            yield (*above, key), value
        elif isinstance(value, Mapping) and len(above) < _DEEPEST:
            yield from _lists(value, (*above, key))


def _objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(child, Mapping) for child in value)


def _repeated(outer: Mapping[str, None], inner: Mapping[str, None]) -> dict[str, None]:
    """The names of the record's fields that its rows have too."""
    return {f"record.{name}": None for name in outer if name in inner}


def _n_held(columns: Mapping[str, None], wanted: Sequence[str]) -> int:
    """How many of the wanted names `columns` has."""
    return sum(names.holds(tuple(columns), [name]) for name in wanted)
