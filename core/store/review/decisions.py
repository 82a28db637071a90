"""A curator's decisions: append-only revisions and annotations, optimistic versions, undo that appends.

Every decision, undo and accepted pseudo-label on an utterance raises its version by one and leaves one Revision; a
decision made on an older version than the store's is refused with `Stale`. Under a multi scheme the answer is one:
its codes joined by `|` in class order, kept as one annotation and one row of `label` a class. Where several curators
answer one utterance blind, what each said is in `annotation` and what holds is `core.store.review.answers`' to say.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from core.errors import Conflict, InputError, NotFound, Stale
from core.messages import SchemeName
from core.records import SHORTEST_VOICE_MS, Act, Annotation, AnnotationKind, Revision, Utterance
from core.schemes import joined, parts, scheme
from core.store.corpus.corpus import one_utterance
from core.store.engine import insert_id, reading, writing
from core.store.review import answers as opinions
from core.store.review.answers import Opinions, by_hand, stands
from core.store.schema import annotation, label, lease, proposal, recording, remark, revision, utterance
from core.text import nfc

__all__ = ["Review", "decide", "standing", "stands", "undo"]


class Review(Opinions):
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
        """Write one decision. `labels` maps scheme to code (joined codes of a multi scheme), None leaves what it is.

        On an utterance that several answer blind, a label is one answer among theirs, unless the `act` is to settle.
        `why` is the curator's reason. With it goes a `comment`, and the curator's lease ends. `Stale` if `version` is
        old; `InputError` for times that leave the recording.
        """
        chosen = {name: scheme(name).parse(code) for name, code in (labels or {}).items()}
        with writing(self._engine) as connection:
            now = one_utterance(connection, utterance_id)
            made = decide(
                connection, utterance_id, version, curator, at,
                text=text, labels=_judged(connection, now, chosen, curator, act == "settle"), skip=skip,
                span=_span(connection, now, start_ms, end_ms), spent_ms=spent_ms, act=act, why=why, answers=chosen,
                kind="settlement" if act == "settle" else "answer",
            )  # fmt: skip
            if comment.strip():
                said = {"utterance_id": utterance_id, "curator": curator, "at": at, "kind": "comment", "text": comment}
                connection.execute(insert(remark).values(said))
            connection.execute(delete(lease).where(lease.c.utterance_id == utterance_id, lease.c.curator == curator))
            return made

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
        """End a dispute: gold, whatever was answered. The target is a recording under a scheme of recordings.

        `Stale` if `version` is given and old.
        """
        one = scheme(scheme_name)
        with reading(self._engine) as connection:
            of_call = select(func.min(utterance.c.id)).where(utterance.c.recording_id == target_id, utterance.c.active)
            number = target_id if one.level == "utterance" else connection.scalar(of_call)
            if number is None:
                raise NotFound("no recording {target_id} with an utterance in the corpus", target_id=target_id)
            seen = one_utterance(connection, number).version if version is None else version
        return self.decide(
            number, seen, curator, at, labels={one.name: code}, skip=None, spent_ms=spent_ms,
            act="settle", why=reason,
        )  # fmt: skip

    def restore(self, utterance_id: int, to_version: int, version: int, curator: str, at: str) -> Revision:
        """Put text, times, skip and labels back as they were after `to_version` (0: as received).

        `Stale` if `version` is old, `NotFound` for a version that never was.
        """
        with writing(self._engine) as connection:
            now = one_utterance(connection, utterance_id)
            if not 0 <= to_version <= now.version:
                raise NotFound(
                    "utterance {utterance_id} has no version {to_version}; its latest is {version}",
                    utterance_id=utterance_id,
                    to_version=to_version,
                    version=now.version,
                )
            mine = (revision.c.utterance_id == utterance_id, revision.c.version > to_version)
            later = connection.execute(select(revision).where(*mine).order_by(revision.c.version.desc())).all()
            back: dict[str, Any] = {}
            labels: dict[str, Any] = {}
            for row in later:
                back |= row.before
                labels |= row.before.get("labels", {})
            # Who restores an answer of his own gives it again; nobody answers for another.
            answers = {name: one["code"] for name, one in labels.items() if one and one["by"] == curator}
            return decide(
                connection, utterance_id, version, curator, at,
                text=back.get("text"), labels=labels, skip=back.get("skipped"), span=_spanned(back),
                act="restore", restores=to_version, answers=answers,
            )  # fmt: skip

    def undo(
        self, curator: str, at: str, *, hand_made: bool = False, revision_id: int | None = None
    ) -> Revision | None:
        """Take back the curator's latest decision that stands, or this one of theirs; None when there is none left.

        One that the curator has taken back before is not taken back again: the Revision of then is returned.
        `hand_made`: passing over bulk actions and accepted proposals. `Conflict` if somebody has decided on that
        utterance since.
        """
        with writing(self._engine) as connection:
            if revision_id is not None:
                done = select(revision).where(revision.c.undoes == revision_id, revision.c.curator == curator)
                if (row := connection.execute(done).mappings().one_or_none()) is not None:
                    return Revision(**row)
            wanted = connection.scalar(_latest(curator, hand_made, revision_id))
            return None if wanted is None else undo(connection, wanted, curator, at)

    def latest(self, curator: str) -> int | None:
        """Id of the curator's latest decision by hand that stands."""
        with reading(self._engine) as connection:
            return connection.scalar(_latest(curator, hand_made=True))

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

    def pace(self, curator: str, since: str) -> tuple[int, int]:
        """Of the curator's hand-made decisions since then that stand: how many, and the milliseconds they took."""
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
    labels: Mapping[str, Mapping[str, str] | None],
    skip: bool | None = None,
    span: Mapping[str, Any] | None = None,
    spent_ms: int | None = None,
    act: Act,
    why: str = "",
    undoes: int | None = None,
    proposal_id: int | None = None,
    restores: int | None = None,
    answers: Mapping[str, str | None] | None = None,
    kind: AnnotationKind = "answer",
) -> Revision:
    """The write itself, inside the caller's transaction; `labels`: scheme -> {code, grade, by} or None (withdraw).

    `span`: start_ms, end_ms, voice_usable to be. `answers`: what the curator said himself, scheme by scheme, where it
    is not the code of the label.
    """
    now = one_utterance(connection, utterance_id)
    if not connection.scalar(select(utterance.c.active).where(utterance.c.id == utterance_id)):
        raise Conflict("utterance {utterance_id} was taken out of the corpus meanwhile", utterance_id=utterance_id)
    if answers is None:
        answers = {name: value["code"] if value else None for name, value in labels.items()}
    changed = {"text": None if text is None else nfc(text), "skipped": skip, **(span or {})}
    wanted = {name: value for name, value in changed.items() if value is not None}
    if now.version != version:
        raise _stale(connection, now, {"version": version, **wanted, "labels": dict(answers)})
    wanted = {name: value for name, value in wanted.items() if value != getattr(now, name)}
    before: dict[str, Any] = {name: getattr(now, name) for name in wanted}
    after: dict[str, Any] = dict(wanted)
    if labels:
        before["labels"] = {name: _current(connection, now, name) for name in labels}
        after["labels"] = {name: dict(value) if value else None for name, value in labels.items()}
        apart = {name: code for name, code in answers.items() if code != (labels[name] or {}).get("code")}
        if apart and undoes is None:
            after["answers"] = apart
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
        level, target_id = _target(now, name)
        if name in answers:
            row = {"level": level, "target_id": target_id, "scheme": name, "code": answers[name], "curator": curator}
            row |= {"at": at, "spent_ms": spent_ms, "revision_id": revision_id, "kind": kind}
            connection.execute(insert(annotation).values(row))
        _write_label(connection, level, target_id, name, value)
        opinions.recount(connection, level, target_id, name)
    return Revision(id=revision_id, **values)


