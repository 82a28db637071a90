"""A Pool: what a run predicted for the items without a label, as columns that a page or a threshold can use at once.

`read_pool` joins the parts of `core.runs.shards` once into `pool/tables/`, plain arrays of a whole pool, ids ascending,
each once. They are memory-mapped, so a million predictions open in milliseconds and the system decides what of them is
in memory. A table is made again when a part came to it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from scipy.special import expit, logit, xlogy

from core.confidence import confidence, margin
from core.errors import UnknownName
from core.files import atomic_path, file_lock, json_text, make_folder, remove, sha256, write_json
from core.runs.card import read_card
from core.runs.shards import FOLDER, LOCK, Part, Shards, newest_rows
from core.schemes.classes import JOIN
from core.schemes.target import Target

TABLES, HEAD, FORMAT = "tables", "table.json", 1
CHUNK = 65_536  # rows that are in memory at a time
Floats = NDArray[np.float32]
_TINY = float(np.finfo(np.float32).tiny)  # a probability of exactly 0 is rounding
_COLUMNS = ("ids", "answers", "confidence", "raw_confidence", "margin", "entropy", "probs")


@dataclass(frozen=True, eq=False)
class Pool:
    """N predictions of a run for one target, ids ascending.

    `answers` uint16 (N,) is a place in the A `codes`: the classes of the target, or of a multi-label target the
    combinations that occur, joined by `|`, where "" is none. `members` bool (A, K) tells the classes of each code.
    `probs` float32 (N, K) are calibrated. `confidence` is the probability of the answer (multi-label: of the least sure
    class), `raw_confidence` the same without the calibration, `margin` the lead over the next answer, and `entropy` a
    share of the largest possible one, 0 sure to 1 (multi-label: the mean over classes); float32 (N,) each.
    """

    target: Target
    codes: tuple[str, ...]
    members: NDArray[np.bool_]
    ids: NDArray[np.int64]
    answers: NDArray[np.uint16]
    confidence: Floats
    raw_confidence: Floats
    margin: Floats
    entropy: Floats
    probs: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[Any]) -> "Pool":
        """The predictions at `rows`, places or bool (N,)."""
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return Pool(self.target, self.codes, self.members, **columns)


def read_pool(run_folder: Path | str, target: str) -> Pool:
    """The pool of a finished run for one of its targets; empty if nothing was judged.

    `UnknownName` for a target that the run does not have, `CheckpointMismatch` for a damaged part.
    """
    folder = Path(run_folder)
    card = read_card(folder)
    chosen = {one.name: one for one in card.targets}
    if target not in chosen:
        raise UnknownName("target", target, tuple(chosen))
    temperature = card.calibrations[target].temperature
    parts = Shards(folder).parts()
    if not parts:
        return _empty(chosen[target])
    make_folder(folder / FOLDER / TABLES)
    with file_lock(folder / FOLDER / LOCK):
        table = _place(folder, target, temperature, parts)
        if not table.is_dir():
            _make(table, chosen[target], temperature, parts)
            for old in table.parent.glob(f"{target}-*"):
                if old != table and len(old.name) == len(table.name):
                    remove(old)
        return _mapped(table, chosen[target])


def pool_version(run_folder: Path | str) -> str:
    """A word that changes whenever something is added to the pool of a run; for caches."""
    return _stamp(Shards(Path(run_folder)).parts())


def _stamp(parts: list[Part], *more: object) -> str:
    seen = [(part.path.name, (stat := part.path.stat()).st_size, stat.st_mtime_ns) for part in parts]
    return sha256(json_text([FORMAT, seen, *more]).encode())[:16]


def _place(folder: Path, target: str, temperature: float, parts: list[Part]) -> Path:
    return folder / FOLDER / TABLES / f"{target}-{_stamp(parts, temperature)}"


def _mapped(table: Path, target: Target) -> Pool:
    """The columns of a table, mapped; one without rows cannot be mapped and is loaded."""
    head = json.loads((table / HEAD).read_text(encoding="utf-8"))
    mode: Any = "r" if head["n"] else None
    columns: dict[str, Any] = {name: np.load(table / f"{name}.npy", mmap_mode=mode) for name in _COLUMNS}
    return Pool(target, tuple(head["codes"]), np.load(table / "members.npy"), **columns)


def _make(table: Path, target: Target, temperature: float, parts: list[Part]) -> None:
    """Write the arrays of a table; memory holds the ids of all parts, and one part or chunk of the rest."""
    owners, kept = _newest(target.name, parts)
    with atomic_path(table) as place:
        place.mkdir()
        np.save(place / "ids.npy", kept)
        probs = _array(place, "probs", np.float32, (len(kept), len(target.codes)))
        _scatter(target.name, parts, owners, kept, probs)
        codes, members = _answer(place, target, probs)
        np.save(place / "members.npy", members)
        _measure(place, target, temperature, probs)
        write_json(place / HEAD, {"n": len(kept), "codes": codes})


def _newest(target: str, parts: list[Part]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The ids of all that was judged, ascending, and for each the number of the part that has its newest row."""
    ids, judged, sizes = [], [], []
    for part in parts:
        some, probs = part.rows(target)
        ids.append(some)
        judged.append(~np.isnan(probs).any(axis=1))
        sizes.append(len(some))
    kept, newest = newest_rows(np.concatenate(ids))
    there = np.concatenate(judged)[newest]
    return np.repeat(np.arange(len(parts)), sizes)[newest][there], kept[there]


