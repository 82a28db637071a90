"""Bulk actions: one label or one tag on many utterances, in one transaction, undone as one.

A bulk label writes the same rows as single decisions (`Review.decide`): one Revision for each utterance, with the
`bulk_id` of the action; skipped utterances stay skipped. A label of a recording is written at the first of its
utterances. If several curators answer a target blind, a bulk label is one more answer, so a dispute stays a dispute.
Tags are not decisions: they do not raise the version. The table `bulk_tagged` lists what an action tagged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, func, select, update

from core.errors import Conflict, NotFound
from core.filters import Filter
from core.messages import Instant
from core.records import Act, BulkAction
from core.schemes import Scheme, scheme, split_codes
from core.store.corpus import find
from core.store.engine import allot, insert_id, insert_many, reading, writing
from core.store.review import answers
from core.store.review.decisions import stands
from core.store.review.labels import label_value, withdrawn
from core.store.rows import NAMES
from core.store.schema import annotation, bulk, bulk_tagged, label, overlap, revision, tag, utterance

Which = Filter | Sequence[int]
LabelValue = dict[str, Any]  # {code, grade, by}, and round_id of a pseudo-label
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Change:
    """One Revision to write; None means no label. `own_code`: the curator's answer, if it is not the label."""

    utterance_id: int
    version: int
    target_id: int
    before: LabelValue | None
    after: LabelValue | None
    undoes: int | None = None
    own_code: str | None = None


