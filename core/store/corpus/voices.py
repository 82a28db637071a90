"""Derived recordings: changed copies of the voices of utterances, each a Recording with one Utterance.

The utterance has origin "augmented", its parent, and its parent's group, text and speaker. It and its recording get
their labels, as silver and without disputed ones, to be shown: a snapshot reads the present labels of the parent. It
can hold a copy on the training side only, beside its parent. How a copy was made (operation, parameters, seed, batch,
when and by whom) stands in the meta of the recording under `DERIVED`, and without the last two, as operation
`voice:NAME`, in the meta of the utterance.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, select, update

from core.records import NewUtterance, Report, Utterance
from core.records.derivation import VOICE
from core.store.corpus.derivations import copy_labels, derivation
from core.store.corpus.insert import COLUMNS, known_keys, utterance_row
from core.store.engine import allot, insert_many, reading, writing
from core.store.review import decisions
from core.store.rows import NAMES, utterances
from core.store.schema import label, recording, utterance

DERIVED = "derived"
_DERIVATION = ("utterance_id", "operation", "parameters", "seed", "made_at", "batch")
_BATCH: ColumnElement[str] = recording.c.meta[DERIVED]["batch"].as_string()


@dataclass(frozen=True, slots=True)
class DerivedVoice:
    """One changed copy of the voice of the utterance `parent_id`, whose audio lies in the workspace already.

    `key` names the copy, its recording and its utterance; it must follow from the parent and from how it was made.
    """

    parent_id: int
    key: str
    path: str
    sha256: str
    duration_ms: int
    sample_rate_hz: int
    operation: str
    parameters: dict[str, Any]
    seed: int
    batch: str


@dataclass(frozen=True, slots=True)
class VoiceBatch:
    """The copies that were made together: how many of each operation are in the corpus, and how many were taken out."""

    id: str
    made_at: str
    by: str
    operations: dict[str, int]
    taken_out: int


@dataclass(frozen=True, slots=True)
class TakenOut:
    """`undone` copies left the corpus, and nothing in the corpus needs their audio `paths` any more.

    `left` copies stay, because somebody decided on them since.
    """

    undone: int
    left: int
    paths: tuple[str, ...] = field(default=())


class Voices:
    """Adds derived recordings, lists their batches and takes a batch out again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, voices: Sequence[DerivedVoice], curator: str, at: str) -> Report:
        """Add copies in one transaction. Those that are in the corpus are `known`; one that was taken out is put back.

        A parent that is skipped, or out of the corpus, gets no copy; the report notes it.
        """
        report = Report()
        with writing(self._engine) as connection:
            parents = {p.id: p for p in utterances(connection, [v.parent_id for v in voices], active=True)}
            usable = [v for v in voices if v.parent_id in parents and not parents[v.parent_id].skipped]
            if gone := len(voices) - len(usable):
                report.note("parents that are left out", gone)
            known = known_keys(connection, recording, [voice.key for voice in usable])
            new = [voice for voice in usable if voice.key not in known]
            pairs = _insert(connection, new, parents, curator, at)
            again = [(known[voice.key], voice) for voice in usable if voice.key in known]
            pairs += _put_back(connection, again, parents, curator, at)
            copy_labels(connection, [(p.id, u) for p, u, _ in pairs], "utterance", curator)
            copy_labels(connection, _labelled_calls(connection, pairs), "recording", curator)
        report.added, report.known = len(pairs), len(usable) - len(pairs)
        return report

    def batches(self) -> list[VoiceBatch]:
        """Return the batches, the latest first."""
        query = select(recording.c.meta, utterance.c.active).join(utterance, utterance.c.recording_id == recording.c.id)
        with reading(self._engine) as connection:
            rows = [(meta[DERIVED], active) for meta, active in connection.execute(query.where(_BATCH.is_not(None)))]
        batches: dict[str, list[tuple[dict[str, Any], bool]]] = {}
        for made, active in rows:
            batches.setdefault(made["batch"], []).append((made, active))
        described = [_described(name, copies) for name, copies in batches.items()]
        return sorted(described, key=lambda batch: (batch.made_at, batch.id), reverse=True)

    def take_out(self, batch: str) -> TakenOut:
        """Take the copies of a batch out of the corpus, with their labels; rows stay, since others may refer to them.

        A copy that somebody has decided on stays.
        """
        query = select(utterance.c.id, recording.c.id, recording.c.path).join(
            recording, utterance.c.recording_id == recording.c.id
        )
        with writing(self._engine) as connection:
            rows = connection.execute(query.where(_of(batch), utterance.c.active)).all()
            gone = [row for row in rows if decisions.standing(connection, row[0]) is None]
            for start in range(0, len(gone), NAMES):
                _take_out(connection, gone[start : start + NAMES])
            paths = {row[2] for row in gone if row[2] is not None}
            used = (
                set(connection.scalars(select(recording.c.path).where(recording.c.path.in_(paths)))) if paths else set()
            )
        return TakenOut(len(gone), len(rows) - len(gone), tuple(sorted(paths - used)))


