"""The corpus: sources, recordings, utterances; adding, finding, counting. Filters become SQL here and nowhere else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, exists, func, insert, or_, select, update

from core.errors import NotFound
from core.records import (
    IMPORTED,
    UNLABELLED,
    Filter,
    Level,
    NewRecording,
    NewUtterance,
    Page,
    Recording,
    Report,
    Source,
    Utterance,
)  # fmt: skip
from core.schemes import SCHEMES, scheme
from core.store import search
from core.store.engine import insert_id, reading, writing
from core.store.schema import annotation, label, recording, source, utterance
from core.text import nfc


class Corpus:
    """Reading and growing the corpus; what a curator decides is `core.store.review`'s."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- adding

    def add_source(self, name: str, kind: str, licence: str, sha256: str, at: str) -> int:
        """The id of source `name`, added if it is new."""
        with writing(self._engine) as connection:
            known = connection.scalar(select(source.c.id).where(source.c.name == name))
            if known is not None:
                return int(known)
            values = {"name": name, "kind": kind, "licence": licence, "sha256": sha256, "added_at": at}
            return insert_id(connection, source, values)

    def add_recordings(self, source_id: int, items: Sequence[NewRecording], at: str) -> Report:
        """Add recordings with their utterances and delivered labels in one transaction; known keys add nothing.

        A known recording without audio gets the audio that has now come.
        """
        report = Report()
        with writing(self._engine) as connection:
            for item in items:
                if self._attach_or_known(connection, item):
                    report.known += 1
                    continue
                values = {
                    "key": item.key, "source_id": source_id, "path": item.path, "sha256": item.sha256,
                    "duration_ms": item.duration_ms, "sample_rate_hz": item.sample_rate_hz, "meta": dict(item.meta),
                }  # fmt: skip
                recording_id = insert_id(connection, recording, values)
                _add_labels(connection, "recording", recording_id, item.labels, at)
                _add_utterances(connection, source_id, recording_id, item.utterances, at)
                report.added += 1
                report.note("utterances", len(item.utterances))
        return report

    def _attach_or_known(self, connection: Connection, item: NewRecording) -> bool:
        found = connection.execute(
            select(recording.c.id, recording.c.path).where(recording.c.key == item.key)
        ).one_or_none()
        if found is None:
            return False
        if found.path is None and item.path is not None:
            values = {"path": item.path, "sha256": item.sha256, "duration_ms": item.duration_ms,
                      "sample_rate_hz": item.sample_rate_hz}  # fmt: skip
            connection.execute(update(recording).where(recording.c.id == found.id).values(values))
            usable = [u.key for u in item.utterances if u.voice_usable]
            connection.execute(update(utterance).where(utterance.c.key.in_(usable)).values(voice_usable=True))
        return True

    def add_sentences(self, source_id: int, items: Sequence[NewUtterance], at: str) -> Report:
        """Add free-standing utterances in one transaction; known keys add nothing."""
        by_key = {item.key: item for item in items}
        with writing(self._engine) as connection:
            known = set(connection.scalars(select(utterance.c.key).where(utterance.c.key.in_(by_key))))
            new = [item for key, item in by_key.items() if key not in known]
            _add_utterances(connection, source_id, None, new, at)
        return Report(added=len(new), known=len(items) - len(new))

    def audio_state(self, keys: Iterable[str]) -> dict[str, bool]:
        """Of the recordings `keys`, those the store knows: key -> has audio."""
        wanted = list(keys)
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(recording.c.key, recording.c.path).where(recording.c.key.in_(wanted))
            ).all()
        return {row.key: row.path is not None for row in rows}

    # -- reading

    def sources(self) -> list[Source]:
        with reading(self._engine) as connection:
            return [Source(**row) for row in connection.execute(select(source)).mappings()]

    def recording(self, recording_id: int) -> Recording:
        with reading(self._engine) as connection:
            row = connection.execute(select(recording).where(recording.c.id == recording_id)).mappings().one_or_none()
        if row is None:
            raise NotFound(f"no recording {recording_id}")
        return Recording(**row)

    def recordings(self) -> list[Recording]:
        with reading(self._engine) as connection:
            return [Recording(**row) for row in connection.execute(select(recording)).mappings()]

    def recording_labels(self, recording_id: int) -> dict[str, str]:
        with reading(self._engine) as connection:
            return _labels_of(connection, "recording", [recording_id]).get(recording_id, {})

    def utterance(self, utterance_id: int) -> Utterance:
        with reading(self._engine) as connection:
            return one_utterance(connection, utterance_id)

    def utterances(self, ids: Sequence[int]) -> list[Utterance]:
        """The utterances `ids`, in that order; unknown ids are left out."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(utterance).where(utterance.c.id.in_(list(ids)))).mappings().all()
            found = {u.id: u for u in _records(connection, rows)}
        return [found[i] for i in ids if i in found]

    def find(self, wanted: Filter, *, limit: int = 50, offset: int = 0) -> Page:
        """One page of the utterances that match, by id."""
        with reading(self._engine) as connection:
            conditions = where(connection.dialect.name, wanted)
            rows = connection.execute(
                select(utterance).where(*conditions).order_by(utterance.c.id).limit(limit).offset(offset)
            ).mappings()
            records = _records(connection, rows.all())
            total = connection.scalar(select(func.count()).select_from(utterance).where(*conditions))
        return Page(tuple(records), int(total or 0))

    def every(self, wanted: Filter, *, block: int = 1000) -> Iterable[Utterance]:
        """All that match, read in blocks so that memory stays flat."""
        after = wanted.after_id or 0
        while True:
            with reading(self._engine) as connection:
                conditions = [*where(connection.dialect.name, wanted), utterance.c.id > after]
                rows = connection.execute(
                    select(utterance).where(*conditions).order_by(utterance.c.id).limit(block)
                ).mappings()
                records = _records(connection, rows.all())
            if not records:
                return
            yield from records
            after = records[-1].id

    def grades(self, level: Level, scheme_name: str) -> dict[int, tuple[str, str]]:
        """target id -> (code, grade) under one scheme: what a snapshot freezes."""
        query = select(label.c.target_id, label.c.code, label.c.grade).where(
            label.c.level == level, label.c.scheme == scheme_name
        )
        with reading(self._engine) as connection:
            return {row.target_id: (row.code, row.grade) for row in connection.execute(query)}

    def counts(self) -> dict[str, int]:
        """How many sources, recordings, utterances (with usable voice) and milliseconds of audio there are."""
        active = select(func.count()).select_from(utterance).where(utterance.c.active)
        with reading(self._engine) as connection:
            return {
                "sources": _count(connection, select(func.count()).select_from(source)),
                "recordings": _count(connection, select(func.count()).select_from(recording)),
                "utterances": _count(connection, active),
                "sentences": _count(connection, active.where(utterance.c.recording_id.is_(None))),
                "voice_usable": _count(connection, active.where(utterance.c.voice_usable)),
                "audio_ms": _count(
                    connection,
                    select(func.coalesce(func.sum(recording.c.duration_ms), 0)).where(recording.c.path.is_not(None)),
                ),
            }

    def progress(self) -> dict[str, dict[str, int]]:
        """scheme -> {targets, labelled, gold, and one count a class}, over the level the scheme judges."""
        with reading(self._engine) as connection:
            targets = {
                "utterance": _count(connection, select(func.count()).select_from(utterance).where(utterance.c.active)),
                "recording": _count(connection, select(func.count()).select_from(recording)),
            }
            gone = exists().where(utterance.c.id == label.c.target_id, ~utterance.c.active)
            query = (
                select(label.c.scheme, label.c.code, label.c.grade, func.count())
                .where(or_(label.c.level != "utterance", ~gone))
                .group_by(label.c.scheme, label.c.code, label.c.grade)
            )
            rows = connection.execute(query).all()
        result = {
            name: {"targets": targets[s.level], "labelled": 0, "gold": 0, **dict.fromkeys(s.codes, 0)}
            for name, s in SCHEMES.items()
        }
        for name, code, grade, n in rows:
            result[name][code] += n
            result[name]["labelled"] += n
            result[name]["gold"] += n if grade == "gold" else 0
        return result

    def facets(self) -> dict[str, list[str]]:
        """The values that filters offer beside the schemes' classes."""
        with reading(self._engine) as connection:
            return {
                "speaker": [
                    v
                    for v in connection.scalars(select(utterance.c.speaker).distinct().order_by(utterance.c.speaker))
                    if v
                ],
                "origin": list(connection.scalars(select(utterance.c.origin).distinct().order_by(utterance.c.origin))),
            }


