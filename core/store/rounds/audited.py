"""Reads what people answered to an audit, and which utterances still have to be answered blind.

An answer is a standing decision of act `review` or `settle`, made on one utterance after the audit was drawn. Labels of
bulk actions, deliveries and restores are none, and neither is a label that was given before.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select

from core.records import IMPORTED, Act, Audit
from core.schemes import scheme
from core.store.review.answers import stands
from core.store.rounds.tables import audit, audit_item
from core.store.rows import NAMES
from core.store.schema import annotation, label, overlap, revision, utterance

ACTS: tuple[Act, ...] = ("review", "settle")
DISPUTED = ""  # the answer where people disagree: equal to no prediction


def human_answers(connection: Connection, drawn: Audit) -> dict[int, tuple[str, str]]:
    """Return utterance id -> (code, curator) of the answered items of an audit; see `DISPUTED`.

    Of several answers to one item the settlement counts, else the last one. An item without a label is not answered.
    """
    answers: dict[int, tuple[str, str]] = {}
    disputed: set[int] = set()
    settled: set[int] = set()
    for number, code, curator, kind, grade in connection.execute(_answers(drawn)):
        if kind == "settlement":
            settled.add(number)
        elif number in settled:
            continue
        answers[number] = (code, curator)
        if grade == "disputed":
            disputed.add(number)
    return {number: (DISPUTED, who) if number in disputed else (code, who) for number, (code, who) in answers.items()}


def open_schemes(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return utterance id -> the schemes under which it is drawn for an audit and is to be answered blind."""
    found: dict[int, set[str]] = {}
    for start in range(0, len(ids), NAMES):
        block = ids[start : start + NAMES]
        names = select(audit.c.scheme).join(audit_item, audit_item.c.audit_id == audit.c.id)
        for name in connection.scalars(names.where(audit_item.c.utterance_id.in_(block)).distinct()).all():
            for number in connection.scalars(_open(name, block)):
                found.setdefault(number, set()).add(name)
    return {number: tuple(sorted(names)) for number, names in found.items()}


def _answers(drawn: Audit) -> Select[Any]:
    """Return the query of the answers to an audit, oldest first: utterance, code, curator, kind, grade of the label."""
    level, target = _target(drawn.scheme)
    here = (label.c.level == level, label.c.target_id == target, label.c.scheme == drawn.scheme)
    grade = select(label.c.grade).where(*here).limit(1).scalar_subquery()
    return (
        select(audit_item.c.utterance_id, annotation.c.code, annotation.c.curator, annotation.c.kind, grade)
        .join(utterance, utterance.c.id == audit_item.c.utterance_id)
        .join(annotation, and_(*_of(drawn.scheme)))
        .join(revision, revision.c.id == annotation.c.revision_id)
        .where(audit_item.c.audit_id == drawn.id, annotation.c.at >= drawn.made_at, *_counting(), grade != "silver")
        .order_by(annotation.c.id)
    )


def _open(name: str, ids: Sequence[int]) -> Select[Any]:
    """Return the query of the utterances drawn under a scheme without an answer, or with blind answers to come."""
    answered = (
        exists()
        .where(*_of(name), annotation.c.revision_id == revision.c.id, annotation.c.at >= audit.c.made_at, *_counting())
        .correlate(utterance, audit)
    )
    to_come = exists().where(overlap.c.scheme == name, overlap.c.utterance_id == utterance.c.id, overlap.c.missing > 0)
    return (
        select(audit_item.c.utterance_id)
        .join(audit, audit.c.id == audit_item.c.audit_id)
        .join(utterance, utterance.c.id == audit_item.c.utterance_id)
        .where(audit_item.c.utterance_id.in_(ids), audit.c.scheme == name, or_(~answered, to_come))
    )


def _target(name: str) -> tuple[str, ColumnElement[Any]]:
    level = scheme(name).level
    return level, utterance.c.id if level == "utterance" else utterance.c.recording_id


def _of(name: str) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions for an annotation of the utterance (or of its recording) under a scheme."""
    level, target = _target(name)
    return annotation.c.level == level, annotation.c.target_id == target, annotation.c.scheme == name


def _counting() -> tuple[ColumnElement[bool], ...]:
    return annotation.c.code.is_not(None), annotation.c.curator != IMPORTED, revision.c.act.in_(ACTS), *stands()
