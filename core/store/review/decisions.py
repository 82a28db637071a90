"""Writes a curator's decisions: append-only revisions and annotations, and undo, which appends too.

Every decision, undo and accepted pseudo-label on an utterance raises its version by one and adds one Revision. A
decision made on an older version is refused with `Stale`. Under a multi scheme, an answer is the codes joined by `|` in
class order: one annotation, and one row of `label` for each class. If several curators answer an utterance blind,
`annotation` has the answer of each, and `core.store.review.answers` computes the label.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from core.errors import Conflict, InputError, NotFound, Stale
from core.messages import SchemeName
from core.records import SHORTEST_VOICE_MS, Act, Annotation, AnnotationKind, Revision, Utterance
from core.schemes import scheme
from core.store.corpus.corpus import one_utterance
from core.store.engine import insert_id, reading, writing
from core.store.review.answers import Answers, by_hand, merged, recount, stands
from core.store.review.labels import current_label, replace_audio, target_of, withdrawn, write_label
from core.store.schema import annotation, lease, proposal, recording, remark, revision, utterance
from core.text import nfc

__all__ = ["Review", "decide", "standing", "stands", "undo"]


class Review(Answers):
    """Writes the decisions of curators, and reads their answers."""

    def decide(
        self,
        utterance_id: int,
        version: int,
        curator: str,
        at: str,
        *,
        text: str | None = None,
        labels: Mapping[str, str] | None = None,
        skip: bool | None = False,
        start_ms: int | None = None,
        end_ms: int | None = None,
        spent_ms: int | None = None,
        act: Act = "review",
        why: str = "",
        comment: str = "",
    ) -> Revision:
        """Write one decision, with an optional `comment`, and end the curator's lease; return its Revision.

        `labels`: scheme -> code (joined codes of a multi scheme). None leaves a field as it is. On an utterance that
        several answer blind, a label is one more answer, unless `act` is "settle". `why`: the curator's reason.
        `Stale` if `version` is old; `InputError` if the times are outside of the recording.
        """
        chosen = {name: scheme(name).parse(code) for name, code in (labels or {}).items()}
        with writing(self._engine) as connection:
            current = one_utterance(connection, utterance_id)
            written = decide(
                connection, utterance_id, version, curator, at,
                text=text, labels=_labels_of_answers(connection, current, chosen, curator, act == "settle"), skip=skip,
                span=_span(connection, current, start_ms, end_ms), spent_ms=spent_ms, act=act, why=why, answers=chosen,
                kind="settlement" if act == "settle" else "answer",
            )  # fmt: skip
            if comment.strip():
                values = {
                    "utterance_id": utterance_id,
                    "curator": curator,
                    "at": at,
                    "kind": "comment",
                    "text": comment,
                }
                connection.execute(insert(remark).values(values))
            connection.execute(delete(lease).where(lease.c.utterance_id == utterance_id, lease.c.curator == curator))
            return written

    def settle(
        self,
        target_id: int,
        scheme_name: str,
        code: str,
        curator: str,
        at: str,
        reason: str,
        *,
        version: int | None = None,
        spent_ms: int | None = None,
    ) -> Revision:
        """Settle a dispute: the label becomes gold, whatever the answers are.

        The target is a recording if the scheme labels recordings, else an utterance. `Stale` if `version` is given and
        old; `NotFound` if the recording has no utterance in the corpus.
        """
        definition = scheme(scheme_name)
        with reading(self._engine) as connection:
            of_call = select(func.min(utterance.c.id)).where(utterance.c.recording_id == target_id, utterance.c.active)
            utterance_id = target_id if definition.level == "utterance" else connection.scalar(of_call)
            if utterance_id is None:
                raise NotFound("no recording {target_id} with an utterance in the corpus", target_id=target_id)
            seen_version = one_utterance(connection, utterance_id).version if version is None else version
        return self.decide(
            utterance_id, seen_version, curator, at, labels={definition.name: code}, skip=None, spent_ms=spent_ms,
            act="settle", why=reason,
        )  # fmt: skip

    def restore(self, utterance_id: int, to_version: int, version: int, curator: str, at: str) -> Revision:
        """Restore text, times, skip and labels as they were after `to_version` (0: as received), by a new Revision.

        `Stale` if `version` is old; `NotFound` if `to_version` does not exist.
        """
        with writing(self._engine) as connection:
            current = one_utterance(connection, utterance_id)
            if not 0 <= to_version <= current.version:
                raise NotFound(
                    "utterance {utterance_id} has no version {to_version}; its latest is {version}",
                    utterance_id=utterance_id,
                    to_version=to_version,
                    version=current.version,
                )
            conditions = (revision.c.utterance_id == utterance_id, revision.c.version > to_version)
            later = connection.execute(select(revision).where(*conditions).order_by(revision.c.version.desc())).all()
            fields: dict[str, Any] = {}
            labels: dict[str, Any] = {}
            for row in later:
                fields |= row.before
                labels |= row.before.get("labels", {})
            # A restored label counts as the curator's answer only if it was the curator's own, and no machine's.
            own = {name: value for name, value in labels.items() if value and value["by"] == curator}
            answers = {name: value["code"] for name, value in own.items() if value["grade"] != "silver"}
            return decide(
                connection, utterance_id, version, curator, at,
                text=fields.get("text"), labels=labels, skip=fields.get("skipped"), span=_span_fields(fields),
                audio=fields.get("audio"), act="restore", restores=to_version, answers=answers,
            )  # fmt: skip

    def undo(
        self, curator: str, at: str, *, hand_made: bool = False, revision_id: int | None = None
    ) -> Revision | None:
        """Undo the curator's latest standing decision, or the decision `revision_id`; None if there is none.

        Idempotent: undoing `revision_id` again changes nothing and returns the Revision of the first undo.
        `hand_made`: leave out bulk actions and accepted proposals. `Conflict` if somebody has decided on the utterance
        since.
        """
        with writing(self._engine) as connection:
            if revision_id is not None:
                earlier = select(revision).where(revision.c.undoes == revision_id, revision.c.curator == curator)
                if (row := connection.execute(earlier).mappings().one_or_none()) is not None:
                    return Revision(**row)
            target = connection.scalar(_latest(curator, hand_made, revision_id))
            return None if target is None else undo(connection, target, curator, at)

    def latest(self, curator: str) -> int | None:
        """Return the id of the curator's latest standing decision made by hand; None if there is none."""
        with reading(self._engine) as connection:
            return connection.scalar(_latest(curator, hand_made=True))

    def decided_with(self, revision_id: int, curator: str) -> list[int]:
        """Return the ids of the other standing decisions by hand that the curator made in the same save, newest first.

        The decisions of one save have the same instant, and each the same share of its time.
        """
        c = revision.c
        one = select(c.at, c.spent_ms).where(c.id == revision_id, c.curator == curator, c.act.in_(("review", "skip")))
        with reading(self._engine) as connection:
            row = connection.execute(one).one_or_none()
            if row is None or row.spent_ms is None:
                return []
            together = (c.curator == curator, c.at == row.at, c.spent_ms == row.spent_ms, c.id != revision_id)
            acts = (c.act.in_(("review", "skip")), by_hand(), *stands())
            return list(connection.scalars(select(c.id).where(*together, *acts).order_by(c.id.desc())))

    def history(self, utterance_id: int) -> list[Revision]:
        """Return the revisions of the utterance, oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(revision).where(revision.c.utterance_id == utterance_id).order_by(revision.c.version)
            ).mappings()
            return [Revision(**row) for row in rows]

    def annotations(self, utterance_id: int) -> list[Annotation]:
        """Return the annotations of the utterance (not of its recording), oldest first."""
        query = select(annotation).where(annotation.c.level == "utterance", annotation.c.target_id == utterance_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(annotation.c.id)).mappings()
            return [Annotation(**{k: v for k, v in row.items() if k != "revision_id"}) for row in rows]

    def decided(self, curator: str) -> int:
        """Return how many decisions of the curator stand."""
        query = select(func.count()).where(revision.c.curator == curator, *stands())
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)

    def pace(self, curator: str, since: str) -> tuple[int, int]:
        """Return number and total ms of the curator's standing decisions by hand since `since`."""
        c = revision.c
        query = select(func.count(), func.coalesce(func.sum(c.spent_ms), 0))
        with reading(self._engine) as connection:
            row = connection.execute(query.where(c.curator == curator, c.at >= since, *stands(), by_hand())).one()
            return int(row[0]), int(row[1])