def undo(connection: Connection, revision_id: int, curator: str, at: str) -> Revision:
    """Append the revision that restores what stood before `revision_id`; a proposal that made it is open again.

    `Conflict` if what it wrote was decided again since.
    """
    old = connection.execute(select(revision).where(revision.c.id == revision_id)).one()
    now = one_utterance(connection, old.utterance_id)
    if (later := standing(connection, now.id, old.version)) is not None:
        raise Conflict("utterance {id} was decided again by {who}; that has to be undone first", id=now.id, who=later)
    for name, written in old.after.get("labels", {}).items():
        # A label of the recording may have been decided at another of its utterances.
        if (found := _current(connection, now, name)) != written:
            who = found["by"] if found else "somebody"
            raise Conflict(
                "{name} of utterance {id} was decided again by {who}; that has to be undone first",
                name=SchemeName(name),
                id=now.id,
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
        now.version,
        curator,
        at,
        text=old.before.get("text"),
        labels=old.before.get("labels", {}),
        skip=old.before.get("skipped"),
        span=_spanned(old.before),
        act="undo",
        undoes=revision_id,
    )


def standing(connection: Connection, utterance_id: int, after_version: int = 0) -> str | None:
    """Who made a decision on the utterance after that version that was not undone; None if nobody did."""
    mine = (revision.c.utterance_id == utterance_id, revision.c.version > after_version)
    return connection.scalar(select(revision.c.curator).where(*mine, *stands()).order_by(revision.c.version.desc()))


