"""Settling disputes on the screen: the utterance, all answers side by side, and one key for the final decision.

The text box of the review component takes the reason, so that it can be written without the mouse. A dispute stays on
the screen until it is settled or put off; meanwhile it is leased to this curator.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from core.errors import CoreError, Stale
from core.records import StandingAnswer
from core.schemes import SCHEMES
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels import runs as run_panel
from core.ui.widgets import forms
from core.ui.widgets.player import ReviewEvent, ReviewItem, review
from core.workflows.corpus import browse
from core.workflows.models import runs
from core.workflows.review import settle
from core.workflows.review.settle import Dispute

CARDS_A_ROW = 4  # answers side by side
MOST_LINES = 200  # of a call that are shown
# Texts of the component: here its text box takes a reason.
STRINGS = {
    "changes": N_("Kept as the reason"),
    "edit": N_("write a reason"),
    "empty_text": N_("The reason is empty."),
    "revert": N_("no reason"),
    "review": N_("Settling one dispute"),
    "skip": N_("put off"),
    "text": N_("Reason"),
    "undo": N_("undo the last decision"),
}


@dataclass
class SettleState:
    """State of one curator who settles one scheme: `dispute` is on the screen, `put_off_ids` are put-off utterances."""

    scheme: str
    curator: str
    dispute: Dispute | None = None
    put_off_ids: list[int] = field(default_factory=list)
    settled: int = 0
    error: str = ""
    notice: str = ""


def waiting() -> dict[str, int]:
    """Return the number of waiting disputes for each scheme that has any."""
    counts = {name: settle.disputes(workspace(), name) for name in SCHEMES}
    return {name: n for name, n in counts.items() if n}


@st.fragment
def desk(name: str) -> None:
    """Show the next dispute under scheme `name`; one key settles it."""
    state = _current_state(name)
    dispute = state.dispute = state.dispute or settle.next_dispute(workspace(), name, state.curator, state.put_off_ids)
    if state.notice:
        st.caption(state.notice)
    if dispute is None:
        _show_empty(state)
        return
    st.markdown(_("**{n}** left · **{done}** settled now").format(n=f"{dispute.left:,}", done=f"{state.settled:,}"))
    _show_utterance(dispute)
    _show_answers(dispute)
    review(
        item=ReviewItem(
            id=dispute.utterance.id, version=dispute.version, audio_url=_audio_url(dispute), text="", original="",
            context=(_("Why, in your own words: press E. It may stay empty."), ""), error=state.error,
        ),
        groups=forms.choice_groups([SCHEMES[name]], {}),
        strings={key: _(text) for key, text in STRINGS.items()},
        key=f"settle-{name}",
        on_event=lambda event: _handle(state, event),
    )  # fmt: skip


# --- deciding ---------------------------------------------------------------------------------------------------------


def _current_state(name: str) -> SettleState:
    """Return this session's state. Another scheme or curator starts a new one and puts off the shown dispute."""
    state_before: SettleState | None = st.session_state.get("settling")
    if state_before is not None and (state_before.scheme, state_before.curator) == (name, curator()):
        return state_before
    if state_before is not None and state_before.dispute is not None:
        settle.put_off(workspace(), state_before.dispute, state_before.curator)
    new_state: SettleState = st.session_state.setdefault("settling", SettleState(name, curator()))
    if new_state is state_before:
        new_state = st.session_state["settling"] = SettleState(name, curator())
    return new_state


def _handle(state: SettleState, event: ReviewEvent) -> None:
    state.error = state.notice = ""
    try:
        if event.kind == "undo":
            _undo(state)
        elif state.dispute is None or (event.item, event.version) != (
            state.dispute.utterance.id,
            state.dispute.version,
        ):
            state.error = _("Somebody was faster: look again, then decide.")
        elif event.kind == "skip":
            settle.put_off(workspace(), state.dispute, state.curator)
            state.put_off_ids.append(event.item)
            state.dispute = None
        else:
            _settle(state, state.dispute, event)
    except Stale as error:  # the dispute changed: it is read again
        state.error, state.dispute = explain(error), None
    except CoreError as error:
        state.error = explain(error)


def _settle(state: SettleState, dispute: Dispute, event: ReviewEvent) -> None:
    code = event.labels[dispute.scheme]
    settle.settle(workspace(), dispute, code, state.curator, event.text or "", event.spent_ms)
    state.settled += 1
    state.dispute = None


def _undo(state: SettleState) -> None:
    if state.dispute is not None:
        settle.put_off(workspace(), state.dispute, state.curator)
        state.dispute = None
    undone = settle.undo(workspace(), state.curator)
    if undone is None:
        state.notice = _("Nothing left to undo.")
        return
    if undone.dispute is None:
        state.notice = _("Undone: a decision of yours that settled nothing.")
        return
    state.settled = max(0, state.settled - 1)
    if undone.dispute.scheme != state.scheme:
        settle.put_off(workspace(), undone.dispute, state.curator)
        title = forms.plain(forms.scheme_title(undone.dispute.scheme))
        state.notice = _("Undone: a settlement under {scheme}, where it waits again.").format(scheme=title)
    else:
        state.dispute = undone.dispute


# --- showing ----------------------------------------------------------------------------------------------------------


