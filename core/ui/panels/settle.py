"""Settling disputes on the screen: what was said, every opinion side by side, and the keys that end it.

What was said stands above; the text box of the review component takes the reason, so that it is written and kept
without a hand at the mouse. A dispute stays on the screen until it is settled or put off, and is leased meanwhile.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from core.errors import CoreError, Stale
from core.filters import Filter
from core.ingest.votes import NAMELESS, PREFIX
from core.records import Opinion
from core.schemes import SCHEMES
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.troubles import explain
from core.ui.widgets import forms
from core.ui.widgets.player import ReviewEvent, ReviewItem, review
from core.workflows.review import settle as work
from core.workflows.review.settle import Dispute

WIDE = 4  # opinions side by side
MOST_LINES = 200  # of a call that is shown whole
# The component's words for a text box that takes a reason.
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
class Sitting:
    """What one person settles under one scheme; `shown` is on the screen, `passed` was put off."""

    scheme: str
    curator: str
    shown: Dispute | None = None
    passed: list[int] = field(default_factory=list)
    settled: int = 0
    error: str = ""
    notice: str = ""


def waiting() -> dict[str, int]:
    """Of each scheme that has any, how many disputes wait."""
    counts = {name: work.disputes(workspace(), name) for name in SCHEMES}
    return {name: n for name, n in counts.items() if n}


@st.fragment
def desk(name: str) -> None:
    """The next dispute under scheme `name`, to be settled by one key."""
    sitting = _sitting(name)
    one = sitting.shown = sitting.shown or work.next_dispute(workspace(), name, sitting.curator, sitting.passed)
    if sitting.notice:
        st.caption(sitting.notice)
    if one is None:
        _nothing(sitting)
        return
    st.markdown(_("**{n}** left · **{done}** settled now").format(n=f"{one.left:,}", done=f"{sitting.settled:,}"))
    _said(one)
    _opinions(one)
    review(
        item=ReviewItem(
            id=one.utterance.id, version=one.version, audio_url=_audio(one), text="", original="",
            context=(_("Why, in your own words: press E. It may stay empty."), ""), error=sitting.error,
        ),
        groups=forms.choice_groups([SCHEMES[name]], {}),
        strings={key: _(text) for key, text in STRINGS.items()},
        key=f"settle-{name}",
        on_event=lambda event: _handle(sitting, event),
    )  # fmt: skip


# --- what happens -----------------------------------------------------------------------------------------------------


def _sitting(name: str) -> Sitting:
    """The session's; another scheme or another name begins a new one, and gives back what was on the screen."""
    known: Sitting | None = st.session_state.get("settling")
    if known is not None and (known.scheme, known.curator) == (name, curator()):
        return known
    if known is not None and known.shown is not None:
        work.put_off(workspace(), known.shown, known.curator)
    made: Sitting = st.session_state.setdefault("settling", Sitting(name, curator()))
    if made is known:
        made = st.session_state["settling"] = Sitting(name, curator())
    return made


def _handle(sitting: Sitting, event: ReviewEvent) -> None:
    sitting.error = sitting.notice = ""
    try:
        if event.kind == "undo":
            _undo(sitting)
        elif sitting.shown is None or (event.item, event.version) != (
            sitting.shown.utterance.id,
            sitting.shown.version,
        ):
            sitting.error = _("Somebody was faster: look again, then decide.")
        elif event.kind == "skip":
            work.put_off(workspace(), sitting.shown, sitting.curator)
            sitting.passed.append(event.item)
            sitting.shown = None
        else:
            _settle(sitting, sitting.shown, event)
    except Stale as error:  # whatever it is now, it is looked at anew
        sitting.error, sitting.shown = explain(error), None
    except CoreError as error:
        sitting.error = explain(error)


def _settle(sitting: Sitting, one: Dispute, event: ReviewEvent) -> None:
    code = event.labels[one.scheme]
    work.settle(workspace(), one, code, sitting.curator, event.text or "", event.spent_ms)
    sitting.settled += 1
    sitting.shown = None


def _undo(sitting: Sitting) -> None:
    if sitting.shown is not None:
        work.put_off(workspace(), sitting.shown, sitting.curator)
        sitting.shown = None
    undone = work.undo(workspace(), sitting.curator)
    if undone is None:
        sitting.notice = _("Nothing left to undo.")
        return
    if undone.dispute is None:
        sitting.notice = _("Undone: a decision of yours that settled nothing.")
        return
    sitting.settled = max(0, sitting.settled - 1)
    if undone.dispute.scheme != sitting.scheme:
        work.put_off(workspace(), undone.dispute, sitting.curator)
        title = forms.plain(forms.scheme_title(undone.dispute.scheme))
        sitting.notice = _("Undone: a settlement under {scheme}, where it waits again.").format(scheme=title)
    else:
        sitting.shown = undone.dispute


# --- what is shown ----------------------------------------------------------------------------------------------------


