"""Accept or reject Proposals of any kind: one at a time by key, or all above a confidence."""

from collections.abc import Callable, Mapping

import streamlit as st

from core.errors import CoreError, Unfit
from core.records import Proposal, Utterance
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.widgets import asking, forms
from core.ui.widgets.player import Choice, ChoiceGroup, ReviewEvent, ReviewItem, review
from core.workflows.cleaning import decisions, proposals

# Why `decisions.decide` did not apply a suggestion; "anew": it made the suggestion again.
REFUSAL_MESSAGES = {
    "changed": N_("the text was changed meanwhile"),
    "same": N_("it is so already"),
    "left-out": N_("the utterance is left out by now"),
    "labelled": N_("the utterance has a label by now"),
    "gone": N_("the utterance was taken out of the corpus"),
    "no-copy": N_("the copy that was to stay is left out itself"),
    "last-copy": N_("it is the last copy of this text"),
    "overtaken": N_("a person decided on it meanwhile"),
    "anew": N_("the text was changed; the suggestion was made anew"),
}
Details = Callable[[Proposal, Utterance], tuple[str, str, str, dict[str, str]]]


@st.fragment
def desk(
    kind: str,
    details: Details,
    run_id: str | None = None,
    hear: bool = False,
    *,
    operation: str | None = None,
    batch: str | None = None,
    bulk: bool = False,
    tools: Callable[[Mapping[str, int]], None] | None = None,
    nothing: str = "",
) -> None:
    """Show the next open proposal of `kind`. `details` returns (text, original, note, labels) for it and its utterance.

    With `hear`, its utterance can be played if it has usable audio. `operation` and `batch` limit the proposals to one
    step and one run. With `bulk`, many can be decided at once; `tools` draws other actions, and takes the counts.
    `nothing` is shown if no proposal waits.
    """
    counts = show_counts(kind, run_id, operation, batch)
    if bulk:
        in_bulk(kind, operation, batch)
    if notice := st.session_state.pop("bulk_notice", ""):
        st.success(notice, icon=":material/done_all:")
    if tools is not None:
        tools(counts)
    state = st.session_state
    if shown_id := state.get(f"{kind}_show"):
        card: proposals.ProposalCard | None = proposals.card(workspace(), shown_id)
    else:
        after = state.get(f"{kind}_after", 0)
        card = proposals.next_waiting(workspace(), kind, after, run_id, operation=operation, batch=batch)
    if card is None:
        st.info(nothing or _("No proposal is waiting. Make some above."))
        if counts["accepted"] + counts["rejected"] and st.button(_("Undo the last decision"), icon=":material/undo:"):
            _handle(kind, ReviewEvent("undo", 0, 0, ""))
            st.rerun(scope="fragment")
        return
    proposal, target = card.proposal, card.utterance
    text, original, note, labels = details(proposal, target)
    label_texts = [f"{forms.scheme_title(name)}: {forms.code_title(name, code)}" for name, code in labels.items()]
    choices = (Choice("accept", _("Accept"), "a", "#0f8a5f"), Choice("reject", _("Reject"), "x", "#dc2626"))
    review(
        item=ReviewItem(
            id=proposal.id, version=state.get(f"{kind}_turn", 0), audio_url=_audio_url(target) if hear else None,
            text=text, original=original, readonly=True,
            note=" · ".join([*label_texts, note]), error=state.get(f"{kind}_error", ""),
        ),
        groups=[ChoiceGroup("decision", _("Decision"), choices)],
        can_edit=False,
        strings=None if hear else {"no_audio": ""},
        can_skip=True,
        key=f"desk-{kind}",
        on_event=lambda event: _handle(kind, event),
    )  # fmt: skip


def show_counts(
    kind: str, run_id: str | None = None, operation: str | None = None, batch: str | None = None
) -> dict[str, int]:
    """Show how many proposals wait, were accepted and were rejected; return the counts by state."""
    counts = proposals.counts(workspace(), kind, run_id, operation=operation, batch=batch)
    titles = {"open": _("Waiting"), "accepted": _("Accepted"), "rejected": _("Rejected")}
    for column, (state, title) in zip(st.columns(3), titles.items(), strict=True):
        column.metric(title, f"{counts[state]:,}")
    return counts


