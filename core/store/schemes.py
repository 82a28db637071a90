"""Stores the workspace's own schemes and publishes them to `core.schemes` of this process.

A row is never deleted, so the sum of all versions says whether any scheme changed since the last `sync`. If SQLite's
files were not written since, `sync` does not even ask for that sum. The row of a rejected scheme stays in the table,
and its name may be used again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, delete, exists, func, insert, literal, null, select, update

from core.errors import Conflict, UnknownName
from core.messages import SchemeName
from core.schemes import SCHEMES, Scheme, bundled_with, check_growth, is_bundled, publish, published_token
from core.schemes.files import from_document, to_document
from core.store.changes import Changes, Trace, is_settled
from core.store.engine import reading, writing
from core.store.review import decisions
from core.store.schema import annotation, label, revision, run
from core.store.schema import scheme as table

REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class StoredScheme:
    """A scheme of the workspace, who made it and when; `version` counts its changes."""

    scheme: Scheme
    created_at: str
    created_by: str
    version: int


class Schemes:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._url = engine.url.render_as_string(hide_password=True)
        self._changes = Changes(engine)
        self._seen: tuple[object, Trace] | None = None

    def sync(self) -> None:
        """Publish this store's schemes to `core.schemes`, unless they are published there already."""
        trace = self._changes.trace()
        if self._seen is not None and self._seen == (published_token(), trace):
            return
        with reading(self._engine) as connection:
            token = (self._url, connection.scalar(select(func.coalesce(func.sum(table.c.version), 0))))
            rows = connection.execute(_standing()).all() if published_token() != token else None
        if rows is not None:
            publish(token, [_scheme(row) for row in rows])
        self._seen = (token, trace) if is_settled(trace) else None

    def list(self) -> list[StoredScheme]:
        """Return the workspace's schemes, also proposed ones, oldest first; rejected ones are left out."""
        with reading(self._engine) as connection:
            rows = [row for row in connection.execute(_standing()) if not is_bundled(row.name)]
        return [StoredScheme(_scheme(row), row.created_at, row.created_by, row.version) for row in rows]

    def put(self, name: str, make: Callable[[Scheme | None], Scheme], by: str, at: str) -> Scheme:
        """Call `make` with the current scheme (None if there is none) and write its result, in one transaction.

        `Conflict` if the name is that of a bundled scheme. `InputError` if a class would move or be removed.
        """
        if is_bundled(name):
            raise Conflict(
                "scheme {name!r} comes with Gwidama and stays as it is; choose another name", name=SchemeName(name)
            )
        return self._put(name, make, by, at)

    def put_guidelines(self, name: str, make: Callable[[Scheme], Scheme], by: str, at: str) -> Scheme:
        """Write the guidelines of a scheme, a bundled one too: `make` gets the scheme and returns it with others.

        The row of a bundled scheme holds nothing else that counts. `UnknownName` if there is no such scheme.
        """

        def made(old: Scheme | None) -> Scheme:
            present = bundled_with(name, old) if is_bundled(name) else old
            if present is None:
                raise UnknownName("scheme", name, list(SCHEMES))
            return make(present)

        return self._put(name, made, by, at)

    def _put(self, name: str, make: Callable[[Scheme | None], Scheme], by: str, at: str) -> Scheme:
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
        """Reject a proposed scheme and withdraw its labels; return the number of targets that had one.

        `Conflict` if the scheme is not a proposed one, or if a curator's decision under it stands, which would be lost.
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
            if run_id := connection.scalar(select(run.c.id).where(run.c.scheme == name).limit(1)):
                raise Conflict(
                    "run {run_id} predicts {name!r}; a scheme with a run stays", run_id=run_id, name=SchemeName(name)
                )
            withdrawals = (
                select(label.c.level, label.c.target_id, label.c.scheme, null(), literal(by), literal(at))
                .where(label.c.scheme == name)
                .distinct()
            )
            columns = ["level", "target_id", "scheme", "code", "curator", "at"]
            withdrawn = connection.scalar(select(func.count()).select_from(withdrawals.subquery()))
            connection.execute(insert(annotation).from_select(columns, withdrawals))
            connection.execute(delete(label).where(label.c.scheme == name))
            connection.execute(
                update(table).where(table.c.name == name).values(state=REJECTED, version=row.version + 1)
            )
        self.sync()
        return int(withdrawn or 0)


def _standing() -> Any:
    return select(table).where(table.c.state != REJECTED).order_by(table.c.created_at, table.c.name)


def _scheme(row: Row[Any]) -> Scheme:
    return from_document(row.definition, f"scheme {row.name} of the store", row.state)