def _scatter(target: str, parts: list[Part], owners: NDArray[np.int64], kept: NDArray[np.int64], probs: Any) -> None:
    """Write the newest row of each id of `kept` to its place in `probs`; `owners` (N,) is the part that has it."""
    for number, part in enumerate(parts):
        mine = owners == number
        if mine.any():
            ids, values = part.rows(target)
            of_part, last = newest_rows(ids)
            probs[np.flatnonzero(mine), : values.shape[1]] = values[last[np.searchsorted(of_part, kept[mine])]]


def _answer(place: Path, target: Target, probs: Any) -> tuple[list[str], NDArray[np.bool_]]:
    """Write the answer of each row, and return codes and members."""
    n = len(probs)
    if not target.multi:
        answers = _array(place, "answers", np.uint16, (n,))
        for start in range(0, n, CHUNK):
            answers[start : start + CHUNK] = probs[start : start + CHUNK].argmax(axis=1)
        return list(target.codes), np.eye(len(target.codes), dtype=np.bool_)
    chunks = [np.asarray(probs[start : start + CHUNK]) > 0.5 for start in range(0, n, CHUNK)]
    found = [np.unique(chunk, axis=0) for chunk in chunks]
    every = np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, len(target.codes)), np.bool_)
    members = every[np.lexsort((*(~every.T[::-1]), every.sum(axis=1)))]
    numbers = {row.tobytes(): number for number, row in enumerate(members)}
    answers = _array(place, "answers", np.uint16 if len(members) <= 65_536 else np.uint32, (n,))
    for number, chunk in enumerate(chunks):
        answers[number * CHUNK : number * CHUNK + len(chunk)] = [numbers[row.tobytes()] for row in chunk]
    return [JOIN.join(code for code, has in zip(target.codes, row, strict=True) if has) for row in members], members


def _measure(place: Path, target: Target, temperature: float, probs: Any) -> None:
    """Write confidence, uncalibrated confidence, margin and entropy of each row."""
    names = ("confidence", "raw_confidence", "margin", "entropy")
    columns = {name: _array(place, name, np.float32, (len(probs),)) for name in names}
    for start in range(0, len(probs), CHUNK):
        rows = np.asarray(probs[start : start + CHUNK], dtype=np.float64)
        for name, values in zip(names, measures(target, rows, temperature), strict=True):
            columns[name][start : start + CHUNK] = values


def measures(target: Target, probs: NDArray[np.float64], temperature: float) -> tuple[NDArray[np.float64], ...]:
    """Confidence, uncalibrated confidence, margin and entropy (N,) of calibrated `probs` (N, K).

    >>> one = measures(Target("danger", ("normal", "danger")), np.array([[.8, .2]]), 2.0)
    >>> [round(float(value[0]), 3) for value in one]
    [0.8, 0.941, 0.6, 0.722]
    """
    raw = uncalibrated(target, probs, temperature)
    k = probs.shape[1]
    if target.multi:
        sure = np.maximum(probs, 1 - probs).min(axis=1)
        entropy = -(xlogy(probs, probs) + xlogy(1 - probs, 1 - probs)).mean(axis=1) / np.log(2)
        return sure, np.maximum(raw, 1 - raw).min(axis=1), 2 * sure - 1, entropy
    return confidence(probs), confidence(raw), margin(probs), -xlogy(probs, probs).sum(axis=1) / np.log(k)


def answered(target: Target, probs: NDArray[Any]) -> list[tuple[str, float, float]]:
    """Code, confidence and margin of each row of `probs` (N, K), as `core.confidence.best_answer` gives them."""
    rows = np.asarray(probs, dtype=np.float64)
    sure, _, leads, _ = measures(target, rows, 1.0)
    if target.multi:
        codes = [JOIN.join(code for code, has in zip(target.codes, row, strict=True) if has) for row in rows > 0.5]
    else:
        codes = [target.codes[k] for k in rows.argmax(axis=1)]
    return list(zip(codes, sure.tolist(), leads.tolist(), strict=True))


def uncalibrated(target: Target, probs: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """What the model said before its calibration: the inverse of `core.confidence.calibrated`, (N, K)."""
    if target.multi:
        return np.asarray(expit(temperature * logit(np.clip(probs, _TINY, 1 - 1e-7))), dtype=np.float64)
    logs = temperature * np.log(np.maximum(probs, _TINY))
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)


def _array(place: Path, name: str, kind: Any, shape: tuple[int, ...]) -> Any:
    """A new array on the disk; one without rows is written at once, since it cannot be mapped."""
    if not shape[0]:
        np.save(place / f"{name}.npy", np.zeros(shape, kind))
        return np.zeros(shape, kind)
    return open_memmap(place / f"{name}.npy", mode="w+", dtype=kind, shape=shape)


def _empty(target: Target) -> Pool:
    codes = () if target.multi else target.codes
    none = np.zeros(0, np.float32)
    return Pool(
        target, codes, np.eye(len(target.codes), dtype=np.bool_)[: len(codes)], np.zeros(0, np.int64),
        np.zeros(0, np.uint16), none, none, none, none, np.zeros((0, len(target.codes)), np.float32),
    )  # fmt: skip
