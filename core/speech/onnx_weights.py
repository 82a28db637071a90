"""Weights out of an ONNX file: its initialisers as arrays, by name. Only what Silero's file has is read: float32 data.

The format is that of protocol buffers: each field is a number with its kind, and a varint or so many bytes.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

GRAPH, INITIALISER = 7, 5  # in a model, in a graph
DIMS, KIND, NAME, RAW = 1, 2, 8, 9  # in a tensor
FLOAT32 = 1
VARINT, SIZED = 0, 2
FIXED = {1: 8, 5: 4}  # bytes of other values


def weights(path: Path) -> Mapping[str, NDArray[np.float32]]:
    """The initialisers of the file that hold float32 values, in their shapes. ValueError for another kind of file."""
    (graph,) = [value for number, value in _fields(memoryview(path.read_bytes())) if number == GRAPH]
    made = (_tensor(cast(memoryview, value)) for number, value in _fields(graph) if number == INITIALISER)
    return {name: values for name, values in made if values is not None}


def _tensor(data: memoryview) -> tuple[str, NDArray[np.float32] | None]:
    """Name and values of a tensor; None for values that are no float32 or stand elsewhere."""
    name, is_float32, raw, dims = "", False, None, []
    for number, value in _fields(data):
        if number == DIMS:
            dims += [value] if isinstance(value, int) else [*_varints(value)]
        elif number == KIND:
            is_float32 = value == FLOAT32
        elif number == NAME:
            name = bytes(cast(memoryview, value)).decode()
        elif number == RAW:
            raw = value
    if not is_float32 or raw is None:
        return name, None
    return name, np.frombuffer(cast(memoryview, raw), "<f4").reshape(dims)


def _fields(data: int | memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: number and value. ValueError for bytes that are none."""
    if isinstance(data, int):
        raise ValueError("a number stands where a message was expected")
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == SIZED:
            size, at = _varint(data, at)
        elif kind in FIXED:
            size = FIXED[kind]
        else:
            raise ValueError(f"field {number} has the unknown kind {kind}")
        if at + size > len(data):
            raise ValueError(f"field {number} ends after its message")
        yield number, data[at : at + size]
        at += size


def _varints(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where the next value begins."""
    value, shift = 0, 0
    while at < len(data):
        byte = data[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number ends after its message")
