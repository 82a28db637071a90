"""The labels of a round: written for what has none, taken back while they are still a machine's. Set-based.

Each label has one Revision of act `accept`, and one of act `undo` when it is taken back. No annotation is written,
because no person answered.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update

from core.records import Round
from core.schemes import Scheme, join_codes, scheme, split_codes
from core.store.engine import allot, insert_many
from core.store.rounds.declined import declined
from core.store.rows import NAMES
from core.store.schema import label, lease, revision, utterance

_REVISION = (
    "id", "utterance_id", "version", "curator", "at", "before", "after", "act", "why", "undoes", "round_id",
)  # fmt: skip
_LABEL = ("level", "target_id", "scheme", "code", "grade", "by", "round_id")


class _Label(NamedTuple):
    """A label to write: its utterance with the version, the target that it labels, and its code."""

    utterance_id: int
    target_id: int
    version: int
    code: str


def write(
    connection: Connection, current: Round, utterance_ids: Sequence[int], codes: Sequence[str], curator: str, at: str
) -> dict[str, int]:
    """Write the labels of a round and return its counts; see `Round`. `reviewed`: on the screen of a curator now."""
    definition = scheme(current.scheme)
    parsed = {code: definition.parse(code) for code in set(codes)}
    wanted = {int(number): parsed[code] for number, code in zip(utterance_ids, codes, strict=True)}
    counts = {"kept": len(wanted), "written": 0, "labelled": 0, "silver": 0, "unfit": 0, "reviewed": 0, "decided": 0}
    done: set[int] = set()  # recordings, of which several utterances may be named
    for block in _blocks(sorted(wanted)):
        rows = _fit(connection, definition, {number: wanted[number] for number in block}, done, counts, at)
        done |= {row.target_id for row in rows}
        _insert(connection, definition, current, rows, curator, at)
        counts["written"] += len(rows)
    return counts


def take_back(connection: Connection, current: Round, curator: str, at: str) -> int:
    """Delete the labels that are still the round's and return their number; a Revision says so of each."""
    definition = scheme(current.scheme)
    mine = (label.c.round_id == current.id, label.c.grade == "silver")
    codes: dict[int, list[str]] = {}
    query = select(label.c.target_id, label.c.code).where(*mine, label.c.scheme == definition.name)
    for target, code in connection.execute(query.order_by(label.c.target_id)):
        codes.setdefault(target, []).append(code)
    accepted = _accepted(connection, current, definition)
    standing = [target for target in codes if target in accepted]  # the others are copies, at derived utterances
    for block in _blocks(standing):
        rows = []
        for target in block:
            number, utterance_id, by = accepted[target]
            rows.append((number, utterance_id, _value(join_codes(definition.name, codes[target]), by, current.id)))
        _undo(connection, definition, current, rows, curator, at)
    connection.execute(delete(label).where(*mine))
    return len(standing)


def _blocks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), NAMES):
        yield ids[start : start + NAMES]


def _value(code: str, by: str, round_id: int) -> dict[str, Any]:
    """Return a label as revisions write it."""
    return {"code": code, "grade": "silver", "by": by, "round_id": round_id}


# -- accepting


def _fit(
    connection: Connection, definition: Scheme, wanted: Mapping[int, str], done: set[int], counts: dict[str, int],
    at: str,
) -> list[_Label]:  # fmt: skip
    """Return the labels to write for utterance id -> code; the others go into `counts`."""
    u = utterance.c
    query = select(u.id, u.version, u.recording_id, u.skipped, u.active).where(u.id.in_(wanted)).order_by(u.id)
    rows = connection.execute(query.with_for_update()).all()
    targets = {row.id: row.id if definition.level == "utterance" else row.recording_id for row in rows}
    grades = _grades(connection, definition, {target for target in targets.values() if target is not None})
    shown = set(
        connection.scalars(select(lease.c.utterance_id).where(lease.c.utterance_id.in_(wanted), lease.c.until_at > at))
    )
    refused = declined(connection, definition, wanted, targets)
    counts["unfit"] += len(wanted) - len(rows)
    fitting, seen = [], set(done)
    for row in rows:
        target = targets[row.id]
        if (why := _unfit(row, target, grades, row.id in shown, refused)) or target in seen:
            counts[why or "unfit"] += 1
            continue
        seen.add(target)
        fitting.append(_Label(row.id, target, row.version, wanted[row.id]))
    return fitting


