"""Reads the answers of each curator: which answers stand, which differ, and how many there are.

An answer stands if the revision that wrote it was not undone. An undo is not an answer, and neither is a label of a
delivery (`IMPORTED`) or a pseudo-label that a person accepted (earlier programs wrote an annotation for it). If several
curators answer one target blind (a row of `overlap`), the first answer is the label: gold while all agree, disputed as
soon as one differs, and gold again when somebody has settled it.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, exists, func, literal, or_, select, update

from core.records import BY_HAND, IMPORTED, AnnotationKind, StandingAnswer, Vote
from core.schemes import scheme
from core.store.engine import insert_many, reading, writing
from core.store.rows import NAMES
from core.store.schema import annotation, overlap, revision, utterance

BLOCK = 20_000
_UNDOING = revision.alias()


@dataclass(frozen=True, slots=True)
class Tally:
    """How much a curator decided by hand on one day under `scheme`; if `scheme` is "", in all."""

    curator: str
    scheme: str
    day: str
    decisions: int
    spent_ms: int


class Answers:
    """Reads the answers of all curators; the base of `core.store.review.decisions.Review`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_votes(self, rows: Sequence[Vote]) -> int:
        """Add the answers of a delivery's raters; return how many are new.

        A rater has one answer for each target; a second one is left out. `UnknownName` if a scheme or code does not
        exist; then nothing is added.
        """
        votes = [(scheme(vote.scheme), vote) for vote in rows]
        checked = [(kind.level, vote.target_id, kind.name, kind.parse(vote.code), vote) for kind, vote in votes]
        new = 0
        with writing(self._engine) as connection:
            known = {name: _voters(connection, name) for name in {name for _, _, name, _, _ in checked}}
            values = []
            for level, target, name, code, vote in checked:
                if (mark := (target, vote.curator)) not in known[name]:
                    known[name].add(mark)
                    values.append((level, target, name, code, vote.curator, vote.at, vote.spent_ms, "vote"))
                    new += 1
            columns = ("level", "target_id", "scheme", "code", "curator", "at", "spent_ms", "kind")
            insert_many(connection, annotation, columns, values)
        return new

    def changed_votes(self, rows: Sequence[Vote]) -> list[tuple[Vote, str]]:
        """Return those votes whose rater is known with another answer to the same target, and that answer."""
        changed = []
        with reading(self._engine) as connection:
            for name in {vote.scheme for vote in rows}:
                definition = scheme(name)
                known = _answers_of_voters(connection, definition.level, name, {vote.target_id for vote in rows})
                for vote in (vote for vote in rows if vote.scheme == name):
                    before = known.get((vote.target_id, vote.curator))
                    if before is not None and before != definition.parse(vote.code):
                        changed.append((vote, before))
        return changed

    def standing_answers(
        self, scheme_name: str, kinds: Sequence[AnnotationKind] = ("answer", "vote"), block: int = BLOCK
    ) -> Iterator[list[StandingAnswer]]:
        """Yield the latest standing answer of each curator to each target, by target, in blocks; no block is empty.

        All answers to one target are in the same block. Each block is a transaction of its own.
        """
        definition = scheme(scheme_name)
        query = _standing(kinds).where(annotation.c.level == definition.level, annotation.c.scheme == definition.name)
        query = query.order_by(annotation.c.target_id, annotation.c.id)
        last, most = 0, block
        while True:
            with reading(self._engine) as connection:
                rows = list(connection.execute(query.where(annotation.c.target_id > last).limit(most)))
            if not rows:
                return
            if len(rows) == most:  # the next block may have more answers to the last target
                cut = rows[-1].target_id
                rows = [row for row in rows if row.target_id != cut]
            if not rows:
                most *= 2
                continue
            last, most = rows[-1].target_id, block
            if answers := _latest(rows):
                yield answers

    def standing_answers_of(
        self, scheme_name: str, target_id: int, kinds: Sequence[AnnotationKind] = ("answer", "vote")
    ) -> list[StandingAnswer]:
        """Return the standing answers to one target; the curator who answered first comes first."""
        definition = scheme(scheme_name)
        with reading(self._engine) as connection:
            return _latest(list(connection.execute(_of_target(definition.level, target_id, definition.name, kinds))))

    def answer_counts(self) -> dict[str, int]:
        """Return scheme -> number of answers and votes, undone ones included: what `standing_answers` has to read."""
        c = annotation.c
        query = select(c.scheme, func.count()).where(c.kind.in_(("answer", "vote")), c.curator != IMPORTED)
        with reading(self._engine) as connection:
            return {str(name): int(n) for name, n in connection.execute(query.group_by(c.scheme))}

    def newest_ids(self) -> tuple[int, int]:
        """Return the ids of the last annotation and revision. While they stay the same, no answer has changed."""
        with reading(self._engine) as connection:
            last = [connection.scalar(select(func.max(table.c.id))) for table in (annotation, revision)]
        return last[0] or 0, last[1] or 0

    def tally(self, since: str = "", until: str = "9999", zone: tzinfo = UTC) -> list[Tally]:
        """Count the standing decisions made by hand, by curator, scheme and day; `since` <= at < `until`.

        Under scheme "" each decision counts once, also without a label. Bulk actions and accepted proposals do not
        count. A day is one of the time zone `zone`; each hour of UTC belongs to the day in which it begins.
        """
        within = (revision.c.at >= since, revision.c.at < until, *stands(), by_hand())
        hour = func.substr(revision.c.at, 1, 13)
        # An earlier program wrote the time spent to the annotations, not to the revision.
        own_annotation = annotation.alias()
        annotated_ms = select(func.max(own_annotation.c.spent_ms)).where(own_annotation.c.revision_id == revision.c.id)
        spent = func.coalesce(revision.c.spent_ms, annotated_ms.scalar_subquery())
        sums = (func.count(), func.coalesce(func.sum(spent), 0))
        whole = select(revision.c.curator, literal(""), hour, *sums).where(*within).group_by(revision.c.curator, hour)
        by_scheme = (
            select(revision.c.curator, annotation.c.scheme, hour, *sums)
            .join(annotation, annotation.c.revision_id == revision.c.id)
            .where(*within, annotation.c.code.is_not(None))
            .group_by(revision.c.curator, annotation.c.scheme, hour)
        )
        counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        with reading(self._engine) as connection:
            for query in (whole, by_scheme):
                for who, name, of_hour, n, spent_ms in connection.execute(query):
                    count = counts[who, name, _day(of_hour, zone)]
                    count[0] += n
                    count[1] += spent_ms
        return [Tally(*key, *count) for key, count in sorted(counts.items())]

    def decisions(self, since: str, zone: tzinfo = UTC) -> dict[tuple[str, str], int]:
        """Return (curator, day of `zone`) -> the standing decisions made by hand from `since` on, as `tally` in all.

        What was undone is subtracted: it is little, and to look for it at each decision would take most of the time.
        """
        c, hour = revision.c, func.substr(revision.c.at, 1, 13)
        made = select(c.curator, hour, func.count()).where(c.at >= since, by_hand(), func.coalesce(c.undoes, 0) == 0)
        undone = (
            select(c.curator, hour, -func.count())
            .join(_UNDOING, _UNDOING.c.undoes == c.id)
            .where(_UNDOING.c.undoes > 0, c.at >= since, by_hand(), func.coalesce(c.undoes, 0) == 0)
        )
        counts: dict[tuple[str, str], int] = defaultdict(int)
        with reading(self._engine) as connection:
            for query in (made, undone):
                for who, of_hour, n in connection.execute(query.group_by(c.curator, hour)):
                    counts[who, _day(of_hour, zone)] += n
        return {key: n for key, n in sorted(counts.items()) if n}


