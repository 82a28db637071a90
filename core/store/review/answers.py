"""What curators answered, each for himself: whose answer stands, where answers differ, how many there are.

An answer stands if the revision that wrote it does: what an undo wrote is nobody's, nor is a delivery's own
(`IMPORTED`). Where several curators answer one target blind (a row of `overlap`), the first answer is the label: gold
while all agree, disputed as soon as one does not, gold again once somebody settled it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, exists, func, or_, select, update

from core.records import BY_HAND, IMPORTED, AnnotationKind, Opinion, Vote
from core.schemes import scheme
from core.store.engine import insert_many, reading, writing
from core.store.schema import annotation, overlap, revision, utterance

BLOCK = 20_000
Answer = Mapping[str, str]  # {code, grade, by}
_UNDOING = revision.alias()


@dataclass(frozen=True, slots=True)
class Tally:
    """What a curator decided by hand on one day (UTC): under a scheme, or, where `scheme` is "", in all."""

    curator: str
    scheme: str
    day: str
    decisions: int
    spent_ms: int


class Opinions:
    """The doors of `core.store.review.decisions.Review` to all of them at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_votes(self, rows: Sequence[Vote]) -> int:
        """Keep answers of a delivery's raters; one that a rater gave to the same target before is known. How many are
        new. `UnknownName` for a code or scheme that is none; then nothing is kept."""
        told = [(scheme(one.scheme), one) for one in rows]
        checked = [(kind.level, one.target_id, kind.name, kind.parse(one.code), one) for kind, one in told]
        new = 0
        with writing(self._engine) as connection:
            known = {name: _voters(connection, name) for name in {name for _, _, name, _, _ in checked}}
            values = []
            for level, target, name, code, one in checked:
                if (mark := (target, one.curator)) not in known[name]:
                    known[name].add(mark)
                    values.append((level, target, name, code, one.curator, one.at, one.spent_ms, "vote"))
                    new += 1
            columns = ("level", "target_id", "scheme", "code", "curator", "at", "spent_ms", "kind")
            insert_many(connection, annotation, columns, values)
        return new

    def opinions(
        self, scheme_name: str, kinds: Sequence[AnnotationKind] = ("answer", "vote"), block: int = BLOCK
    ) -> Iterator[list[Opinion]]:
        """The latest standing answer of each curator to each target, by target, in blocks; none is empty.

        A target is never cut by the end of a block. Each block is a transaction of its own.
        """
        one = scheme(scheme_name)
        query = _standing(kinds).where(annotation.c.level == one.level, annotation.c.scheme == one.name)
        query = query.order_by(annotation.c.target_id, annotation.c.id)
        last, most = 0, block
        while True:
            with reading(self._engine) as connection:
                rows = list(connection.execute(query.where(annotation.c.target_id > last).limit(most)))
            if not rows:
                return
            if len(rows) == most:  # the last target may go on
                cut = rows[-1].target_id
                rows = [row for row in rows if row.target_id != cut]
            if not rows:
                most *= 2
                continue
            last, most = rows[-1].target_id, block
            if found := _latest(rows):
                yield found

    def opinions_on(
        self, scheme_name: str, target_id: int, kinds: Sequence[AnnotationKind] = ("answer", "vote")
    ) -> list[Opinion]:
        """As `opinions`, of one target, whoever answered first in front."""
        one = scheme(scheme_name)
        with reading(self._engine) as connection:
            return _latest(list(connection.execute(_of_target(one.level, target_id, one.name, kinds))))

    def heard(self) -> dict[str, int]:
        """scheme -> how many answers and votes were given, those taken back since among them: what it costs to read
        them."""
        c = annotation.c
        mine = select(c.scheme, func.count()).where(c.kind.in_(("answer", "vote")), c.curator != IMPORTED)
        with reading(self._engine) as connection:
            return {str(name): int(n) for name, n in connection.execute(mine.group_by(c.scheme))}

    def newest(self) -> tuple[int, int]:
        """The ids of the last annotation and the last revision: while they stay, so does all that people said."""
        with reading(self._engine) as connection:
            found = [connection.scalar(select(func.max(one.c.id))) for one in (annotation, revision)]
        return found[0] or 0, found[1] or 0

    def tally(self, since: str = "", until: str = "9999") -> list[Tally]:
        """Decisions made by hand that stand, by curator, scheme and day; `since` <= at < `until`.

        Under "" each counts once, whatever it decided. Bulk actions and accepted proposals are not in it.
        """
        within = (revision.c.at >= since, revision.c.at < until, *stands(), by_hand())
        day = func.substr(revision.c.at, 1, 10)
        # Before `revision` had the time spent, its annotations did.
        own = annotation.alias()
        elder = select(func.max(own.c.spent_ms)).where(own.c.revision_id == revision.c.id)
        spent = func.coalesce(revision.c.spent_ms, elder.scalar_subquery())
        sums = (func.count(), func.coalesce(func.sum(spent), 0))
        whole = select(revision.c.curator, day, *sums).where(*within).group_by(revision.c.curator, day)
        by_scheme = (
            select(revision.c.curator, annotation.c.scheme, day, *sums)
            .join(annotation, annotation.c.revision_id == revision.c.id)
            .where(*within, annotation.c.code.is_not(None))
            .group_by(revision.c.curator, annotation.c.scheme, day)
        )
        with reading(self._engine) as connection:
            found = [Tally(who, "", on, n, ms) for who, on, n, ms in connection.execute(whole)]
            found += [Tally(*row) for row in connection.execute(by_scheme)]
        return sorted(found, key=lambda one: (one.curator, one.scheme, one.day))


