"""core.speech.onnx_weights: float32 initialisers of an ONNX file, and bytes that are none."""

from pathlib import Path

import numpy as np
import pytest

from core.speech.onnx_weights import weights


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def tensor(name: str, values: np.ndarray, kind: int = 1, packed: bool = False) -> bytes:
    dims = field(1, b"".join(map(varint, values.shape))) if packed else b"".join(field(1, n) for n in values.shape)
    return dims + field(2, kind) + field(8, name.encode()) + field(9, values.tobytes())


def test_float_tensors_are_read_and_others_left_out(tmp_path: Path) -> None:
    table = np.arange(600, dtype=np.float32).reshape(2, 300)
    fixed = varint(15 << 3 | 5) + b"abcd" + varint(16 << 3 | 1) + b"abcdefgh"
    graph = field(1, b"node") + b"".join(
        field(5, one)
        for one in (tensor("a", table), tensor("b", table[0], packed=True), tensor("c", table.astype("<i8"), kind=7))
    )
    path = tmp_path / "x.onnx"
    path.write_bytes(field(1, 8) + fixed + field(7, graph))
    read = weights(path)
    assert list(read) == ["a", "b"]
    assert np.array_equal(read["a"], table)
    assert np.array_equal(read["b"], table[0])


@pytest.mark.parametrize("data", [b"", b"\x3a\x05ab", b"\x38\x01", b"\x3b", b"\xff\xff", b"RIFF1234WAVE"])
def test_what_is_no_such_file_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(data)
    with pytest.raises(ValueError):
        weights(path)
