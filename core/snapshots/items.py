"""The items of a Snapshot as columns: an Arrow table that looks like a sequence of `Item` records.

A record of every item at once would take ten times the memory of the table. A record is made when it is asked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from core.batches import batches
from core.records import Side

BLOCK = 10_000  # records made at a time


@dataclass(frozen=True, slots=True)
class Item:
    """One utterance, or one call, for training or scoring. `build` sets `label`, `side`, the final `group` and `text`.

    `code` is the answer under the first Target of the snapshot: "" without an answer, several codes joined by `|`.
    `label` is its class id, -1 where there is no single class. `gold` False means a silver label or a derived text, for
    the training side only. `audio` is a path relative to the workspace; `[start_ms, end_ms)` of it is the utterance.
    `recording` is the key of its Recording. The `id` of a call is that of its first utterance.
    """

    id: int
    key: str
    group: str
    text: str
    code: str
    label: int = -1
    side: Side = "train"
    gold: bool = True
    audio: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: str | None = None
    recording: str | None = None


SCHEMA = pa.schema(
    [
        ("id", pa.int64()), ("key", pa.string()), ("group", pa.string()), ("text", pa.string()),
        ("code", pa.string()), ("label", pa.int32()), ("side", pa.string()), ("gold", pa.bool_()),
        ("audio", pa.string()), ("start_ms", pa.int64()), ("end_ms", pa.int64()), ("speaker", pa.string()),
        ("recording", pa.string()),
    ]
)  # fmt: skip
CODE_OF, GOLD_OF = "code:", "gold:"  # how the columns of a further Target begin; its name follows
WEIGHT, WEIGHT_OF = "weight", "weight:"  # how much an answer counts in training; without the column each counts 1
_NAMES = [field.name for field in fields(Item)]


def column_field(name: str) -> pa.Field:
    """The Arrow field of a column: one of `SCHEMA`, a weight, or one of a further Target."""
    if name in SCHEMA.names:
        return SCHEMA.field(name)
    if name == WEIGHT or name.startswith(WEIGHT_OF):
        return pa.field(name, pa.float64())
    return pa.field(name, pa.bool_() if name.startswith(GOLD_OF) else pa.string())


class Items(Sequence[Item]):
    """A sequence of items over `table`, whose columns are those of `SCHEMA`, of further Targets, and weights.

    It never changes. An item as a record has no field for further Targets and weights: `core.snapshots.answers` and
    `core.snapshots.weights` read these.
    """

    __slots__ = ("table",)

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    @classmethod
    def of(cls, items: Iterable[Item]) -> "Items":
        """The given items as columns; a stream is read in blocks."""
        if isinstance(items, Items):
            return items
        blocks = [
            pa.record_batch([[getattr(item, name) for item in block] for name in SCHEMA.names], schema=SCHEMA)
            for block in batches(items, BLOCK)
        ]
        return cls(pa.Table.from_batches(blocks, schema=SCHEMA))

    @classmethod
    def join(cls, *parts: "Items") -> "Items":
        """The items of all parts, in their order. Where some have weights, an item of the others counts 1."""
        names = dict.fromkeys(name for part in parts for name in part.table.schema.names)
        weights = [name for name in names if name == WEIGHT or name.startswith(WEIGHT_OF)]
        if not weights:
            return cls(pa.concat_tables([part.table for part in parts]))
        others = [name for name in names if name not in weights]
        ones = [{name: [1.0] * len(part) for name in weights if name not in part.table.schema.names} for part in parts]
        filled = [part.replaced(**more).table for part, more in zip(parts, ones, strict=True)]
        return cls(pa.concat_tables([table.select([*others, *weights]) for table in filled]))

    def column(self, name: str) -> list[Any]:
        """The values of one field of all items."""
        values = self.table[name]
        if values.null_count == len(values):
            return [None] * len(values)
        exact = values.null_count == 0 or pa.types.is_string(values.type)  # a number would become a float beside None
        return list(values.to_numpy().tolist()) if exact else list(values.to_pylist())

    def take(self, places: ArrayLike) -> "Items":
        """The items at `places`, in that order."""
        return Items(self.table.take(pa.array(np.asarray(places, dtype=np.int64))))

    def part(self, start: int, n: int) -> "Items":
        """At most `n` items from `start` on, without a copy."""
        return Items(self.table.slice(start, n))

    def replaced(self, **columns: Sequence[Any]) -> "Items":
        """The same items with other values in some columns; a column that is not there yet is added."""
        table = self.table
        for name, values in columns.items():
            at, field = table.schema.get_field_index(name), column_field(name)
            column = pa.array(values, field.type)
            table = table.append_column(field, column) if at < 0 else table.set_column(at, field, column)
        return Items(table)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> "Items": ...
    def __getitem__(self, place: int | slice) -> "Item | Items":
        if isinstance(place, slice):
            return self.take(range(*place.indices(len(self))))
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return next(iter(Items(self.table.slice(place % len(self), 1))))

    def __iter__(self) -> Iterator[Item]:
        for start in range(0, len(self), BLOCK):
            block = Items(self.table.slice(start, BLOCK))
            yield from map(Item, *(block.column(name) for name in _NAMES))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Items):
            return bool(self.table.equals(other.table))
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_equal, self, other))

    __hash__ = None  # type: ignore[assignment]


def _equal(left: object, right: object) -> bool:
    return left == right