def _latest(curator: str, hand_made: bool, revision_id: int | None = None) -> Select[int]:
    """Id of what an undo takes back."""
    c = revision.c
    which = (by_hand(),) if hand_made else ()
    query = select(c.id).where(c.curator == curator, *which, *stands())
    if revision_id is not None:
        return query.where(c.id == revision_id)
    return query.order_by(c.at.desc(), c.id.desc()).limit(1)


def _judged(
    connection: Connection, now: Utterance, chosen: Mapping[str, str], curator: str, settles: bool
) -> dict[str, dict[str, str] | None]:
    """scheme -> the label that the curator's answers make."""
    made: dict[str, dict[str, str] | None] = {}
    for name, code in chosen.items():
        blind = None if settles else opinions.merged(connection, *_target(now, name), name, curator, code)
        made[name] = blind or {"code": code, "grade": "gold", "by": curator}
    return made


def _span(connection: Connection, now: Utterance, start_ms: int | None, end_ms: int | None) -> dict[str, Any] | None:
    """What new times make of the utterance; whether its voice is usable changes only with the length it needs."""
    if start_ms is None and end_ms is None:
        return None
    if now.recording_id is None or now.start_ms is None or now.end_ms is None:
        raise InputError("utterance {id} has no times that could be changed", id=now.id)
    start, end = now.start_ms if start_ms is None else start_ms, now.end_ms if end_ms is None else end_ms
    call = connection.execute(
        select(recording.c.duration_ms, recording.c.path).where(recording.c.id == now.recording_id)
    ).one()
    if not 0 <= start < end <= call.duration_ms:
        raise InputError(
            "utterance {id}: {start}-{end} ms is no span of its recording of {duration_ms} ms",
            id=now.id,
            start=start,
            end=end,
            duration_ms=call.duration_ms,
        )
    was_long, is_long = now.end_ms - now.start_ms >= SHORTEST_VOICE_MS, end - start >= SHORTEST_VOICE_MS
    usable = now.voice_usable if was_long == is_long else is_long and call.path is not None
    return {"start_ms": start, "end_ms": end, "voice_usable": usable}


def _spanned(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in ("start_ms", "end_ms", "voice_usable") if name in told}


def _stale(connection: Connection, now: Utterance, mine: Mapping[str, Any]) -> Stale:
    """Both versions: what would have been written, and what stands since when by whom."""
    last = select(revision.c.curator, revision.c.at).where(
        revision.c.utterance_id == now.id, revision.c.version == now.version
    )
    row = connection.execute(last).one_or_none()
    names = ("version", "text", "skipped", "start_ms", "end_ms")
    theirs = {name: getattr(now, name) for name in names} | {"labels": dict(now.labels)}
    who = {"curator": row.curator, "at": row.at} if row else {}
    return Stale(
        "utterance {id} was changed meanwhile (you saw version {seen}, it is {version}); "
        "look at it again and decide anew",
        mine, theirs | who, id=now.id, seen=mine["version"], version=now.version,
    )  # fmt: skip


def _target(now: Utterance, name: str) -> tuple[str, int]:
    level = scheme(name).level
    if level == "utterance":
        return level, now.id
    if now.recording_id is None:
        raise Conflict(
            "{name} is a label of a recording, and utterance {id} has none", name=SchemeName(name), id=now.id
        )
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
    connection: Connection, level: str, target_id: int, name: str, value: Mapping[str, str] | None
) -> None:
    mine = {"level": level, "target_id": target_id, "scheme": name}
    connection.execute(delete(label).filter_by(**mine))
    if value:
        connection.execute(insert(label), [mine | dict(value) | {"code": code} for code in parts(value["code"])])
