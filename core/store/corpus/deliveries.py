"""Remembers what was imported for each source, so that a delivery is recognised by its content under any name."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from core.store.engine import insert_id, reading, writing
from core.store.schema import delivery, source, utterance


@dataclass(frozen=True, slots=True)
class Delivery:
    """One import: the source it went to, the name under which it came, and the SHA-256 of its content.

    `part` is the sheet of a workbook or the list in a document; "" if there is only one, None if an earlier program
    did not note it.
    """

    source_id: int
    source: str
    name: str
    sha256: str
    part: str | None


class Deliveries:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, source_id: int, name: str, sha256: str, part: str, at: str) -> None:
        """Note one import. The same content of the same source is noted once."""
        c = delivery.c
        same = (c.source_id == source_id, c.sha256 == sha256, func.coalesce(c.part, part) == part)
        with writing(self._engine) as connection:
            if connection.scalar(select(c.id).where(*same).limit(1)) is None:
                values = {"source_id": source_id, "name": name, "sha256": sha256, "part": part, "at": at}
                insert_id(connection, delivery, values)

    def with_content(self, sha256: str, kinds: Collection[str]) -> list[Delivery]:
        """Return the imports of this content into sources of these kinds, oldest first."""
        c = delivery.c
        query = (
            select(c.source_id, source.c.name.label("source"), c.name, c.sha256, c.part)
            .join(source, source.c.id == c.source_id)
            .where(c.sha256 == sha256, source.c.kind.in_(kinds))
            .order_by(c.id)
        )
        with reading(self._engine) as connection:
            return [Delivery(*row) for row in connection.execute(query)]

    def made_by(self, source_id: int) -> str:
        """Return the SHA-256 of the delivery that made the source."""
        with reading(self._engine) as connection:
            return str(connection.scalar(select(source.c.sha256).where(source.c.id == source_id)))

    def kinds(self) -> dict[str, str]:
        """Return the name of each source and its kind."""
        with reading(self._engine) as connection:
            return {str(name): str(kind) for name, kind in connection.execute(select(source.c.name, source.c.kind))}

    def size(self, name: str) -> int:
        """Return how many utterances the source `name` has."""
        query = select(func.count()).select_from(utterance).join(source, source.c.id == utterance.c.source_id)
        with reading(self._engine) as connection:
            return int(connection.scalar(query.where(source.c.name == name)) or 0)
