"""Listening to every recording for the checks of sound: decoded block by block through the gate, never held whole.

Some recordings are one durable step, whose result is what was wrong with them; a job that was killed goes on after it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from core.audio.header import LIMITS
from core.audio.reader import CUT_OGG, blocks, opened, to_ms
from core.errors import AudioError, CoreError
from core.messages import Message, packed, unpacked
from core.quality import Fact, faults, measure
from core.records import Call
from core.workflows.workspace import Workspace

Progress = Callable[[str, int, int], None]
Step = Callable[[str, Callable[[], Any]], Any]
STEP = 50  # recordings
SHORTER_MS, SHORTER = 50, 0.01  # than at the import, both


def listen(ws: Workspace, progress: Progress, step: Step) -> tuple[list[Fact], int]:
    """What is wrong with the sound, and how many recordings were heard. Audio that is gone is not told here."""
    total, after, done = ws.store.corpus.counts()["recordings"], 0, 0
    facts: list[Fact] = []
    heard = 0
    while True:
        made = step(f"sound-{after}", partial(_block, ws, after, done, total, progress))
        if not made["n"]:
            return facts, heard
        facts += [Fact(check, where, unpacked(detail)) for check, where, detail in made["facts"]]
        after, done, heard = made["last"], done + made["n"], heard + made["heard"]


def _block(ws: Workspace, after: int, done: int, total: int, progress: Progress) -> dict[str, Any]:
    """The facts of the recordings that follow the id `after`, as JSON takes them."""
    calls = next(ws.store.audit.calls(after, STEP), [])
    facts: list[list[Any]] = []
    heard = 0
    for number, call in enumerate(calls, start=1):
        if call.path is not None:
            try:
                found = list(_facts(ws, call))
            except CoreError:
                continue  # gone, or outside of the workspace: missing-file
            facts += [[check, where, packed(detail)] for check, where, detail in found]
            heard += 1
        progress("recordings", done + number, max(total, done + number))
    return {"n": len(calls), "last": calls[-1].id if calls else after, "heard": heard, "facts": facts}


def _facts(ws: Workspace, call: Call) -> Iterator[list[Any]]:
    path = ws.inside(call.path or "")
    try:
        with opened(path, path.name, LIMITS) as (sound, head):
            heard = measure(blocks(sound, head, path.name, LIMITS), head.sample_rate_hz)
    except AudioError as error:
        yield ["truncated" if error.kind == "truncated" else "unreadable", call.id, error.reason]
        return
    length_ms = to_ms(heard.frames, heard.rate_hz)
    missing = call.duration_ms - length_ms
    if CUT_OGG in head.notes:
        yield ["truncated", call.id, CUT_OGG]
    elif missing > SHORTER_MS and missing > SHORTER * call.duration_ms:
        yield [
            "truncated",
            call.id,
            Message(
                "{now_ms} ms of sound, {then_ms} ms when it was imported", now_ms=length_ms, then_ms=call.duration_ms
            ),
        ]
    if call.sample_rate_hz is not None and call.sample_rate_hz != heard.rate_hz:
        yield [
            "wrong-rate",
            call.id,
            Message(
                "{now_hz} Hz, {then_hz} Hz when it was imported", now_hz=heard.rate_hz, then_hz=call.sample_rate_hz
            ),
        ]
    for check, utterance_id, detail in faults(heard, call.spans):
        yield [check, call.id if utterance_id is None else utterance_id, detail]
