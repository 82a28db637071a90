"""The review screen: the component that curators use all day, and the data that the Review page passes to it.

The page opens a desk (core/web/desk.py) and passes its token to the component. Then the component gets cards from the
desk's routes and sends decisions there, without a run of this page. Bundle, sources and build script: assets/player.
"""

from collections.abc import Sequence
from dataclasses import asdict

import streamlit as st

from core.filters import Filter, from_query
from core.schemes import SCHEMES
from core.ui import error_messages, identity
from core.ui.frame import workspace
from core.ui.i18n import N_, _, language
from core.ui.widgets import forms
from core.ui.widgets.player import ChoiceGroup, check_keys, component
from core.web import desk
from core.workflows.corpus import views
from core.workflows.review.desk import Desk

SPEAKERS = ("caller", "taker")
REASONS = {
    "inaudible": N_("cannot be heard"),
    "several-voices": N_("several voices at once"),
    "not-korean": N_("not Korean"),
    "personal-data": N_("personal data"),
    "unsure": N_("I am not sure"),
}

# English texts of the screen; each is translated by gettext.
STRINGS: dict[str, str] = {
    "act_accept": "suggestion accepted",
    "act_bulk": "bulk action",
    "act_clean": "cleaned",
    "act_import": "import",
    "act_restore": "version {n} restored",
    "act_review": "reviewed",
    "act_settle": "final decision",
    "act_skip": "skipped",
    "act_undo": "taken back",
    "at": "When",
    "audio_failed": "The audio could not be loaded.",
    "autoplay": "Autoplay",
    "batch": "Many at once",
    "batch_ask": "Save all of these?",
    "batch_choose": "First choose the class of the rest: Shift and its key.",
    "batch_how": "Look at all of them and mark the odd ones by the key of their class. Then choose the class of the "
    "rest by Shift and its key; Enter saves, after one question. Z takes the whole page back.",
    "batch_move": "move",
    "batch_odd": "Mark as odd",
    "batch_out": "left out",
    "batch_question": "{n} decisions are saved; one Z takes all of them back.",
    "batch_rest": "The rest",
    "batch_save": "confirm all",
    "batch_skip": "leave out",
    "batch_undo": "undo the last decision",
    "batch_unseen": "Some were not in sight yet: look at these, then press Enter.",
    "batch_yes": "save",
    "blocked": "The browser wants a key or a click before it plays sound.",
    "call": "whole call",
    "call_none": "This is a sentence on its own: there is no call around it.",
    "changes": "Changes",
    "close": "close",
    "comment": "comment",
    "comment_hint": "A comment; Enter saves it, Esc leaves it",
    "conflict_title": "Somebody was faster",
    "counters": "{left} left · {done} decisions by {who} · {rate} an hour",
    "curator": "Curator",
    "draft_drop": "drop the draft",
    "draft_older": "You began this on an earlier version; it is not saved:",
    "draft_take": "go on with it",
    "edit": "Edit the text",
    "end": "End",
    "empty": "This queue is empty. Choose another one, or freeze a snapshot on the Train page.",
    "empty_text": "The text is empty.",
    "end_earlier": "end 50 ms earlier",
    "end_later": "end 50 ms later",
    "faster": "faster",
    "flag": "flag",
    "flagged": "flagged",
    "guide": "guidelines",
    "help": "all keys",
    "help_decide": "Decide",
    "help_hear": "Listen",
    "help_labels": "Labels",
    "help_note": "Keys are meant by their place on the keyboard: they work the same while Hangul is switched on.",
    "help_times": "Start and end",
    "help_title": "All keys",
    "history": "history",
    "incomplete": "A label is missing.",
    "is_flag": "flagged",
    "is_restored": "Restored.",
    "is_undone": "undone",
    "is_unflag": "flag taken off",
    "keep_mine": "keep mine, on top of theirs",
    "keys": "Keys",
    "last_item": "Last utterance",
    "leave": "done",
    "loading_cards": "Loading …",
    "look_again": "Look again",
    "loop": "loop",
    "mine": "Mine",
    "no_audio": "There is no audio.",
    "nothing": "Nothing left to undo.",
    "opinion": "Model",
    "optional": "optional",
    "reason_own": "another reason, in your own words; then Enter",
    "received": "as received",
    "remarks": "Comments",
    "replay": "listen again",
    "restore": "restore this",
    "revert": "undo the edit",
    "review": "Review of one utterance",
    "save": "save",
    "saved": "Saved.",
    "saving": "Saving …",
    "several": "several, then Enter",
    "skip": "skip, with a reason",
    "skip_title": "Why is it skipped?",
    "skipped": "Skipped",
    "slower": "slower",
    "speed": "Speed",
    "standing": "stands now",
    "start": "Start",
    "start_earlier": "start 50 ms earlier",
    "start_later": "start 50 ms later",
    "take_theirs": "take theirs, and go on",
    "text": "Text of the utterance",
    "theirs": "Theirs",
    "times": "Start and end",
    "times_back": "start and end as they were",
    "trouble_away": "The server cannot be reached; nothing is lost: press the key again.",
    "trouble_conflict": "Somebody was faster: look again, then decide.",
    "trouble_gone": "The server was started anew. It goes on by itself in a moment, or when the page is loaded again.",
    "trouble_input": "This cannot be done.",
    "trouble_missing": "It is not there.",
    "trouble_refused": "The server refused this.",
    "trouble_store": "The store refused.",
    "undo": "undo the last decision",
    "undone": "Undone.",
    "undone_all": "Taken back: {n} decisions.",
    "unskipped": "No longer skipped",
    "whole": "listen with what is around it",
    "yes": "yes",
}

_SCREEN = component("desk", "review")


def show(review_desk: Desk, groups: Sequence[ChoiceGroup], display: desk.PredictionDisplay, key: str) -> str:
    """Show the screen of `review_desk` and return its token. `InputError` if two classes have the same key."""
    check_keys(groups)
    token = desk.open_desk(
        review_desk, display, st.session_state.get(f"{key}:token"), error_messages.explainer(language())
    )
    st.session_state[f"{key}:token"] = token
    of_desk = (
        review_desk.queue,
        review_desk.schemes,
        review_desk.curator,
        repr(review_desk.base),
        review_desk.overlap,
        review_desk.blind,
        review_desk.batch,
        review_desk.named,
    )
    data = {
        "base": f"/desk/{token}",
        "place": identity.place(),
        "work": repr((*of_desk, display)),
        "curator": review_desk.curator,
        "batch": review_desk.batch,
        "opinion": display,
        "groups": [asdict(group) | {"level": SCHEMES[group.name].level} for group in groups],
        "reasons": [{"code": code, "title": _(title)} for code, title in REASONS.items()],
        "speakers": {name: forms.speaker_title(name) for name in SPEAKERS},
        "strings": {name: _(text) for name, text in STRINGS.items()},
    }
    _SCREEN(key=key, data=data, on_reopen_change=_run_again)
    return token


def _run_again() -> None:
    """Do nothing: Streamlit runs the page again after this callback, and that run opens a new desk.

    Called when the desk of the component is gone, for example after a restart of the server.
    """


def chosen_view() -> Filter | None:
    """Return the filter of a saved view of the Corpus page, chosen by name; None if there is no saved view yet."""
    saved = {view.name: view for view in views.list_views(workspace())}
    if not saved:
        st.info(_("There is no saved view yet: filter on the Corpus page, and save what is shown under Views."))
        return None
    return from_query(saved[forms.linked_choice(_("Saved view"), list(saved), "view", str)].query)
