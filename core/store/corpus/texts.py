"""Reads only texts, in blocks, for an index of texts on disk: new texts and edited texts.

Ids of utterances and revisions only grow, so two numbers (`Stamp`) say how far such an index has read. Utterances that
were taken out of the corpus are read too, because they may come back; `ids` returns only those in the corpus.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, func, select

from core.filters import Filter
from core.store.corpus import find, touched
from core.store.corpus.touched import Touched
from core.store.engine import reading
from core.store.rows import NAMES
from core.store.schema import revision, utterance

BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """The greatest id of each table; 0 if it is empty."""

    utterance: int
    revision: int


class Texts:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def stamp(self) -> Stamp:
        """Return the greatest ids that the store has now."""
        with reading(self._engine) as connection:
            last = [connection.scalar(select(func.max(table.c.id))) or 0 for table in (utterance, revision)]
        return Stamp(*last)

    def ids(self, wanted: Filter) -> NDArray[np.int64]:
        """Return the ids of all utterances that match, ascending: int64 (n,)."""
        with reading(self._engine) as connection:
            return find.every(connection, wanted)

    def after(self, last: int, block: int = BLOCK) -> Iterator[dict[int, str]]:
        """Yield blocks of id -> current text of the utterances with an id above `last`, by id; no block is empty."""
        c = utterance.c
        query = select(c.id, c.text).order_by(c.id).limit(block)
        while True:
            with reading(self._engine) as connection:
                texts = {row.id: row.text for row in connection.execute(query.where(c.id > last))}
            if not texts:
                return
            last = max(texts)
            yield texts

    def of(self, ids: Sequence[int]) -> dict[int, str]:
        """Return id -> current text; unknown ids are left out."""
        texts: dict[int, str] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(ids), NAMES):
                names = ids[start : start + NAMES]
                query = select(utterance.c.id, utterance.c.text).where(utterance.c.id.in_(names))
                texts |= {row.id: row.text for row in connection.execute(query)}
        return texts

    def edited(self, after_revision: int) -> list[int]:
        """Return the ids of the utterances whose text was changed by a revision with an id above `after_revision`."""
        query = select(revision.c.utterance_id, revision.c.after).where(revision.c.id > after_revision)
        with reading(self._engine) as connection:
            rows = connection.execution_options(yield_per=BLOCK).execute(query)
            return sorted({row.utterance_id for row in rows if "text" in row.after})

    def touched(self, scheme_name: str, before: Touched = Touched()) -> Touched:
        """Return `before` with what people changed since: texts, and labels of the scheme that they took off."""
        with reading(self._engine) as connection:
            return touched.since(connection, scheme_name, before)

    def originals(self, ids: Sequence[int]) -> list[str]:
        """Return the texts as received (no edit changes them), sorted by id; unknown ids are left out."""
        texts: list[str] = []
        c = utterance.c
        with reading(self._engine) as connection:
            for start in range(0, len(ids), NAMES):
                query = select(c.original).where(c.id.in_(ids[start : start + NAMES])).order_by(c.id)
                texts += connection.scalars(query)
        return texts
