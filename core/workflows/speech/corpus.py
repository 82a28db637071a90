"""Texts for utterances that have a voice and no text: a job reads them, and a curator accepts what it suggests.

A transcript is a Proposal of kind "transcript" with its confidence; accepting it writes a Revision. What was not
understood, and what is no speech, gives no Proposal and is counted. A repeated run suggests nothing twice.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any

from core import filters
from core.audio.features import RATE_HZ
from core.audio.gate import decode
from core.errors import CoreError, MissingBackend
from core.filters import Filter
from core.jobs import submit
from core.messages import Message, message_from_json, message_to_json
from core.records import Skip, Utterance
from core.speech.transcribers import DEFAULT, languages
from core.speech.transcribers.transcript import Transcriber, Transcript
from core.store import NewProposal
from core.workflows import jobs
from core.workflows.speech import transcribe
from core.workflows.workspace import Workspace, now, open_workspace

KIND = "transcript"
JOB = "transcribe"
OPERATION = "transcribe"
BLOCK = 24  # utterances of a durable step, more if one recording has more
NAMED = 100  # unreadable recordings that a result names
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What a run read: how many utterances are in each state, how many suggestions are new, what could not be read."""

    run: str
    transcriber: str
    utterances: int
    states: Mapping[str, int]
    proposals: int
    skipped: tuple[Skip, ...] = field(default=())


def without_text(wanted: Filter) -> Filter:
    """The utterances of a filter that have audio and no text yet."""
    return replace(wanted, text="", min_chars=None, max_chars=0, with_audio=True, skipped=False)


def chosen(ws: Workspace, name: str | None) -> Transcriber:
    """The transcriber for a run. `MissingBackend` with the way out if there is none."""
    found = transcribe.transcriber(ws, name or ws.settings.transcriber or DEFAULT)  # raises where it is absent
    if found is None:
        raise MissingBackend("transcription is switched off")
    return found


def run(
    ws: Workspace,
    wanted: Filter,
    *,
    name: str | None = None,
    language: str = "ko",
    transcriber: Transcriber | None = None,
    run_id: str | None = None,
    step: jobs.Steps = lambda name, fn: fn(),
    progress: Progress = lambda stage, done, total: None,
) -> Transcribed:
    """Suggest a text for each utterance of `wanted` that has audio and none, by `transcriber`, else by that of `name`.

    With the `run_id` of an interrupted run, continue that run. `InputError` for a language that no recogniser knows.
    """
    languages.check(language)
    transcriber, batch = transcriber or chosen(ws, name), run_id or new_id()
    blocks = step("blocks", partial(_blocks, ws, wanted))
    total = sum(map(len, blocks))
    counts: Counter[str] = Counter()
    skipped: list[Skip] = []
    done = 0
    for number, ids in enumerate(blocks):
        progress("utterances", done, total)
        read = step(f"block {number}", partial(_block, ws, transcriber, language, batch, ids))
        counts.update(read["counts"])
        skipped += [Skip(where, message_from_json(reason)) for where, reason in read["skipped"]]
        done += len(ids)
    progress("utterances", done, total)
    proposals = counts.pop("proposals", 0)
    return Transcribed(batch, transcriber.name, total, dict(sorted(counts.items())), proposals, tuple(skipped[:NAMED]))


def start(ws: Workspace, wanted: Filter, name: str | None = None, language: str = "ko") -> str:
    """Queue a run as a job; returns the id of both. `MissingBackend` if there is no transcriber.

    `InputError` for a language that no recogniser knows; nothing is queued then.
    """
    languages.check(language)
    chosen(ws, name)
    params = {"wanted": filters.to_document(wanted), "name": name, "language": language}
    return submit(ws.store, JOB, JOB, params, new_id())


def run_job(params: dict[str, Any], job: jobs.IdentifiedContext) -> None:
    """The job. Blocks of utterances are durable steps, so a killed worker goes on where it was."""
    wanted = filters.from_document(params["wanted"])
    result = run(
        open_workspace(), wanted, name=params["name"], language=params["language"], run_id=job.id, step=job.step,
        progress=jobs.by_stage(job),
    )  # fmt: skip
    job.report({"states": dict(result.states), "proposals": result.proposals})


def undo(ws: Workspace, run_id: str, curator: str) -> tuple[int, int]:
    """Take back what was accepted of a run; returns (undone and open again, left because of later decisions)."""
    return ws.store.proposals.undo_batch(run_id, curator, now())


def new_id() -> str:
    return f"transcribe-{secrets.token_hex(6)}"


def transcripts(
    ws: Workspace, transcriber: Transcriber, language: str, utterances: Sequence[Utterance]
) -> Iterator[tuple[Utterance, Transcript | CoreError]]:
    """Each utterance with its transcript, or with why its recording cannot be read. A recording is decoded once."""
    in_order = sorted(utterances, key=lambda u: (u.recording_id or 0, u.start_ms or 0, u.id))
    for recording_id, group in groupby(in_order, key=lambda u: u.recording_id):
        turns = list(group)
        try:
            path = ws.audio_file(recording_id or 0)
            audio = decode(path, path.name, rate_hz=RATE_HZ)
        except CoreError as error:
            yield from ((turn, error) for turn in turns)
            continue
        spans = [(turn.start_ms or 0, turn.end_ms or audio.duration_ms) for turn in turns]
        yield from zip(turns, transcriber.transcribe(audio.wave, spans, language), strict=True)


def _blocks(ws: Workspace, wanted: Filter) -> list[list[int]]:
    """The ids of the utterances to read, some recordings together."""
    ids = ws.store.texts.ids(without_text(wanted)).tolist()
    homes = [(u.recording_id or 0, u.id) for u in ws.store.corpus.utterances(ids)]
    blocks: list[list[int]] = []
    for _, group in groupby(sorted(homes), key=lambda pair: pair[0]):
        if not blocks or len(blocks[-1]) >= BLOCK:
            blocks.append([])
        blocks[-1] += [number for _, number in group]
    return blocks


def _block(ws: Workspace, transcriber: Transcriber, language: str, batch: str, ids: list[int]) -> dict[str, Any]:
    """Read some utterances and add the suggestions; returns counts by state and what could not be read."""
    counts: Counter[str] = Counter()
    skipped: dict[str, Any] = {}
    proposals = []
    for utterance, read in transcripts(ws, transcriber, language, ws.store.corpus.utterances(ids)):
        if isinstance(read, CoreError):
            counts["unreadable"] += 1
            skipped[utterance.key] = message_to_json(read.message)
        else:
            counts[read.state] += 1
            if read.state == "ok":
                proposals.append(_proposal(utterance, read, transcriber, batch))
    counts["proposals"] = ws.store.proposals.add(proposals, now())
    return {"counts": dict(counts), "skipped": list(skipped.items())}


def _proposal(utterance: Utterance, read: Transcript, transcriber: Transcriber, batch: str) -> NewProposal:
    document = read.document()
    payload = {"text": read.text, "before": utterance.text, "language": read.language, "words": document["words"]}
    return NewProposal(
        KIND, utterance.id, OPERATION, payload, Message("heard by {name}", name=transcriber.name),
        confidence=read.confidence, batch=batch,
    )  # fmt: skip
