"""Reads how derived utterances were made, and from which: their parents may be skipped or out of the corpus.

`copy_labels` gives them the labels of their parents.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import JSON, BigInteger, Column, Connection, Engine, ForeignKey, String, Table, func, select

from core.records import Derivation, Level
from core.store.engine import insert_many, reading
from core.store.rows import NAMES
from core.store.schema import label, metadata, utterance

# How a derived utterance was made from its parent; one row for each that was ever accepted or imported.
derivation = Table(
    "derivation",
    metadata,
    Column("utterance_id", ForeignKey("utterance.id"), primary_key=True),
    Column("operation", String, nullable=False, index=True),
    Column("parameters", JSON, nullable=False),
    Column("seed", BigInteger),
    Column("model", String),
    Column("prompt_sha256", String),
    Column("made_at", String),  # NULL: an earlier program did not store it
    Column("batch", String),
)


class Parent(NamedTuple):
    """An utterance that another one was made from; its own `parent_id` if it was derived itself."""

    id: int
    key: str
    recording_id: int | None
    parent_id: int | None
    group: str
    text: str


class Derivations:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, ids: Sequence[int]) -> dict[int, Derivation]:
        """Return utterance id -> how it was made; utterances that were not derived are left out."""
        made: dict[int, Derivation] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(ids), NAMES):
                query = select(derivation).where(derivation.c.utterance_id.in_(ids[start : start + NAMES]))
                made |= {row["utterance_id"]: Derivation(**row) for row in connection.execute(query).mappings()}
        return made

    def parents(self) -> dict[int, Parent]:
        """Return id -> utterance, for each that another one was made from."""
        c = utterance.c
        named = select(c.parent_id).where(c.parent_id.is_not(None), c.active).distinct()
        columns = [c[name] for name in Parent._fields]
        parents: dict[int, Parent] = {}
        with reading(self._engine) as connection:
            wanted = list(connection.scalars(named))
            while wanted:
                rows: list[Any] = []
                for start in range(0, len(wanted), NAMES):
                    rows += connection.execute(select(*columns).where(c.id.in_(wanted[start : start + NAMES]))).all()
                parents |= {row.id: Parent._make(row) for row in rows}
                wanted = [row.parent_id for row in rows if row.parent_id and row.parent_id not in parents]
        return parents

    def texts_before(self) -> dict[int, str]:
        """Return derived utterance id -> the text that it was made from, where that was stored.

        One that was imported without its parent is derived too.
        """
        c = utterance.c
        query = select(c.id, c.meta).where(c.parent_id.is_not(None) | (c.origin == "augmented"), c.active)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        stored = ((row.id, row.meta.get("before")) for row in rows if isinstance(row.meta, dict))
        return {number: text for number, text in stored if isinstance(text, str)}

    def examples(self) -> dict[int, tuple[str, ...]]:
        """Return derived utterance id -> keys of what a language model was shown, where there are any."""
        c = derivation.c
        query = select(c.utterance_id, c.parameters).where(c.model.is_not(None))
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return {row.utterance_id: tuple(shown) for row in rows if (shown := row.parameters.get("examples"))}

    def tally(self) -> dict[str, int]:
        """Return operation -> how many derived utterances are in the corpus."""
        c = derivation.c
        query = select(c.operation, func.count()).join(utterance, utterance.c.id == c.utterance_id)
        query = query.where(utterance.c.active, ~utterance.c.skipped).group_by(c.operation).order_by(c.operation)
        with reading(self._engine) as connection:
            return {str(operation): int(n) for operation, n in connection.execute(query)}


def copy_labels(connection: Connection, pairs: Sequence[tuple[int, int]], level: Level, curator: str) -> None:
    """Give each second of `pairs` the labels of the first, as silver, except disputed ones.

    The copy of a pseudo-label belongs to its round, and is withdrawn with it.
    """
    labels: dict[int, list[tuple[str, str, int | None]]] = {}
    sources = sorted({source for source, _ in pairs})
    for start in range(0, len(sources), NAMES):
        of_sources = label.c.target_id.in_(sources[start : start + NAMES])
        query = select(label.c.target_id, label.c.scheme, label.c.code, label.c.round_id).where(
            label.c.level == level, of_sources, label.c.grade != "disputed"
        )
        for target, scheme, code, made in connection.execute(query):
            labels.setdefault(target, []).append((scheme, code, made))
    columns = ("level", "target_id", "scheme", "code", "grade", "by", "round_id")
    rows = [
        (level, copy, scheme, code, "silver", curator, made)
        for source, copy in pairs
        for scheme, code, made in labels.get(source, ())
    ]
    insert_many(connection, label, columns, rows)
