"""A curator's decisions: append-only revisions and annotations, optimistic versions, undo that appends.

Every decision, undo and accepted pseudo-label on an utterance raises its version by one and leaves one Revision; a
decision made on an older version than the store's is refused with `Conflict`. Under a multi scheme the answer is one:
its codes joined by `|` in class order, kept as one annotation and one row of `label` a class.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, exists, func, insert, select, update

from core.errors import Conflict
from core.records import Annotation, Revision, Utterance
from core.schemes import joined, parts, scheme
from core.store.corpus import one_utterance
from core.store.engine import insert_id, reading, writing
from core.store.schema import annotation, label, proposal, revision, utterance
from core.text import nfc


class Review:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def decide(
        self,
        utterance_id: int,
        version: int,
        curator: str,
        at: str,
        *,
        text: str | None = None,
        labels: Mapping[str, str] | None = None,
        skip: bool = False,
        spent_ms: int | None = None,
        why: str = "review",
    ) -> Revision:
        """Write one decision. `labels` maps scheme to code (joined codes of a multi scheme), `text` None leaves it.

        `Conflict` if `version` is old.
        """
        chosen = {name: {"code": scheme(name).parse(code), "grade": "gold", "by": curator}
                  for name, code in (labels or {}).items()}  # fmt: skip
        with writing(self._engine) as connection:
            return decide(
                connection, utterance_id, version, curator, at,
                text=text, labels=chosen, skip=skip, spent_ms=spent_ms, why=why,
            )  # fmt: skip

    def undo(self, curator: str, at: str) -> Revision | None:
        """Take back the curator's latest decision that stands; None when there is none left.

        `Conflict` if somebody has decided on that utterance since.
        """
        with writing(self._engine) as connection:
            latest = connection.scalar(
                select(revision.c.id)
                .where(revision.c.curator == curator, *stands())
                .order_by(revision.c.id.desc())
                .limit(1)
            )
            return None if latest is None else undo(connection, latest, curator, at)

    def history(self, utterance_id: int) -> list[Revision]:
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(revision).where(revision.c.utterance_id == utterance_id).order_by(revision.c.version)
            ).mappings()
            return [Revision(**row) for row in rows]

    def annotations(self, utterance_id: int) -> list[Annotation]:
        """The utterance's own annotations, oldest first."""
        query = select(annotation).where(annotation.c.level == "utterance", annotation.c.target_id == utterance_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(annotation.c.id)).mappings()
            return [Annotation(**{k: v for k, v in row.items() if k != "revision_id"}) for row in rows]

    def decided(self, curator: str) -> int:
        """How many decisions of this curator stand."""
        query = select(func.count()).where(revision.c.curator == curator, *stands())
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)


def decide(
    connection: Connection,
    utterance_id: int,
    version: int,
    curator: str,
    at: str,
    *,
    text: str | None = None,
    labels: Mapping[str, Mapping[str, str] | None],
    skip: bool | None = None,
    spent_ms: int | None = None,
    why: str,
    undoes: int | None = None,
) -> Revision:
    """The write itself, inside the caller's transaction; `labels`: scheme -> {code, grade, by} or None (withdraw)."""
    now = one_utterance(connection, utterance_id)
    if not connection.scalar(select(utterance.c.active).where(utterance.c.id == utterance_id)):
        raise Conflict(f"utterance {utterance_id} was taken out of the corpus meanwhile")
    if now.version != version:
        raise Conflict(
            f"utterance {utterance_id} was changed meanwhile (you saw version {version}, it is {now.version}); "
            "look at it again and decide anew"
        )
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if text is not None and nfc(text) != now.text:
        before["text"], after["text"] = now.text, nfc(text)
    if skip is not None and skip != now.skipped:
        before["skipped"], after["skipped"] = now.skipped, skip
    if labels:
        before["labels"] = {name: _current(connection, now, name) for name in labels}
        after["labels"] = {name: dict(value) if value else None for name, value in labels.items()}
    values: dict[str, Any] = {
        "utterance_id": utterance_id, "version": version + 1, "curator": curator, "at": at,
        "before": before, "after": after, "why": why, "undoes": undoes,
    }  # fmt: skip
    revision_id = insert_id(connection, revision, values)
    new_text = after.get("text", now.text)
    connection.execute(
        update(utterance)
        .where(utterance.c.id == utterance_id)
        .values(version=version + 1, text=new_text, chars=len(new_text), skipped=after.get("skipped", now.skipped))
    )
    for name, value in labels.items():
        _write_label(connection, now, name, value, curator, at, spent_ms, revision_id)
    return Revision(id=revision_id, **values)