def _show_empty(state: SettleState) -> None:
    """Show why there is nothing to settle, and what to do."""
    if state.error:
        st.warning(forms.plain(state.error))
    if state.put_off_ids:
        st.info(
            _("Only what you put off is left: {n}.").format(n=f"{len(state.put_off_ids):,}"), icon=":material/info:"
        )
        st.button(_("Look at these again"), icon=":material/replay:", type="primary", on_click=state.put_off_ids.clear)
    else:
        st.info(
            _("No dispute waits here. On the Review page, let two curators answer a share of the utterances "
              "(Settings): where they disagree, it comes here."), icon=":material/info:",
        )  # fmt: skip
        st.page_link("pages/review.py", label=_("Review"), icon=":material/hearing:")
    undo = (state, ReviewEvent("undo", 0, 0, ""))
    st.button(_("Undo the last decision"), icon=":material/undo:", shortcut="z", on_click=_handle, args=undo)


def _show_utterance(dispute: Dispute) -> None:
    """Show the utterance between its neighbours; for a recording, all its utterances."""
    facts = [forms.scheme_title(dispute.scheme), forms.speaker_title(dispute.utterance.speaker)]
    with st.container(border=True):
        st.caption(forms.plain(" · ".join(part for part in facts if part)), help=forms.plain(dispute.utterance.key))
        if SCHEMES[dispute.scheme].level == "recording":
            _show_call(dispute.target_id)
            return
        if dispute.before:
            st.caption(forms.plain(dispute.before))
        st.header(forms.plain(" ".join(dispute.utterance.text.split())), anchor=False)
        if dispute.after:
            st.caption(forms.plain(dispute.after))


def _show_call(recording_id: int) -> None:
    page = browse.utterances_of_recording(workspace(), recording_id, MOST_LINES)
    with st.container(height=240, border=False):
        for utterance in page.rows:
            speaker = forms.speaker_title(utterance.speaker)
            st.markdown(f"{f'**{forms.plain(speaker)}** ' if speaker else ''}{forms.plain(utterance.text)}")
        if page.total > MOST_LINES:
            st.caption(_("The first {n} are shown.").format(n=MOST_LINES))


def _show_answers(dispute: Dispute) -> None:
    """Show the answers of curators, then predictions of models, side by side; comments of other curators below."""
    keys = {choice.code: choice.key for choice in forms.choice_groups([SCHEMES[dispute.scheme]], {})[0].choices}
    comments: dict[str, str] = {}
    for item in dispute.remarks:
        if item.kind == "comment":
            comments[item.curator] = "\n".join(filter(None, (comments.get(item.curator), item.text)))
    raters = [(settle.rater(item), item) for item in dispute.answers]
    nameless = Counter(item.code for rater, item in raters if rater is None)
    named = [(rater, item) for rater, item in raters if rater is not None]
    cards: list[Mapping[str, str]] = [
        _answer_card(rater, item, comments.pop(item.curator, "")) for rater, item in named
    ]
    cards += [{"who": _("{n} votes without a name").format(n=n), "code": code} for code, n in nameless.items()]
    predictions = [prediction for prediction in dispute.predictions if prediction["scheme"] == dispute.scheme]
    titles = run_panel.titles(runs.finished(workspace())) if predictions else {}
    cards += [_prediction_card(prediction, titles) for prediction in predictions]
    for start in range(0, len(cards), CARDS_A_ROW):
        row = cards[start : start + CARDS_A_ROW]
        for column, card in zip(st.columns(min(len(cards), CARDS_A_ROW)), row, strict=False):
            with column, st.container(border=True, height="stretch"):
                _show_card(dispute.scheme, card, keys.get(card["code"], ""))
    for who, text in comments.items():
        st.caption(f":material/comment: {forms.plain(who)}: {forms.plain(text)}")


def _answer_card(rater: str, answer: StandingAnswer, comment: str) -> dict[str, str]:
    facts = [] if not answer.at else [forms.minute(answer.at)]
    if answer.spent_ms is not None:
        facts.append(_("{s} s").format(s=f"{answer.spent_ms / 1000:.1f}"))
    who = _("{who} (vote)").format(who=rater) if answer.kind == "vote" else rater
    return {"who": who, "code": answer.code, "note": " · ".join(facts), "comment": comment}


def _prediction_card(prediction: Mapping[str, object], titles: Mapping[str, str]) -> dict[str, str]:
    run, confidence = str(prediction["run"]), f"{prediction['confidence']:.0%}"
    return {
        "who": _("Model"),
        "code": str(prediction["code"]),
        "note": f"{confidence} · {titles.get(run, run)}",
        "icon": "smart_toy",
    }


def _show_card(scheme: str, card: Mapping[str, str], key: str) -> None:
    st.markdown(f":material/{card.get('icon', 'person')}: {forms.plain(card['who'])}")
    title = forms.plain(forms.code_title(scheme, card["code"]))
    st.markdown(f"### {title}{f'  `{key.upper()}`' if key else ''}")
    if note := card.get("note"):
        st.caption(forms.plain(note))
    if comment := card.get("comment"):
        st.text(comment)


def _audio_url(dispute: Dispute) -> str | None:
    if not dispute.audio:
        return None
    if SCHEMES[dispute.scheme].level == "recording":
        return f"/audio/recording/{dispute.target_id}"
    return f"/audio/utterance/{dispute.utterance.id}" if dispute.utterance.voice_usable else None
