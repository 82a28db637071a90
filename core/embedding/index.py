"""The file format of the similarity index: `similar/<backend>.<period>.f16`, row id - 1 for the text of that id.

The file holds float16 (rows, dims), 512 bytes a row by default; a missing id has a row of zeros. `<backend>.json` is
written last. It holds the number of valid rows and the last revision that they include; rows that a killed process
wrote after that are written again. The embedding is fitted on texts as received, spread evenly over the ids up to
`period`, the greatest power of two that is not above the last id. So rows added step by step equal rows made at once,
and all rows are made again only when the corpus has doubled. Texts come through the protocol `Texts`; there is no
store and no Filter here. All files may be deleted: the next refresh makes them again.
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
from core.files import atomic_path, file_lock, sync_to_disk, write_json

FOLDER = "similar"
SAMPLE = 65_536  # the most texts that an embedding is fitted on
BLOCK = 4_096  # rows compared at once: they fit into the processor's cache, and memory stays small
EDITS = 5_000  # edited texts read at once
GAP = 8  # rows whose numbers differ by at most so much are read together: so many are one page of the disk
DECIMALS = 4  # of a score: equal texts get equal scores in every block
Progress = Callable[[int, int], None]


class Stamp(Protocol):
    """How far the texts reach: the greatest id, and the number of edits so far."""

    @property
    def utterance(self) -> int: ...

    @property
    def revision(self) -> int: ...


class Texts(Protocol):
    """Gives texts to an index. Ids begin at 1; ids may be missing."""

    def stamp(self) -> Stamp:
        """How far the texts reach now."""

    def after(self, last: int) -> Iterator[dict[int, str]]:
        """Blocks of id -> current text, by ascending id, for all ids above `last`."""

    def of(self, ids: Sequence[int]) -> Mapping[int, str]:
        """id -> current text; unknown ids are left out."""

    def edited(self, after_revision: int) -> list[int]:
        """The ids of texts that were edited after `after_revision`, ascending."""

    def originals(self, ids: Sequence[int]) -> list[str]:
        """The texts as received, by ascending id; unknown ids are left out."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """What `<backend>.json` holds; the names of the fields are its keys.

    The first `rows` rows on disk are valid and include every edit up to `revision`. `mark`: a digest that differs
    between corpora.
    """

    backend: str
    version: int
    dims: int
    period: int
    mark: str
    rows: int
    revision: int


class Index:
    """The rows of one backend. Call `refresh` before reading, and hold `locked()` during both."""

    def __init__(self, home: Path, texts: Texts, backend: str) -> None:
        self._folder, self._texts, self.backend = home / FOLDER, texts, backend
        self._kind = embedding(backend)
        self._folder.mkdir(parents=True, exist_ok=True)

    def locked(self) -> AbstractContextManager[None]:
        """A lock between processes: a page and a command may use the index at the same time."""
        return file_lock(self._folder / f".{self.backend}.lock")

    def refresh(self, progress: Progress = lambda done, total: None) -> int:
        """Bring the rows up to date; returns how many texts were embedded. There must be at least one text."""
        stamp = self._texts.stamp()
        period = 1 << (stamp.utterance.bit_length() - 1)
        self.state, self.model = self._load(period) or self._create(period, stamp.revision)
        return self._rewrite(stamp.revision) + self._append(stamp.utterance, progress)

    def row(self, number: int) -> Vectors:
        """float32 (dims,): row `number`, counted from 0."""
        return np.fromfile(self._data(), np.float16, self.state.dims, offset=self._offset(number)).astype(np.float32)

    def rows(self, numbers: NDArray[np.int64]) -> Vectors:
        """float32 (n, dims): the rows `numbers`, counted from 0 and ascending."""
        if not len(numbers):
            return np.zeros((0, self.state.dims), np.float32)
        ends = np.flatnonzero(np.diff(numbers) > GAP) + 1
        parts = []
        with self._data().open("rb") as file:
            for some in np.split(numbers, ends):
                first, span = int(some[0]), int(some[-1] - some[0]) + 1
                file.seek(self._offset(first))
                block = np.fromfile(file, np.float16, span * self.state.dims)
                parts.append(block.reshape(span, -1)[some - first])
        return to_float32(np.concatenate(parts))

    def embedded(self, text: str) -> Vectors:
        """float32 (dims,): the vector of any text."""
        return self.model.embed([text])[0]

    def nearest(self, vector: Vectors, allowed: NDArray[np.bool_], limit: int) -> list[tuple[int, float]]:
        """(row, cosine) of the `limit` rows nearest to `vector` (dims,) among the rows where `allowed` (rows,) is true.

        The best comes first; equal scores are in the order of rows. The search is exact; scores of 0 or less are left
        out.
        """
        matches: list[tuple[int, float]] = []
        with self._data().open("rb") as file:
            for start in range(0, len(allowed), BLOCK):
                mask = allowed[start : start + BLOCK]
                if not mask.any():
                    continue
                file.seek(self._offset(start))
                rows = np.fromfile(file, np.float16, len(mask) * self.state.dims).reshape(len(mask), -1)
                scores = np.round(to_float32(rows) @ vector, DECIMALS)
                scores[~mask] = 0
                matches += [(start + int(at), round(float(scores[at]), DECIMALS)) for at in _top(scores, limit)]
        return sorted(matches, key=lambda match: (-match[1], match[0]))[:limit]

    # -- files

    def _data(self, period: int | None = None) -> Path:
        return self._folder / f"{self.backend}.{period or self.state.period}.f16"

    def _weights(self, period: int) -> Path:
        return self._folder / f"{self.backend}.{period}.npy"

    def _offset(self, row: int) -> int:
        return row * self.state.dims * np.dtype(np.float16).itemsize

    def _saved_state(self) -> IndexState | None:
        """The state on disk; None if there is none or it cannot be read."""
        try:
            return IndexState(**json.loads((self._folder / f"{self.backend}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _save_state(self, state: IndexState) -> None:
        sync_to_disk(self._data(state.period))  # the rows must be on disk before the state that counts them
        write_json(self._folder / f"{self.backend}.json", asdict(state))
        self.state = state

    def _is_usable(self, saved: IndexState, period: int) -> bool:
        same = (saved.backend, saved.version, saved.dims, saved.period) == (
            self.backend, self._kind.version, self._kind.dims, period
        )  # fmt: skip
        data = self._data(saved.period)
        size = saved.rows * saved.dims * np.dtype(np.float16).itemsize
        return same and saved.mark == self._mark(period) and data.is_file() and data.stat().st_size >= size

    def _mark(self, period: int) -> str:
        """A digest of two texts as received: it changes if the workspace gets another database."""
        texts = self._texts.originals([1, period])
        return blake2b(json.dumps(texts).encode(), digest_size=16).hexdigest()

    def _load(self, period: int) -> tuple[IndexState, Embedding] | None:
        """The saved state and embedding; None if they are missing or do not belong to these texts."""
        saved = self._saved_state()
        if saved is None or not self._is_usable(saved, period):
            return None
        try:
            return saved, self._kind.restore(np.load(self._weights(period), allow_pickle=False))
        except (OSError, ValueError, EOFError):
            return None

    # -- writing

    def _create(self, period: int, revision: int) -> tuple[IndexState, Embedding]:
        """A new index without rows and its fitted embedding. The files of the old index are deleted."""
        for old in self._folder.glob(f"{self.backend}.*"):
            old.unlink()
        step = max(1, period // SAMPLE)
        model = self._kind.fit(self._texts.originals(range(step, period + 1, step)))
        with atomic_path(self._weights(period)) as path, path.open("wb") as file:
            np.save(file, model.weights(), allow_pickle=False)
        self._data(period).touch()
        state = IndexState(self.backend, model.version, model.dims, period, self._mark(period), 0, revision)
        self._save_state(state)
        return state, model

    def _append(self, last: int, progress: Progress) -> int:
        """Embed the texts that have no row yet; returns how many."""
        done, total = 0, last - self.state.rows
        for texts in self._texts.after(self.state.rows):
            self._write(texts, self.state.rows)
            self._save_state(replace(self.state, rows=max(texts)))
            done += len(texts)
            progress(done, max(done, total))
        return done

    def _rewrite(self, revision: int) -> int:
        """Embed again the texts that were edited after the saved revision; returns how many."""
        edited = [number for number in self._texts.edited(self.state.revision) if number <= self.state.rows]
        for start in range(0, len(edited), EDITS):
            for number, text in self._texts.of(edited[start : start + EDITS]).items():
                self._write({number: text}, number - 1)
        if revision != self.state.revision:
            self._save_state(replace(self.state, revision=revision))
        return len(edited)

    def _write(self, texts: Mapping[int, str], first: int) -> None:
        """Write the rows of `texts` (ids ascending, all above `first`), beginning at row `first`."""
        rows = np.zeros((max(texts) - first, self.state.dims), np.float16)
        rows[np.fromiter(texts, np.int64) - 1 - first] = self.model.embed(list(texts.values()))
        with self._data().open("r+b") as file:
            file.seek(self._offset(first))
            file.write(rows.tobytes())


def _top(scores: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """The places of the `limit` greatest scores above 0; of equal scores, the first ones."""
    if len(scores) <= limit:
        return np.flatnonzero(scores > 0)
    least = np.partition(scores, -limit)[-limit]
    better = np.flatnonzero(scores > max(least, 0))
    equal = np.flatnonzero(scores == least)[: limit - len(better)] if least > 0 else better[:0]
    return np.concatenate([better, equal])


def to_float32(halves: NDArray[np.float16]) -> Vectors:
    """The same as `halves.astype(np.float32)` for finite numbers, but several times faster, by shifting bits.

    >>> to_float32(np.array([0.5, -3.25, 6e-8], np.float16)).tolist() == [0.5, -3.25, 2**-24]
    True
    """
    bits = halves.view(np.int16).astype(np.int32)  # the sign fills the upper half
    bits <<= 13
    bits &= np.int32(-(2**31) + 0x0FFFE000)
    wide = bits.view(np.float32)
    wide *= np.float32(2.0**112)  # the exponents' biases are 127 and 15
    return wide
