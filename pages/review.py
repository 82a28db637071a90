"""정제 / Review: hear, mend, label; every decision is on disk before the next utterance shows."""

import streamlit as st

from core import ui
from core.errors import CoreError
from core.schemes import SCHEMES, Scheme
from core.ui import _, forms
from core.ui.player import ReviewEvent, ReviewItem, review
from core.ui.troubles import explain
from core.workflows import review as work

QUEUES: dict[work.Queue, str] = {
    "unlabelled": ui.N_("Unlabelled"), "all": ui.N_("All"), "skipped": ui.N_("Skipped"),
    "tagged": ui.N_("Queued in the corpus"),
}  # fmt: skip


def handle(event: ReviewEvent) -> None:
    """Write what the curator did, before anything else is shown."""
    state, ws, who = st.session_state, ui.workspace(), ui.curator()
    state["review_error"] = (0, "")
    try:
        if event.kind == "undo":
            undone = work.undo(ws, who)
            state["review_notice"] = _("Undone.") if undone else _("Nothing left to undo.")
            state["review_show"] = undone.utterance_id if undone else state.get("review_show")
            return
        if event.kind == "skip":
            work.skip(ws, event.item, event.version, who)
        else:
            work.decide(ws, event.item, event.version, who, event.labels, event.text, event.spent_ms)
    except CoreError as error:
        state["review_error"] = (event.item, explain(error))
        return
    state["review_show"], state["review_after"] = None, event.item
    state["review_notice"] = ""


def settings() -> tuple[list[Scheme], work.Queue]:
    with st.container(horizontal=True):  # wraps in a narrow window
        names = forms.linked_multiselect(
            _("Schemes to answer"),
            list(SCHEMES),
            "schemes",
            forms.scheme_title,
            ["danger"],
            on_change=start_over,
            help=_("The first decides what is unlabelled. All must be answered before the next item shows."),
        )
        queue = st.segmented_control(
            _("Queue"), list(QUEUES), format_func=lambda name: _(QUEUES[name]), default="unlabelled", required=True,
            key="queue", persist_state="session", on_change=start_over,
        )  # fmt: skip
    return [SCHEMES[name] for name in names], queue or "unlabelled"


def start_over() -> None:
    st.session_state["review_show"], st.session_state["review_after"] = None, 0


def current(schemes: list[Scheme], queue: work.Queue) -> work.Card | None:
    """The card on screen: the one an undo brought back, else the next of the queue."""
    ws, names = ui.workspace(), [s.name for s in schemes]
    card = work.next_card(ws, names, queue, after_id=st.session_state.get("review_after", 0))
    shown = st.session_state.get("review_show")
    return work.card(ws, shown, card.left if card else 0) if shown else card


def show(card: work.Card, schemes: list[Scheme]) -> None:
    one = card.utterance
    refused, why = st.session_state.get("review_error", (0, ""))
    if why and refused != one.id:  # somebody else decided it, so that another item has come up
        st.warning(forms.plain(why), icon=":material/group:")
    review(
        item=ReviewItem(
            id=one.id, version=one.version, text=one.text, original=one.original,
            audio_url=f"/audio/utterance/{one.id}" if one.voice_usable else None,
            context=(card.before, card.after),
            note=" · ".join(filter(None, [forms.speaker_title(one.speaker), one.key])),
            error=why if refused == one.id else "",
        ),
        groups=forms.choice_groups(schemes, one.labels),
        key="review",
        on_event=handle,
    )  # fmt: skip


@st.fragment
def desk(schemes: list[Scheme], queue: work.Queue) -> None:
    card = current(schemes, queue)
    done = ui.workspace().store.review.decided(ui.curator())
    st.caption(_("{left} left in this queue · decisions by {who}: {done}").format(
        left=f"{card.left if card else 0:,}", done=f"{done:,}", who=forms.plain(ui.curator())))  # fmt: skip
    if card is None:
        st.success(_("This queue is empty. Choose another one, or freeze a snapshot on the Train page."))
        if done and st.button(_("Undo the last decision"), icon=":material/undo:"):
            handle(ReviewEvent("undo", 0, 0, ""))
            st.rerun(scope="fragment")
        return
    show(card, schemes)
    if notice := st.session_state.get("review_notice"):
        st.caption(notice)
    history(card)


def history(card: work.Card) -> None:
    with st.expander(_("History of this utterance"), icon=":material/history:"):
        rows = ui.workspace().store.review.history(card.utterance.id)
        if not rows:
            st.caption(_("No decision yet."))
        for row in rows:
            st.text(f"{row.version}  {row.at[:19]}  {row.curator}  {row.why}  {row.before} → {row.after}")


with ui.page("review"):
    chosen, which = settings()
    if chosen:
        desk(chosen, which)
    else:
        st.info(_("Choose at least one scheme."))
