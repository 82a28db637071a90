"""One deed on many utterances: a label or a tag, in one transaction, undone as one.

A bulk label leaves the rows that as many single decisions would (`review.decide`; a skip stays as it is): one Revision
an utterance, whose `bulk_id` names the action. A label of a recording is decided at the first of its utterances. On
what several curators answer blind it is one answer among theirs, so that a dispute stays one. Tags are no decisions:
they raise no version, and what an action tagged is kept in `bulk_tagged` until it is taken back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, func, select, update

from core.errors import Conflict, NotFound
from core.filters import Filter
from core.records import Act, BulkAction
from core.schemes import Scheme, joined, parts, scheme
from core.store.corpus import find
from core.store.engine import allot, insert_id, insert_many, reading, writing
from core.store.review import answers
from core.store.review.decisions import stands
from core.store.rows import NAMES
from core.store.schema import annotation, bulk, bulk_tagged, label, overlap, revision, tag, utterance

Which = Filter | Sequence[int]
Answer = dict[str, str]  # {code, grade, by}
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Change:
    """One Revision to write; None is no label. `said`: the curator's own answer, where that is not the label."""

    utterance_id: int
    version: int
    target_id: int
    before: Answer | None
    after: Answer | None
    undoes: int | None = None
    said: str | None = None


class Bulk:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def label(self, which: Which, scheme_name: str, code: str, curator: str, at: str) -> BulkAction:
        """Set one label (joined codes of a multi scheme) on all of `which`; gold answers that are so already stay."""
        one = scheme(scheme_name)
        answer = {"code": one.parse(code), "grade": "gold", "by": curator}
        what: dict[str, Any] = {"do": "label", "scheme": one.name, "code": answer["code"]}
        with writing(self._engine) as connection:
            bulk_id = _begin(connection, what, curator, at)
            ids, out = _chosen(connection, which)
            written: list[int] = []
            homeless = 0
            for block in _blocks(ids):
                changes, without = _to_label(connection, one, block, answer)
                homeless += without
                written += _write(connection, one, changes, curator, at, bulk_id)
            what |= {"already": len(ids) - homeless - len(written), "unfit": out + homeless}
            if written:
                what["revisions"] = [written[0], written[-1]]
            return _finish(connection, bulk_id, what, len(written))

    def tag(self, which: Which, name: str, curator: str, at: str, *, remove: bool = False) -> BulkAction:
        """Put tag `name` on all of `which`, or take it off."""
        what: dict[str, Any] = {"do": "untag" if remove else "tag", "tag": name}
        with writing(self._engine) as connection:
            bulk_id = _begin(connection, what, curator, at)
            ids, out = _chosen(connection, which)
            have = _array(connection, select(tag.c.utterance_id).where(tag.c.tag == name))
            changed = np.intersect1d(ids, have) if remove else np.setdiff1d(ids, have)
            rows = [(bulk_id, number, name) for number in changed.tolist()]
            insert_many(connection, bulk_tagged, ("bulk_id", "utterance_id", "tag"), rows)
            _retag(connection, name, changed, on=not remove)
            what |= {"already": len(ids) - len(changed), "unfit": out}
            return _finish(connection, bulk_id, what, len(changed))

    def undo(self, bulk_id: int, curator: str, at: str) -> BulkAction:
        """Take back what still stands of the action; its `what` then says how many (`undone`, `since`).

        `Conflict` if it was undone already, or if all of it was decided on since.
        """
        with writing(self._engine) as connection:
            action = _get(connection, bulk_id)
            if action.undone_at is not None:
                raise Conflict(
                    "bulk action {bulk_id} was undone already, at {undone_at}",
                    bulk_id=bulk_id,
                    undone_at=action.undone_at,
                )
            take_back = _undo_label if action.what["do"] == "label" else _undo_tag
            undone, since = take_back(connection, action, curator, at)
            if since and not undone:
                raise Conflict(
                    "nothing of bulk action {bulk_id} can be undone: {since:,} were decided on since",
                    bulk_id=bulk_id,
                    since=since,
                )
            values = {"undone_at": at, "what": {**action.what, "undone": undone, "since": since}}
            connection.execute(update(bulk).where(bulk.c.id == bulk_id).values(values))
            return _get(connection, bulk_id)

    def latest(self) -> BulkAction | None:
        """The last bulk action, undone or not."""
        with reading(self._engine) as connection:
            last = connection.scalar(select(func.max(bulk.c.id)))
            return None if last is None else _get(connection, last)

    def tags(self) -> list[str]:
        """The tags in use, in order; each is one step into the index, however many utterances have it."""
        found: list[str] = []
        with reading(self._engine) as connection:
            while True:
                query = select(func.min(tag.c.tag))
                following = connection.scalar(query.where(tag.c.tag > found[-1]) if found else query)
                if following is None:
                    return found
                found.append(following)

    def tags_of(self, utterance_ids: Sequence[int]) -> dict[int, list[str]]:
        """utterance id -> its tags in order; those without any are left out."""
        found: dict[int, list[str]] = {}
        with reading(self._engine) as connection:
            for block in _blocks(np.array(utterance_ids, np.int64)):
                mine = tag.c.utterance_id.in_(block)
                for number, name in connection.execute(select(tag).where(mine).order_by(tag.c.tag)):
                    found.setdefault(number, []).append(name)
        return found


