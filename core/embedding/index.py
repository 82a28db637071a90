"""The file format of the similarity index: `similar/<backend>.<period>.f16`, row id - 1 for the text of that id.

float16 (rows, dims), 512 bytes a row by default; a gap in the ids is a row of zeros. `<backend>.json`, written last,
says how many rows count and which revision they have seen: what a killed process wrote beyond it is written again.
What an embedding learns it learns from texts as received, evenly spread over the ids up to `period`, the greatest power
of two that is no greater than the last id: so rows added bit by bit equal rows made at once, and the whole is made anew
only when the corpus has doubled. It reads texts through the protocol `Texts` and knows no store and no Filter. All of
its files can be deleted; they are made again.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.embedding import Embedding, Vectors, embedding
from core.files import locked, to_disk, whole, write_json

FOLDER = "similar"
SAMPLE = 65_536  # texts that an embedding is fitted on, at most
BLOCK = 4_096  # rows compared at once: they fit a processor's cache, and memory stays flat
EDITS = 5_000
DECIMALS = 4  # of a score: the same text is alike to the same number wherever it stands
Progress = Callable[[int, int], None]


class Stamp(Protocol):
    """How far the texts reach: the greatest id, and the number of edits so far."""

    @property
    def utterance(self) -> int: ...

    @property
    def revision(self) -> int: ...


class Texts(Protocol):
    """Where an index reads texts from; ids begin at 1, gaps are allowed."""

    def stamp(self) -> Stamp: ...

    def after(self, last: int) -> Iterator[dict[int, str]]:
        """Blocks of texts by ascending id, from `last` + 1 on."""

    def of(self, ids: Sequence[int]) -> Mapping[int, str]:
        """The current texts by id; unknown ids are left out."""

    def edited(self, after_revision: int) -> list[int]:
        """The ids of texts that a later edit than `after_revision` changed, ascending."""

    def originals(self, ids: Sequence[int]) -> list[str]:
        """The texts as received, by ascending id; unknown ids are left out."""


@dataclass(frozen=True, slots=True)
class State:
    """`rows` are on disk and have seen every edit up to `revision`; `mark` tells one corpus from another."""

    backend: str
    version: int
    dims: int
    period: int
    mark: str
    rows: int
    revision: int


class Index:
    """One backend's rows. `refresh` before reading; hold `locked` over both."""

    def __init__(self, home: Path, texts: Texts, backend: str) -> None:
        self._folder, self._texts, self.backend = home / FOLDER, texts, backend
        self._kind = embedding(backend)
        self._folder.mkdir(parents=True, exist_ok=True)

    def locked(self) -> AbstractContextManager[None]:
        """A page and a shell may ask at the same moment."""
        return locked(self._folder / f".{self.backend}.lock")

    def refresh(self, progress: Progress = lambda done, total: None) -> int:
        """Bring the rows up to the store; how many texts were embedded for it. The store holds at least one."""
        stamp = self._texts.stamp()
        period = 1 << (stamp.utterance.bit_length() - 1)
        self.state, self.model = self._opened(period) or self._begun(period, stamp.revision)
        return self._rewrite(stamp.revision) + self._append(stamp.utterance, progress)

    def row(self, number: int) -> Vectors:
        return np.fromfile(self._data(), np.float16, self.state.dims, offset=self._offset(number)).astype(np.float32)

    def embedded(self, text: str) -> Vectors:
        return self.model.embed([text])[0]

    def nearest(self, vector: Vectors, allowed: NDArray[np.bool_], limit: int) -> list[tuple[int, float]]:
        """(row, cosine) of the `limit` rows most like `vector` (dims,) among `allowed` (rows,), best first.

        Exact; only above 0, and equal ones by row.
        """
        found: list[tuple[int, float]] = []
        with self._data().open("rb") as file:
            for start in range(0, len(allowed), BLOCK):
                mine = allowed[start : start + BLOCK]
                if not mine.any():
                    continue
                file.seek(self._offset(start))
                rows = np.fromfile(file, np.float16, len(mine) * self.state.dims).reshape(len(mine), -1)
                scores = np.round(widened(rows) @ vector, DECIMALS)
                scores[~mine] = 0
                found += [(start + int(at), round(float(scores[at]), DECIMALS)) for at in _top(scores, limit)]
        return sorted(found, key=lambda one: (-one[1], one[0]))[:limit]

    # -- files

    def _data(self, period: int | None = None) -> Path:
        return self._folder / f"{self.backend}.{period or self.state.period}.f16"

    def _weights(self, period: int) -> Path:
        return self._folder / f"{self.backend}.{period}.npy"

    def _offset(self, row: int) -> int:
        return row * self.state.dims * np.dtype(np.float16).itemsize

    def _kept(self) -> State | None:
        """What was kept; None where there is nothing, or nothing that can be read."""
        try:
            return State(**json.loads((self._folder / f"{self.backend}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _keep(self, state: State) -> None:
        to_disk(self._data(state.period))  # the rows that the state counts come first
        write_json(self._folder / f"{self.backend}.json", asdict(state))
        self.state = state

    def _fits(self, kept: State, period: int) -> bool:
        same = (kept.backend, kept.version, kept.dims, kept.period) == (
            self.backend, self._kind.version, self._kind.dims, period
        )  # fmt: skip
        data = self._data(kept.period)
        size = kept.rows * kept.dims * np.dtype(np.float16).itemsize
        return same and kept.mark == self._mark(period) and data.is_file() and data.stat().st_size >= size

    def _mark(self, period: int) -> str:
        """A digest of two texts as received: another database under the same workspace has others."""
        texts = self._texts.originals([1, period])
        return blake2b(json.dumps(texts).encode(), digest_size=16).hexdigest()

    def _opened(self, period: int) -> tuple[State, Embedding] | None:
        """What was kept, where it fits what is asked now."""
        kept = self._kept()
        if kept is None or not self._fits(kept, period):
            return None
        try:
            return kept, self._kind.restore(np.load(self._weights(period), allow_pickle=False))
        except (OSError, ValueError, EOFError):
            return None

    # -- writing

    def _begun(self, period: int, revision: int) -> tuple[State, Embedding]:
        """An index without rows, fitted; the one before it is gone."""
        for old in self._folder.glob(f"{self.backend}.*"):
            old.unlink()
        step = max(1, period // SAMPLE)
        model = self._kind.fit(self._texts.originals(range(step, period + 1, step)))
        with whole(self._weights(period)) as made, made.open("wb") as file:
            np.save(file, model.weights(), allow_pickle=False)
        self._data(period).touch()
        state = State(self.backend, model.version, model.dims, period, self._mark(period), 0, revision)
        self._keep(state)
        return state, model

    def _append(self, last: int, progress: Progress) -> int:
        done, total = 0, last - self.state.rows
        for texts in self._texts.after(self.state.rows):
            self._write(texts, self.state.rows)
            self._keep(replace(self.state, rows=max(texts)))
            done += len(texts)
            progress(done, max(done, total))
        return done

    def _rewrite(self, revision: int) -> int:
        """Embed again what was edited since."""
        edited = [one for one in self._texts.edited(self.state.revision) if one <= self.state.rows]
        for start in range(0, len(edited), EDITS):
            for number, text in self._texts.of(edited[start : start + EDITS]).items():
                self._write({number: text}, number - 1)
        if revision != self.state.revision:
            self._keep(replace(self.state, revision=revision))
        return len(edited)

    def _write(self, texts: Mapping[int, str], first: int) -> None:
        """Put the rows of `texts` (ids ascending, all above `first`) from row `first` on."""
        rows = np.zeros((max(texts) - first, self.state.dims), np.float16)
        rows[np.fromiter(texts, np.int64) - 1 - first] = self.model.embed(list(texts.values()))
        with self._data().open("r+b") as file:
            file.seek(self._offset(first))
            file.write(rows.tobytes())


def _top(scores: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """Where the `limit` greatest scores above 0 are; of equal ones, the first."""
    if len(scores) <= limit:
        return np.flatnonzero(scores > 0)
    least = np.partition(scores, -limit)[-limit]
    better = np.flatnonzero(scores > max(least, 0))
    equal = np.flatnonzero(scores == least)[: limit - len(better)] if least > 0 else better[:0]
    return np.concatenate([better, equal])


def widened(halves: NDArray[np.float16]) -> Vectors:
    """`halves.astype(np.float32)` for finite numbers, by shifting bits: several times as quick as NumPy's own way.

    >>> widened(np.array([0.5, -3.25, 6e-8], np.float16)).tolist() == [0.5, -3.25, 2**-24]
    True
    """
    bits = halves.view(np.int16).astype(np.int32)  # the sign fills the upper half
    bits <<= 13
    bits &= np.int32(-(2**31) + 0x0FFFE000)
    wide = bits.view(np.float32)
    wide *= np.float32(2.0**112)  # the exponents' biases are 127 and 15
    return wide
