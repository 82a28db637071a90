"""What a curator is shown beside an utterance: what was said around it, what models think, what people remarked.

One transaction for all cards asked for; each costs a few steps into an index, however long the call is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from core.records import Remark, Utterance
from core.schemes import scheme
from core.store import rows
from core.store.engine import reading
from core.store.ledger import current
from core.store.schema import overlap, prediction, recording, remark, run, utterance


@dataclass(frozen=True, slots=True)
class About:
    """`duration_ms` of the recording, if any; `has_audio`: it was delivered. `guesses` of models: {scheme, code,
    confidence, run}, the newest run of each modality. `answered`: scheme -> who answered, where several do it blind.
    """

    utterance: Utterance
    duration_ms: int | None
    has_audio: bool
    before: str
    after: str
    guesses: tuple[Mapping[str, Any], ...]
    remarks: tuple[Remark, ...]
    answered: Mapping[str, tuple[str, ...]]


class Cards:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def about(self, ids: Sequence[int], schemes: Sequence[str]) -> list[About]:
        """Of the utterances `ids`, in that order; unknown ids are left out."""
        with reading(self._engine) as connection:
            found = rows.utterances(connection, ids)
            calls = _calls(connection, {one.recording_id for one in found if one.recording_id is not None})
            guesses = _guesses(connection, ids, schemes)
            remarks = _remarks(connection, ids)
            answered = _answered(connection, ids, schemes)
            made = []
            for one in found:
                duration_ms, has_audio = calls.get(one.recording_id or 0, (None, False))
                before, after = _around(connection, one)
                more = tuple(guesses.get(one.id, ())), tuple(remarks.get(one.id, ())), answered.get(one.id, {})
                made.append(About(one, duration_ms, has_audio, before, after, *more))
            return made


def _calls(connection: Connection, ids: set[int]) -> dict[int, tuple[int, bool]]:
    c = recording.c
    found = connection.execute(select(c.id, c.duration_ms, c.path).where(c.id.in_(ids))) if ids else ()
    return {row.id: (row.duration_ms, row.path is not None) for row in found}


def _around(connection: Connection, one: Utterance) -> tuple[str, str]:
    """The texts before and after in the call; empty where there are none."""
    if one.recording_id is None or one.parent_id is not None:
        return "", ""
    c = utterance.c
    query = select(c.text).where(c.recording_id == one.recording_id, c.origin == "imported", c.active).limit(1)
    before = connection.scalar(query.where(c.id < one.id).order_by(c.id.desc()))
    after = connection.scalar(query.where(c.id > one.id).order_by(c.id))
    return before or "", after or ""


def _guesses(connection: Connection, ids: Sequence[int], schemes: Sequence[str]) -> dict[int, list[dict[str, Any]]]:
    newest: dict[tuple[str, str], str] = {}
    done = select(run.c.scheme, run.c.modality, run.c.id).where(run.c.state == "done", run.c.scheme.in_(schemes))
    for name, modality, run_id in connection.execute(done.order_by(run.c.started_at.desc(), run.c.id.desc())):
        newest.setdefault((name, modality), run_id)
    if not newest:
        return {}
    under = {run_id: name for (name, _), run_id in newest.items()}
    c = prediction.c
    query = select(c.utterance_id, c.run_id, c.code, c.confidence).where(
        c.run_id.in_(under), c.utterance_id.in_(ids), current()
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for number, run_id, code, confidence in connection.execute(query.order_by(c.run_id)):
        guess = {"scheme": under[run_id], "code": code, "confidence": confidence, "run": run_id}
        found.setdefault(number, []).append(guess)
    return found


def _remarks(connection: Connection, ids: Sequence[int]) -> dict[int, list[Remark]]:
    found: dict[int, list[Remark]] = {}
    query = select(remark).where(remark.c.utterance_id.in_(ids)).order_by(remark.c.id)
    for row in connection.execute(query).mappings():
        found.setdefault(row["utterance_id"], []).append(Remark(**row))
    return found


def _answered(
    connection: Connection, ids: Sequence[int], schemes: Sequence[str]
) -> dict[int, dict[str, tuple[str, ...]]]:
    known = [scheme(name).name for name in schemes]
    c = overlap.c
    query = select(c.utterance_id, c.scheme, c.answered).where(c.scheme.in_(known), c.utterance_id.in_(ids))
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for number, name, told in connection.execute(query):
        found.setdefault(number, {})[name] = tuple(json.loads(told))
    return found
