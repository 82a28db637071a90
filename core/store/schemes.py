"""The workspace's own schemes: added, grown and confirmed here, published to the process that asks.

A row is never deleted, so the sum of the versions tells whether anything changed since a process last looked; where
SQLite's files were not touched since, not even that is asked. A rejected scheme's row stays behind as a mark, and its
name is free again.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, delete, exists, func, insert, literal, null, select, update

from core.errors import Conflict, UnknownName
from core.messages import SchemeName
from core.schemes import Scheme, check_growth, is_bundled, publish, published
from core.schemes.files import from_document, to_document
from core.store.engine import reading, writing
from core.store.review import decisions
from core.store.schema import annotation, label, revision
from core.store.schema import scheme as table

REJECTED = "rejected"
SETTLED_NS = 100_000_000  # a file written to less than this ago may be written to again without a later time stamp
Trace = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A scheme of the workspace and where it came from; `version` counts its changes."""

    scheme: Scheme
    created_at: str
    created_by: str
    version: int


class Schemes:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._url = engine.url.render_as_string(hide_password=True)
        file = engine.url.database if engine.dialect.name == "sqlite" else None
        self._files = (Path(file), Path(f"{file}-wal")) if file and file != ":memory:" else ()
        self._seen: tuple[object, Trace] | None = None

    def sync(self) -> None:
        """Publish this store's schemes to `core.schemes` if they are not what is published there."""
        trace = self._trace()
        if self._seen is not None and self._seen == (published(), trace):
            return
        with reading(self._engine) as connection:
            token = (self._url, connection.scalar(select(func.coalesce(func.sum(table.c.version), 0))))
            rows = connection.execute(_standing()).all() if published() != token else None
        if rows is not None:
            publish(token, [_scheme(row) for row in rows])
        calm = trace and time.time_ns() - max(stamp for stamp, _ in trace) > SETTLED_NS
        self._seen = (token, trace) if calm else None

    def _trace(self) -> Trace:
        """When the database's files were last written to, and their sizes; empty where that says nothing."""
        found = []
        for file in self._files:
            with suppress(FileNotFoundError):  # the log goes with the last connection
                told = file.stat()
                found.append((told.st_mtime_ns, told.st_size))
        return tuple(one for one in found if one[1])

    def list(self) -> list[Kept]:
        """The workspace's schemes, proposed ones among them, oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(_standing()).all()
        return [Kept(_scheme(row), row.created_at, row.created_by, row.version) for row in rows]

    def put(self, name: str, make: Callable[[Scheme | None], Scheme], by: str, at: str) -> Scheme:
        """Write what `make` makes of the scheme as it stands (None if there is none), in one transaction.

        `Conflict` for a bundled name, `InputError` where a class would move or go.
        """
        if is_bundled(name):
            raise Conflict(
                "scheme {name!r} comes with Gwidama and stays as it is; choose another name", name=SchemeName(name)
            )
        with writing(self._engine) as connection:
            row = connection.execute(select(table).where(table.c.name == name)).one_or_none()
            old = _scheme(row) if row is not None and row.state != REJECTED else None
            new = make(old)
            if old is not None:
                check_growth(old, new)
            values = {"definition": to_document(new), "state": new.state}
            if row is None:
                fresh = {"name": name, "created_at": at, "created_by": by, "version": 1}
                connection.execute(insert(table).values(values | fresh))
            elif new != old:
                fresh = {} if old is not None else {"created_at": at, "created_by": by}
                connection.execute(
                    update(table).where(table.c.name == name).values(values | fresh | {"version": row.version + 1})
                )
        self.sync()
        return new

    def reject(self, name: str, by: str, at: str) -> int:
        """Drop a proposed scheme and withdraw its labels; returns of how many targets.

        `Conflict` if it is settled, or where a curator's decision under it stands: that would be lost.
        """
        with writing(self._engine) as connection:
            row = connection.execute(select(table).where(table.c.name == name)).one_or_none()
            if row is None or row.state == REJECTED:
                raise UnknownName("scheme of this workspace", name, [k.scheme.name for k in self.list()])
            if row.state != "proposed":
                raise Conflict("scheme {name!r} is settled; only a proposed one can be rejected", name=SchemeName(name))
            under = exists().where(annotation.c.scheme == name, annotation.c.revision_id == revision.c.id)
            if who := connection.scalar(select(revision.c.curator).where(under, *decisions.stands()).limit(1)):
                raise Conflict(
                    "{who} has labelled under {name!r}; undo that first, or confirm the scheme",
                    who=who,
                    name=SchemeName(name),
                )
            mine = (
                select(label.c.level, label.c.target_id, label.c.scheme, null(), literal(by), literal(at))
                .where(label.c.scheme == name)
                .distinct()
            )
            columns = ["level", "target_id", "scheme", "code", "curator", "at"]
            withdrawn = connection.execute(insert(annotation).from_select(columns, mine)).rowcount
            connection.execute(delete(label).where(label.c.scheme == name))
            connection.execute(
                update(table).where(table.c.name == name).values(state=REJECTED, version=row.version + 1)
            )
        self.sync()
        return int(withdrawn)


def _standing() -> Any:
    return select(table).where(table.c.state != REJECTED).order_by(table.c.created_at, table.c.name)


def _scheme(row: Row[Any]) -> Scheme:
    return from_document(row.definition, f"scheme {row.name} of the store", row.state)