def _nothing(sitting: Sitting) -> None:
    """Why there is nothing to settle, and what to do."""
    if sitting.error:
        st.warning(forms.plain(sitting.error))
    if sitting.passed:
        st.info(_("Only what you put off is left: {n}.").format(n=f"{len(sitting.passed):,}"), icon=":material/info:")
        st.button(_("Look at these again"), icon=":material/replay:", type="primary", on_click=sitting.passed.clear)
    else:
        st.info(
            _("No dispute waits here. On the Review page, let two curators answer a share of the utterances "
              "(Settings): where they disagree, it comes here."), icon=":material/info:",
        )  # fmt: skip
        st.page_link("pages/review.py", label=_("Review"), icon=":material/hearing:")
    undo = (sitting, ReviewEvent("undo", 0, 0, ""))
    st.button(_("Undo the last decision"), icon=":material/undo:", shortcut="z", on_click=_handle, args=undo)


def _said(one: Dispute) -> None:
    """The utterance between its neighbours; of a recording, all that was said."""
    told = [forms.scheme_title(one.scheme), forms.speaker_title(one.utterance.speaker), one.utterance.key]
    with st.container(border=True):
        st.caption(forms.plain(" · ".join(part for part in told if part)))
        if SCHEMES[one.scheme].level == "recording":
            _call(one.target_id)
            return
        if one.before:
            st.caption(forms.plain(one.before))
        st.subheader(forms.plain(" ".join(one.utterance.text.split())), anchor=False)
        if one.after:
            st.caption(forms.plain(one.after))


def _call(recording_id: int) -> None:
    found = workspace().store.corpus.find(Filter(recording_id=recording_id), limit=MOST_LINES)
    with st.container(height=240, border=False):
        for said in found.rows:
            speaker = forms.speaker_title(said.speaker)
            st.markdown(f"{f'**{forms.plain(speaker)}** ' if speaker else ''}{forms.plain(said.text)}")
        if found.total > MOST_LINES:
            st.caption(_("The first {n} are shown.").format(n=MOST_LINES))


def _opinions(one: Dispute) -> None:
    """Who said what, side by side, then what models say; comments of others below."""
    keys = {choice.code: choice.key for choice in forms.choice_groups([SCHEMES[one.scheme]], {})[0].choices}
    comments: dict[str, str] = {}
    for x in one.remarks:
        if x.kind == "comment":
            comments[x.curator] = "\n".join(filter(None, (comments.get(x.curator), x.text)))
    nameless = Counter(x.code for x in one.opinions if x.curator.startswith(NAMELESS))
    named = [x for x in one.opinions if not x.curator.startswith(NAMELESS)]
    cards: list[Mapping[str, str]] = [_person(x, comments.pop(x.curator, "")) for x in named]
    cards += [{"who": _("{n} votes without a name").format(n=n), "code": code} for code, n in nameless.items()]
    cards += [_model(guess) for guess in one.guesses if guess["scheme"] == one.scheme]
    for start in range(0, len(cards), WIDE):
        row = cards[start : start + WIDE]
        for column, card in zip(st.columns(min(len(cards), WIDE)), row, strict=False):
            with column, st.container(border=True, height="stretch"):
                _card(one.scheme, card, keys.get(card["code"], ""))
    for who, text in comments.items():
        st.caption(f":material/comment: {forms.plain(who)}: {forms.plain(text)}")


def _person(one: Opinion, comment: str) -> dict[str, str]:
    told = [] if not one.at else [one.at[:16].replace("T", " ") + " UTC"]
    if one.spent_ms is not None:
        told.append(_("{s} s").format(s=f"{one.spent_ms / 1000:.1f}"))
    who = _("{who} (vote)").format(who=one.curator.removeprefix(PREFIX)) if one.kind == "vote" else one.curator
    return {"who": who, "code": one.code, "note": " · ".join(told), "comment": comment}


def _model(guess: Mapping[str, object]) -> dict[str, str]:
    sure = f"{guess['confidence']:.0%}"
    return {"who": _("Model"), "code": str(guess["code"]), "note": f"{sure} · {guess['run']}", "icon": "smart_toy"}


def _card(scheme: str, card: Mapping[str, str], key: str) -> None:
    st.markdown(f":material/{card.get('icon', 'person')}: {forms.plain(card['who'])}")
    title = forms.plain(forms.code_title(scheme, card["code"]))
    st.markdown(f"#### {title}{f'  `{key.upper()}`' if key else ''}")
    if note := card.get("note"):
        st.caption(forms.plain(note))
    if comment := card.get("comment"):
        st.text(comment)


def _audio(one: Dispute) -> str | None:
    if not one.audio:
        return None
    if SCHEMES[one.scheme].level == "recording":
        return f"/audio/recording/{one.target_id}"
    return f"/audio/utterance/{one.utterance.id}" if one.utterance.voice_usable else None
