"""Changed copies of voices, stored as derived recordings: preview, run or job, batches, undo.

A copy has the text, labels (as silver), speaker and group of its source (`voice_sources`), so a snapshot holds it in
training only, beside its source. The same plan makes the same copies: a repeated run adds none, and one after an undo
puts them back. `python -m core augment voice` and the Augment page use this.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import Any

from core.audio.augmentation import DEFAULT as DEFAULT
from core.audio.augmentation import REASONS, VoiceVariant, make, read_operations
from core.audio.clips import cut, to_wav
from core.audio.gate import Audio, decode
from core.errors import CheckpointMismatch, Conflict, CoreError, InputError, NotFound
from core.jobs import submit
from core.messages import Message, message_from_json, message_to_json
from core.records import Skip, Utterance
from core.snapshots.format import read_audio
from core.store import DerivedVoice, VoiceBatch
from core.workflows import jobs
from core.workflows.augment.voice_sources import LEFT_OUT, choose, duration_ms, from_document, to_document
from core.workflows.augment.voice_sources import MOST as MOST
from core.workflows.augment.voice_sources import VoicePlan as VoicePlan
from core.workflows.imports import audio_files
from core.workflows.workspace import Workspace, now, open_workspace

JOB = "augment-voice"
BLOCK = 50  # clips of a durable step, more if one recording has more
HEARD = 3  # clips of a preview
NAMED = 100  # unreadable clips that a result names
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class HeardCopy:
    """A copy to listen to, beside its source; both are WAV files. `text` is that of the source."""

    text: str
    parameters: Mapping[str, Mapping[str, float]]
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class VoicePreview:
    """What a run would make: `sources` clips, at most `copies` copies, about `seconds` of sound.

    `left_out` counts utterances of the filter by a code of `LEFT_OUT`. `heard` are copies of the first clips that can
    be read.
    """

    sources: int
    copies: int
    seconds: int
    left_out: Mapping[str, int]
    heard: tuple[HeardCopy, ...] = ()


@dataclass(frozen=True, slots=True)
class VoiceResult:
    """What a run made: `added` copies are new, `known` were there; `skipped` clips cannot be read.

    `refused` counts copies by a code of `REASONS`, `left_out` utterances by a code of `LEFT_OUT`.
    """

    batch: str
    sources: int
    added: int
    known: int
    refused: Mapping[str, int]
    left_out: Mapping[str, int]
    skipped: tuple[Skip, ...] = ()


def preview(ws: Workspace, plan: VoicePlan, heard: int = HEARD) -> VoicePreview:
    """Count what `plan` would make, and make copies of the first `heard` clips to listen to. Nothing is stored."""
    sources, left_out = choose(ws, plan)
    seconds = sum(duration_ms(source) for source in sources) * plan.per // 1000
    made = _heard(ws, plan, sources, heard) if heard else []
    return VoicePreview(len(sources), len(sources) * plan.per, seconds, dict(left_out), tuple(made))


def run(
    ws: Workspace,
    plan: VoicePlan,
    curator: str,
    *,
    run_id: str | None = None,
    step: jobs.Steps = lambda name, fn: fn(),
    progress: Progress = lambda stage, done, total: None,
) -> VoiceResult:
    """Make and store the copies. With the `run_id` of an interrupted run, continue that run."""
    batch = run_id or new_id()
    begun = step("sources", partial(_begin, ws, plan))
    total, done = sum(map(len, begun["blocks"])), 0
    counts: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    skipped: list[Skip] = []
    for number, ids in enumerate(begun["blocks"]):
        progress("clips", done, total)
        made = step(f"block {number}", partial(_block, ws, plan, curator, batch, ids))
        counts.update(made["counts"])
        refused.update(made["refused"])
        skipped += [Skip(where, message_from_json(reason)) for where, reason in made["skipped"]]
        done += len(ids)
    progress("clips", done, total)
    return VoiceResult(
        batch, total, counts["added"], counts["known"], dict(refused), begun["left_out"], tuple(skipped[:NAMED])
    )


def start(ws: Workspace, plan: VoicePlan, curator: str) -> str:
    """Queue a run as a job; returns the id of both."""
    return submit(ws.store, JOB, JOB, {"plan": to_document(plan), "curator": curator}, new_id())


def run_job(params: dict[str, Any], job: jobs.IdentifiedContext) -> None:
    """The job. Blocks of clips are durable steps, so a killed worker goes on where it was."""
    plan = from_document(params["plan"])
    result = run(open_workspace(), plan, params["curator"], run_id=job.id, step=job.step, progress=jobs.by_stage(job))
    job.report({"added": result.added, "known": result.known, "refused": dict(result.refused),
                "unreadable": len(result.skipped)})  # fmt: skip


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What an undo did: `undone` copies left the corpus, `left` stay, because somebody decided on them since.

    `audio_kept`: files of copies that were taken out stay, because a snapshot reads them.
    """

    undone: int
    left: int
    audio_kept: int