def _day(hour: str, zone: tzinfo) -> str:
    """Return the day of `zone` (ISO 8601) in which an hour of UTC begins.

    >>> from zoneinfo import ZoneInfo
    >>> _day("2026-11-30T15", UTC), _day("2026-11-30T15", ZoneInfo("Asia/Seoul"))
    ('2026-11-30', '2026-12-01')
    """
    return datetime.fromisoformat(f"{hour}:00+00:00").astimezone(zone).date().isoformat()


def _answers_of_voters(connection: Connection, level: str, name: str, targets: set[int]) -> dict[tuple[int, str], str]:
    """Return (target, rater) -> the answer of each vote under a scheme, for these targets."""
    c, numbers = annotation.c, sorted(targets)
    answers: dict[tuple[int, str], str] = {}
    for start in range(0, len(numbers), NAMES):
        votes = (c.level == level, c.scheme == name, c.kind == "vote", c.target_id.in_(numbers[start : start + NAMES]))
        query = select(c.target_id, c.curator, c.code).where(*votes).order_by(c.id.desc())
        answers |= {(target, curator): code for target, curator, code in connection.execute(query)}
    return answers


def stands() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the SQL conditions for a revision that is not an undo and was not undone."""
    # With `IS NULL`, SQLite would use the unique index of `undoes` and expect one row; but most rows are NULL.
    return func.coalesce(revision.c.undoes, 0) == 0, ~exists().where(_UNDOING.c.undoes == revision.c.id)


def by_hand() -> ColumnElement[bool]:
    """Return the SQL condition for a decision on one utterance, not a bulk action or an accepted proposal."""
    return revision.c.act.in_(BY_HAND)


# -- one target


def merged(
    connection: Connection, level: str, target_id: int, name: str, curator: str, code: str
) -> dict[str, str] | None:
    """Return the label of a target that several answer blind, with `curator`'s new answer `code`.

    None if the target is not answered blind. A settled label does not change.
    """
    if not overlapping(connection, level, target_id, name):
        return None
    rows = list(connection.execute(_of_target(level, target_id, name, ("answer", "settlement"))))
    settled = [row for row in rows if row.kind == "settlement"]
    if settled:
        return {"code": settled[-1].code, "grade": "gold", "by": settled[-1].curator}
    answers = {answer.curator: answer.code for answer in _latest(rows)} | {curator: code}
    # `|` keeps the position of a curator who answers again, so the first key is who answered first.
    first = next(iter(answers))
    grade = "gold" if len(set(answers.values())) == 1 else "disputed"
    return {"code": answers[first], "grade": grade, "by": first}


def overlapping(connection: Connection, level: str, target_id: int, name: str) -> bool:
    """Return whether several curators answer the target blind under the scheme `name`."""
    return connection.scalar(select(overlap.c.wanted).where(*_rows(level, target_id, name)).limit(1)) is not None


def recount(connection: Connection, level: str, target_id: int, name: str) -> None:
    """Update `missing` and `answered` in the target's rows of `overlap` from the standing answers."""
    if not overlapping(connection, level, target_id, name):
        return
    rows = list(connection.execute(_of_target(level, target_id, name, ("answer", "settlement"))))
    settled = any(row.kind == "settlement" for row in rows)
    answered = {answer.curator for answer in _latest(rows) if answer.kind == "answer"}
    missing = 0 if settled else overlap.c.wanted - len(answered)
    connection.execute(
        update(overlap).where(*_rows(level, target_id, name)).values(missing=missing, answered=names(answered))
    )


