"""The audit section: draw a blind sample for the review, and see how right the answered part of it says the run is."""

import streamlit as st

from core.errors import CoreError
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.panels.pseudo_labels.chosen import Chosen
from core.ui.panels.pseudo_labels.evidence import percent
from core.ui.widgets import forms
from core.workflows.pseudo_labels import audit, evidence
from core.workflows.pseudo_labels.audit import AuditReport

TROUBLE, SIZE, SEED = "audit_trouble", "audit_size", "audit_seed"


def show(chosen: Chosen) -> None:
    """Draw the form that draws a sample, and the report of the audit that speaks for the chosen thresholds."""
    st.caption(
        _("Curators label a sample without seeing the prediction. What they answer says how right the pseudo-labels "
          "are. More is drawn near the thresholds, where it is decided.")
    )  # fmt: skip
    if trouble := st.session_state.pop(TROUBLE, ""):
        st.error(forms.plain(translation.translate(trouble)), icon=":material/error:")
    _draw(chosen)
    known = evidence.chosen_audit(workspace(), chosen.run.id, chosen.target, chosen.thresholds)
    if known is None:
        st.info(_("There is no audit of this run yet."), icon=":material/fact_check:")
        return
    _report(chosen, audit.report(workspace(), known, chosen.thresholds))
    newest = audit.audits(workspace(), chosen.run.id, chosen.target)[0].id
    if newest != known:
        _progress(chosen, audit.report(workspace(), newest, chosen.thresholds))


def share(value: float | None, low: float | None, high: float | None) -> str:
    """Format an estimated share with its 95 % interval; a dash where there is none."""
    if value is None or low is None or high is None:
        return "–"
    return _("{value} (95% interval {low}–{high})").format(value=percent(value), low=percent(low), high=percent(high))


def _draw(chosen: Chosen) -> None:
    left, middle, right = st.columns([1, 1, 2], vertical_alignment="bottom")
    left.number_input(_("Items"), 1, audit.MOST, audit.SIZE, step=50, key=SIZE)
    with middle.popover(_("More settings"), icon=":material/tune:", width="stretch"):
        st.number_input(_("Seed"), 0, 2**31, 0, key=SEED)
    right.button(
        _("Draw a sample for the review"), icon=":material/casino:", type="primary", key="audit_draw",
        on_click=_drawn, args=(chosen,),
        help=_("What nobody has answered of an earlier audit stays in the list."),
    )  # fmt: skip


def _drawn(chosen: Chosen) -> None:
    n, seed = int(st.session_state[SIZE]), int(st.session_state[SEED])  # they may come with the click itself
    try:
        audit.draw(workspace(), chosen.run.id, chosen.target, chosen.thresholds, curator(), n=n, seed=seed)
    except CoreError as error:
        st.session_state[TROUBLE] = str(explain(error))


def own_answers(report: AuditReport | None) -> str:
    """Say how many answers of an audit the person at the screen gave; "" if none."""
    own = report.answered_by.get(curator(), 0) if report else 0
    if report is None or not own:
        return ""
    return _(
        "{n} of the {all} answers of this audit are your own. That is stored with a round that you accept."
    ).format(n=f"{own:,}", all=f"{report.answered:,}")


def _progress(chosen: Chosen, report: AuditReport) -> None:
    """Show how far an audit is, with the way to its queue."""
    title = _("Audit {number}, drawn {at}: {done} of {n} answered").format(
        number=report.audit.id, at=forms.minute(report.audit.made_at), done=f"{report.answered:,}",
        n=f"{report.drawn:,}",
    )  # fmt: skip
    st.progress(report.answered / max(report.drawn, 1), text=title)
    if report.answered < report.drawn:
        st.page_link(
            "pages/review.py", label=_("Answer in the review"), icon=":material/headphones:",
            query_params={"queue": "pseudo-label-audit", "schemes": chosen.target},
        )  # fmt: skip


def _report(chosen: Chosen, report: AuditReport) -> None:
    """Show how far the audit is, what it says in all, and of each class."""
    _progress(chosen, report)
    left, right = st.columns(2)
    left.metric(_("Precision of what is kept"), percent(report.value))
    left.caption(share(report.value, report.low, report.high))
    right.metric(_("Estimated noise"), percent(report.noise))
    right.caption(_("{n} answered items above the thresholds").format(n=f"{report.n:,}"))
    if report.disputed:
        st.caption(_("{n} answers differ between people. Until somebody settles them they count as wrong.").format(
            n=f"{report.disputed:,}"
        ))  # fmt: skip
    if said := own_answers(report):
        st.caption(said)
    if report.n and not report.suffices:
        st.warning(
            _("This audit says little about the thresholds on this page: draw one for them."), icon=":material/warning:"
        )
    st.dataframe(
        [
            {
                _("Class"): forms.code_title(chosen.target, row.code), _("Kept"): row.kept, _("Answered"): row.n,
                _("Right"): row.right, _("Precision"): share(row.value, row.low, row.high),
            }
            for row in report.classes
        ],
        hide_index=True, key="audit_classes",
    )  # fmt: skip
