"""The order of the texts: fences, and between which of them each text lies. A page sorted by text needs no more.

The fences are some thousand texts of the corpus, ascending. The number of a text is twice the number of fences before
it, and one more if it is itself a fence. So numbers sort as the texts do; equal odd numbers are equal texts, and only a
few texts share an even number. Each chunk has the bit planes of its numbers. If a growing corpus gets many texts
between two fences, new fences are chosen, and the chunks are numbered again, a few in each write that indexes. The old
numbers answer until all chunks have the new ones.
"""

import json
import os
import random
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from core.store import portable
from core.store.index.postings import CHUNK, LONGEST, planes
from core.store.portable import put, run

MOST = 1 << 14  # fences
LETTERS = 200  # of a fence
CROWD = 1 << 14  # texts that two fences may have between them
STEP = 8  # chunks that one write numbers again
_NOW, _NEXT = "order", "order:next"  # such rows of the table `facet` belong to no chunk: the names of the fences in use
_FENCES = "fences:"
_NO_CHUNK = -1
Numbers = NDArray[np.int64]

_known: OrderedDict[str, list[str]] = OrderedDict()  # name -> fences, which never change
_lock = Lock()


def current(connection: Connection) -> str | None:
    """Return the name of the fences whose numbers every chunk has; None if no chunk is indexed."""
    return _name(connection, _NOW)


def fences(connection: Connection, name: str) -> list[str]:
    """Return the fences `name`, ascending."""
    with _lock:
        if name in _known:
            return _known[name]
    query = "SELECT bits FROM facet WHERE name = ? AND chunk = ?"
    held: list[str] = json.loads(run(connection, query, (f"{_FENCES}{name}", _NO_CHUNK)).scalar_one())
    with _lock:
        _known[name] = held
        while len(_known) > 4:
            _known.popitem(last=False)
    return held


def numbers(held: Sequence[str], texts: Sequence[str]) -> Numbers:
    """Return the number of each text, as the fences `held` say.

    >>> numbers(["가", "나"], ["", "가", "가나", "나", "다"]).tolist()
    [0, 1, 2, 3, 4]
    """
    before = np.fromiter(map(partial(bisect_left, held), texts), np.int64, len(texts))
    return before + np.fromiter(map(partial(bisect_right, held), texts), np.int64, len(texts))


def facets(connection: Connection, slots: Sequence[int], texts: Sequence[str]) -> dict[str, bytes]:
    """Return the facets of a chunk's numbers; the first chunk of a corpus makes the first fences."""
    names = [name for name in (current(connection), _name(connection, _NEXT)) if name is not None]
    if not names:
        names = [_add(connection, _NOW, texts, 1)]
    made: dict[str, bytes] = {}
    for name in names:
        made |= _facets(connection, name, slots, texts)
    return made


def keep_up(connection: Connection) -> None:
    """Choose new fences if too many texts may lie between two, and number `STEP` chunks by the chosen ones."""
    now, following = current(connection), _name(connection, _NEXT)
    if now is None:
        return
    if following is None:
        if not _crowded(connection, now):
            return
        following = _choose(connection)
    numbered = "SELECT chunk FROM facet WHERE name = ?"
    query = f"SELECT chunk FROM facet WHERE name = 'active' AND chunk NOT IN ({numbered}) LIMIT ?"
    left = [chunk for (chunk,) in run(connection, query, (_facet(following), STEP + 1))]
    for chunk in left[:STEP]:
        _number(connection, following, chunk)
    if len(left) <= STEP:
        _set(connection, _NOW, following)
        run(connection, "DELETE FROM facet WHERE name = ? AND chunk = ?", (_NEXT, _NO_CHUNK))
        run(connection, "DELETE FROM facet WHERE name >= ? AND name < ?", (_facet(now), f"{_facet(now)}0"))
        run(connection, "DELETE FROM facet WHERE name = ? AND chunk = ?", (f"{_FENCES}{now}", _NO_CHUNK))


def _facets(connection: Connection, name: str, slots: Sequence[int], texts: Sequence[str]) -> dict[str, bytes]:
    """Return the planes of the numbers, and under the name alone how many texts share an even number at most."""
    of_texts = numbers(fences(connection, name), texts)
    between = of_texts[of_texts & 1 == 0]
    crowd = int(np.bincount(between).max()) if len(between) else 0
    return {
        _facet(name): crowd.to_bytes(4, "little"),
        **planes(_facet(name), np.asarray(slots, np.int64), of_texts),
    }  # fmt: skip


def _number(connection: Connection, name: str, chunk: int) -> None:
    query = "SELECT id % ?, text FROM utterance WHERE id BETWEEN ? AND ? AND chars <= ?"
    first = chunk * CHUNK
    rows = run(connection, query, (CHUNK, first, first + CHUNK - 1, LONGEST)).all()
    made = _facets(connection, name, [slot for slot, _ in rows], [text for _, text in rows])
    values = [(facet, chunk, bits) for facet, bits in made.items()]
    put(connection, values)


def _crowded(connection: Connection, now: str) -> bool:
    """Whether the corpus grew by an eighth since the fences were chosen, and too many texts may lie between two."""
    query = "SELECT bits FROM facet WHERE name = ?"
    crowds = [int.from_bytes(bits, "little") for (bits,) in run(connection, query, (_facet(now),))]
    return sum(crowds) > CROWD and len(crowds) * 8 >= int(now.partition("-")[0]) * 9


def _choose(connection: Connection) -> str:
    """Choose fences for the whole corpus by chance, without numbering anything; return their name."""
    chunks = [chunk for (chunk,) in run(connection, "SELECT chunk FROM facet WHERE name = 'active'")]
    drawn = random.Random(len(chunks)).sample(range(len(chunks) * CHUNK), min(len(chunks) * CHUNK, MOST))
    ids = sorted(chunks[one // CHUNK] * CHUNK + one % CHUNK for one in drawn)
    source = f"{portable.numbers(connection)} JOIN utterance u ON u.id = j.value"
    query = f"SELECT substr(u.text, 1, {LETTERS}) FROM {source}"
    texts = [text for (text,) in run(connection, query, (json.dumps(ids),))]
    return _add(connection, _NEXT, texts, len(chunks))


def _add(connection: Connection, which: str, texts: Sequence[str], chunks: int) -> str:
    held = sorted({text[:LETTERS] for text in texts})[:MOST]
    name = f"{chunks}-{os.urandom(8).hex()}"
    _set(connection, f"{_FENCES}{name}", json.dumps(held))
    _set(connection, which, name)
    return name


def _facet(name: str) -> str:
    return f"text/{name}"


def _name(connection: Connection, which: str) -> str | None:
    bits: Any = run(connection, "SELECT bits FROM facet WHERE name = ? AND chunk = ?", (which, _NO_CHUNK)).scalar()
    return None if bits is None else bytes(bits).decode("ascii")


def _set(connection: Connection, which: str, value: str) -> None:
    row = (which, _NO_CHUNK, value.encode("ascii"))
    put(connection, [row])