def undo(connection: Connection, revision_id: int, curator: str, at: str) -> Revision:
    """Append the revision that restores what stood before `revision_id`; a proposal that made it is open again.

    `Conflict` if what it wrote was decided again since.
    """
    old = connection.execute(select(revision).where(revision.c.id == revision_id)).one()
    now = one_utterance(connection, old.utterance_id)
    if (later := standing(connection, now.id, old.version)) is not None:
        raise Conflict(f"utterance {now.id} was decided again by {later}; that has to be undone first")
    for name, written in old.after.get("labels", {}).items():
        # A label of the recording may have been decided at another of its utterances.
        if (found := _current(connection, now, name)) != written:
            who = found["by"] if found else "somebody"
            raise Conflict(f"{name} of utterance {now.id} was decided again by {who}; that has to be undone first")
    connection.execute(
        update(proposal)
        .where(proposal.c.revision_id == revision_id)
        .values(state="open", decided_by=None, decided_at=None, revision_id=None)
    )
    return decide(
        connection,
        old.utterance_id,
        now.version,
        curator,
        at,
        text=old.before.get("text"),
        labels=old.before.get("labels", {}),
        skip=old.before.get("skipped"),
        why="undo",
        undoes=revision_id,
    )


def standing(connection: Connection, utterance_id: int, after_version: int = 0) -> str | None:
    """Who made a decision on the utterance after that version that was not undone; None if nobody did."""
    mine = (revision.c.utterance_id == utterance_id, revision.c.version > after_version)
    return connection.scalar(select(revision.c.curator).where(*mine, *stands()).order_by(revision.c.version.desc()))


def stands() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """A revision that is no undo and was not undone."""
    undone = revision.alias()
    return revision.c.undoes.is_(None), ~exists().where(undone.c.undoes == revision.c.id)


def _target(now: Utterance, name: str) -> tuple[str, int]:
    level = scheme(name).level
    if level == "utterance":
        return level, now.id
    if now.recording_id is None:
        raise Conflict(f"{name} is a label of a recording, and utterance {now.id} has none")
    return level, now.recording_id


def _current(connection: Connection, now: Utterance, name: str) -> dict[str, str] | None:
    """What stands: {code, grade, by}. The classes of one target are written together, so grade and by are the same."""
    level, target_id = _target(now, name)
    rows = connection.execute(
        select(label.c.code, label.c.grade, label.c.by).where(
            label.c.level == level, label.c.target_id == target_id, label.c.scheme == name
        )
    ).all()
    return {**rows[0]._mapping, "code": joined(name, [row.code for row in rows])} if rows else None


def _write_label(
    connection: Connection,
    now: Utterance,
    name: str,
    value: Mapping[str, str] | None,
    curator: str,
    at: str,
    spent_ms: int | None,
    revision_id: int,
) -> None:
    level, target_id = _target(now, name)
    mine = {"level": level, "target_id": target_id, "scheme": name}
    row = mine | {"code": value["code"] if value else None, "curator": curator, "at": at}
    connection.execute(insert(annotation).values(row | {"spent_ms": spent_ms, "revision_id": revision_id}))
    connection.execute(delete(label).filter_by(**mine))
    if value:
        connection.execute(insert(label), [mine | dict(value) | {"code": code} for code in parts(value["code"])])
