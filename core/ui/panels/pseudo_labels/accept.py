"""The acceptance section: what the thresholds keep becomes silver labels of one round, which is withdrawn as one."""

import streamlit as st

from core.errors import CoreError
from core.records import Round
from core.ui import links, translation
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels import runs
from core.ui.panels.pseudo_labels.audit import own_answers, share
from core.ui.panels.pseudo_labels.chosen import Chosen
from core.ui.widgets import drafts, forms
from core.workflows.pseudo_labels import accept, evidence
from core.workflows.pseudo_labels.accept import Preview

NOTICE, TROUBLE, REASON = "round_notice", "round_trouble", "round_reason"
SHOWN = 10  # rounds that wait
STATES = {"proposed": N_("Proposed"), "accepted": N_("Accepted"), "withdrawn": N_("Withdrawn")}


def show(chosen: Chosen) -> None:
    """Draw what accepting would do, the question with the number, and the rounds."""
    st.caption(
        _("Silver labels go to the training side only, with the weight of their round, and never count as work of "
          "people. A label that a person gave is not overwritten, and stays when a round is withdrawn.")
    )  # fmt: skip
    if trouble := st.session_state.pop(TROUBLE, ""):
        st.error(forms.plain(translation.translate(trouble)), icon=":material/error:")
    if notice := st.session_state.pop(NOTICE, ""):
        st.success(notice, icon=":material/check_circle:")
    _ask(chosen, evidence.chosen_audit(workspace(), chosen.run.id, chosen.target, chosen.thresholds))
    _proposed()
    _rounds(chosen)


def _ask(chosen: Chosen, audit_id: int | None) -> None:
    """Show the number that would be written, and the question before it is."""
    seen = accept.preview(workspace(), chosen.run.id, chosen.target, chosen.thresholds, audit_id)
    st.markdown(
        _("**{new}** new silver labels; {silver} of the {n} that stay have a machine's label already").format(
            new=f"{seen.new:,}", silver=f"{seen.silver:,}", n=f"{seen.n:,}"
        )
    )
    trusted = seen.report is not None and seen.report.suffices
    if trusted and seen.report is not None:
        st.caption(
            _("Audit {number}: precision {share}").format(
                number=seen.report.audit.id, share=share(seen.report.value, seen.report.low, seen.report.high)
            )
        )
        if said := own_answers(seen.report):
            st.caption(said)
    else:
        st.warning(_("No audit speaks for these thresholds. Draw and answer one first."), icon=":material/fact_check:")
    without = not trusted and st.toggle(_("Accept without an audit all the same"), key="round_without")
    if without:
        st.text_input(
            _("Why without an audit?"), key=REASON, max_chars=accept.LONGEST_REASON,
            help=_("The reason is stored with the round."),
        )  # fmt: skip
        drafts.keep(_draft(chosen), 0, {"reason": REASON})
    if not seen.new or not (trusted or without):  # another element than the popover, so that an open question closes
        st.button(_("Accept …"), icon=":material/done_all:", key="round_none", disabled=True)
        return
    with st.popover(_("Accept {n} …").format(n=f"{seen.new:,}"), icon=":material/done_all:"):
        st.text(_question(seen))
        st.button(
            _("Yes, accept {n}").format(n=f"{seen.new:,}"), type="primary", key="round_accept", on_click=_accepted,
            args=(chosen, audit_id, bool(without), seen.new),
        )  # fmt: skip


def _question(seen: Preview) -> str:
    if seen.wrong is None:
        return _("Accept {n} silver labels? Nobody knows how many of them are wrong.").format(n=f"{seen.new:,}")
    return _("Accept {n} silver labels? About {wrong} of them are wrong.").format(
        n=f"{seen.new:,}", wrong=f"{seen.wrong:,}"
    )


def _accepted(chosen: Chosen, audit_id: int | None, without: bool, confirmed: int) -> None:
    reason = str(st.session_state.get(REASON, "")) if without else None
    try:
        made = accept.accept(
            workspace(), chosen.run.id, chosen.target, chosen.thresholds, curator(), audit_id=audit_id,
            override=reason, confirmed=confirmed,
        )  # fmt: skip
    except CoreError as error:
        st.session_state[TROUBLE] = str(explain(error))
        return
    drafts.done(_draft(chosen))
    st.session_state[NOTICE] = _("Round {number}: {n} silver labels written.").format(
        number=made.id, n=f"{made.counts['written']:,}"
    )


def _draft(chosen: Chosen) -> str:
    """Return the name under which the browser keeps the reason while it is written."""
    return f"round-{chosen.run.id}-{chosen.target}"


def _proposed() -> None:
    """List the rounds of all runs that were proposed and that nobody has accepted, each with a link to its run."""
    waiting = [row for row in accept.rounds(workspace()) if row.state == "proposed"]
    if not waiting:
        return
    st.caption(_("Rounds proposed and not accepted yet: {n}").format(n=f"{len(waiting):,}"))
    for row in waiting[:SHOWN]:
        way = links.page("pseudo_label", {"run": row.run_id, "target": row.scheme, "section": "accept"})
        facts = (runs.name(row.run_id), forms.scheme_title(row.scheme), forms.minute(row.made_at), row.made_by)
        links.show(forms.plain(" · ".join(facts)), way)


def _rounds(chosen: Chosen) -> None:
    """List the rounds of the scheme that were accepted, each with the button that takes it back."""
    made = [row for row in accept.rounds(workspace(), chosen.target) if row.state != "proposed"]
    if not made:
        return
    st.header(_("Rounds"))
    standing = accept.standing(workspace(), chosen.target)
    for row in made:
        with st.container(border=True):
            left, right = st.columns([4, 1], vertical_alignment="center")
            left.text(_title(row, standing.get(row.id, 0)))
            if row.override:
                left.text(_("Without an audit: {reason}").format(reason=row.override))
            if own := row.counts.get("own_answers"):
                left.text(_("{n} answers of the audit are by who accepted").format(n=f"{own:,}"))
            if row.state == "accepted":
                _withdrawal(right, row, standing.get(row.id, 0))


def _title(row: Round, n: int) -> str:
    text = _("{number} · {state} · {run} · {n} of {written} labels stand · {at} · {who}")
    return text.format(
        number=row.id, state=_(STATES[row.state]), run=runs.name(row.run_id), n=f"{n:,}",
        written=f"{row.counts.get('written', 0):,}", at=forms.minute(row.accepted_at or row.made_at),
        who=row.accepted_by or row.made_by,
    )  # fmt: skip


def _withdrawal(place: st.delta_generator.DeltaGenerator, row: Round, n: int) -> None:
    with place.popover(_("Withdraw …"), icon=":material/undo:", width="stretch"):
        st.text(_("Take back {n} silver labels of round {number}? What people decided on since stays.").format(
            n=f"{n:,}", number=row.id
        ))  # fmt: skip
        st.button(
            _("Yes, withdraw round {number}").format(number=row.id), type="primary", key=f"round_withdraw_{row.id}",
            on_click=_withdrawn, args=(row.id,),
        )  # fmt: skip


def _withdrawn(round_id: int) -> None:
    try:
        made = accept.withdraw(workspace(), round_id, curator())
    except CoreError as error:
        st.session_state[TROUBLE] = str(explain(error))
        return
    st.session_state[NOTICE] = _("Round {number} is withdrawn: {n} labels taken back.").format(
        number=made.id, n=f"{made.counts['withdrawn']:,}"
    )
