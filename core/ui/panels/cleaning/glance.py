"""The cleaning plan at a glance: its steps in order, what each does, and whether it applies itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.ui.i18n import N_, _
from core.ui.widgets import forms

WHAT = {
    "unicode": N_("letters in one form; control and zero-width characters and odd spaces go"),
    "tags": N_("transcriber's tags become what was said: (SP:x) y, FP:, SN:, NO:"),
    "repeats": N_("laughter, lengthened syllables and repeated marks get shorter"),
    "stop": N_("what your regular expressions find is taken out"),
    "pii": N_("personal data becomes a placeholder such as [전화]"),
    "spacing": N_("white space between words"),
    "spelling": N_("misspelt words"),
    "same-text": N_("leaves out what repeats an earlier text"),
    "same-letters": N_("leaves out what repeats the letters of an earlier text"),
    "near-text": N_("leaves out what is nearly the same as an earlier text"),
    "label-conflict": N_("leaves out copies of a text with different labels"),
}


def what(step: str) -> str:
    """Return what a step does, in the reader's language."""
    return _(WHAT[step]) if step in WHAT else step


def show(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> None:
    """Show the steps that are switched on as a table, and the names of the others below it."""
    lines = [_line((_("Step"), _("What it does"), _("Applied"))), "|---|---|---|"]
    for place, row in enumerate((row for row in rows if row["on"]), start=1):
        lines.append(
            _line((f"{place}. {titles[row['name']]}", _from(what(row["name"]), row["confidence"]), _applied(row)))
        )
    st.markdown("\n".join(lines))
    if off := [titles[row["name"]] for row in rows if not row["on"]]:
        st.caption(_("Switched off: {steps}").format(steps=forms.plain(", ".join(off))))


def _line(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table in small letters, so that all steps fit on a screen."""
    return f"| {' | '.join(f':small[{forms.plain(cell)}]' for cell in cells)} |"


def _from(text: str, confidence: float) -> str:
    return _("{what} (from {share} on)").format(what=text, share=f"{confidence:.0%}") if confidence else text


def _applied(row: Mapping[str, Any]) -> str:
    return _("by itself") if row["self_apply"] else _("when accepted")
