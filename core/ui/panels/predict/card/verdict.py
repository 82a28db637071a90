"""The top card of a call: what each scheme's verdict is, how sure, which run said so, and when the first alarm came."""

from collections.abc import Mapping
from typing import Any

from core.schemes import SCHEMES
from core.text.clock import clock
from core.ui.i18n import _
from core.ui.panels import runs
from core.ui.panels.predict import answers
from core.ui.panels.predict.card import segments
from core.ui.widgets import forms, verdicts
from core.ui.widgets.verdicts import Verdict
from core.workflows.predict.summary import summary


def show(document: Mapping[str, Any]) -> None:
    """Show one card for each scheme of the document's verdict; the scheme whose alarm counts is large."""
    verdict = document["verdict"]
    if not verdict:
        verdicts.show([_nothing(document.get("abstained") or "no_speech")], _("Verdict"))
        return
    first = segments.main(verdict)
    names = [first, *(name for name in answers.ordered(verdict) if name != first)]
    cards = [card(name, verdict[name], document, first=name == first) for name in names]
    verdicts.show(cards, _("Verdict"))


def _nothing(code: str) -> Verdict:
    return Verdict(
        "unsure", _("Verdict"), _("Cannot tell"), None, leads=(answers.reason("", {"abstained": code, "label": ""}),)
    )


def card(scheme: str, verdict: Mapping[str, Any], document: Mapping[str, Any], *, first: bool) -> Verdict:
    """Return the card of one scheme; the first one also says what its confidence means."""
    abstained = bool(verdict.get("abstained"))
    leads = (answers.reason(scheme, verdict), _may_be(scheme, verdict), _first_alarm(scheme, verdict, document))
    sure = _sureness(scheme, verdict, explained=first)
    fine = (sure, _where(verdict, document), recall(scheme, verdict), _run(verdict))
    return Verdict(
        answers.kind(scheme, verdict),
        forms.scheme_title(scheme),
        answers.title(scheme, verdict),
        None if abstained else verdict["confidence"],
        "" if abstained else answers.percent(verdict["confidence"]),
        tuple(filter(None, leads)),
        tuple(filter(None, fine if answers.means_something(verdict) else (_run(verdict),))),
    )


def _may_be(scheme: str, verdict: Mapping[str, Any]) -> str:
    """Warn where the class that must not be missed is still possible."""
    critical = answers.critical(scheme)
    if verdict.get("abstained") != "undecided" or critical not in (verdict.get("set") or ()):
        return ""
    return _("It may be ‘{label}’: listen to it.").format(label=forms.code_title(scheme, critical))


def _first_alarm(scheme: str, verdict: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    at = verdict.get("first_alarm_ms")
    if at is None:
        timed = any(utterance["start_ms"] is not None for utterance in document["utterances"])
        if not timed or not answers.critical(scheme) or SCHEMES[scheme].level != "utterance":
            return ""
        # An alarm without times, or of the whole call, has no moment, and there is an alarm all the same.
        return "" if verdict.get("abstained") or summary(document).alarm else _("No alarm in the whole call")
    return _("First alarm at {time}").format(time=clock(at))


def _sureness(scheme: str, verdict: Mapping[str, Any], *, explained: bool) -> str:
    """Say what the confidence means, and which classes are still possible."""
    if verdict.get("abstained"):
        return ""
    text = _("Calibrated: of 100 answers as sure as this one, about {n} are right.").format(
        n=answers.percent(verdict["confidence"]).rstrip("%")
    )
    text = text if explained else _("Calibrated probability")
    possible = verdict.get("set") or ()
    if len(possible) > 1:
        text += " · " + _("Still possible: {classes}").format(classes=answers.titles(scheme, possible))
    return text


def _where(verdict: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    if len(document["utterances"]) < 2:
        return ""
    if verdict["level"] == "call":
        return _("Judged from the whole call")
    if verdict.get("utterance") is None:
        return _("Mean over the utterances") if verdict["run"] else ""
    return _("Decided by utterance {n}").format(n=verdict["utterance"] + 1)


def recall(scheme: str, verdict: Mapping[str, Any]) -> str:
    """Say what share of the critical class the run found on its test split, and the lower bound."""
    bound = verdict.get("recall")
    if not bound or bound["value"] is None:
        return ""
    text = _("On its test split this run found {value} of {n} ‘{label}’ (95% interval {low} to {high})")
    low, high = (answers.percent(bound[end]) if bound[end] is not None else "?" for end in ("low", "high"))
    label = forms.code_title(scheme, bound["class"])
    return text.format(value=answers.percent(bound["value"]), n=bound["n"], label=label, low=low, high=high)


def _run(verdict: Mapping[str, Any]) -> str:
    if not verdict["run"]:
        return ""
    text = _("Run {run}").format(run=runs.name(verdict["run"]))
    return text if verdict.get("chosen", True) else f"{text} · " + _("nobody has chosen a run yet")
