"""The filters of the Corpus page: what texts, labels, sources, decisions, remarks and predictions must be like."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import streamlit as st

from core.filters import Filter, instant, is_id, unread
from core.records import RunInfo
from core.schemes import SCHEMES
from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.ui.panels import runs as run_panel
from core.ui.panels.corpus import views
from core.ui.widgets import forms
from core.workflows.corpus import browse

YES_NO = {"": N_("any"), "true": N_("yes"), "false": N_("no")}
COMMENTS = {
    "": N_("any"),
    "any": N_("with a comment"),
    "open": N_("with an open comment"),
    "none": N_("without a comment"),
}
RIGHT = {"": N_("any"), "true": N_("wrong"), "false": N_("right")}


def chosen() -> Filter:
    """Show the filters and return the chosen one; its state is in the URL."""
    choices = browse.filter_choices(workspace())
    tell_unread()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        hint = _("e.g. 화재, 불, 살려; first consonants find syllables: ㅎㅈ")
        forms.linked_text(_("Text contains"), "text", placeholder=hint, on_change=_tidy_text)
        forms.linked_toggle(_("Ignore spacing"), "spacing")
    with st.expander(_("Filters"), icon=":material/filter_list:"):
        forms.choose_labels()
        _about_texts(choices)
        _about_work(choices)
        _about_predictions(choices.runs)
    return views.wanted()


def tell_unread() -> None:
    """Say which values of the address no filter can hold: they are left out."""
    given = unread({key: st.query_params.get_all(key) for key in st.query_params})
    if given:
        values = ", ".join(f"{key}={value}" for key, value in given)
        st.warning(_("Not understood in the address, and left out: {values}").format(values=forms.plain(values)))


def _tidy_text() -> None:
    st.session_state["text"] = st.session_state["text"].strip()


def _about_texts(choices: browse.FilterChoices) -> None:
    speakers, origins, tags, sources, lengths = st.columns([1, 1, 1, 1, 2])
    names = {str(source.id): source.name for source in choices.sources}
    with speakers:
        forms.linked_multiselect(_("Speaker"), choices.speakers, "speaker", forms.speaker_title, keep=bool)
    with origins:
        forms.linked_multiselect(_("Origin"), choices.origins, "origin", forms.origin_title, keep=bool)
    with tags:
        forms.linked_multiselect(_("Tag"), choices.tags, "tag", str, keep=bool)
    with sources:
        forms.linked_multiselect(_("Source"), list(names), "source", names.__getitem__, keep=is_id)
    with lengths:
        views.length()


def _about_work(choices: browse.FilterChoices) -> None:
    curators, since, until, flags, comments = st.columns(5)
    with curators:
        forms.linked_multiselect(_("Decided by"), choices.curators, "curator", str, keep=bool)
    with since:
        _day(_("Decided from"), "from")
    with until:
        _day(_("Decided up to"), "to")
    with flags:
        forms.linked_choice(_("Flagged"), list(YES_NO), "flagged", _titles(YES_NO))
    with comments:
        forms.linked_choice(_("Comments"), list(COMMENTS), "comment", _titles(COMMENTS))


def _about_predictions(runs: list[RunInfo]) -> None:
    """Show the choice of a run and, if one is chosen, of what it predicted. An unknown run of the URL can be chosen."""
    known = {run.id: run for run in runs}
    asked = st.query_params.get("run", "")
    ids = ["", *known, *([asked] if asked and asked not in known else [])]
    if len(ids) == 1:
        return
    run, codes, wrong = st.columns([2, 2, 1])
    with run:
        run_id = forms.linked_choice(_("Prediction of"), ids, "run", lambda value: run_title(value, known))
    if not run_id:
        return
    target = st.query_params.get("target") or (known[run_id].scheme if run_id in known else "")
    options = list(SCHEMES[target].codes) if target in SCHEMES else st.query_params.get_all("predicted")
    with codes:
        titled = lambda code: forms.code_title(target, code)  # noqa: E731
        forms.linked_multiselect(_("Predicted"), options, "predicted", titled, keep=bool)
    with wrong:
        forms.linked_choice(_("Against the label"), list(RIGHT), "wrong", _titles(RIGHT))


def run_title(run_id: str, known: dict[str, RunInfo]) -> str:
    """Return the title of a run: what it judges, its recipe and when it was trained."""
    if not run_id:
        return _("any")
    if run_id not in known:
        return forms.unknown(run_id)
    return run_panel.title(known[run_id])


def day_of(value: str, *, end: bool = False) -> date | None:
    """Return the reader's day of a time in the URL; with `end`, the last day before it."""
    try:
        at = datetime.fromisoformat(instant(value, end=end, zone=forms.reader_zone()))
    except ValueError:
        return None
    try:
        return (at - timedelta(microseconds=1 if end else 0)).astimezone(forms.reader_zone()).date()
    except OverflowError:
        return None


def _day(label: str, key: str) -> None:
    """Show an input of a day, in the reader's zone. The URL keeps the instant at which the day begins or ends."""
    widget = f"{key}_day"
    if widget not in st.session_state:
        st.session_state[widget] = day_of(st.query_params.get(key, ""), end=key == "to")

    def store() -> None:
        chosen = st.session_state[widget]
        if chosen is None:
            forms.share(key, "")
            return
        day = chosen + timedelta(days=1) if key == "to" else chosen
        forms.share(key, datetime.combine(day, time(), forms.reader_zone()).isoformat(timespec="minutes"))

    st.date_input(label, key=widget, on_change=store, format="YYYY-MM-DD")


def _titles(texts: dict[str, str]) -> Callable[[str], str]:
    return lambda value: _(texts[value])