def names(curators: Sequence[str] | set[str]) -> str:
    """Return the value of the column `overlap.answered` for these curators.

    >>> names({"bob", "안"})
    '["bob", "안"]'
    """
    return json.dumps(sorted(curators), ensure_ascii=False)


def _rows(level: str, target_id: int, name: str) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions for the target's rows of `overlap`; a recording has those of its utterances."""
    if level == "utterance":
        return overlap.c.scheme == name, overlap.c.utterance_id == target_id
    of_call = select(utterance.c.id).where(utterance.c.recording_id == target_id)
    return overlap.c.scheme == name, overlap.c.utterance_id.in_(of_call)


def _standing(kinds: Sequence[AnnotationKind]) -> Select[Any]:
    """Return the query of the annotations whose revision stands; a withdrawal has code NULL."""
    c = annotation.c
    stands_now = and_(*stands(), revision.c.act != "accept")
    columns = (c.target_id, c.curator, c.code, c.at, c.spent_ms, c.kind)
    return (
        select(*columns)
        .outerjoin(revision, revision.c.id == c.revision_id)
        .where(c.kind.in_(kinds), c.curator != IMPORTED, or_(c.revision_id.is_(None), stands_now))
    )


def _of_target(level: str, target_id: int, name: str, kinds: Sequence[AnnotationKind]) -> Select[Any]:
    c = annotation.c
    return _standing(kinds).where(c.level == level, c.target_id == target_id, c.scheme == name).order_by(c.id)


def _latest(rows: Sequence[Any]) -> list[StandingAnswer]:
    """Return the last answer of each curator, kind and target, without withdrawn ones; first come, first listed."""
    latest: dict[tuple[int, str, str], Any] = {}
    for row in rows:
        mark = (row.target_id, row.curator, row.kind)
        if row.code is None:
            latest.pop(mark, None)
        else:
            latest[mark] = row
    return [StandingAnswer(*row) for row in latest.values()]


def _voters(connection: Connection, name: str) -> set[tuple[int, str]]:
    c = annotation.c
    query = select(c.target_id, c.curator).where(c.level == scheme(name).level, c.scheme == name, c.kind == "vote")
    return {(row.target_id, row.curator) for row in connection.execute(query)}