def undo(ws: Workspace, batch: str) -> TakenBack:
    """Take all copies of a batch out of the corpus, and delete audio that neither the corpus nor a snapshot needs.

    `NotFound` for an unknown batch, `Conflict` while its job is running.
    """
    if (job := jobs.running(ws, JOB)) is not None and job.id == batch:
        raise Conflict("run {run_id} is at work still: cancel it first", run_id=batch)
    known = batches(ws)
    if batch not in {made.id for made in known}:
        latest = ", ".join(made.id for made in known[:5]) or Message("there is none yet")
        raise NotFound("no batch of voices {batch!r}; the latest: {known}", batch=batch[:60], known=latest)
    taken = ws.store.voices.take_out(batch)
    kept = _frozen_audio(ws).intersection(taken.paths) if taken.paths else set()
    for path in set(taken.paths) - kept:
        (ws.settings.home / path).unlink(missing_ok=True)
    return TakenBack(taken.undone, taken.left, len(kept))


def _frozen_audio(ws: Workspace) -> set[str]:
    """The paths of all audio that snapshots read. A snapshot that cannot be read any more needs none."""
    paths: set[str] = set()
    for info in ws.store.ledger.snapshots():
        with suppress(CheckpointMismatch):
            paths |= read_audio(ws.settings.snapshots / info.name)
    return paths


def batches(ws: Workspace) -> list[VoiceBatch]:
    """The batches of copies, the latest first, each with its copies by operation."""
    return ws.store.voices.batches()


def reason(code: str) -> Message:
    """What a code of `refused` or of `left_out` means."""
    return {**REASONS, **LEFT_OUT}[code]


def new_id() -> str:
    return f"voice-{secrets.token_hex(6)}"


def _begin(ws: Workspace, plan: VoicePlan) -> dict[str, Any]:
    """The ids of the sources in blocks, some recordings together, and what was left out."""
    sources, left_out = choose(ws, plan)
    blocks: list[list[int]] = []
    for _, group in groupby(sorted((u.recording_id or 0, u.id) for u in sources), key=lambda pair: pair[0]):
        if not blocks or len(blocks[-1]) >= BLOCK:
            blocks.append([])
        blocks[-1] += [number for _, number in group]
    return {"blocks": blocks, "left_out": dict(left_out)}


def _block(ws: Workspace, plan: VoicePlan, curator: str, batch: str, ids: list[int]) -> dict[str, Any]:
    """Make and store the copies of some clips; returns counts, refused copies by code, and clips without sound."""
    voices, refused, skipped = list[DerivedVoice](), Counter[str](), list[tuple[str, Any]]()
    for source, audio in _clips(ws, ws.store.corpus.utterances(ids)):
        if isinstance(audio, CoreError):
            skipped.append((source.key, message_to_json(audio.message)))
            continue
        copies, reasons = _copies(plan, source, audio)
        refused.update(reasons)
        voices += [_stored(ws, source, copy, audio.sample_rate_hz, batch) for copy in copies]
    report = ws.store.voices.add(voices, curator, now())
    return {"counts": {"added": report.added, "known": report.known}, "refused": dict(refused), "skipped": skipped}


def _copies(plan: VoicePlan, source: Utterance, audio: Audio) -> tuple[list[VoiceVariant], Counter[str]]:
    operations = read_operations(plan.operations)
    return make(audio.wave, audio.sample_rate_hz, operations, n=plan.per, seed=plan.seed, key=source.key)


def _clips(ws: Workspace, sources: Sequence[Utterance]) -> Iterator[tuple[Utterance, Audio | CoreError]]:
    """Each utterance with its sound at the rate of its file, or with why there is none. A recording is decoded once."""
    in_order = sorted(sources, key=lambda u: (u.recording_id or 0, u.start_ms or 0, u.id))
    for recording_id, group in groupby(in_order, key=lambda u: u.recording_id or 0):
        try:
            path = ws.audio_file(recording_id)
            audio = decode(path, path.name, rate_hz=None)
        except CoreError as error:
            yield from ((source, error) for source in group)
            continue
        for source in group:
            wave = cut(audio.wave, audio.sample_rate_hz, source.start_ms or 0, source.end_ms or 0)
            yield source, replace(audio, wave=wave) if len(wave) else InputError(LEFT_OUT["no-voice"])


def _stored(ws: Workspace, source: Utterance, copy: VoiceVariant, rate_hz: int, batch: str) -> DerivedVoice:
    """Write the audio of a copy; its key follows from the span of its source and from how it was made."""
    data = to_wav(copy.wave, rate_hz)
    path, digest = audio_files.save(ws, data)
    made = f"{source.start_ms}\x1f{source.end_ms}\x1f{copy.parameters}\x1f{copy.seed}"
    return DerivedVoice(
        source.id, f"{source.key}~{copy.operation}~{sha256(made.encode()).hexdigest()[:10]}", path, digest,
        len(copy.wave) * 1000 // rate_hz, rate_hz, copy.operation, copy.parameters, copy.seed, batch,
    )  # fmt: skip


def _heard(ws: Workspace, plan: VoicePlan, sources: Sequence[Utterance], most: int) -> list[HeardCopy]:
    """One copy of each of the first clips."""
    heard: list[HeardCopy] = []
    for source, audio in _clips(ws, sources[:most]):
        if isinstance(audio, CoreError):
            continue
        copies, _ = _copies(plan, source, audio)
        heard += [
            HeardCopy(
                source.text, copy.parameters, to_wav(audio.wave, audio.sample_rate_hz),
                to_wav(copy.wave, audio.sample_rate_hz),
            )
            for copy in copies[:1]
        ]  # fmt: skip
    return heard
