"""Pseudo-labels one at a time: suggestions of what the thresholds keep, and those of imported models, by key."""

import streamlit as st

from core.records import Proposal, Utterance
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.cleaning import proposals
from core.ui.panels.pseudo_labels.chosen import Chosen
from core.ui.widgets import forms
from core.workflows.cleaning.proposals import counts
from core.workflows.pseudo_labels import proposing


def show(chosen: Chosen) -> None:
    """Show the button that makes suggestions of what stays, and the desk that accepts or rejects them by key."""
    st.caption(_("Silver labels one by one: make suggestions of what the thresholds keep, then accept or reject each "
                 "by key. At most {n} at a time, the least sure ones.").format(n=f"{proposing.MOST:,}"))  # fmt: skip
    if st.button(_("Propose what stays"), icon=":material/filter_alt:"):
        n = proposing.propose(workspace(), chosen.run.id, chosen.target, chosen.thresholds)
        st.session_state["pseudo_notice"] = _("New proposals: {n}").format(n=f"{n:,}")
        st.rerun()
    if notice := st.session_state.pop("pseudo_notice", ""):
        st.success(notice)
    others = counts(workspace(), proposing.KIND)["open"] - counts(workspace(), proposing.KIND, chosen.run.id)["open"]
    text = _("Show all that wait, also those of other runs and of imports: {n}")
    every = others > 0 and forms.linked_toggle(text.format(n=f"{others:,}"), "every")
    proposals.desk(proposing.KIND, details, None if every else chosen.run.id, hear=True)


def imported() -> None:
    """Show the desk of imported predictions, if there are any; for a workspace without a run."""
    if proposing.imported_predictions(workspace()):
        proposals.desk(proposing.KIND, details, hear=True)


def details(proposal: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Return the judged text, the same to compare with, a note, and the predicted class as the label."""
    scores = {"confidence": "?", "margin": "?"} | {
        what: f"{proposal.payload[what]:.0%}" for what in ("confidence", "margin") if what in proposal.payload
    }
    note = _("confidence {confidence} · margin {margin}").format(**scores)
    if "raw_confidence" in proposal.payload:
        note += " · " + _("{value} before calibration").format(value=f"{proposal.payload['raw_confidence']:.0%}")
    name = str(proposal.payload["scheme"])
    text = proposing.judged_text(workspace(), name, target)
    return text, text, note, {name: str(proposal.payload["code"])}
