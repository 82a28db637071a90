"""What a prediction document says in a few values: its risk, its first alarm, how long it is, and why it cannot tell.

The risk is the largest calibrated probability of the critical class of one scheme: the first, in the order of the
schemes, that has such a class and was judged. Probabilities of what is unlike the training data, too short or not
understood do not count; those of two classes that are not told apart do. Nothing here loads a model.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.schemes import SCHEMES, Scheme
from core.scores.alarms import is_alarm as reaches_alarm

UNDECIDED = "undecided"  # the reason for which a judgement cannot tell that still has a risk

Document = Mapping[str, Any]
Judgement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Risk:
    """The probability `value` of the critical class `code` of `scheme`."""

    scheme: str
    code: str
    value: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One line about a document. `risk` is None where nothing was judged; `abstained` is a code of the whole input.

    `first_alarm_ms` is the end of the first utterance that is an alarm. `verdict` is that of the document.
    """

    source: str
    utterances: int
    duration_ms: int | None
    risk: Risk | None
    alarm: bool
    first_alarm_ms: int | None
    abstained: str | None
    verdict: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The summary as a JSON object; `risk` is the value, "risk_scheme" and "risk_class" name what it is of."""
        values = asdict(self)
        risk = values.pop("risk")
        names = {"risk": "value", "risk_scheme": "scheme", "risk_class": "code"}
        return values | {key: risk[name] if risk else None for key, name in names.items()}


def summary(document: Document) -> Summary:
    """Sum up a prediction document."""
    chosen = alarm_scheme(document)
    verdict = document.get("verdict", {}).get(chosen.name) if chosen else None
    ends = [u["end_ms"] for u in document["utterances"] if u["end_ms"] is not None]
    first_ms = verdict["first_alarm_ms"] if verdict else None
    return Summary(
        source=document["source"],
        utterances=len(document["utterances"]),
        duration_ms=max(ends, default=None),
        risk=_risk(document, chosen) if chosen else None,
        alarm=first_ms is not None or (chosen is not None and _alarms(document, verdict, chosen)),
        first_alarm_ms=first_ms,
        abstained=document.get("abstained"),
        verdict=document.get("verdict", {}),
    )


def by_risk(row: Mapping[str, Any]) -> tuple[bool, bool, float, str]:
    """The sort key of a summary as JSON: alarms first, then the highest risk; what was not judged comes last."""
    return not row.get("alarm"), row.get("risk") is None, -(row.get("risk") or 0.0), row["source"]


def alarm_scheme(document: Document) -> Scheme | None:
    """The first scheme with a critical class that was judged in the document; None if there is none."""
    judged = {name for judgements in _every(document) for name in judgements}
    return next((s for name, s in SCHEMES.items() if name in judged and s.critical and s.kind != "multi"), None)


def is_alarm(judgement: Judgement | None, scheme: Scheme) -> bool:
    """Whether a judgement is an alarm, as was decided when it was judged.

    Documents of older versions do not tell: there the critical class is at least as probable as not.
    """
    if judgement is not None and judgement.get("alarm") is not None:
        return bool(judgement["alarm"])
    probability = critical_probability(judgement, scheme)
    return probability is not None and reaches_alarm(probability, None)


def _alarms(document: Document, verdict: Judgement | None, scheme: Scheme) -> bool:
    """Whether the verdict or an utterance, with or without times, is an alarm."""
    said = [utterance["judgements"].get(scheme.name) for utterance in document["utterances"]]
    return any(is_alarm(judgement, scheme) for judgement in (verdict, *said))


def critical_probability(judgement: Judgement | None, scheme: Scheme) -> float | None:
    """The probability of the critical class; None where it means nothing, as the input is refused."""
    if judgement is None or judgement.get("abstained") not in (None, UNDECIDED):
        return None
    value = (judgement.get("probabilities") or {}).get(scheme.critical)
    return None if value is None else float(value)


def _risk(document: Document, scheme: Scheme) -> Risk | None:
    probabilities = [critical_probability(judgements.get(scheme.name), scheme) for judgements in _every(document)]
    known = [p for p in probabilities if p is not None]
    return Risk(scheme.name, scheme.critical, max(known)) if known else None


def _every(document: Document) -> Iterator[Mapping[str, Judgement]]:
    yield document.get("call", {})
    for utterance in document["utterances"]:
        yield utterance["judgements"]