def decide(
    connection: Connection,
    utterance_id: int,
    version: int,
    curator: str,
    at: str,
    *,
    text: str | None = None,
    labels: Mapping[str, Mapping[str, Any] | None],
    skip: bool | None = None,
    span: Mapping[str, Any] | None = None,
    audio: Mapping[str, Any] | None = None,
    spent_ms: int | None = None,
    act: Act,
    why: str = "",
    undoes: int | None = None,
    proposal_id: int | None = None,
    restores: int | None = None,
    answers: Mapping[str, str | None] | None = None,
    kind: AnnotationKind = "answer",
) -> Revision:
    """Write one decision inside the caller's transaction. `labels`: scheme -> {code, grade, by}, or None to withdraw.

    `span`: new values of start_ms, end_ms, voice_usable, speaker, group and recording_id; `audio`: the new audio of the
    recording. `answers`: scheme -> the curator's own answer; if it is None, the
    codes of `labels` are the answers. A label of a round that was withdrawn meanwhile does not come back. `Stale` if
    `version` is old; `Conflict` if the utterance is not in the corpus.
    """
    current = one_utterance(connection, utterance_id)
    if not connection.scalar(select(utterance.c.active).where(utterance.c.id == utterance_id)):
        raise Conflict("utterance {utterance_id} was taken out of the corpus meanwhile", utterance_id=utterance_id)
    gone = withdrawn(connection, labels.values())
    labels = {name: None if value and value.get("round_id") in gone else value for name, value in labels.items()}
    if answers is None:
        answers = {name: value["code"] if value else None for name, value in labels.items()}
    changed = {"text": None if text is None else nfc(text), "skipped": skip}
    wanted = {name: value for name, value in changed.items() if value is not None} | dict(span or {})
    if current.version != version:
        raise _stale(connection, current, {"version": version, **wanted, "labels": dict(answers)})
    wanted = {name: value for name, value in wanted.items() if value != getattr(current, name)}
    before: dict[str, Any] = {name: getattr(current, name) for name in wanted}
    after: dict[str, Any] = dict(wanted)
    if audio is not None and current.recording_id is not None:
        before["audio"], after["audio"] = replace_audio(connection, current.recording_id, audio), dict(audio)
    if labels:
        before["labels"] = {name: current_label(connection, current, name) for name in labels}
        after["labels"] = {name: dict(value) if value else None for name, value in labels.items()}
        own_codes = {name: code for name, code in answers.items() if code != (labels[name] or {}).get("code")}
        if own_codes and undoes is None:
            after["answers"] = own_codes
    values: dict[str, Any] = {
        "utterance_id": utterance_id, "version": version + 1, "curator": curator, "at": at, "before": before,
        "after": after, "act": act, "why": why, "undoes": undoes, "spent_ms": spent_ms, "proposal_id": proposal_id,
        "restores": restores,
    }  # fmt: skip
    revision_id = insert_id(connection, revision, values)
    if "text" in wanted:
        wanted["chars"] = len(wanted["text"])
    connection.execute(update(utterance).where(utterance.c.id == utterance_id).values(version=version + 1, **wanted))
    for name, value in labels.items():
        level, target_id = target_of(current, name)
        if name in answers:
            row = {"level": level, "target_id": target_id, "scheme": name, "code": answers[name], "curator": curator}
            row |= {"at": at, "spent_ms": spent_ms, "revision_id": revision_id, "kind": kind}
            connection.execute(insert(annotation).values(row))
        write_label(connection, level, target_id, name, value)
        recount(connection, level, target_id, name)
    return Revision(id=revision_id, **values)


