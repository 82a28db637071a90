"""Freezing: which utterances, which text, which label, which side. The only thing training reads."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from core.filters import Filter
from core.messages import Message, Word
from core.model_text import DEFAULT_PLAN, model_text
from core.records import Recording, SnapshotInfo, Utterance
from core.schemes import Scheme
from core.speakers import names_a_person
from core.split import parse_fractions
from core.training import snapshot as frozen
from core.training.conflicts import Conflicts
from core.training.snapshot import Inputs
from core.workflows.corpus.schemes import trainable
from core.workflows.models.sounds import alike as sounds_alike
from core.workflows.workspace import Workspace, now

__all__ = ["Conflicts", "Inputs", "create", "every", "explained"]


def create(
    ws: Workspace,
    name: str,
    scheme_name: str,
    split: str = "70/15/15",
    seed: int = 0,
    *,
    inputs: Inputs = "text",
    conflicts: Conflicts = "keep",
) -> SnapshotInfo:
    """Freeze everything labelled under a scheme, for models that read the text, the voice or both.

    A label of the recording (urgency, sentiment) is handed down to the utterances of its caller: the call-taker's
    words are trained habit and would leak nothing but the protocol. What a curator skipped is left out, and what
    curators dispute until somebody settled it.
    """
    chosen = trainable(scheme_name)
    fractions = parse_fractions(split)
    grades = ws.store.corpus.grades(chosen.level, chosen.name)
    recordings = {r.id: r for r in ws.store.corpus.recordings()}
    sounds = sounds_alike(ws, recordings.values()) if inputs == "voice" else {}
    items: list[frozen.Item] = []
    marks: dict[str, tuple[str, ...]] = {}
    left_out: Counter[str] = Counter()
    for utterance in ws.store.corpus.every(Filter(skipped=False)):
        target = utterance.id if chosen.level == "utterance" else utterance.recording_id
        if target is None or target not in grades:
            continue
        code, grade = grades[target]
        text = model_text(DEFAULT_PLAN, utterance.text, utterance.origin)
        recording = recordings.get(utterance.recording_id or 0)
        if reason := _left_out(utterance, text, grade, chosen, inputs):
            left_out[reason] += 1
            continue
        items.append(_item(utterance, text, code, grade == "gold" and utterance.origin != "augmented", recording))
        marks[utterance.key] = tuple(_marks(utterance, sounds))
    made = frozen.build(
        name, chosen, items, fractions, seed, now(), DEFAULT_PLAN, inputs=inputs, conflicts=conflicts, marks=marks
    )
    made = replace(made, report={**made.report, "left_out": dict(left_out)})
    folder = ws.settings.snapshots / made.name
    if folder.exists() and made.name not in {known.name for known in ws.store.ledger.snapshots()}:
        shutil.rmtree(folder)  # left by a process that was killed between the folder and its row
    frozen.write(made, folder)
    info = SnapshotInfo(made.name, chosen.name, made.sha256, made.created_at, made.summary())
    try:
        ws.store.ledger.add_snapshot(info)
    except Exception:
        shutil.rmtree(folder)  # a folder that the ledger does not know would block the name for ever
        raise
    return info


def explained(report: Mapping[str, Any]) -> list[Message]:
    """What a snapshot left out, found contradictory or could not keep apart, a sentence each; zeros are not told."""
    n = Counter({name: value for name, value in report.items() if isinstance(value, int)})
    conflicts = report.get("conflicts", {"texts": 0, "rows": 0, "did": "keep"})
    told = [(Message("left out, {reason}: {n:,}", reason=Word(why), n=k), k) for why, k in _reasons(report).items()]
    told += [
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
    return [sentence for sentence, count in told if count] + [Message(line) for line in report["warnings"]]


def _reasons(report: Mapping[str, Any]) -> Mapping[str, int]:
    reasons: Mapping[str, int] = report.get("left_out", {})
    return reasons


def every(ws: Workspace) -> list[SnapshotInfo]:
    """The snapshots of the workspace, the newest first."""
    return ws.store.ledger.snapshots()


def _left_out(utterance: Utterance, text: str, grade: str, scheme: Scheme, inputs: Inputs) -> str | None:
    """Why a labelled utterance is not frozen, None if it is."""
    if grade == "disputed":
        return "disputed"
    if scheme.level == "recording" and utterance.speaker == "taker":
        return "call-taker"
    if inputs == "voice":
        return None if utterance.voice_usable else "no usable voice"
    return None if text or utterance.voice_usable else "no text and no usable voice"


def _marks(utterance: Utterance, sounds: Mapping[int, str]) -> Iterator[str]:
    """What a split must not cut where the voice is read: the person who speaks, and the (near-)identical sound."""
    if names_a_person(utterance.speaker):
        yield f"{frozen.PERSON}{utterance.source_id}:{utterance.speaker}"
    if utterance.recording_id is not None and utterance.recording_id in sounds:
        yield f"{frozen.SOUND}{sounds[utterance.recording_id]}"


def _item(utterance: Utterance, text: str, code: str, gold: bool, recording: Recording | None) -> frozen.Item:
    return frozen.Item(
        id=utterance.id, key=utterance.key, group=utterance.group, text=text, code=code, gold=gold,
        audio=recording.path if recording is not None and utterance.voice_usable else None,
        start_ms=utterance.start_ms, end_ms=utterance.end_ms, speaker=utterance.speaker,
        recording=recording.key if recording is not None else None,
    )  # fmt: skip
