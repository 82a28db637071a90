"""Prediction documents made by hand, as core.workflows.predict gives them."""

from typing import Any

RUN = "danger-text-1"


def judgement(p: float, run: str = RUN, abstained: str | None = None, **more: Any) -> dict[str, Any]:
    """A judgement of danger with the probability `p`."""
    label = "danger" if p >= 0.5 else "normal"
    values = {
        "label": label, "confidence": max(p, 1 - p), "probabilities": {"normal": 1 - p, "danger": p}, "run": run,
        "chosen": True, "abstained": abstained, "reason": "the classes are not told apart" if abstained else None,
        "set": [label], "by": {}, "weights": None, "disagree": False,
    }  # fmt: skip
    return values | more


def turn(start: int | None, end: int | None, text: str | None, p: float | None, **more: Any) -> dict[str, Any]:
    """An utterance; without `p` nothing could be judged of it."""
    judged = {} if p is None else {"danger": judgement(p, abstained=more.pop("abstained", None))}
    return {
        "start_ms": start, "end_ms": end, "text": text, "speaker": more.pop("speaker", None), "transcript": None,
        "judgements": judged, "abstained": {} if judged else {"danger": "too_short"},
    } | more  # fmt: skip


def document(source: str, *turns: dict[str, Any], first_alarm_ms: int | None = None, **more: Any) -> dict[str, Any]:
    """A document; the verdict is the judgement of its most dangerous utterance."""
    judged = [t["judgements"]["danger"] for t in turns if t["judgements"]]
    top = max(judged, key=lambda j: j["probabilities"]["danger"], default=None)
    none = {"label": None, "confidence": None, "probabilities": {}, "run": None, "chosen": False,
            "abstained": "no_speech", "reason": "no speech was found", "set": []}  # fmt: skip
    verdict = (top or none) | {"level": "utterance", "utterance": 0 if top else None, "first_alarm_ms": first_alarm_ms}
    recall = {"class": "danger", "value": 0.93, "low": 0.88, "high": 0.96, "n": 120} if top else None
    return {
        "source": source, "transcriber": {"name": None, "state": "given", "reason": None}, "utterances": list(turns),
        "verdict": {"danger": verdict | {"recall": recall}}, "abstained": None if top else "no_speech",
    } | more  # fmt: skip
