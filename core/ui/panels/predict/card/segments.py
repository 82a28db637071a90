"""The utterances of a prediction document as regions of the player: tone, remark, and what each modality says."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.abstention import unjudged
from core.ui.i18n import _
from core.ui.panels.predict import answers
from core.ui.widgets import forms
from core.ui.widgets.player import Chip, Region

SPEAKERS = ("caller", "taker")


def regions(document: Mapping[str, Any], edited: Sequence[int] = ()) -> list[Region]:
    """Return one region for each utterance with times; `edited` are the positions whose text a person changed."""
    return [
        _region(position, utterance, position in edited)
        for position, utterance in enumerate(document["utterances"])
        if utterance["start_ms"] is not None
    ]


def _region(position: int, utterance: Mapping[str, Any], edited: bool) -> Region:
    judgements = utterance["judgements"]
    names = answers.ordered(judgements)
    return Region(
        str(position),
        utterance["start_ms"],
        utterance["end_ms"],
        utterance["text"] or "",
        tone(utterance),
        speaker=forms.speaker_title(utterance.get("speaker")),
        note=_("changed") if edited else note(utterance),
        chips=tuple(_chip(name, judgements[name]) for name in names) + _unjudged(utterance),
    )


def tone(utterance: Mapping[str, Any]) -> str:
    """Return the colour and shape of a region: an alarm first, then doubt about one, then the speaker."""
    kinds = {name: answers.kind(name, judgement) for name, judgement in utterance["judgements"].items()}
    alarming = {kind for name, kind in kinds.items() if answers.critical(name) and name == main(kinds)}
    if "danger" in alarming:
        return "danger"
    if "unsure" in alarming or (not kinds and utterance.get("abstained")):
        return "unsure"
    return speaker if (speaker := utterance.get("speaker")) in SPEAKERS else "plain"


def main(names: Mapping[str, Any] | Sequence[str]) -> str:
    """Return the scheme whose alarm counts: danger, else the first with a class not to be missed, else the first."""
    ranked = answers.ordered(names)
    return next((name for name in ranked if answers.critical(name)), ranked[0] if ranked else "")


def note(utterance: Mapping[str, Any]) -> str:
    """Return a remark about the text: that the recogniser did not understand it, or how sure it is of its words."""
    transcript = utterance.get("transcript")
    if transcript is None:
        return ""
    if transcript["state"] == "not_understood":
        return _("not understood")
    if transcript["state"] == "no_speech":
        return _("no speech")
    if transcript["text"] != utterance["text"]:
        return ""
    return _("recognised, {share} sure of the words").format(share=answers.percent(transcript["confidence"]))


def _chip(scheme: str, judgement: Mapping[str, Any]) -> Chip:
    """Return the fused answer, and beside it what text and voice say by themselves where both judged."""
    kind = answers.kind(scheme, judgement)
    said = answers.parts(scheme, judgement)
    text = f"{forms.scheme_title(scheme)}: {answers.short(scheme, judgement)}"
    if len(said) > 1:
        text += " (" + ", ".join(f"{modality} {answer}" for modality, answer in said) + ")"
    elif said:
        text += f" · {said[0][0]}"
    if judgement.get("disagree"):
        return Chip("≠ " + _("they disagree") + f" · {text}", "differ")
    return Chip(text, {"danger": "danger", "unsure": "unsure"}.get(kind, "plain"))


def _unjudged(utterance: Mapping[str, Any]) -> tuple[Chip, ...]:
    """Return one chip for each reason why no model judged some scheme of this utterance."""
    by_reason: dict[str, list[str]] = {}
    for scheme, code in (utterance.get("abstained") or {}).items():
        if scheme not in utterance["judgements"]:
            given = unjudged(code, utterance["text"])
            sentence = answers.reason(scheme, {"abstained": code, "reason": given})
            by_reason.setdefault(sentence, []).append(forms.scheme_title(scheme))
    unknown = _("Cannot tell")
    return tuple(
        Chip(f"? {', '.join(names)}: {unknown} — {sentence}", "unsure") for sentence, names in by_reason.items()
    )
