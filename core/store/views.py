"""Saved views: named filters of the Corpus page, shared by everybody who works in the workspace."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, delete, insert, select

from core.errors import Conflict, NotFound
from core.records import SavedView
from core.store.engine import reading, writing
from core.store.schema import view


class Views:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, name: str, query: Mapping[str, Sequence[str]], curator: str, at: str) -> SavedView:
        """Save `query` (URL parameter -> values) under a new name; `Conflict` if the name is taken."""
        saved = SavedView(name, {key: list(values) for key, values in query.items()}, curator, at)
        with writing(self._engine) as connection:
            if by := connection.scalar(select(view.c.curator).where(view.c.name == name)):
                raise Conflict(
                    "{who} saved a view {name!r} already; delete it, or choose another name", who=by, name=name
                )
            row = {"name": name, "query": dict(saved.query), "curator": curator, "created_at": at}
            connection.execute(insert(view).values(row))
        return saved

    def list(self) -> list[SavedView]:
        """Return all views, sorted by name."""
        with reading(self._engine) as connection:
            return [SavedView(**row) for row in connection.execute(select(view).order_by(view.c.name)).mappings()]

    def delete(self, name: str) -> None:
        """Delete the view; `NotFound` if there is none."""
        with writing(self._engine) as connection:
            if not connection.execute(delete(view).where(view.c.name == name)).rowcount:
                raise NotFound("no view {name!r}", name=name)
