"""What is known about the predictions of a run: the answers of an audit, else its test side.

Of a stratum of an audit, each answered item stands for the stratum's predictions over its answered items, so that an
audit that is half done is no less right. A stratum without an answer is left out, and the estimates say how much of
what is kept they stand for.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointMismatch
from core.records import Audit, AuditItem
from core.runs.folder import read_predictions
from core.runs.pool import measures, read_pool
from core.runs.predictions import EVALUATION_FILE
from core.schemes import scheme
from core.schemes.classes import JOIN
from core.schemes.target import Target
from core.thresholds import LEAST_ANSWERS, Evidence, Limits, Thresholds, estimates, keep, limits
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.workspace import Workspace

Source = Literal["audit", "test"]
Known = tuple[tuple[int, Evidence], ...]  # audit id and answers of each audit with at least ten of them, newest first
KEPT = 8  # runs whose evidence is in memory

_tests: OrderedDict[tuple[str, str, int], Evidence | None] = OrderedDict()
_audits: OrderedDict[tuple[str, str, str], tuple[Any, Known]] = OrderedDict()


def best(ws: Workspace, run_id: str, target: str) -> tuple[Evidence | None, Source | None]:
    """The evidence about a run and where it comes from: its newest audit that has answers, else its test side."""
    known = audited(ws, run_id, target)
    if known:
        return known[0][1], "audit"
    tested = held_out(ws, run_id, target)
    return tested, "test" if tested is not None else None


def audited(ws: Workspace, run_id: str, target: str) -> Known:
    """The answers of every audit of a run with at least ten of them, the newest first."""
    key, trace = (ws.settings.database_url, run_id, target), ws.store.changes.trace()
    if (known := _audits.get(key)) is not None and trace and known[0] == trace:
        return known[1]
    made = ((audit.id, of_audit(ws, audit)) for audit in ws.store.rounds.audits(run_id, target))
    value = tuple((number, answers) for number, answers in made if answers is not None)
    _keep(_audits, key, (trace, value))
    return value


def sufficient(known: Known, at: Limits, kept: int) -> int | None:
    """The place of the newest audit that suffices for what the limits keep, `kept` predictions; None if none does."""
    places = (n for n, (_, answers) in enumerate(known) if estimates(answers, at, kept).suffices)
    return next(places, None)


def chosen_audit(ws: Workspace, run_id: str, target: str, thresholds: Thresholds) -> int | None:
    """The audit that speaks for thresholds: the newest that suffices for them, else the newest; None without one."""
    known, scores = audited(ws, run_id, target), open_pool(ws, run_id, target).scores
    place = sufficient(known, limits(scores, thresholds), int(keep(scores, thresholds).sum())) if known else None
    if place is not None:
        return known[place][0]
    return next((audit.id for audit in ws.store.rounds.audits(run_id, target)), None)


def held_out(ws: Workspace, run_id: str, target: str) -> Evidence | None:
    """The run's test side: predictions and answers of people for data that it was not trained on. None without one."""
    folder = ws.run_folder(run_id)
    key = (str(folder), target, _changed(folder))
    if key not in _tests:
        _keep(_tests, key, _of_test(folder, target))
    return _tests[key]


def of_answers(
    target: Target, items: Sequence[AuditItem], strata: Mapping[str, int], answers: Mapping[int, str],
    entropy: NDArray[np.float32],
) -> Evidence:  # fmt: skip
    """Evidence of the answered `items` of an audit; `answers`: utterance id -> code; `entropy` (n,) of these items."""
    answered = Counter(item.stratum for item in items)
    return Evidence(
        _members(target, [item.code for item in items]),
        _members(target, [answers[item.utterance_id] for item in items]),
        np.array([item.confidence for item in items], dtype=np.float32),
        np.array([item.margin for item in items], dtype=np.float32),
        entropy,
        np.array([strata[item.stratum] / answered[item.stratum] for item in items], dtype=np.float64),
        of_pool=True,
    )


def of_predictions(target: Target, probs: Sequence[Sequence[float]], gold: Sequence[str]) -> Evidence | None:
    """Evidence of calibrated `probs` (n, K) and the codes `gold` of n items; None without an item."""
    if not gold or any(len(row) != len(target.codes) for row in probs):
        return None
    table = np.asarray(probs, dtype=np.float64)
    predicted = table > 0.5 if target.multi else np.eye(len(target.codes), dtype=bool)[table.argmax(axis=1)]
    confidence, _, margin, entropy = (column.astype(np.float32) for column in measures(target, table, 1.0))
    return Evidence(predicted, _members(target, gold), confidence, margin, entropy, np.ones(len(gold)))


def of_audit(ws: Workspace, audit: Audit) -> Evidence | None:
    """The answers of one audit; None if there are fewer than ten."""
    answers = ws.store.rounds.answers(audit.id)
    items = [item for item in ws.store.rounds.items(audit.id) if item.utterance_id in answers]
    if len(items) < LEAST_ANSWERS:
        return None
    pool = read_pool(ws.run_folder(audit.run_id), audit.scheme)
    ids = np.array([item.utterance_id for item in items], dtype=np.int64)
    at = np.minimum(np.searchsorted(pool.ids, ids), max(len(pool) - 1, 0))
    known = pool.ids[at] == ids if len(pool) else np.zeros(len(ids), dtype=bool)
    entropy = np.ones(len(ids), dtype=np.float32)
    entropy[known] = pool.entropy[at[known]]
    return of_answers(Target.of(scheme(audit.scheme)), items, audit.strata, answers, entropy)


def _of_test(folder: Path, target: str) -> Evidence | None:
    try:
        rows = [row for row in read_predictions(folder, target) if row["side"] == "test" and row["gold"]]
    except CheckpointMismatch:
        return None
    return of_predictions(Target.of(scheme(target)), [row["probs"] for row in rows], [row["gold"] for row in rows])


def _members(target: Target, codes: Sequence[str]) -> NDArray[np.bool_]:
    """The classes of each code, bool (n, K)."""
    names = [code.split(JOIN) for code in codes]
    return np.array([[code in some for code in target.codes] for some in names], dtype=bool)


def _changed(folder: Path) -> int:
    path = folder / EVALUATION_FILE
    return path.stat().st_mtime_ns if path.is_file() else 0


def _keep(cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > KEPT:
        cache.popitem(last=False)
