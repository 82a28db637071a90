"""Accepting and rejecting Proposals by key, one at a time; the same desk for every kind."""

from collections.abc import Callable

import streamlit as st

from core.errors import CoreError
from core.records import Proposal
from core.ui import forms
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.player import Choice, ChoiceGroup, ReviewEvent, ReviewItem, review
from core.ui.troubles import explain
from core.workflows import augment as work

Details = Callable[[Proposal], tuple[str, str, str, dict[str, str]]]


@st.fragment
def desk(kind: str, details: Details, run_id: str | None = None, hear: bool = False) -> None:
    """The next open proposal of `kind`; `details` gives (text, original, note, labels) of one.

    With `hear` the utterance it is about is played, where it can be.
    """
    counts = workspace().store.proposals.counts(kind, run_id)
    for column, (title, n) in zip(
        st.columns(3),
        ((_("Waiting"), counts["open"]), (_("Accepted"), counts["accepted"]), (_("Rejected"), counts["rejected"])),
        strict=True,
    ):
        column.metric(title, f"{n:,}")
    state = st.session_state
    one = work.next_proposal(workspace(), kind, state.get(f"{kind}_after", 0), run_id)
    if shown := state.get(f"{kind}_show"):
        one = workspace().store.proposals.get(shown)
    if one is None:
        st.info(_("No proposal is waiting. Make some above."))
        if counts["accepted"] + counts["rejected"] and st.button(_("Undo the last decision"), icon=":material/undo:"):
            _handle(kind, ReviewEvent("undo", 0, 0, ""))
            st.rerun(scope="fragment")
        return
    text, original, note, labels = details(one)
    told = [f"{forms.scheme_title(name)}: {forms.code_title(name, code)}" for name, code in labels.items()]
    choices = (Choice("accept", _("Accept"), "a", "#0f8a5f"), Choice("reject", _("Reject"), "x", "#dc2626"))
    review(
        item=ReviewItem(
            id=one.id, version=state.get(f"{kind}_turn", 0), audio_url=_audio(one) if hear else None,
            text=text, original=original, readonly=True,
            note=" · ".join([*told, note]), error=state.get(f"{kind}_error", ""),
        ),
        groups=[ChoiceGroup("decision", _("Decision"), choices)],
        can_edit=False,
        strings=None if hear else {"no_audio": ""},
        can_skip=True,
        key=f"desk-{kind}",
        on_event=lambda event: _handle(kind, event),
    )  # fmt: skip


def _handle(kind: str, event: ReviewEvent) -> None:
    state = st.session_state
    state[f"{kind}_error"], state[f"{kind}_show"] = "", None
    state[f"{kind}_turn"] = state.get(f"{kind}_turn", 0) + 1  # an undone proposal is a new item to the component
    try:
        if event.kind == "undo":
            undone = work.undo(workspace(), kind, curator())
            state[f"{kind}_show"] = undone.id if undone else None
        else:
            if event.kind == "decision":
                work.decide(workspace(), event.item, event.labels["decision"] == "accept", curator())
            state[f"{kind}_after"] = event.item
    except CoreError as error:
        state[f"{kind}_error"] = explain(error)


def _audio(one: Proposal) -> str | None:
    about = workspace().store.corpus.utterance(one.utterance_id)
    return f"/audio/utterance/{about.id}" if about.voice_usable else None
