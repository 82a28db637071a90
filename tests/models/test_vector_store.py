"""vector_store: what was added is read again, after a crash in the middle too, by many processes."""

import hashlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from core.errors import CheckpointMismatch
from core.models.pretrained.vector_store import VectorStore

WIDTH = 5


def keys(*names: str) -> list[bytes]:
    return [hashlib.sha256(name.encode()).digest() for name in names]


def rows(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, WIDTH)).astype(np.float32)


def test_rows_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "v", WIDTH)
    assert store.rows() == {}
    assert store.get([]).shape == (0, WIDTH)
    a, b, c = keys("a", "b", "c")
    store.add([a, b], rows(2))
    store.add([b, c], rows(2, seed=1))  # b is known: its first vector stays
    again = VectorStore(tmp_path / "v", WIDTH).get([c, a, b, a])
    np.testing.assert_array_equal(again, [rows(2, seed=1)[1], rows(2)[0], rows(2)[1], rows(2)[0]])
    with pytest.raises(KeyError):
        store.get(keys("d"))


@pytest.mark.parametrize(("vectors", "records"), [(7, 0), (4 * WIDTH, 0), (4 * WIDTH, 11), (0, 36)])
def test_a_torn_tail_is_cut_off_and_nothing_before_it_is_lost(tmp_path: Path, vectors: int, records: int) -> None:
    store, (a, b, c) = VectorStore(tmp_path / "v", WIDTH), keys("a", "b", "c")
    store.add([a, b], rows(2))
    for name, size in (("vectors.bin", vectors), ("keys.bin", records)):
        with (tmp_path / "v" / name).open("ab") as file:
            file.write(b"\x07" * size)
    assert set(store.rows()) == {a, b}
    np.testing.assert_array_equal(store.get([a, b]), rows(2))
    store.add([c], rows(1, seed=2))
    np.testing.assert_array_equal(store.get([c, b]), [rows(1, seed=2)[0], rows(2)[1]])
    assert (tmp_path / "v" / "vectors.bin").stat().st_size == 3 * 4 * WIDTH


def test_a_damaged_row_is_refused(tmp_path: Path) -> None:
    store, (a, b) = VectorStore(tmp_path / "v", WIDTH), keys("a", "b")
    store.add([a, b], rows(2))
    with (tmp_path / "v" / "vectors.bin").open("r+b") as file:
        file.seek(4 * WIDTH + 2)
        file.write(b"\xff")
    np.testing.assert_array_equal(store.get([a]), rows(1))
    with pytest.raises(CheckpointMismatch, match=r"vectors\.bin is damaged at row 1: remove the folder"):
        store.get([b])


def add_some(folder: str, first: int) -> None:
    store = VectorStore(Path(folder), WIDTH)
    for n in range(first, first + 20):
        store.add(keys(f"k{n}"), np.full((1, WIDTH), n, np.float32))


@pytest.mark.integration
def test_processes_add_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(add_some, [str(tmp_path / "v")] * 2, (0, 10)))
    store = VectorStore(tmp_path / "v", WIDTH)
    assert len(store.rows()) == 30
    np.testing.assert_array_equal(store.get(keys(*(f"k{n}" for n in range(30))))[:, 0], np.arange(30))
