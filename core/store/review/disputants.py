"""Who answered each target in dispute, and when last; kept in memory and extended by what was added since.

Annotations and revisions are append-only: an answer stands until a later revision undoes the one that wrote it. So only
the targets of new annotations, and of annotations whose revision was undone since, are read again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from core.records import IMPORTED
from core.schemes import Scheme
from core.store.portable import given
from core.store.review.answers import stands
from core.store.schema import annotation, revision

MANY = 5000  # after so many new rows all targets are read anew


@dataclass(frozen=True, slots=True)
class Disputant:
    """The curators whose answers to a target stand, and when the last of them answered (UTC, ISO 8601)."""

    curators: frozenset[str]
    last_at: str


_Known = dict[int, Disputant]
_Last = tuple[tuple[int, str], tuple[int, str]]
_known: dict[tuple[str, str], tuple[_Last, _Known]] = {}
_lock = Lock()


def disputants(connection: Connection, definition: Scheme, targets: Collection[int]) -> _Known:
    """Return target -> who answered it under a scheme; targets without a standing answer are left out."""
    key, last = (
        (str(connection.engine.url), definition.name),
        (_last(connection, annotation), _last(connection, revision)),
    )
    with _lock:
        before = _known.get(key)
    changed = None if before is None else _changed(connection, definition, before[0], last)
    if before is None or changed is None:
        known = _read(connection, definition, targets)
    else:
        kept = {target: entry for target, entry in before[1].items() if target not in changed}
        known = kept | _read(connection, definition, [target for target in targets if target not in kept])
    if connection.engine.url.database not in (None, "", ":memory:"):
        with _lock:
            _known[key] = (last, known)
    return {target: known[target] for target in targets if target in known}


def _last(connection: Connection, table: Any) -> tuple[int, str]:
    row = connection.execute(select(table.c.id, table.c.at).order_by(table.c.id.desc()).limit(1)).first()
    return (int(row[0]), str(row[1])) if row else (0, "")


def _changed(connection: Connection, definition: Scheme, before: _Last, now: _Last) -> set[int] | None:
    """Return the targets whose answers may be others than `before`; None if all must be read anew."""
    for table, (seen, at), (newest, _) in zip((annotation, revision), before, now, strict=True):
        if newest < seen or newest - seen > MANY:
            return None
        if seen and connection.scalar(select(table.c.at).where(table.c.id == seen)) != at:
            return None  # another database in this place
    a, r = annotation.c, revision.c
    undone = list(connection.scalars(select(r.undoes).where(r.id > before[1][0], r.undoes.is_not(None))))
    rows = select(a.target_id, a.level, a.scheme)  # with level and scheme as conditions, SQLite reads all of the scheme
    changed = list(connection.execute(rows.where(a.id > before[0][0])))
    if undone:
        changed += connection.execute(rows.where(a.revision_id.in_(given(connection, undone))))
    return {target for target, level, name in changed if (level, name) == (definition.level, definition.name)}


def _read(connection: Connection, definition: Scheme, targets: Collection[int]) -> _Known:
    if not targets:
        return {}
    a = annotation.c
    answers: Select[Any] = (
        select(a.target_id, a.curator, a.at)
        .outerjoin(revision, revision.c.id == a.revision_id)
        .where(a.level == definition.level, a.scheme == definition.name, a.code.is_not(None), a.curator != IMPORTED)
        .where(a.target_id.in_(given(connection, targets)), or_(a.revision_id.is_(None), and_(*stands())))
    )
    by_target: dict[int, dict[str, str]] = {}
    for target, curator, at in connection.execute(answers):
        of_target = by_target.setdefault(target, {})
        of_target[curator] = max(at, of_target.get(curator, ""))
    return {target: Disputant(frozenset(by), max(by.values())) for target, by in by_target.items()}