def _count(connection: Connection, query: Any) -> int:
    return int(connection.scalar(query) or 0)


def _add_labels(connection: Connection, level: Level, target_id: int, labels: Mapping[str, str], at: str) -> None:
    if not labels:
        return
    base = {"level": level, "target_id": target_id}
    connection.execute(
        insert(annotation),
        [base | {"scheme": s, "code": c, "curator": IMPORTED, "at": at} for s, c in labels.items()],
    )
    connection.execute(
        insert(label), [base | {"scheme": s, "code": c, "grade": "gold", "by": IMPORTED} for s, c in labels.items()]
    )


def _add_utterances(
    connection: Connection, source_id: int, recording_id: int | None, items: Sequence[NewUtterance], at: str
) -> None:
    added = [(insert_utterance(connection, source_id, recording_id, item), item) for item in items]
    search.add(connection, ((i, item.text) for i, item in added))
    for i, item in added:
        _add_labels(connection, "utterance", i, item.labels, at)


def insert_utterance(
    connection: Connection, source_id: int, recording_id: int | None, item: NewUtterance, parent_id: int | None = None
) -> int:
    """One row; the caller indexes its text."""
    values = {
        "key": item.key, "source_id": source_id, "recording_id": recording_id, "parent_id": parent_id,
        "start_ms": item.start_ms, "end_ms": item.end_ms, "speaker": item.speaker, "text": nfc(item.text),
        "original": item.text, "chars": len(nfc(item.text)), "version": 0, "group": item.group,
        "voice_usable": item.voice_usable, "origin": item.origin, "skipped": False, "active": True,
        "meta": dict(item.meta),
    }  # fmt: skip
    return insert_id(connection, utterance, values)


