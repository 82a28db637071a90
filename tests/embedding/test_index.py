"""core.embedding.index with texts in memory: it needs no store, and a later refresh completes an interrupted one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.embedding import DEFAULT
from core.embedding.index import GAP, Index, Texts


@dataclass(frozen=True)
class Stamp:
    utterance: int
    revision: int


class MemoryTexts:
    """Texts 1 to n, as received and as edited. Reading fails after `fails_after` blocks of two texts."""

    def __init__(self, *texts: str) -> None:
        self.received = list(texts)
        self.current = list(texts)
        self.edits: list[int] = []
        self.fails_after = 1_000

    def edit(self, number: int, text: str) -> None:
        self.current[number - 1] = text
        self.edits.append(number)

    def stamp(self) -> Stamp:
        return Stamp(len(self.current), len(self.edits))

    def after(self, last: int) -> Iterator[dict[int, str]]:
        for block, start in enumerate(range(last, len(self.current), 2)):
            if block == self.fails_after:
                raise OSError("the disk is gone")
            yield {n + 1: self.current[n] for n in range(start, min(start + 2, len(self.current)))}

    def of(self, ids: Sequence[int]) -> Mapping[int, str]:
        return {n: self.current[n - 1] for n in ids}

    def edited(self, after_revision: int) -> list[int]:
        return sorted(set(self.edits[after_revision:]))

    def originals(self, ids: Sequence[int]) -> list[str]:
        return [self.received[n - 1] for n in ids]


TEXTS = ("집에 불이 났어요", "연기가 많이 나요", "사람이 쓰러졌어요", "집에 불이 났어요 빨리요", "배가 아파요")


def refreshed(home: Path, texts: Texts) -> Index:
    index = Index(home, texts, DEFAULT)
    with index.locked():
        index.refresh()
    return index


def rows(index: Index) -> list[list[float]]:
    return [index.row(n).tolist() for n in range(index.state.rows)]


def test_the_nearest_texts_come_first_and_only_allowed_ones(tmp_path: Path) -> None:
    index = refreshed(tmp_path, MemoryTexts(*TEXTS))
    everything = np.ones(len(TEXTS), bool)
    (first, score), (second, _) = index.nearest(index.row(0), everything, 2)
    assert (first, second, score) == (0, 3, 1.0)
    everything[0] = False
    assert [row for row, _ in index.nearest(index.row(0), everything, 1)] == [3]


def test_an_edit_changes_its_row_and_no_other(tmp_path: Path) -> None:
    texts = MemoryTexts(*TEXTS)
    before = rows(refreshed(tmp_path, texts))
    texts.edit(2, "집에 불이 났어요")
    after = rows(refreshed(tmp_path, texts))
    assert after[1] == before[0]
    assert after[2:] == before[2:]


def test_an_interrupted_refresh_is_completed_by_the_next(tmp_path: Path) -> None:
    texts = MemoryTexts(*TEXTS)
    texts.fails_after = 1
    with pytest.raises(OSError, match="the disk is gone"):
        refreshed(tmp_path / "broken", texts)
    folder = tmp_path / "broken" / "similar"
    assert json.loads((folder / f"{DEFAULT}.json").read_text(encoding="utf-8"))["rows"] == 2
    texts.fails_after = 1_000
    assert rows(refreshed(tmp_path / "broken", texts)) == rows(refreshed(tmp_path / "whole", texts))
    assert [path.name for path in folder.iterdir() if path.suffix == ".part"] == []


@pytest.mark.parametrize("asked", [[0, 39], [3], [0, 1, 2, 12, 13, 38], list(range(40)), [5, 13, 22]])
def test_rows_are_those_of_the_numbers_and_nothing_far_between_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[int]
) -> None:
    index = refreshed(tmp_path, MemoryTexts(*(f"{TEXTS[n % 5]} {n}" for n in range(40))))
    one_by_one = np.stack([index.row(number) for number in asked])
    read, fromfile = [], np.fromfile
    monkeypatch.setattr(np, "fromfile", lambda *args, **more: read.append(fromfile(*args, **more)) or read[-1])
    assert np.array_equal(index.rows(np.array(asked)), one_by_one)
    between = sum(gap - 1 for gap in np.diff(asked) if gap <= GAP)
    assert sum(part.size for part in read) == (len(asked) + between) * index.state.dims
    assert index.rows(np.zeros(0, np.int64)).shape == (0, index.state.dims)