def undo(connection: Connection, revision_id: int, curator: str, at: str) -> Revision:
    """Append the Revision that restores the state before `revision_id`; a proposal that made it is open again.

    `Conflict` if somebody has decided on the same utterance or label since.
    """
    old = connection.execute(select(revision).where(revision.c.id == revision_id)).one()
    current = one_utterance(connection, old.utterance_id)
    if (later := standing(connection, current.id, old.version)) is not None:
        raise Conflict(
            "utterance {id} was decided again by {who}; that has to be undone first", id=current.id, who=later
        )
    for name, written in old.after.get("labels", {}).items():
        # A label of the recording may have been decided at another utterance of it.
        if (value := current_label(connection, current, name)) != written:
            who = value["by"] if value else "somebody"
            raise Conflict(
                "{name} of utterance {id} was decided again by {who}; that has to be undone first",
                name=SchemeName(name),
                id=current.id,
                who=who,
            )
    connection.execute(
        update(proposal)
        .where(proposal.c.revision_id == revision_id)
        .values(state="open", decided_by=None, decided_at=None, revision_id=None)
    )
    return decide(
        connection,
        old.utterance_id,
        current.version,
        curator,
        at,
        text=old.before.get("text"),
        labels=old.before.get("labels", {}),
        skip=old.before.get("skipped"),
        span=_span_fields(old.before),
        audio=old.before.get("audio"),
        act="undo",
        undoes=revision_id,
    )