def stands() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """A revision that is no undo and was not undone."""
    # Said as `IS NULL`, SQLite would take the unique index of `undoes` to lead to one row; it leads to most of them.
    return func.coalesce(revision.c.undoes, 0) == 0, ~exists().where(_UNDOING.c.undoes == revision.c.id)


def by_hand() -> ColumnElement[bool]:
    """A revision that a person made of one utterance, not a bulk action nor an accepted proposal."""
    return revision.c.act.in_(BY_HAND)


# -- one target


def merged(
    connection: Connection, level: str, target_id: int, name: str, curator: str, code: str
) -> dict[str, str] | None:
    """The label of a target that is answered blind, `curator`'s answer `code` included; None: it is not of that kind.

    What was settled stays settled.
    """
    if not overlapping(connection, level, target_id, name):
        return None
    rows = list(connection.execute(_of_target(level, target_id, name, ("answer", "settlement"))))
    settled = [row for row in rows if row.kind == "settlement"]
    if settled:
        return {"code": settled[-1].code, "grade": "gold", "by": settled[-1].curator}
    answers = {one.curator: one.code for one in _latest(rows)} | {curator: code}
    # A new answer takes the place of the curator's own, which `|` keeps where it was: the first is who answered first.
    first = next(iter(answers))
    grade = "gold" if len(set(answers.values())) == 1 else "disputed"
    return {"code": answers[first], "grade": grade, "by": first}


def overlapping(connection: Connection, level: str, target_id: int, name: str) -> bool:
    return connection.scalar(select(overlap.c.wanted).where(*_rows(level, target_id, name)).limit(1)) is not None


def recount(connection: Connection, level: str, target_id: int, name: str) -> None:
    """Bring `missing` and `answered` of the target's rows of `overlap` up to what stands now."""
    if not overlapping(connection, level, target_id, name):
        return
    rows = list(connection.execute(_of_target(level, target_id, name, ("answer", "settlement"))))
    settled = any(row.kind == "settlement" for row in rows)
    answered = {one.curator for one in _latest(rows) if one.kind == "answer"}
    missing = 0 if settled else overlap.c.wanted - len(answered)
    connection.execute(
        update(overlap).where(*_rows(level, target_id, name)).values(missing=missing, answered=names(answered))
    )


def names(curators: Sequence[str] | set[str]) -> str:
    """How `overlap.answered` tells who answered.

    >>> names({"bob", "안"})
    '["bob", "안"]'
    """
    return json.dumps(sorted(curators), ensure_ascii=False)


def _rows(level: str, target_id: int, name: str) -> tuple[ColumnElement[bool], ...]:
    """The rows of `overlap` that mean the target: of a recording's label, those of its utterances."""
    if level == "utterance":
        return overlap.c.scheme == name, overlap.c.utterance_id == target_id
    of_call = select(utterance.c.id).where(utterance.c.recording_id == target_id)
    return overlap.c.scheme == name, overlap.c.utterance_id.in_(of_call)


def _standing(kinds: Sequence[AnnotationKind]) -> Select[Any]:
    """Annotations whose revision stands, withdrawals among them."""
    c = annotation.c
    written = and_(*stands())
    columns = (c.target_id, c.curator, c.code, c.at, c.spent_ms, c.kind)
    return (
        select(*columns)
        .outerjoin(revision, revision.c.id == c.revision_id)
        .where(c.kind.in_(kinds), c.curator != IMPORTED, or_(c.revision_id.is_(None), written))
    )


def _of_target(level: str, target_id: int, name: str, kinds: Sequence[AnnotationKind]) -> Select[Any]:
    c = annotation.c
    return _standing(kinds).where(c.level == level, c.target_id == target_id, c.scheme == name).order_by(c.id)


def _latest(rows: Sequence[Any]) -> list[Opinion]:
    """The last of each curator, kind and target, where whoever came first is first; without what was withdrawn."""
    found: dict[tuple[int, str, str], Any] = {}
    for row in rows:
        mark = (row.target_id, row.curator, row.kind)
        if row.code is None:
            found.pop(mark, None)
        else:
            found[mark] = row
    return [Opinion(*row) for row in found.values()]


def _voters(connection: Connection, name: str) -> set[tuple[int, str]]:
    c = annotation.c
    query = select(c.target_id, c.curator).where(c.level == scheme(name).level, c.scheme == name, c.kind == "vote")
    return {(row.target_id, row.curator) for row in connection.execute(query)}
