"""Reads what a curator is shown next to an utterance: the texts around it, predictions, and remarks.

All cards of one request are read in one transaction. Each costs a few index look-ups, however long the recording is.
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
from core.store.rounds.audited import open_schemes
from core.store.schema import overlap, prediction, recording, remark, run, utterance


@dataclass(frozen=True, slots=True)
class UtteranceContext:
    """An utterance and what is shown next to it.

    `duration_ms`: of the recording, if any. `has_audio`: the recording has an audio file. `before`, `after`: the texts
    around it. `predictions`: {scheme, code, confidence, run} of the newest run of each modality. `answered`: scheme ->
    who answered, if several answer the utterance blind. `silver`: the schemes whose label a machine gave. `audited`:
    the schemes under which it waits for a blind answer to an audit; of those there are no predictions.
    """

    utterance: Utterance
    duration_ms: int | None
    has_audio: bool
    before: str
    after: str
    predictions: tuple[Mapping[str, Any], ...]
    remarks: tuple[Remark, ...]
    answered: Mapping[str, tuple[str, ...]]
    silver: tuple[str, ...] = ()
    audited: tuple[str, ...] = ()


class Cards:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, ids: Sequence[int], schemes: Sequence[str]) -> list[UtteranceContext]:
        """Return the contexts of the utterances `ids`, in the order of `ids`; unknown ids are left out."""
        with reading(self._engine) as connection:
            utterances = rows.utterances(connection, ids)
            recordings = _recordings(connection, {u.recording_id for u in utterances if u.recording_id is not None})
            predictions = _predictions(connection, ids, schemes)
            remarks = _remarks(connection, ids)
            answered = _answered(connection, ids, schemes)
            silver = rows.schemes_of_grade(connection, ids, "silver")
            audited = open_schemes(connection, ids)
            contexts = []
            for shown in utterances:
                duration_ms, has_audio = recordings.get(shown.recording_id or 0, (None, False))
                before, after = _around(connection, shown)
                blind = audited.get(shown.id, ())
                more = (
                    tuple(told for told in predictions.get(shown.id, ()) if told["scheme"] not in blind),
                    tuple(remarks.get(shown.id, ())),
                    answered.get(shown.id, {}),
                    tuple(silver.get(shown.id, ())),
                    blind,
                )
                contexts.append(UtteranceContext(shown, duration_ms, has_audio, before, after, *more))
            return contexts


def _recordings(connection: Connection, ids: set[int]) -> dict[int, tuple[int, bool]]:
    c = recording.c
    rows_of = connection.execute(select(c.id, c.duration_ms, c.path).where(c.id.in_(ids))) if ids else ()
    return {row.id: (row.duration_ms, row.path is not None) for row in rows_of}


def _around(connection: Connection, shown: Utterance) -> tuple[str, str]:
    """Return the texts before and after the utterance in its recording; "" if there is none."""
    if shown.recording_id is None or shown.parent_id is not None:
        return "", ""
    c = utterance.c
    query = select(c.text).where(c.recording_id == shown.recording_id, c.origin == "imported", c.active).limit(1)
    before = connection.scalar(query.where(c.id < shown.id).order_by(c.id.desc()))
    after = connection.scalar(query.where(c.id > shown.id).order_by(c.id))
    return before or "", after or ""


def _predictions(connection: Connection, ids: Sequence[int], schemes: Sequence[str]) -> dict[int, list[dict[str, Any]]]:
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
    predictions: dict[int, list[dict[str, Any]]] = {}
    for number, run_id, code, confidence in connection.execute(query.order_by(c.run_id)):
        entry = {"scheme": under[run_id], "code": code, "confidence": confidence, "run": run_id}
        predictions.setdefault(number, []).append(entry)
    return predictions


def _remarks(connection: Connection, ids: Sequence[int]) -> dict[int, list[Remark]]:
    remarks: dict[int, list[Remark]] = {}
    query = select(remark).where(remark.c.utterance_id.in_(ids)).order_by(remark.c.id)
    for row in connection.execute(query).mappings():
        remarks.setdefault(row["utterance_id"], []).append(Remark(**row))
    return remarks


def _answered(
    connection: Connection, ids: Sequence[int], schemes: Sequence[str]
) -> dict[int, dict[str, tuple[str, ...]]]:
    known = [scheme(name).name for name in schemes]
    c = overlap.c
    query = select(c.utterance_id, c.scheme, c.answered).where(c.scheme.in_(known), c.utterance_id.in_(ids))
    curators: dict[int, dict[str, tuple[str, ...]]] = {}
    for number, name, answered in connection.execute(query):
        curators.setdefault(number, {})[name] = tuple(json.loads(answered))
    return curators