def _insert(
    connection: Connection, new: Sequence[DerivedVoice], parents: dict[int, Utterance], curator: str, at: str
) -> list[tuple[Utterance, int, int]]:
    """Insert recordings and utterances; return parent, utterance id and recording id of each."""
    columns = ("id", "key", "source_id", "path", "sha256", "duration_ms", "sample_rate_hz", "meta")
    calls, items, derived = list[tuple[Any, ...]](), list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    pairs = list[tuple[Utterance, int, int]]()
    numbers = zip(allot(connection, recording, len(new)), allot(connection, utterance, len(new)), new, strict=True)
    for call_id, item_id, voice in numbers:
        parent = parents[voice.parent_id]
        how = {"operation": voice.operation, "parameters": voice.parameters, "seed": voice.seed, "batch": voice.batch}
        lineage = {DERIVED: {"from": parent.key, **how, "made_at": at, "by": curator}}
        calls.append((call_id, voice.key, parent.source_id, voice.path, voice.sha256, voice.duration_ms,
                      voice.sample_rate_hz, lineage))  # fmt: skip
        own = how | {"operation": f"{VOICE}{voice.operation}"}
        item = NewUtterance(
            voice.key, parent.text, parent.group, 0, voice.duration_ms, parent.speaker, True, "augmented", meta=own
        )
        items.append(utterance_row(item_id, parent.source_id, call_id, item, parent.id))
        derived.append((item_id, own["operation"], voice.parameters, voice.seed, at, voice.batch))
        pairs.append((parent, item_id, call_id))
    insert_many(connection, recording, columns, calls)
    insert_many(connection, utterance, COLUMNS, items)
    insert_many(connection, derivation, _DERIVATION, derived)
    return pairs


def _put_back(
    connection: Connection,
    known: Sequence[tuple[int, DerivedVoice]],
    parents: dict[int, Utterance],
    curator: str,
    at: str,
) -> list[tuple[Utterance, int, int]]:
    """Put copies back that were taken out, as a part of the batch that makes them again.

    Each takes over what its parent says now: text, group and speaker.
    """
    pairs = []
    for call_id, voice in known:
        of_call = (utterance.c.recording_id == call_id, ~utterance.c.active)
        row = connection.execute(select(utterance.c.id, utterance.c.meta).where(*of_call)).one_or_none()
        if row is None:
            continue
        parent = parents[voice.parent_id]
        made = {"made_at": at, "batch": voice.batch}
        meta = dict(connection.scalar(select(recording.c.meta).where(recording.c.id == call_id)) or {})
        meta[DERIVED] = {**meta.get(DERIVED, {}), **made, "by": curator}
        audio = {"path": voice.path, "sha256": voice.sha256, "meta": meta}
        connection.execute(update(recording).where(recording.c.id == call_id).values(audio))
        said = {"text": parent.text, "chars": len(parent.text), "group": parent.group, "speaker": parent.speaker}
        own = {"active": True, "meta": {**(row.meta or {}), "batch": voice.batch}}
        connection.execute(update(utterance).where(utterance.c.id == row.id).values(said | own))
        connection.execute(update(derivation).where(derivation.c.utterance_id == row.id).values(made))
        pairs.append((parent, row.id, call_id))
    return pairs


def _labelled_calls(connection: Connection, pairs: Sequence[tuple[Utterance, int, int]]) -> list[tuple[int, int]]:
    """Recording of the parent and of the copy, where the label of the call may be that of the copy.

    It may not where nobody knows who speaks while other speakers of the call are known: it may be the call-taker.
    """
    calls = sorted({parent.recording_id or 0 for parent, _, _ in pairs})
    c = utterance.c
    with_roles: set[int] = set()
    for start in range(0, len(calls), NAMES):
        of_calls = (c.recording_id.in_(calls[start : start + NAMES]), c.speaker.is_not(None))
        with_roles |= set(connection.scalars(select(c.recording_id).where(*of_calls).distinct()))
    return [
        (parent.recording_id, call_id)
        for parent, _, call_id in pairs
        if parent.recording_id is not None and (parent.speaker is not None or parent.recording_id not in with_roles)
    ]


def _of(batch: str) -> ColumnElement[bool]:
    return _BATCH.in_([batch])


def _take_out(connection: Connection, rows: Sequence[Any]) -> None:
    items, calls = [row[0] for row in rows], [row[1] for row in rows]
    for level, targets in (("utterance", items), ("recording", calls)):
        connection.execute(delete(label).where(label.c.level == level, label.c.target_id.in_(targets)))
    connection.execute(update(utterance).where(utterance.c.id.in_(items)).values(active=False))
    connection.execute(update(recording).where(recording.c.id.in_(calls)).values(path=None, sha256=None))


def _described(name: str, copies: Sequence[tuple[dict[str, Any], bool]]) -> VoiceBatch:
    operations = Counter(made["operation"] for made, active in copies if active)
    latest = max(copies, key=lambda copy: copy[0]["made_at"])[0]
    taken_out = sum(not active for _, active in copies)
    return VoiceBatch(name, latest["made_at"], latest["by"], dict(sorted(operations.items())), taken_out)