class Bulk:
    """Does bulk actions and undoes them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def label(
        self, which: Which, scheme_name: str, code: str, curator: str, at: str, *, expected: int | None = None
    ) -> BulkAction:
        """Set one label (joined codes of a multi scheme) on all of `which`; equal gold labels stay as they are.

        `expected` is the number of matches that was asked about: `Conflict` if the Filter has another number now.
        """
        definition = scheme(scheme_name)
        answer = {"code": definition.parse(code), "grade": "gold", "by": curator}
        what: dict[str, Any] = {"do": "label", "scheme": definition.name, "code": answer["code"]}
        with writing(self._engine) as connection:
            bulk_id = _begin(connection, what, curator, at)
            ids, out = _chosen(connection, which, expected)
            written: list[int] = []
            without_recording = 0
            targets: set[int] = set()  # what the action has labelled: a call has several utterances
            same_call = 0
            for block in _blocks(ids):
                changes, missing, same = _label_changes(connection, definition, block, answer, targets)
                without_recording += missing
                same_call += same
                written += _write(connection, definition, changes, curator, at, bulk_id)
            what |= {"already": len(ids) - without_recording - len(written), "unfit": out + without_recording}
            what |= {"same_call": same_call, "out": out}
            if written:
                what["revisions"] = [written[0], written[-1]]
            return _finish(connection, bulk_id, what, len(written))

    def tag(
        self, which: Which, name: str, curator: str, at: str, *, remove: bool = False, expected: int | None = None
    ) -> BulkAction:
        """Add the tag `name` to all of `which`, or remove it; `expected` as in `label`."""
        what: dict[str, Any] = {"do": "untag" if remove else "tag", "tag": name}
        with writing(self._engine) as connection:
            bulk_id = _begin(connection, what, curator, at)
            ids, out = _chosen(connection, which, expected)
            have = _array(connection, select(tag.c.utterance_id).where(tag.c.tag == name))
            changed = np.intersect1d(ids, have) if remove else np.setdiff1d(ids, have)
            rows = [(bulk_id, number, name) for number in changed.tolist()]
            insert_many(connection, bulk_tagged, ("bulk_id", "utterance_id", "tag"), rows)
            _set_tag(connection, name, changed, on=not remove)
            what |= {"already": len(ids) - len(changed), "unfit": out, "out": out}
            return _finish(connection, bulk_id, what, len(changed))

    def undo(self, bulk_id: int, curator: str, at: str) -> BulkAction:
        """Undo the action where nobody has decided since; its `what` then has the numbers `undone` and `since`.

        `Conflict` if it was undone already, or if somebody has decided on all of it since.
        """
        with writing(self._engine) as connection:
            action = _get(connection, bulk_id)
            if action.undone_at is not None:
                raise Conflict(
                    "bulk action {bulk_id} was undone already, at {undone_at}",
                    bulk_id=bulk_id,
                    undone_at=Instant(action.undone_at),
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
        """Return the last bulk action, undone or not; None if there is none."""
        with reading(self._engine) as connection:
            last = connection.scalar(select(func.max(bulk.c.id)))
            return None if last is None else _get(connection, last)

    def tags(self) -> list[str]:
        """Return the tags in use, sorted. The cost depends on the number of tags, not of utterances."""
        tags: list[str] = []
        with reading(self._engine) as connection:
            while True:
                query = select(func.min(tag.c.tag))
                following = connection.scalar(query.where(tag.c.tag > tags[-1]) if tags else query)
                if following is None:
                    return tags
                tags.append(following)

    def tags_of(self, utterance_ids: Sequence[int]) -> dict[int, list[str]]:
        """Return utterance id -> its tags, sorted; utterances without tags are left out."""
        tags: dict[int, list[str]] = {}
        with reading(self._engine) as connection:
            for block in _blocks(np.array(utterance_ids, np.int64)):
                in_block = tag.c.utterance_id.in_(block)
                for number, name in connection.execute(select(tag).where(in_block).order_by(tag.c.tag)):
                    tags.setdefault(number, []).append(name)
        return tags


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


def _chosen(connection: Connection, which: Which, expected: int | None) -> tuple[Ids, int]:
    """Return the ids of the utterances, ascending, and how many of the named ids are not in the corpus."""
    if isinstance(which, Filter):
        matches = find.every(connection, which)
        if expected is not None and len(matches) != expected:
            raise Conflict(
                "{n:,} utterances match now, not {expected:,} as when this was asked: nothing was changed",
                n=len(matches), expected=expected,
            )  # fmt: skip
        return matches, 0
    named = np.unique(np.array(which, np.int64))
    blocks = [
        _array(connection, select(utterance.c.id).where(utterance.c.id.in_(block), utterance.c.active))
        for block in _blocks(named)
    ]
    ids = np.sort(np.concatenate(blocks)) if blocks else named
    return ids, len(named) - len(ids)


# -- labels


def _label_changes(
    connection: Connection, definition: Scheme, block: Sequence[int], answer: LabelValue, done: set[int]
) -> tuple[list[_Change], int, int]:
    """Return the changes that give all of `block` the answer, how many have no recording to label, and how many need
    none because their recording is in `done`: the targets that the action has labelled. New ones are added to it.
    """
    c = utterance.c
    rows = connection.execute(select(c.id, c.version, c.recording_id).where(c.id.in_(block)).order_by(c.id)).all()
    targets = {row.id: row.id if definition.level == "utterance" else row.recording_id for row in rows}
    known = {target for target in targets.values() if target is not None}
    standing, shared = _current_labels(connection, definition, known), _shared(connection, definition, known)
    changes: dict[int, _Change] = {}
    without_recording = same_call = 0
    for row in rows:
        target = targets[row.id]
        before = standing.get(target)
        if target is None:
            without_recording += 1
        elif target in done:
            same_call += 1
        elif before is None or _differ(before, answer):
            done.add(target)
            blind = target in shared and answers.merged(
                connection, definition.level, target, definition.name, answer["by"], answer["code"]
            )
            own_code = answer["code"] if blind and blind["code"] != answer["code"] else None
            changes[target] = _Change(row.id, row.version, target, before, blind or answer, own_code=own_code)
    return list(changes.values()), without_recording, same_call


def _differ(before: LabelValue, answer: LabelValue) -> bool:
    return (before["code"], before["grade"]) != (answer["code"], answer["grade"])


def _shared(connection: Connection, definition: Scheme, targets: set[int]) -> set[int]:
    """Return those of the targets that several curators answer blind."""
    c, u = overlap.c, utterance.c
    if definition.level == "utterance":
        return set(
            connection.scalars(select(c.utterance_id).where(c.scheme == definition.name, c.utterance_id.in_(targets)))
        )
    recording_ids = select(u.recording_id).join(overlap, c.utterance_id == u.id)
    return set(connection.scalars(recording_ids.where(c.scheme == definition.name, u.recording_id.in_(targets))))


def _current_labels(connection: Connection, definition: Scheme, targets: set[int]) -> dict[int, LabelValue]:
    """Return target id -> current label under the scheme."""
    c = label.c
    conditions = (c.level == definition.level, c.scheme == definition.name, c.target_id.in_(targets))
    codes: dict[int, list[str]] = {}
    labels: dict[int, LabelValue] = {}
    columns = (c.target_id, c.code, c.grade, c.by, c.round_id)
    for target, code, *rest in connection.execute(select(*columns).where(*conditions)):
        codes.setdefault(target, []).append(code)
        labels[target] = label_value(definition.name, codes[target], *rest)
    return labels


def _write(
    connection: Connection,
    definition: Scheme,
    changes: Sequence[_Change],
    curator: str,
    at: str,
    bulk_id: int | None = None,
) -> list[int]:
    """Write the revisions, annotations and labels of `changes`; return the ids of the revisions, ascending.

    `bulk_id`: the action of the changes; None if they undo one.
    """
    act: Act = "undo" if bulk_id is None else "bulk"
    ids = allot(connection, revision, len(changes))
    numbered = list(zip(ids, changes, strict=True))
    insert_many(
        connection, revision,
        ("id", "utterance_id", "version", "curator", "at", "before", "after", "act", "why", "undoes", "bulk_id"),
        [
            (number, x.utterance_id, x.version + 1, curator, at,
             {"labels": {definition.name: x.before}}, _after(definition, x), act, "", x.undoes, bulk_id)
            for number, x in numbered
        ],
    )  # fmt: skip
    insert_many(
        connection, annotation, ("level", "target_id", "scheme", "code", "curator", "at", "revision_id"),
        [
            (
                definition.level, x.target_id, definition.name,
                x.own_code or (x.after["code"] if x.after else None), curator, at, number,
            )
            for number, x in numbered
        ],
    )  # fmt: skip
    changed = utterance.c.id.in_([x.utterance_id for x in changes])
    connection.execute(update(utterance).where(changed).values(version=utterance.c.version + 1))
    connection.execute(
        delete(label).where(
            label.c.level == definition.level,
            label.c.scheme == definition.name,
            label.c.target_id.in_([x.target_id for x in changes]),
        )
    )
    gone = withdrawn(connection, [x.after for x in changes])
    insert_many(
        connection, label, ("level", "target_id", "scheme", "code", "grade", "by", "round_id"),
        [
            (definition.level, x.target_id, definition.name, code, x.after["grade"], x.after["by"],
             x.after.get("round_id"))
            for x in changes if x.after and x.after.get("round_id") not in gone
            for code in split_codes(x.after["code"])
        ],
    )  # fmt: skip
    for target in _shared(connection, definition, {x.target_id for x in changes}):
        answers.recount(connection, definition.level, target, definition.name)
    return ids


def _after(definition: Scheme, change: _Change) -> dict[str, Any]:
    fields = {"labels": {definition.name: change.after}}
    return fields | {"answers": {definition.name: change.own_code}} if change.own_code else fields


def _undo_label(connection: Connection, action: BulkAction, curator: str, at: str) -> tuple[int, int]:
    """Undo the labels of the action; return (undone, utterances that were decided on since)."""
    if not action.count:
        return 0, 0
    definition = scheme(action.what["scheme"])
    first, last = action.what["revisions"]
    undone = since = 0
    for start in range(first, last + 1, NAMES):
        span = revision.c.id.between(start, min(start + NAMES - 1, last))
        # `stands` leaves out revisions that were undone one by one before.
        rows = connection.execute(
            select(revision).where(span, revision.c.bulk_id == action.id, *stands()).order_by(revision.c.id)
        ).all()
        changes = _undo_changes(connection, definition, rows)
        _write(connection, definition, changes, curator, at)
        undone += len(changes)
        since += len(rows) - len(changes)
    return undone, since


def _undo_changes(connection: Connection, definition: Scheme, rows: Sequence[Any]) -> list[_Change]:
    """Return the changes that undo those revisions in `rows` after which nobody decided; see `Review.undo`."""
    c, r = utterance.c, revision.c
    ids = [row.utterance_id for row in rows]
    current = {
        row.id: row
        for row in connection.execute(select(c.id, c.version, c.recording_id).where(c.id.in_(ids), c.active))
    }
    query = select(r.utterance_id, func.max(r.version)).where(r.utterance_id.in_(ids), *stands())
    latest = {row[0]: row[1] for row in connection.execute(query.group_by(r.utterance_id))}
    targets = {
        number: number if definition.level == "utterance" else row.recording_id for number, row in current.items()
    }
    standing = _current_labels(connection, definition, set(targets.values()))
    changes = []
    for row in rows:
        number, written = row.utterance_id, row.after["labels"][definition.name]
        if number in current and latest[number] == row.version and standing.get(targets[number]) == written:
            before = row.before["labels"][definition.name]
            changes.append(_Change(number, current[number].version, targets[number], written, before, row.id))
    return changes


# -- tags


def _set_tag(connection: Connection, name: str, ids: Ids, on: bool) -> None:
    if on:
        insert_many(connection, tag, ("utterance_id", "tag"), [(number, name) for number in ids.tolist()])
        return
    for block in _blocks(ids):
        connection.execute(delete(tag).where(tag.c.tag == name, tag.c.utterance_id.in_(block)))


def _undo_tag(connection: Connection, action: BulkAction, curator: str, at: str) -> tuple[int, int]:
    """Undo the tags of the action; return (undone, utterances whose same tag a later action changed)."""
    name, c = action.what["tag"], bulk_tagged.c
    tagged = _array(connection, select(c.utterance_id).where(c.bulk_id == action.id))
    later = _array(connection, select(c.utterance_id).where(c.bulk_id > action.id, c.tag == name))
    back = np.setdiff1d(tagged, later)
    _set_tag(connection, name, back, on=action.what["do"] == "untag")
    for block in _blocks(back):
        connection.execute(delete(bulk_tagged).where(c.bulk_id == action.id, c.utterance_id.in_(block)))
    return len(back), len(tagged) - len(back)
