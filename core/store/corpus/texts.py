"""Reading nothing but texts, lean and in blocks, for whoever keeps an index of them on disk: what is new, what was
edited. Ids of utterances and revisions only grow, so two numbers say how far such an index has come.

Those out of the corpus are read too (they may come back); `ids` says which are in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, func, select

from core.filters import Filter
from core.store.corpus import find
from core.store.engine import reading
from core.store.rows import NAMES
from core.store.schema import revision, utterance

BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """The greatest ids there are, 0 for none."""

    utterance: int
    revision: int


class Texts:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def stamp(self) -> Stamp:
        with reading(self._engine) as connection:
            last = [connection.scalar(select(func.max(table.c.id))) or 0 for table in (utterance, revision)]
        return Stamp(*last)

    def ids(self, wanted: Filter) -> NDArray[np.int64]:
        """The ids of all that match, ascending."""
        with reading(self._engine) as connection:
            return find.every(connection, wanted)

    def after(self, last: int, block: int = BLOCK) -> Iterator[dict[int, str]]:
        """id -> present text of the utterances with a greater id than `last`, by id; no block is empty."""
        c = utterance.c
        query = select(c.id, c.text).order_by(c.id).limit(block)
        while True:
            with reading(self._engine) as connection:
                found = {row.id: row.text for row in connection.execute(query.where(c.id > last))}
            if not found:
                return
            last = max(found)
            yield found

    def of(self, ids: Sequence[int]) -> dict[int, str]:
        """id -> present text; unknown ids are left out."""
        found: dict[int, str] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(ids), NAMES):
                names = ids[start : start + NAMES]
                query = select(utterance.c.id, utterance.c.text).where(utterance.c.id.in_(names))
                found |= {row.id: row.text for row in connection.execute(query)}
        return found

    def edited(self, after_revision: int) -> list[int]:
        """The utterances whose text a later revision than `after_revision` changed, by id."""
        query = select(revision.c.utterance_id, revision.c.after).where(revision.c.id > after_revision)
        with reading(self._engine) as connection:
            rows = connection.execution_options(yield_per=BLOCK).execute(query)
            return sorted({row.utterance_id for row in rows if "text" in row.after})

    def originals(self, ids: Sequence[int]) -> list[str]:
        """The texts as received, which no edit changes, by id; unknown ids are left out."""
        found: list[str] = []
        c = utterance.c
        with reading(self._engine) as connection:
            for start in range(0, len(ids), NAMES):
                query = select(c.original).where(c.id.in_(ids[start : start + NAMES])).order_by(c.id)
                found += connection.scalars(query)
        return found
