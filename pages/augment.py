"""증강 / Augment: make label-safe variants of texts as Proposals; a curator accepts or rejects each by key."""

import streamlit as st

from core import ui
from core.records import Proposal, Utterance
from core.schemes import SCHEMES
from core.ui import _
from core.ui.panels.cleaning import proposals
from core.ui.widgets import forms
from core.workflows.cleaning import augment, decisions

TITLES = {
    "random-deletion": ui.N_("Random deletion"),
    "punctuation-insertion": ui.N_("Punctuation insertion"),
    "koeda-aeda": ui.N_("Punctuation insertion by koeda"),
}


def make() -> None:
    names = [
        name
        for name, known_scheme in SCHEMES.items()
        if known_scheme.level == "utterance" and known_scheme.state == "active"
    ]
    scheme = st.selectbox(_("Scheme"), names, format_func=forms.scheme_title, key="augment_scheme")
    with st.form("plan"):
        first, second, third = st.columns(3)
        operation = first.selectbox(
            _("Operation"), augment.OPERATIONS, format_func=lambda name: _(TITLES[name]),
            help=_("All keep negations and danger words, so that the label stays true."),
        )  # fmt: skip
        code = second.selectbox(
            _("Class to multiply"), SCHEMES[scheme].codes[::-1], format_func=lambda c: forms.code_title(scheme, c)
        )
        limit = third.number_input(_("Utterances at most"), 1, 5000, 50)
        per_text = first.number_input(_("Variants each"), 1, 9, 1)
        strength = second.slider(_("Strength"), 0.05, 0.5, 0.15)
        seed = third.number_input(_("Seed"), 0, 2**31, 0, help=_("The same seed makes the same variants."))
        if st.form_submit_button(_("Make proposals"), type="primary", icon=":material/auto_fix_high:"):
            plan = augment.AugmentPlan(operation, scheme, code, per_text, limit, strength, seed)
            n = augment.propose(ui.workspace(), plan)
            if n:
                st.success(_("New proposals: {n}").format(n=n))
            else:
                st.info(_("Nothing new: these variants were proposed before, or the texts are too short."))


def details(proposal: Proposal, parent: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Return the text, the text to compare with, a note, the labels."""
    note = _("{operation} · parent {key} · seed {seed}").format(
        operation=_(TITLES.get(proposal.operation, proposal.operation)), key=parent.key, seed=proposal.payload["seed"]
    )
    text = decisions.text_if_accepted(proposal, parent.text) or str(proposal.payload["text"])
    return text, parent.text, note, dict(parent.labels)


with ui.page("augment"):
    make()
    proposals.desk(augment.KIND, details)
