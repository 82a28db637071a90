"""의사라벨 / Pseudo-label: predictions of a run, filtered by confidence and margin, accepted as silver labels."""

import streamlit as st

from core import ui
from core.confidence import Rule
from core.records import Proposal, RunInfo, Utterance
from core.schemes import scheme
from core.ui import _
from core.ui.panels.cleaning import proposals
from core.ui.widgets import charts, forms
from core.workflows.cleaning.proposals import counts
from core.workflows.models import pseudo_label


def choose_run() -> RunInfo | None:
    judging_runs = pseudo_label.judging_runs(ui.workspace())
    if not judging_runs:
        st.info(_("No trained text model of utterances or whole calls yet. Train danger-text on the Train page."))
        return None
    return st.selectbox(
        _("Run"), judging_runs, format_func=lambda run: f"{run.id} · {forms.scheme_title(run.scheme)}", key="pseudo_run"
    )


def sliders(run: RunInfo) -> Rule:
    left, right = st.columns(2)
    rule = Rule(
        left.slider(_("Least confidence"), 0.0, 1.0, 0.75, 0.01, help=_("Calibrated probability of the best class.")),
        right.slider(_("Least margin"), 0.0, 1.0, 0.20, 0.01, help=_("Distance to the second best class.")),
    )
    preview = pseudo_label.preview(ui.workspace(), run.id, rule)
    if not preview.total:
        st.info(_("This run has judged nothing unlabelled yet. Start with the button."))
        return rule
    st.markdown(
        _("**{kept}** of {total} judged utterances stay").format(kept=sum(preview.kept.values()), total=preview.total)
    )
    figure = charts.shares(
        scheme(run.scheme), ui.language(), preview.kept, preview.dropped, (_("stay"), _("filtered out"))
    )
    st.plotly_chart(figure, key="shares", config=charts.tools())
    st.caption(_("A fixed threshold often hurts: compare a run with and without these labels before you trust them. "
                 "Silver labels never enter validation or test."))  # fmt: skip
    return rule


def act(run: RunInfo, rule: Rule) -> None:
    row = st.container(horizontal=True)  # wraps in a narrow window
    if row.button(_("Judge what is unlabelled"), icon=":material/bolt:"):
        with st.spinner(_("Judging …")):
            n = pseudo_label.judge(ui.workspace(), run.id)
        st.session_state["pseudo_notice"] = _("Judged: {n}").format(n=n)
        st.rerun()
    if row.button(_("Propose what stays"), icon=":material/filter_alt:", type="primary"):
        n = pseudo_label.propose(ui.workspace(), run.id, rule)
        st.session_state["pseudo_notice"] = _("New proposals: {n}").format(n=n)
        st.rerun()
    waiting = counts(ui.workspace(), pseudo_label.KIND, run.id)["open"]
    label = _("Accept all that wait: {n}").format(n=waiting)
    if row.button(label, icon=":material/done_all:", disabled=not waiting):
        outcome = pseudo_label.accept_all(ui.workspace(), run.id, ui.curator())
        st.session_state["pseudo_notice"] = proposals.summary(outcome)
        st.rerun()
    if notice := st.session_state.pop("pseudo_notice", ""):
        st.success(notice)


def details(proposal: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Return the judged text, the same to compare with, a note, and the predicted class as the label."""
    scores = {what: f"{proposal.payload[what]:.2f}" for what in ("confidence", "margin") if what in proposal.payload}
    note = _("confidence {confidence} · margin {margin}").format(**({"confidence": "?", "margin": "?"} | scores))
    name = str(proposal.payload["scheme"])
    text = pseudo_label.judged_text(ui.workspace(), name, target)
    return text, text, note, {name: str(proposal.payload["code"])}


with ui.page("pseudo_label"):
    run = choose_run()
    if run is not None:
        act(run, sliders(run))
    imported = pseudo_label.imported_predictions(ui.workspace())
    if imported and (
        run is None or st.toggle(_("Show all that wait; imported predictions among them: {n}").format(n=imported))
    ):
        proposals.desk(pseudo_label.KIND, details, hear=True)
    elif run is not None:
        proposals.desk(pseudo_label.KIND, details, run.id, hear=True)
