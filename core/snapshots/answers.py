"""The answers of the items of a Snapshot, by Target.

The first Target has the columns `code`, `label` and `gold`, as a Snapshot of one Target has. A further Target NAME has
`code:NAME` and `gold:NAME`. An item without an answer for a Target is masked there: `code` is "", `code:NAME` is null.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.schemes import JOIN, Scheme, split_codes
from core.schemes.target import Target
from core.snapshots.items import CODE_OF, GOLD_OF, SCHEMA, WEIGHT, WEIGHT_OF, Items, column_field


@dataclass(frozen=True, slots=True)
class Further:
    """A further Target to freeze: by key of an item its code under `scheme`, and whether that answer is gold."""

    scheme: Scheme
    answers: Mapping[str, tuple[str, bool]]


def checked_code(scheme: Scheme, code: str) -> str:
    """The stored form of an answer; `UnknownName` for a class that the scheme lacks."""
    if scheme.kind == "multi":
        return scheme.join(split_codes(code))
    scheme.index(code)
    return code


def answer_columns(target: str, items: Items) -> tuple[str, str]:
    """The names of the columns that hold code and gold of a Target.

    >>> answer_columns("danger", Items.of([]))
    ('code', 'gold')
    """
    further = f"{CODE_OF}{target}" in items.table.schema.names
    return (f"{CODE_OF}{target}", f"{GOLD_OF}{target}") if further else ("code", "gold")


def weight_column(target: str, items: Items) -> str:
    """The name of the column that holds the weights of a Target, where it is there.

    >>> weight_column("danger", Items.of([]))
    'weight'
    """
    return f"{WEIGHT_OF}{target}" if answer_columns(target, items)[0] != "code" else WEIGHT


def further_columns(targets: Sequence[Target]) -> list[str]:
    """The columns of all Targets but the first."""
    return [f"{begin}{target.name}" for target in targets[1:] for begin in (CODE_OF, GOLD_OF)]


def with_further(items: Items, further: Iterable[Further]) -> Items:
    """The items with the columns of further Targets."""
    keys = items.column("key")
    for target in further:
        given_codes = {code for code, _ in target.answers.values()}
        checked = {code: checked_code(target.scheme, code) for code in given_codes}
        answers = [target.answers.get(key) for key in keys]
        codes = [checked[answer[0]] if answer else None for answer in answers]
        gold = [answer[1] if answer else None for answer in answers]
        columns: dict[str, list[Any]] = {
            f"{CODE_OF}{target.scheme.name}": codes,
            f"{GOLD_OF}{target.scheme.name}": gold,
        }
        items = items.replaced(**columns)
    return items


def answers_of(items: Items, target: str) -> list[str | None]:
    """The code of each item under a Target, several joined by `|`; None without an answer."""
    codes = items.column(answer_columns(target, items)[0])
    return [code or None for code in codes] if None in codes or "" in codes else codes


def hide(items: Items, target: str, hidden: Any) -> Items:
    """The items with the answers of a Target masked where the Arrow booleans `hidden` are true."""
    if not pc.any(hidden, min_count=0).as_py():
        return items
    code, gold = answer_columns(target, items)
    first = code == "code"
    empty: dict[str, Any] = {code: "" if first else None, gold: False if first else None}
    if first:
        empty["label"] = -1
    table = items.table
    for name, value in empty.items():
        at, field = table.schema.get_field_index(name), column_field(name)
        table = table.set_column(at, field, pc.if_else(hidden, pa.scalar(value, field.type), table[name]))
    return Items(table)


def silver(items: Items, target: str) -> Any:
    """Arrow booleans: which items are held out and have an answer under the Target that is not gold."""
    gold = pc.fill_null(items.table[answer_columns(target, items)[1]], False)
    return pc.and_(answered(items, target), pc.and_(pc.invert(gold), pc.not_equal(items.table["side"], "train")))


def answered(items: Items, target: str) -> Any:
    """Arrow booleans: which items have an answer under a Target."""
    return pc.fill_null(pc.not_equal(items.table[answer_columns(target, items)[0]], ""), False)


def count(booleans: Any) -> int:
    """How many Arrow booleans are true."""
    return int(pc.sum(booleans, min_count=0).as_py())


def answered_only(items: Items, targets: Sequence[Target]) -> Items:
    """The items that have an answer under at least one of `targets`."""
    mask = reduce(pc.or_, (answered(items, target.name) for target in targets))
    return items if count(mask) == len(items) else Items(items.table.filter(mask))


def classes_of(items: Items, targets: Sequence[Target]) -> list[tuple[str, ...]]:
    """What sides must hold in balance: each item's classes under all Targets."""
    columns = [(target, answers_of(items, target.name)) for target in targets]
    if len(columns) == 1:
        ((target, codes),) = columns
        return [_classes(target, code) for code in codes]
    rows: list[tuple[str, ...]] = [()] * len(items)
    for target, codes in columns:
        named = {code: tuple(f"{target.name}:{single}" for single in _classes(target, code)) for code in set(codes)}
        rows = [row + named[code] for row, code in zip(rows, codes, strict=True)]
    return rows


def _classes(target: Target, code: str | None) -> tuple[str, ...]:
    if not code:
        return ()
    return tuple(code.split(JOIN)) if target.multi else (code,)


def class_counts(items: Items, target: Target) -> Counter[tuple[str, str]]:
    """(side, class) -> items. An item of several classes counts once for each."""
    answers = Counter(zip(items.column("side"), answers_of(items, target.name), strict=True))
    counts: Counter[tuple[str, str]] = Counter()
    for (side, code), n in answers.items():
        for single in _classes(target, code):
            counts[side, single] += n
    return counts


def under(items: Items, target: Target) -> Items:
    """The items that have an answer under `target`, with its code, label and gold, as if it were the only Target."""
    code, gold = answer_columns(target.name, items)
    table = items.table.filter(answered(items, target.name))
    codes, golds = table[code], table[gold]
    single = Items(table.select(SCHEMA.names))
    if (weight := weight_column(target.name, items)) in table.schema.names:
        single = Items(single.table.append_column(column_field(WEIGHT), table[weight]))
    if code == "code":
        return single
    place = {name: k for k, name in enumerate(target.codes)}
    names = codes.to_pylist()
    labels = [-1 if target.multi else place[name] for name in names]
    return single.replaced(code=names, label=labels, gold=golds.to_pylist())
