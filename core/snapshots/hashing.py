"""The content hash of a Snapshot: over all that training reads, whatever the order of the items and their ids."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from json.encoder import encode_basestring_ascii
from operator import gt
from typing import Any

import pyarrow as pa

from core.schemes.target import Target
from core.snapshots.answers import further_columns
from core.snapshots.items import SCHEMA, Item, Items, column_field
from core.snapshots.weights import weight_columns

BLOCK = 10_000  # lines hashed at a time


def content_hash(scheme: str, codes: Sequence[str], items: Iterable[Item], targets: Sequence[Target] = ()) -> str:
    """SHA-256 over scheme, codes and items; over all `targets` where there are several, or one of several classes.

    A Snapshot of one single-label Target keeps the hash that it had before there were Targets, and a Snapshot without
    weights the hash that it had before there were weights.
    """
    more = targets if len(targets) > 1 or any(target.multi for target in targets) else ()
    header: list[Any] = [scheme, list(codes), *(target.to_dict() for target in more)]
    digest = hashlib.sha256(json.dumps(header).encode())
    columns = Items.of(items)
    keys = columns.column("key")
    if any(map(gt, keys, islice(keys, 1, None))):
        columns = columns.take(sorted(range(len(keys)), key=keys.__getitem__))
    names = sorted([*_HASHED, *further_columns(more), *weight_columns(columns)])
    for start in range(0, len(columns), BLOCK):
        digest.update("".join(_hashed_lines(columns.part(start, BLOCK), names)).encode("ascii"))
    return digest.hexdigest()


def gold_hash(items: Iterable[Item]) -> str:
    """SHA-256 over key, text, class, sound and span of the items of a gold set, in the order of their keys.

    The answers are those under the first Target of the items. Groups, sides, grades and weights do not count, so the
    same questions with the same answers have one hash in whatever snapshot they stand.

    >>> gold_hash([Item(1, "a", "g", "불", "danger")]) == gold_hash([Item(2, "a", "h", "불", "danger", side="test")])
    True
    """
    columns = Items.of(items)
    keys = columns.column("key")
    digest = hashlib.sha256()
    for line in _hashed_lines(columns.take(sorted(range(len(keys)), key=keys.__getitem__)), _GOLD):
        digest.update(line.encode("ascii"))
    return digest.hexdigest()


def _hashed_lines(items: Items, names: Sequence[str]) -> Iterator[str]:
    """A line for each item, with the bytes that `json.dumps` gives for its fields in the order of their names.

    >>> list(_hashed_lines(Items.of([Item(1, "a", "g", "불", "danger")]), _HASHED))[0][:50]
    '\\n{"audio": null, "code": "danger", "end_ms": null,'
    """
    line = "\n{" + ", ".join(f"{_as_format(name)}: %s" for name in names) + "}"
    columns = [list(map(_JSON[column_field(name).type], items.column(name))) for name in names]
    return map(line.__mod__, zip(*columns, strict=True))


def _as_format(name: str) -> str:
    """The name as JSON, safe before `%`."""
    return encode_basestring_ascii(name).replace("%", "%%")


def _optional_text(value: str | None) -> str:
    return "null" if value is None else encode_basestring_ascii(value)


def _optional_number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _optional_truth(value: bool | None) -> str:
    return "null" if value is None else "true" if value else "false"


def _number(value: float) -> str:
    return json.dumps(value)


_JSON: dict[Any, Callable[[Any], str]] = {
    pa.string(): _optional_text,
    pa.int64(): _optional_number,
    pa.float64(): _number,
    pa.bool_(): _optional_truth,
}
_GOLD = ("audio", "code", "end_ms", "key", "start_ms", "text")
_HASHED = sorted(set(SCHEMA.names) - {"id", "label"})
