"""Create snapshots: frozen utterances with text, label and side (train, validation, test), for training."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from core.errors import InputError
from core.filters import Filter
from core.messages import Message, Word
from core.model_text import DEFAULT_PLAN, model_text
from core.records import Recording, Side, SnapshotInfo
from core.schemes import Scheme
from core.snapshots.conflicts import Conflicts
from core.snapshots.format import Inputs, Item, Official, write
from core.snapshots.freeze import PERSON, SOUND, build
from core.speakers import names_a_person
from core.split import PUBLISHED, SIDES, parse_fractions
from core.store import ScannedSample
from core.workflows.corpus.schemes import trainable
from core.workflows.evaluation.marks import split_marks
from core.workflows.models import sounds
from core.workflows.workspace import Workspace, now

NO_SPLIT = "no published split"

__all__ = ["Conflicts", "Inputs", "Official", "create", "every", "explained"]


def create(
    ws: Workspace,
    name: str,
    scheme_name: str,
    split: str = "70/15/15",
    seed: int = 0,
    *,
    inputs: Inputs = "text",
    conflicts: Conflicts = "keep",
    official: Official | None = None,
) -> SnapshotInfo:
    """Freeze everything labelled under a scheme, for models that read the text, the voice or both.

    For a recording scheme (urgency, sentiment) each utterance of the caller gets the label of its recording. The
    call-taker's utterances are left out: they follow a protocol, and a model would learn the protocol. Skipped
    utterances and targets with an open dispute are left out too. `official` takes the published split of the items,
    as their import kept it; items without one are left out. `InputError` for a name that exists already.
    """
    chosen = trainable(scheme_name)
    fractions = parse_fractions(split)
    grades = ws.store.corpus.grades(chosen.level, chosen.name)
    recordings = {r.id: r for r in ws.store.corpus.recordings()}
    alike = sounds.representatives(ws, recordings.values()) if inputs != "text" else {}
    published = _published(ws) if official else {}
    marks: dict[str, tuple[str, ...]] = {}
    left_out: Counter[str] = Counter()

    def labelled() -> Iterator[Item]:
        for utterance in ws.store.scan.samples():
            target = utterance.id if chosen.level == "utterance" else utterance.recording_id
            if target is None or target not in grades:
                continue
            code, grade = grades[target]
            text = model_text(DEFAULT_PLAN, utterance.text, utterance.origin)
            side = published.get(utterance.id) or published.get(utterance.parent_id or 0)
            reason = _left_out(utterance, text, grade, chosen, inputs) or (NO_SPLIT if official and not side else None)
            if reason:
                left_out[reason] += 1
                continue
            recording = recordings.get(utterance.recording_id or 0)
            if mark := tuple(_marks(utterance, alike)):
                marks[utterance.key] = mark
            item = _item(utterance, text, code, grade == "gold" and utterance.origin != "augmented", recording)
            yield replace(item, side=side) if side else item

    items = labelled() if chosen.level == "utterance" else _without_unknown_speakers([*labelled()], left_out)
    frozen = build(
        name, chosen, items, fractions, seed, now(), DEFAULT_PLAN, inputs=inputs, conflicts=conflicts, marks=marks,
        official=official,
    )  # fmt: skip
    frozen = replace(frozen, report={**frozen.report, "left_out": dict(left_out)})
    folder = ws.settings.snapshots / frozen.name
    if folder.exists() and frozen.name not in {known.name for known in ws.store.ledger.snapshots()}:
        shutil.rmtree(folder)  # a process was killed after it wrote the folder and before it wrote the row
    write(frozen, folder)
    info = SnapshotInfo(frozen.name, chosen.name, frozen.sha256, frozen.created_at, frozen.summary())
    try:
        ws.store.ledger.add_snapshot(info)
    except Exception:
        shutil.rmtree(folder)  # a folder without a row would block its name for ever
        raise
    return info


def _published(ws: Workspace) -> dict[int, Side]:
    """Utterance id -> its published side, from the tag that an import gave it. `InputError` if no item has one."""
    published: dict[int, Side] = {}
    for side in SIDES:
        published |= {u.id: side for u in ws.store.corpus.every(Filter(skipped=False, tag=(f"{PUBLISHED}{side}",)))}
    if not published:
        raise InputError(
            "no item has a published split: import the table with --split-column NAME, or tag items {tags}",
            tags=", ".join(f"{PUBLISHED}{side}" for side in SIDES),
        )
    return published


def _without_unknown_speakers(items: list[Item], left_out: Counter[str]) -> list[Item]:
    """Leave out who is not known in a call whose other speakers are: it may be the call-taker."""
    with_roles = {item.recording for item in items if item.speaker is not None}
    known = [item for item in items if item.speaker is not None or item.recording not in with_roles]
    if dropped := len(items) - len(known):
        left_out["unknown speaker"] += dropped
    return known


def explained(report: Mapping[str, Any]) -> list[Message]:
    """What a snapshot left out, found contradictory or could not keep apart, a sentence each; zeros are left out."""
    n = Counter({name: value for name, value in report.items() if isinstance(value, int)})
    conflicts = report.get("conflicts", {"texts": 0, "rows": 0, "did": "keep"})
    lines = [(Message("left out, {reason}: {n:,}", reason=Word(why), n=k), k) for why, k in _reasons(report).items()]
    lines += [
        (Message("left out, nothing to read: {n:,}", n=n["dropped_empty"]), n["dropped_empty"]),
        (Message("left out, contradictory: {n:,}", n=n["dropped_conflicts"]), n["dropped_conflicts"]),
        (
            Message("left out of validation and test, not gold: {n:,}", n=n["dropped_not_gold"]),
            n["dropped_not_gold"],
        ),
        (
            Message("left out of training, repeats a held-out text: {n:,}", n=n["dropped_repeats"]),
            n["dropped_repeats"],
        ),
        (
            Message(
                "{texts:,} texts carry several classes ({rows:,} rows); what was done: {did}",
                texts=conflicts["texts"], rows=conflicts["rows"], did=Word(conflicts["did"]),
            ),
            conflicts["texts"],
        ),
        (
            Message(
                "{n:,} speakers stand on several sides, so a score by voice is too high; freeze with --inputs voice",
                n=n["persons_on_several_sides"],
            ),
            n["persons_on_several_sides"],
        ),
    ]  # fmt: skip
    said = [sentence for sentence, count in lines if count] + split_marks({"official": report.get("official")})
    return said + [Message(line) for line in report["warnings"]]


def _reasons(report: Mapping[str, Any]) -> Mapping[str, int]:
    reasons: Mapping[str, int] = report.get("left_out", {})
    return reasons


def every(ws: Workspace) -> list[SnapshotInfo]:
    """The snapshots of the workspace, the newest first."""
    return ws.store.ledger.snapshots()


def _left_out(utterance: ScannedSample, text: str, grade: str, scheme: Scheme, inputs: Inputs) -> str | None:
    """Why a labelled utterance is not frozen, None if it is."""
    if grade == "disputed":
        return "disputed"
    if scheme.level == "recording" and utterance.speaker == "taker":
        return "call-taker"
    if inputs == "voice":
        return None if utterance.voice_usable else "no usable voice"
    return None if text or utterance.voice_usable else "no text and no usable voice"


def _marks(utterance: ScannedSample, alike: Mapping[int, str]) -> Iterator[str]:
    """What a split must not cut where the voice is read: the person who speaks, and the (near-)identical sound."""
    if names_a_person(utterance.speaker):
        yield f"{PERSON}{utterance.source_id}:{utterance.speaker}"
    if utterance.recording_id is not None and utterance.recording_id in alike:
        yield f"{SOUND}{alike[utterance.recording_id]}"


def _item(utterance: ScannedSample, text: str, code: str, gold: bool, recording: Recording | None) -> Item:
    return Item(
        id=utterance.id, key=utterance.key, group=utterance.group, text=text, code=code, gold=gold,
        audio=recording.path if recording is not None and utterance.voice_usable else None,
        start_ms=utterance.start_ms, end_ms=utterance.end_ms, speaker=utterance.speaker,
        recording=recording.key if recording is not None else None,
    )  # fmt: skip