def standing(connection: Connection, utterance_id: int, after_version: int = 0) -> str | None:
    """Return who made the last standing decision on the utterance after `after_version`; None if nobody did."""
    conditions = (revision.c.utterance_id == utterance_id, revision.c.version > after_version)
    return connection.scalar(
        select(revision.c.curator).where(*conditions, *stands()).order_by(revision.c.version.desc())
    )


def _latest(curator: str, hand_made: bool, revision_id: int | None = None) -> Select[int]:
    """Return the query of the id of the revision that an undo takes back."""
    c = revision.c
    conditions = (by_hand(),) if hand_made else ()
    query = select(c.id).where(c.curator == curator, *conditions, *stands())
    if revision_id is not None:
        return query.where(c.id == revision_id)
    return query.order_by(c.at.desc(), c.id.desc()).limit(1)


def _labels_of_answers(
    connection: Connection, current: Utterance, chosen: Mapping[str, str], curator: str, settles: bool
) -> dict[str, dict[str, str] | None]:
    """Return scheme -> the label that follows from the curator's answers `chosen`."""
    labels: dict[str, dict[str, str] | None] = {}
    for name, code in chosen.items():
        blind = None if settles else merged(connection, *target_of(current, name), name, curator, code)
        labels[name] = blind or {"code": code, "grade": "gold", "by": curator}
    return labels


def _span(
    connection: Connection, current: Utterance, start_ms: int | None, end_ms: int | None
) -> dict[str, Any] | None:
    """Return the new start_ms, end_ms and voice_usable; None if no time is given.

    voice_usable changes only if the span becomes shorter or longer than `SHORTEST_VOICE_MS`.
    """
    if start_ms is None and end_ms is None:
        return None
    if current.recording_id is None or current.start_ms is None or current.end_ms is None:
        raise InputError("utterance {id} has no times that could be changed", id=current.id)
    start, end = current.start_ms if start_ms is None else start_ms, current.end_ms if end_ms is None else end_ms
    call = connection.execute(
        select(recording.c.duration_ms, recording.c.path).where(recording.c.id == current.recording_id)
    ).one()
    if not 0 <= start < end <= call.duration_ms:
        raise InputError(
            "utterance {id}: {start}-{end} ms is no span of its recording of {duration_ms} ms",
            id=current.id,
            start=start,
            end=end,
            duration_ms=call.duration_ms,
        )
    was_long, is_long = current.end_ms - current.start_ms >= SHORTEST_VOICE_MS, end - start >= SHORTEST_VOICE_MS
    usable = current.voice_usable if was_long == is_long else is_long and call.path is not None
    return {"start_ms": start, "end_ms": end, "voice_usable": usable}


def _span_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return only what a change says of times, voice_usable, speaker, group and recording."""
    names = ("start_ms", "end_ms", "voice_usable", "speaker", "group", "recording_id")
    return {name: fields[name] for name in names if name in fields}


def _stale(connection: Connection, current: Utterance, mine: Mapping[str, Any]) -> Stale:
    """Return the error with both versions: what would have been written, and the current state, by whom, since when."""
    last = select(revision.c.curator, revision.c.at).where(
        revision.c.utterance_id == current.id, revision.c.version == current.version
    )
    row = connection.execute(last).one_or_none()
    names = ("version", "text", "skipped", "start_ms", "end_ms")
    theirs = {name: getattr(current, name) for name in names} | {"labels": dict(current.labels)}
    who = {"curator": row.curator, "at": row.at} if row else {}
    return Stale(
        "utterance {id} was changed meanwhile (you saw version {seen}, it is {version}); "
        "look at it again and decide anew",
        mine, theirs | who, id=current.id, seen=mine["version"], version=current.version,
    )  # fmt: skip