def _unfit(
    row: Any, target: int | None, grades: Mapping[int, str], shown: bool, refused: Collection[int]
) -> str | None:
    """Return the count under which an utterance stays as it is; None if its label can be written."""
    if target is None or row.skipped or not row.active:
        return "unfit"
    if target in grades:
        return "silver" if grades[target] == "silver" else "labelled"
    if target in refused:
        return "decided"
    return "reviewed" if shown else None


def _grades(connection: Connection, definition: Scheme, targets: set[int]) -> dict[int, str]:
    """Return target id -> grade of its label under the scheme."""
    c = label.c
    conditions = (c.level == definition.level, c.scheme == definition.name, c.target_id.in_(targets))
    return {row.target_id: row.grade for row in connection.execute(select(c.target_id, c.grade).where(*conditions))}


def _insert(
    connection: Connection, definition: Scheme, current: Round, rows: Sequence[_Label], curator: str, at: str
) -> None:
    name, why = definition.name, f"pseudo-label by {current.run_id}"
    numbers = allot(connection, revision, len(rows))
    insert_many(
        connection, revision, _REVISION,
        [
            (number, row.utterance_id, row.version + 1, curator, at, {"labels": {name: None}},
             {"labels": {name: _value(row.code, curator, current.id)}}, "accept", why, None, current.id)
            for number, row in zip(numbers, rows, strict=True)
        ],
    )  # fmt: skip
    insert_many(
        connection, label, _LABEL,
        [
            (definition.level, row.target_id, name, code, "silver", curator, current.id)
            for row in rows for code in split_codes(row.code)
        ],
    )  # fmt: skip
    _raise_versions(connection, [row.utterance_id for row in rows])


def _raise_versions(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(update(utterance).where(utterance.c.id.in_(ids)).values(version=utterance.c.version + 1))


# -- taking back


def _accepted(connection: Connection, current: Round, definition: Scheme) -> dict[int, tuple[int | None, int, str]]:
    """Return target id -> the Revision that wrote its label (None: undone before), its utterance, who accepted."""
    r, undoing = revision.c, revision.alias()
    target = r.utterance_id if definition.level == "utterance" else utterance.c.recording_id
    query = (
        select(target, r.id, undoing.c.id, r.utterance_id, r.curator)
        .join(utterance, utterance.c.id == r.utterance_id)
        .outerjoin(undoing, undoing.c.undoes == r.id)
        .where(r.round_id == current.id, r.act == "accept")
    )
    return {row[0]: (None if row[2] is not None else row[1], row[3], row[4]) for row in connection.execute(query)}


def _undo(
    connection: Connection, definition: Scheme, current: Round, rows: Sequence[tuple[int | None, int, Any]],
    curator: str, at: str,
) -> None:  # fmt: skip
    """Write one Revision for each (Revision to undo, utterance id, its label)."""
    u, ids = utterance.c, [utterance_id for _, utterance_id, _ in rows]
    versions = {row.id: row.version for row in connection.execute(select(u.id, u.version).where(u.id.in_(ids)))}
    numbers = allot(connection, revision, len(rows))
    insert_many(
        connection, revision, _REVISION,
        [
            (number, utterance_id, versions[utterance_id] + 1, curator, at, {"labels": {definition.name: value}},
             {"labels": {definition.name: None}}, "undo", "", undoes, current.id)
            for number, (undoes, utterance_id, value) in zip(numbers, rows, strict=True)
        ],
    )  # fmt: skip
    _raise_versions(connection, ids)
