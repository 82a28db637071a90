"""What a model reads: `Sample`s become `Values`, and `Values` are cut by rows.

`Values` hold N rows in one of three forms: a list (of texts), an array (N, ...) or a dictionary of such columns, all of
N rows. An architecture's `prepare` makes them, the same way in training and in serving.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Settings = TypeVar("Settings")
Values = Any  # list[str] | NDArray (N, ...) | dict[str, Values]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One input of a model. `text` "" and `wave` None mean that this part is missing.

    `wave` float32 (n,), mono, 16 kHz, in [-1, 1]; its file had `source_hz`. `speaker` is a name or a role, None where
    nobody knows it.
    """

    text: str = ""
    wave: NDArray[np.float32] | None = None
    speaker: str | None = None
    source_hz: int = 16_000


def known_settings(kind: type[Settings], config: Mapping[str, Any]) -> Settings:
    """A dataclass `kind` made of those entries of `config` that are its fields; the others belong to training."""
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in config.items() if name in names})


def count(values: Values) -> int:
    """The number of rows N."""
    if isinstance(values, Mapping):
        return min((count(column) for column in values.values()), default=0)
    return len(values)


def take(values: Values, rows: Sequence[int] | NDArray[np.int64]) -> Values:
    """The given rows, in that order.

    >>> take({"text": ["a", "b"], "vector": np.eye(2)}, [1])
    {'text': ['b'], 'vector': array([[0., 1.]])}
    """
    if isinstance(values, Mapping):
        return {name: take(column, rows) for name, column in values.items()}
    if isinstance(values, list):
        return [values[int(row)] for row in rows]
    return values[np.asarray(rows, dtype=np.int64)]


def join(parts: Sequence[Values]) -> Values:
    """The rows of all parts, in their order. Arrays whose second axes differ are padded with zeros at its end.

    >>> join([np.ones((1, 1)), np.ones((1, 2))]).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    first = parts[0]
    if isinstance(first, Mapping):
        return {name: join([part[name] for part in parts]) for name in first}
    if isinstance(first, list):
        return [row for part in parts for row in part]
    width = max((part.shape[1] for part in parts if part.ndim > 1), default=0)
    return np.concatenate([_widened(part, width) for part in parts])


def _widened(array: NDArray[Any], width: int) -> NDArray[Any]:
    if array.ndim < 2 or array.shape[1] == width:
        return array
    return np.pad(array, [(0, 0), (0, width - array.shape[1])] + [(0, 0)] * (array.ndim - 2))
