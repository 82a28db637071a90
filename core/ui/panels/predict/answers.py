"""Words for what a prediction document says: answers, marks, and the reasons why a model cannot tell.

Pure functions on parts of the document (core/workflows/predict). A label is never shown where the model abstained.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.abstention import CODES, NO_WORDS
from core.abstention import reason as abstention_reason
from core.messages import ClassName, Names
from core.schemes import SCHEMES
from core.ui import translation
from core.ui.i18n import N_, _
from core.ui.widgets import forms
from core.ui.widgets.verdicts import Kind

FIRST = ("danger", "urgency", "sentiment", "disaster")
# A shape for each kind, so that no answer is told by its colour alone.
MARKS: dict[Kind, str] = {"danger": "▲", "clear": "●", "class": "■", "unsure": "?"}
MODALITIES = {"text": N_("text"), "voice": N_("voice"), "both": N_("text and voice")}


def ordered(names: Iterable[str]) -> list[str]:
    """Return schemes as they are shown: danger, urgency, emotion, kind of emergency, then the others."""
    return sorted(dict.fromkeys(names), key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def kind(scheme: str, answer: Mapping[str, Any]) -> Kind:
    """Return how an answer is drawn: an alarm, all clear, a class without an alarm, or no answer.

    An answer is a judgement or a verdict.
    """
    if answer.get("abstained"):
        return "unsure"
    if not critical(scheme):
        return "class"
    if answer["label"] == critical(scheme) or answer.get("alarm"):
        return "danger"
    codes = SCHEMES[scheme].codes
    furthest = codes[-1] if codes[0] == critical(scheme) else codes[0]  # medium urgency is not all clear
    return "clear" if answer["label"] == furthest else "class"


def critical(scheme: str) -> str:
    """Return the class of a scheme that must not be missed, "" if there is none."""
    return SCHEMES[scheme].critical if scheme in SCHEMES else ""


def means_something(judged: Mapping[str, Any]) -> bool:
    """Return whether probabilities may be shown: not where the input cannot be read or is unlike the training data."""
    return judged.get("abstained") in (None, "undecided")


def title(scheme: str, answer: Mapping[str, Any]) -> str:
    """Return the class's title, or that the model cannot tell."""
    return _("Cannot tell") if answer.get("abstained") else forms.code_title(scheme, answer["label"])


def titles(scheme: str, codes: Sequence[str]) -> str:
    """Return the titles of several classes, joined."""
    return ", ".join(forms.code_title(scheme, code) for code in codes)


def reason(scheme: str, answer: Mapping[str, Any]) -> str:
    """Return why the model cannot tell, "" if it can. Classes that are still possible are named."""
    code, given = answer.get("abstained"), answer.get("reason")
    if given == NO_WORDS:
        return translation.translate(NO_WORDS)
    if code not in CODES:
        return str(given or code or "")
    possible = answer.get("set") or ()
    if code == "undecided" and len(possible) > 1:
        classes = Names(ClassName(scheme, one) for one in possible)
        return translation.translate(abstention_reason(code, classes=classes))
    return translation.translate(abstention_reason(code))


def modality(name: str) -> str:
    return _(MODALITIES[name]) if name in MODALITIES else name


def percent(share: float) -> str:
    """Format a share; 100 % is kept for what is certain.

    >>> percent(0.934), percent(0.999)
    ('93%', '99%')
    """
    return f"{min(int(share * 100 + 0.5), 99 if share < 1 else 100)}%"


def short(scheme: str, answer: Mapping[str, Any]) -> str:
    """Return an answer in a few characters: mark, class, confidence; or that the model cannot tell."""
    mark = MARKS[kind(scheme, answer)]
    if answer.get("abstained"):
        return f"{mark} {title(scheme, answer)}"
    return f"{mark} {title(scheme, answer)} {percent(answer['confidence'])}"


def parts(scheme: str, judgement: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what text and voice say by themselves, as (modality, answer)."""
    by = judgement.get("by") or {}
    return [(modality(name), short(scheme, by[name])) for name in ("text", "voice", "both") if name in by]