def one_utterance(connection: Connection, utterance_id: int) -> Utterance:
    rows = connection.execute(select(utterance).where(utterance.c.id == utterance_id)).mappings().all()
    if not rows:
        raise NotFound(f"no utterance {utterance_id}")
    return _records(connection, rows)[0]


def _records(connection: Connection, rows: Sequence[RowMapping]) -> list[Utterance]:
    own = _labels_of(connection, "utterance", [row["id"] for row in rows])
    calls = _labels_of(connection, "recording", [row["recording_id"] for row in rows if row["recording_id"]])
    hidden = {"chars", "active", "meta"}
    return [
        Utterance(
            **{name: value for name, value in row.items() if name not in hidden},
            labels=calls.get(row["recording_id"], {}) | own.get(row["id"], {}),
        )
        for row in rows
    ]


def _labels_of(connection: Connection, level: Level, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    if not ids:
        return found
    query = select(label.c.target_id, label.c.scheme, label.c.code).where(
        label.c.level == level, label.c.target_id.in_(set(ids))
    )
    for target_id, name, code in connection.execute(query):
        found.setdefault(target_id, {})[name] = code
    return found


def where(dialect: str, wanted: Filter) -> list[ColumnElement[bool]]:
    """The SQL of a Filter."""
    c = utterance.c
    conditions: list[ColumnElement[bool]] = [c.active]
    conditions += [_labelled(name, codes) for name, codes in wanted.labels.items() if codes]
    if wanted.speaker:
        conditions.append(c.speaker.in_(wanted.speaker))
    if wanted.origin:
        conditions.append(c.origin.in_(wanted.origin))
    if wanted.min_chars is not None:
        conditions.append(c.chars >= wanted.min_chars)
    if wanted.max_chars is not None:
        conditions.append(c.chars <= wanted.max_chars)
    if wanted.recording_id is not None:
        conditions.append(c.recording_id == wanted.recording_id)
    if wanted.in_recording is not None:
        conditions.append(c.recording_id.is_not(None) if wanted.in_recording else c.recording_id.is_(None))
    if wanted.with_audio is not None:
        conditions.append(c.voice_usable if wanted.with_audio else ~c.voice_usable)
    if wanted.skipped is not None:
        conditions.append(c.skipped if wanted.skipped else ~c.skipped)
    if wanted.after_id is not None:
        conditions.append(c.id > wanted.after_id)
    if wanted.text:
        conditions += search.contains(dialect, wanted.text)
    return conditions


def _labelled(name: str, codes: tuple[str, ...]) -> ColumnElement[bool]:
    level = scheme(name).level
    target = utterance.c.id if level == "utterance" else utterance.c.recording_id
    mine = and_(label.c.level == level, label.c.target_id == target, label.c.scheme == name)
    chosen: list[ColumnElement[bool]] = []
    if named := [code for code in codes if code != UNLABELLED]:
        chosen.append(exists().where(mine, label.c.code.in_(named)))
    if UNLABELLED in codes:
        chosen.append(~exists().where(mine))
    return or_(*chosen)