def _begin(connection: Connection, what: Mapping[str, Any], curator: str, at: str) -> int:
    return insert_id(connection, bulk, {"curator": curator, "at": at, "what": dict(what), "count": 0})


def _finish(connection: Connection, bulk_id: int, what: Mapping[str, Any], count: int) -> BulkAction:
    connection.execute(update(bulk).where(bulk.c.id == bulk_id).values(what=dict(what), count=count))
    return _get(connection, bulk_id)


def _get(connection: Connection, bulk_id: int) -> BulkAction:
    row = connection.execute(select(bulk).where(bulk.c.id == bulk_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("no bulk action {bulk_id}", bulk_id=bulk_id)
    return BulkAction(**row)


def _array(connection: Connection, query: Any) -> Ids:
    return np.fromiter(connection.scalars(query), np.int64)


def _blocks(ids: Ids) -> Iterator[list[int]]:
    for start in range(0, len(ids), NAMES):
        yield ids[start : start + NAMES].tolist()


def _chosen(connection: Connection, which: Which) -> tuple[Ids, int]:
    """The utterances meant, ascending, and how many of those named are not in the corpus."""
    if isinstance(which, Filter):
        return find.every(connection, which), 0
    named = np.unique(np.array(which, np.int64))
    found = [
        _array(connection, select(utterance.c.id).where(utterance.c.id.in_(block), utterance.c.active))
        for block in _blocks(named)
    ]
    ids = np.sort(np.concatenate(found)) if found else named
    return ids, len(named) - len(ids)


# -- labels


def _to_label(connection: Connection, one: Scheme, block: Sequence[int], answer: Answer) -> tuple[list[_Change], int]:
    """What has to be written so that all of `block` have the answer, and how many have no recording to label."""
    c = utterance.c
    rows = connection.execute(select(c.id, c.version, c.recording_id).where(c.id.in_(block)).order_by(c.id)).all()
    targets = {row.id: row.id if one.level == "utterance" else row.recording_id for row in rows}
    known = {target for target in targets.values() if target is not None}
    standing, shared = _standing(connection, one, known), _shared(connection, one, known)
    changes: dict[int, _Change] = {}
    homeless = 0
    for row in rows:
        target = targets[row.id]
        before = standing.get(target)
        if target is None:
            homeless += 1
        elif target not in changes and (before is None or _differ(before, answer)):
            blind = target in shared and answers.merged(
                connection, one.level, target, one.name, answer["by"], answer["code"]
            )
            said = answer["code"] if blind and blind["code"] != answer["code"] else None
            changes[target] = _Change(row.id, row.version, target, before, blind or answer, said=said)
    return list(changes.values()), homeless


def _differ(before: Answer, answer: Answer) -> bool:
    return (before["code"], before["grade"]) != (answer["code"], answer["grade"])


def _shared(connection: Connection, one: Scheme, targets: set[int]) -> set[int]:
    """Those of the targets that several curators answer blind."""
    c, u = overlap.c, utterance.c
    if one.level == "utterance":
        return set(connection.scalars(select(c.utterance_id).where(c.scheme == one.name, c.utterance_id.in_(targets))))
    calls = select(u.recording_id).join(overlap, c.utterance_id == u.id)
    return set(connection.scalars(calls.where(c.scheme == one.name, u.recording_id.in_(targets))))


def _standing(connection: Connection, one: Scheme, targets: set[int]) -> dict[int, Answer]:
    """target id -> what stands under the scheme."""
    c = label.c
    mine = (c.level == one.level, c.scheme == one.name, c.target_id.in_(targets))
    codes: dict[int, list[str]] = {}
    found: dict[int, Answer] = {}
    for target, code, grade, by in connection.execute(select(c.target_id, c.code, c.grade, c.by).where(*mine)):
        codes.setdefault(target, []).append(code)
        found[target] = {"code": joined(one.name, codes[target]), "grade": grade, "by": by}
    return found


def _write(
    connection: Connection, one: Scheme, changes: Sequence[_Change], curator: str, at: str, bulk_id: int | None = None
) -> list[int]:
    """Write the revisions, annotations and labels of `changes`; the ids of the revisions, ascending.

    `bulk_id` is the action that they belong to, None where they undo one.
    """
    act: Act = "undo" if bulk_id is None else "bulk"
    ids = allot(connection, revision, len(changes))
    numbered = list(zip(ids, changes, strict=True))
    insert_many(
        connection, revision,
        ("id", "utterance_id", "version", "curator", "at", "before", "after", "act", "why", "undoes", "bulk_id"),
        [
            (number, x.utterance_id, x.version + 1, curator, at,
             {"labels": {one.name: x.before}}, _after(one, x), act, "", x.undoes, bulk_id)
            for number, x in numbered
        ],
    )  # fmt: skip
    insert_many(
        connection, annotation, ("level", "target_id", "scheme", "code", "curator", "at", "revision_id"),
        [
            (one.level, x.target_id, one.name, x.said or (x.after["code"] if x.after else None), curator, at, number)
            for number, x in numbered
        ],
    )  # fmt: skip
    mine = utterance.c.id.in_([x.utterance_id for x in changes])
    connection.execute(update(utterance).where(mine).values(version=utterance.c.version + 1))
    connection.execute(
        delete(label).where(
            label.c.level == one.level,
            label.c.scheme == one.name,
            label.c.target_id.in_([x.target_id for x in changes]),
        )
    )
    insert_many(
        connection, label, ("level", "target_id", "scheme", "code", "grade", "by"),
        [
            (one.level, x.target_id, one.name, code, x.after["grade"], x.after["by"])
            for x in changes if x.after
            for code in parts(x.after["code"])
        ],
    )  # fmt: skip
    for target in _shared(connection, one, {x.target_id for x in changes}):
        answers.recount(connection, one.level, target, one.name)
    return ids


def _after(one: Scheme, change: _Change) -> dict[str, Any]:
    told = {"labels": {one.name: change.after}}
    return told | {"answers": {one.name: change.said}} if change.said else told


def _undo_label(connection: Connection, action: BulkAction, curator: str, at: str) -> tuple[int, int]:
    """How many revisions were taken back, and how many utterances were decided on since."""
    if not action.count:
        return 0, 0
    one = scheme(action.what["scheme"])
    first, last = action.what["revisions"]
    undone = since = 0
    for start in range(first, last + 1, NAMES):
        span = revision.c.id.between(start, min(start + NAMES - 1, last))
        # A revision that was undone on its own has nothing left to take back.
        rows = connection.execute(
            select(revision).where(span, revision.c.bulk_id == action.id, *stands()).order_by(revision.c.id)
        ).all()
        changes = _to_take_back(connection, one, rows)
        _write(connection, one, changes, curator, at)
        undone += len(changes)
        since += len(rows) - len(changes)
    return undone, since


def _to_take_back(connection: Connection, one: Scheme, rows: Sequence[Any]) -> list[_Change]:
    """The inverse of those of `rows` after which nobody decided; see `review.undo`."""
    c, r = utterance.c, revision.c
    ids = [row.utterance_id for row in rows]
    now = {
        row.id: row
        for row in connection.execute(select(c.id, c.version, c.recording_id).where(c.id.in_(ids), c.active))
    }
    query = select(r.utterance_id, func.max(r.version)).where(r.utterance_id.in_(ids), *stands())
    latest = {row[0]: row[1] for row in connection.execute(query.group_by(r.utterance_id))}
    targets = {number: number if one.level == "utterance" else row.recording_id for number, row in now.items()}
    standing = _standing(connection, one, set(targets.values()))
    changes = []
    for row in rows:
        number, written = row.utterance_id, row.after["labels"][one.name]
        if number in now and latest[number] == row.version and standing.get(targets[number]) == written:
            before = row.before["labels"][one.name]
            changes.append(_Change(number, now[number].version, targets[number], written, before, row.id))
    return changes


# -- tags


def _retag(connection: Connection, name: str, ids: Ids, on: bool) -> None:
    if on:
        insert_many(connection, tag, ("utterance_id", "tag"), [(number, name) for number in ids.tolist()])
        return
    for block in _blocks(ids):
        connection.execute(delete(tag).where(tag.c.tag == name, tag.c.utterance_id.in_(block)))


def _undo_tag(connection: Connection, action: BulkAction, curator: str, at: str) -> tuple[int, int]:
    """As `_undo_label`; a later action that changed the same tag of an utterance and stands is a decision since."""
    name, c = action.what["tag"], bulk_tagged.c
    mine = _array(connection, select(c.utterance_id).where(c.bulk_id == action.id))
    later = _array(connection, select(c.utterance_id).where(c.bulk_id > action.id, c.tag == name))
    back = np.setdiff1d(mine, later)
    _retag(connection, name, back, on=action.what["do"] == "untag")
    for block in _blocks(back):
        connection.execute(delete(bulk_tagged).where(c.bulk_id == action.id, c.utterance_id.in_(block)))
    return len(back), len(mine) - len(back)
