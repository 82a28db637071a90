"""Suggestions that deliveries made: a list with diffs, or one by one by keys; all at once; all of it undone.

A suggestion changes the text, the times, the speaker, the labels or the audio of a known utterance. Nothing changes
before a person accepts it.
"""

from collections.abc import Callable

import streamlit as st

from core.cleaning import rebase
from core.errors import CoreError, Unfit
from core.records import Proposal, Utterance
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.cleaning import proposals
from core.ui.panels.imports import differences
from core.ui.widgets import forms
from core.workflows.imports import clashes

SHOWN = 20
OPERATIONS = {
    "text": N_("Text"), "times": N_("Times"), "speaker": N_("Speaker"), "labels": N_("Labels"), "audio": N_("Audio"),
}  # fmt: skip
VIEWS = {"list": N_("As a list"), "one": N_("One by one, by keys")}
NOTICE, TROUBLE = "delivery_notice", "delivery_trouble"


def reminder() -> None:
    """Say how many suggestions of deliveries wait, and where they are."""
    if n := sum(clashes.counts(workspace()).values()):
        text = _("Differences between deliveries and the corpus that wait for a decision: {n}. They are below.")
        st.info(text.format(n=f"{n:,}"), icon=":material/rule:")


def panel(batch: str | None = None) -> None:
    """Show the suggestions of one import; `batch` is the one to show first. Without suggestions, show nothing."""
    known = {delivery.name: delivery for delivery in _open_first()}
    if not known:
        return
    st.header(_("Suggestions from deliveries"), anchor=False)
    if batch in known and st.session_state.get("delivery_seen") != batch:
        st.session_state["delivery"] = st.session_state["delivery_seen"] = batch
    which, what = st.columns(2)
    with which:
        chosen = forms.linked_choice(_("Delivery"), list(known), "delivery", lambda name: _title(known[name]))
    with what:
        operation = _operation()
    view = st.segmented_control(
        _("Show"), list(VIEWS), format_func=lambda name: _(VIEWS[name]), key="delivery_view", default="list",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    if view == "one":
        proposals.desk(
            clashes.DELIVERY, details, hear=True, operation=operation, batch=chosen,
            tools=lambda counts: _tools(chosen, operation), nothing=_("Nothing waits here."),
        )  # fmt: skip
    else:
        _list(chosen, operation)


def _open_first() -> list[clashes.DeliveryBatch]:
    """The imports that made suggestions: those with open ones first, the newest first in both halves."""
    return sorted(clashes.batches(workspace()), key=lambda delivery: not delivery.counts["open"])


def _title(delivery: clashes.DeliveryBatch) -> str:
    return f"{delivery.source} · {forms.minute(delivery.made_at)}"


def _operation() -> str | None:
    """Choose what the suggestions change; None for all of them."""
    everything = _("all of them")
    return forms.linked_choice(
        _("What changes"), ["", *OPERATIONS], "change", lambda name: _(OPERATIONS[name]) if name else everything
    ) or None  # fmt: skip


def _tools(batch: str, operation: str | None) -> None:
    """Show what decides on many: accept all after one question, reject all, take all of it back."""
    delivery = next(delivery for delivery in clashes.batches(workspace()) if delivery.name == batch)
    counts = clashes.counts(workspace(), batch)
    n_open = counts.get(operation, 0) if operation else sum(counts.values())
    n = f"{n_open:,}"
    accept, reject, undo = st.columns(3)
    with accept:
        _ask(
            "delivery_accept_all", ":material/done_all:", _("Accept all {n} …").format(n=n),
            _("Accept all {n} suggestions? What somebody decided on since is not overwritten.").format(n=n),
            _("Yes, accept {n}").format(n=n), lambda: _accept_all(batch, operation), n_open,
        )  # fmt: skip
    with reject:
        _ask(
            "delivery_reject_all", ":material/block:", _("Reject all {n} …").format(n=n),
            _("Reject all {n} suggestions? Everything stays as it is.").format(n=n),
            _("Yes, reject {n}").format(n=n), lambda: _reject_all(batch, operation), n_open,
        )  # fmt: skip
    undo.button(
        _("Undo all accepted ({n})").format(n=f"{delivery.counts['accepted']:,}"), icon=":material/undo:",
        key="delivery_undo", disabled=not delivery.counts["accepted"], width="stretch", on_click=_undo, args=(batch,),
        help=_("What was accepted of this delivery is taken back and waits again; what was decided on since stays."),
    )  # fmt: skip
    if trouble := st.session_state.pop(TROUBLE, ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if notice := st.session_state.pop(NOTICE, ""):
        st.success(notice, icon=":material/check_circle:")


def _ask(key: str, icon: str, label: str, question: str, answer: str, act: Callable[[], None], n: int) -> None:
    """Show a button that asks one question before it acts on `n` suggestions."""
    if not n:  # another element than the popover, so that an open question closes
        st.button(label, icon=icon, key=f"{key}_none", disabled=True, width="stretch")
        return
    with st.popover(label, icon=icon, width="stretch"):
        st.text(question)
        st.button(answer, type="primary", key=key, width="stretch", on_click=act)


def _list(batch: str, operation: str | None) -> None:
    """Show the first open suggestions, each with its diff and its two buttons."""
    counts = proposals.show_counts(clashes.DELIVERY, operation=operation, batch=batch)
    _tools(batch, operation)
    rows = clashes.page(workspace(), batch=batch, operation=operation, limit=SHOWN)
    for row in rows:
        _row(row)
    if not rows:
        st.info(_("Nothing waits here."), icon=":material/check:")
    elif counts["open"] > len(rows):
        st.caption(_("Shown: the first {n}. The next ones follow when these are decided.").format(n=len(rows)))


def _row(row: clashes.Suggestion) -> None:
    number, target = row.proposal.id, row.utterance
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container():
            if row.proposal.operation != "text":
                st.text(target.text)
            st.markdown("  \n".join(
                f"**{forms.plain(differences.field_title(part.field))}** {differences.markdown(part)}"
                for part in row.differences
            ))  # fmt: skip
            st.caption(forms.plain(_place(row.proposal, target)))
        st.button(_("Accept"), icon=":material/check:", key=f"delivery-yes-{number}", on_click=_decide,
                  args=(number, True))  # fmt: skip
        st.button(_("Reject"), icon=":material/close:", key=f"delivery-no-{number}", on_click=_decide,
                  args=(number, False))  # fmt: skip


def _place(proposal: Proposal, target: Utterance) -> str:
    """Where the delivery has the item: source and place."""
    payload = proposal.payload
    return " · ".join(filter(None, [payload.get("source"), differences.place(payload.get("where")) or target.key]))


def _decide(proposal_id: int, yes: bool) -> None:
    try:
        clashes.decide(workspace(), proposal_id, yes, curator())
    except Unfit as error:
        st.session_state[TROUBLE] = proposals.refusal(error)
    except CoreError as error:
        st.session_state[TROUBLE] = explain(error)


def _who() -> str:
    """Return the curator's name; without one the page says so and asks, and the result is empty."""
    try:
        return curator()
    except CoreError as error:
        st.session_state[TROUBLE] = explain(error)
        return ""


def _accept_all(batch: str, operation: str | None) -> None:
    if not (who := _who()):
        return
    outcome = clashes.accept_all(workspace(), who, batch=batch, operation=operation)
    st.session_state[NOTICE] = proposals.summary(outcome)


def _reject_all(batch: str, operation: str | None) -> None:
    if not (who := _who()):
        return
    n = clashes.reject_all(workspace(), who, batch=batch, operation=operation)
    st.session_state[NOTICE] = _("Rejected: {n}.").format(n=f"{n:,}")


def _undo(batch: str) -> None:
    if not (who := _who()):
        return
    undone, left = clashes.undo_batch(workspace(), batch, who)
    notice = _("Taken back: {n}.").format(n=f"{undone:,}")
    if left:
        notice += " " + _("Decided on since, and left: {n}.").format(n=f"{left:,}")
    st.session_state[NOTICE] = notice


def details(proposal: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Return for the desk: the text with the change, the text without it, a note, the labels."""
    note = f"{_(OPERATIONS[proposal.operation])} · {_place(proposal, target)}"
    if proposal.operation == "text":
        before, after = (str(proposal.payload[side]["text"]) for side in ("before", "after"))
        return rebase(before, after, target.text) or after, target.text, note, dict(target.labels)
    old_lines, new_lines = [target.text], [target.text]
    for part in clashes.differences(proposal):
        title = differences.field_title(part.field)
        old_lines.append(f"{title}: {differences.value_text(part.field, part.before)}")
        new_lines.append(f"{title}: {differences.value_text(part.field, part.after)}")
    return "\n".join(new_lines), "\n".join(old_lines), note, dict(target.labels)
