"""Runs the sound checks on every recording. Audio is decoded block by block through the gate, never held as a whole.

Each durable step covers some recordings and returns their faults, so a killed job goes on after the last step.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from core.audio.header import LIMITS
from core.audio.reader import CUT_OGG, open_sound, read_blocks, to_ms
from core.errors import AudioError, CoreError
from core.messages import Message, message_from_json, message_to_json
from core.quality import Fact, faults, measure
from core.records import ScannedRecording
from core.workflows.workspace import Workspace

Progress = Callable[[str, int, int], None]
Step = Callable[[str, Callable[[], Any]], Any]
STEP = 50  # recordings
SHORTER_MS, SHORTER = 50, 0.01  # how much shorter than at import counts as truncated; both must hold


def listen(ws: Workspace, progress: Progress, step: Step) -> tuple[list[Fact], int]:
    """The faults of the sound, and how many recordings were read. Missing audio is not reported here."""
    total, after, done = ws.store.corpus.counts()["recordings"], 0, 0
    facts: list[Fact] = []
    n_read = 0
    while True:
        block = step(f"sound-{after}", partial(_block, ws, after, done, total, progress))
        if not block["n"]:
            return facts, n_read
        facts += [Fact(check, where, message_from_json(detail)) for check, where, detail in block["facts"]]
        after, done, n_read = block["last"], done + block["n"], n_read + block["heard"]


def _block(ws: Workspace, after: int, done: int, total: int, progress: Progress) -> dict[str, Any]:
    """The facts of the recordings whose ids follow `after`, as JSON values."""
    recordings = next(ws.store.scan.calls(after, STEP), [])
    facts: list[list[Any]] = []
    n_read = 0
    for number, recording in enumerate(recordings, start=1):
        if recording.path is not None:
            try:
                faults_found = list(_facts(ws, recording))
            except CoreError:
                continue  # missing or outside the workspace: check missing-file reports it
            facts += [[check, where, message_to_json(detail)] for check, where, detail in faults_found]
            n_read += 1
        progress("recordings", done + number, max(total, done + number))
    return {"n": len(recordings), "last": recordings[-1].id if recordings else after, "heard": n_read, "facts": facts}


def _facts(ws: Workspace, recording: ScannedRecording) -> Iterator[list[Any]]:
    """What is wrong with the sound of a recording: [check, id, detail] each."""
    path = ws.inside(recording.path or "")
    try:
        with open_sound(path, path.name, LIMITS) as (sound, head):
            measured = measure(read_blocks(sound, head, path.name, LIMITS), head.sample_rate_hz)
    except AudioError as error:
        yield ["truncated" if error.kind == "truncated" else "unreadable", recording.id, error.reason]
        return
    length_ms = to_ms(measured.frames, measured.rate_hz)
    missing = recording.duration_ms - length_ms
    if CUT_OGG in head.notes:
        yield ["truncated", recording.id, CUT_OGG]
    elif missing > SHORTER_MS and missing > SHORTER * recording.duration_ms:
        yield [
            "truncated",
            recording.id,
            Message(
                "{now_ms} ms of sound, {then_ms} ms when it was imported",
                now_ms=length_ms,
                then_ms=recording.duration_ms,
            ),
        ]
    if recording.sample_rate_hz is not None and recording.sample_rate_hz != measured.rate_hz:
        yield [
            "wrong-rate",
            recording.id,
            Message(
                "{now_hz} Hz, {then_hz} Hz when it was imported",
                now_hz=measured.rate_hz,
                then_hz=recording.sample_rate_hz,
            ),
        ]
    for check, utterance_id, detail in faults(measured, recording.spans):
        yield [check, recording.id if utterance_id is None else utterance_id, detail]
