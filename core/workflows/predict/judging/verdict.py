"""One verdict a scheme for a whole input, with the first alarm, and how often its run finds such a class.

A run that read the whole call decides, unless it cannot tell and an utterance was judged. Else a scheme of utterances
with a critical class (danger) takes the utterance where that class is most probable, and another scheme the mean over
the utterances, weighted by their durations.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.abstention import Code, unjudged
from core.inference.predictor import Predictor
from core.runs.folder import RunFolder
from core.schemes.target import Target
from core.workflows.predict.judging.fusion import Part, critical_class, judgement
from core.workflows.predict.judging.serving import Plan
from core.workflows.workspace import Workspace

KEYS = ("label", "confidence", "probabilities", "run", "chosen", "abstained", "reason", "set", "alarm")
Utterances = Sequence[Mapping[str, Any]]


def verdicts(ws: Workspace, plan: Plan, document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Scheme -> verdict, for each scheme that is judged."""
    return {name: _verdict(ws, plan, document, name) for name in plan.schemes}


def _verdict(ws: Workspace, plan: Plan, document: Mapping[str, Any], name: str) -> dict[str, Any]:
    utterances = document["utterances"]
    judged = [i for i, u in enumerate(utterances) if name in u["judgements"]]
    critical = critical_class(name)
    call = _of_call(document, judged, name)
    at: int | None = None
    if call is not None:
        base = {key: call[key] for key in KEYS}
    elif not judged:
        base = _nothing(document, name)
    elif critical:
        at = _most_critical(utterances, judged, name, critical)
        base = {key: utterances[at]["judgements"][name][key] for key in KEYS}
    else:
        base = _mean(plan, utterances, judged, name)
        at = judged[0] if len(judged) == 1 else None
    return base | {
        "level": "call" if call is not None else "utterance",
        "utterance": at,
        "first_alarm_ms": _first_alarm(utterances, name) if critical else None,
        "recall": _recall(ws, base["run"], name, critical or base["label"]),
    }


def _of_call(document: Mapping[str, Any], judged: Sequence[int], name: str) -> Mapping[str, Any] | None:
    """What is said of the whole call; None without it, or if it is refused where an utterance is not."""
    call: Mapping[str, Any] | None = document.get("call", {}).get(name)
    if call is None or not is_refused(call):
        return call
    told = any(not is_refused(document["utterances"][i]["judgements"][name]) for i in judged)
    return None if told else call


def is_refused(judged: Mapping[str, Any]) -> bool:
    """Whether the input, and not the balance of the classes, keeps a run from telling."""
    return judged["abstained"] not in (None, "undecided")


def _first_alarm(utterances: Utterances, name: str) -> int | None:
    """When the first alarm is known: at the end of its utterance. One without times has no such moment."""
    alarms = (u for u in utterances if name in u["judgements"] and u["judgements"][name]["alarm"])
    return min((u["end_ms"] for u in alarms if u["end_ms"] is not None), default=None)


def _most_critical(utterances: Utterances, judged: Sequence[int], name: str, critical: str) -> int:
    """The utterance where the critical class is most probable; one that a run cannot judge only if all are such."""
    by_place = {i: utterances[i]["judgements"][name] for i in judged}
    usable = [i for i in judged if not is_refused(by_place[i])] or judged
    return max(usable, key=lambda i: (by_place[i]["probabilities"].get(critical, 0.0), -i))


def _mean(plan: Plan, utterances: Utterances, judged: Sequence[int], name: str) -> dict[str, Any]:
    """The mean over the utterances that were told, weighted by duration; over all if none was, with their reason."""
    told = [i for i in judged if not utterances[i]["judgements"][name]["abstained"]]
    used = told or judged
    own = [utterances[i]["judgements"][name] for i in used]
    weights = _durations([utterances[i] for i in used])
    predictor = _predictor(plan, own, weights)
    target = next(target for target in predictor.targets if target.name == name)
    rows = np.array([[one["probabilities"].get(code, 0.0) for code in target.codes] for one in own])
    row = weights @ rows / weights.sum()
    code = None if told else _most_common([one["abstained"] for one in own], weights)
    part = Part(predictor, target, row, None if code == "undecided" else code, own[0]["chosen"])
    return _as_undecided(part.to_dict(), target, part) if code == "undecided" else part.to_dict()


def _as_undecided(values: dict[str, Any], target: Target, part: Part) -> dict[str, Any]:
    """A mean of utterances none of which was decided is not decided either."""
    if values["abstained"]:
        return values
    return judgement(part, target, part.row, part.fits, "undecided")


def _predictor(plan: Plan, judgements: Sequence[Mapping[str, Any]], weights: np.ndarray) -> Predictor:
    """The run that judged most of the time."""
    by_id = {predictor.run_id: predictor for predictor in plan.models}
    return by_id[_most_common([judged["run"] for judged in judgements], weights)]


def _most_common(values: Sequence[Any], weights: np.ndarray) -> Any:
    shares: dict[Any, float] = {}
    for value, weight in zip(values, weights, strict=True):
        shares[value] = shares.get(value, 0.0) + float(weight)
    return max(shares, key=lambda value: shares[value])


def _durations(utterances: Utterances) -> np.ndarray:
    """The lengths of the utterances; one without times counts as much as those with times do on average."""
    known = {i: max(1, u["end_ms"] - u["start_ms"]) for i, u in enumerate(utterances) if u["start_ms"] is not None}
    usual = sum(known.values()) / len(known) if known else 1.0
    return np.array([known.get(i, usual) for i in range(len(utterances))], dtype=np.float64)


def _nothing(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A verdict without probabilities: nothing could be judged."""
    codes = [u["abstained"][name] for u in document["utterances"] if name in u["abstained"]]
    code: Code = document["abstained"] or (_most_common(codes, np.ones(len(codes))) if codes else "no_speech")
    sentence = unjudged(code, next((u["text"] for u in document["utterances"] if u["text"]), None))
    more = {"probabilities": {}, "chosen": False, "abstained": code, "reason": sentence, "set": [], "alarm": False}
    return dict.fromkeys(KEYS) | more


def _recall(ws: Workspace, run_id: str | None, name: str, code: str | None) -> dict[str, Any] | None:
    """How many of the items of a class the run found on its test side, with bounds."""
    if run_id is None or not code:
        return None
    metrics = _metrics(ws, run_id)
    scores = metrics.get("targets", {}).get(name, metrics).get("test", {})
    row = next((row for row in scores.get("per_class", ()) if row["code"] == code), None)
    if row is None or row["recall"]["value"] is None:
        return None
    return {"class": code, **{key: row["recall"][key] for key in ("value", "low", "high")}, "n": row["n"]}


def _metrics(ws: Workspace, run_id: str) -> dict[str, Any]:
    """The scores of a run; {} where there is no file of them."""
    path = ws.settings.runs / run_id / "metrics.json"
    return _read_metrics(path.parent, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=64)
def _read_metrics(folder: Path, changed_ns: int) -> dict[str, Any]:
    """The scores in the folder of a run, from memory while their file stays as it is."""
    return RunFolder(folder).metrics()