def refusal(error: Unfit) -> str:
    """Return why a proposal cannot be accepted, in the reader's language."""
    return _("This cannot be accepted any more: {reason}.").format(reason=_(REFUSAL_MESSAGES[error.reason]))


def _handle(kind: str, event: ReviewEvent) -> None:
    state = st.session_state
    state[f"{kind}_error"], state[f"{kind}_show"] = "", None
    state[f"{kind}_turn"] = state.get(f"{kind}_turn", 0) + 1  # an undone proposal is a new item to the component
    try:
        if event.kind == "undo":
            first, undone, left = decisions.undo_as_one(workspace(), kind, curator())
            state[f"{kind}_show"] = first
            if undone > 1 or left:
                state["bulk_notice"] = undone_text(undone, left)
        else:
            if event.kind == "decision":
                decisions.decide(workspace(), event.item, event.labels["decision"] == "accept", curator())
            state[f"{kind}_after"] = event.item
    except Unfit as error:
        state[f"{kind}_error"] = refusal(error)
    except CoreError as error:
        state[f"{kind}_error"] = explain(error)


def in_bulk(kind: str, operation: str | None = None, batch: str | None = None) -> None:
    """Show buttons that accept all waiting proposals above a confidence, or reject all of them."""
    key = f"{kind}-{operation}-{batch}"
    threshold = st.slider(_("At least so sure"), 0.0, 1.0, 0.0, 0.05, key=f"sure-{key}")
    sure = threshold or None  # no threshold: proposals without a confidence count too
    n = decisions.waiting(workspace(), kind, operation, sure, batch)
    all_waiting = decisions.waiting(workspace(), kind, operation, None, batch)
    left, right = st.columns(2)
    with left:
        accepts = asking.accept_all(n, "bulk_accept")
    with right:
        rejects = asking.reject_all(all_waiting, "bulk_reject")
    if accepts:
        bar = st.progress(0.0)

        def tell(at: int, total: int) -> None:
            bar.progress(min(at / max(total, 1), 1.0))

        outcome = decisions.accept_all(
            workspace(), kind, curator(), operation=operation, sure=sure, batch=batch, progress=tell
        )
        st.session_state["bulk_notice"] = summary(outcome)
        st.rerun()
    if rejects:
        rejected = decisions.reject_all(workspace(), kind, curator(), operation=operation, batch=batch)
        st.session_state["bulk_notice"] = _("Rejected: {n}.").format(n=f"{rejected:,}")
        st.rerun()


def undone_text(undone: int, left: int) -> str:
    """Return how many decisions were taken back, and how many were not, in the reader's language."""
    text = _("Taken back: {n}.").format(n=f"{undone:,}")
    return text + " " + _("Decided on since, and left: {n}.").format(n=f"{left:,}") if left else text


def summary(outcome: decisions.DecisionCounts) -> str:
    """Return how many were accepted, made again or refused, in the reader's language."""
    parts = [_("Accepted: {n}.").format(n=f"{outcome.accepted:,}")]
    if outcome.rebased:
        parts.append(_("Of these, on a text that was changed meanwhile: {n}.").format(n=f"{outcome.rebased:,}"))
    if outcome.anew:
        parts.append(_("Made anew on a changed text, and waiting: {n}.").format(n=f"{outcome.anew:,}"))
    if outcome.changed:
        reasons = ", ".join(f"{_(REFUSAL_MESSAGES[reason])}: {n:,}" for reason, n in outcome.refused.items())
        parts.append(
            _("Rejected, since they fit no longer: {n} ({reasons}).").format(n=f"{outcome.changed:,}", reasons=reasons)
        )
    if outcome.already:
        parts.append(_("Decided before by somebody: {n}.").format(n=f"{outcome.already:,}"))
    return " ".join(parts)


def _audio_url(target: Utterance) -> str | None:
    return f"/audio/utterance/{target.id}" if target.voice_usable else None
