"""What waits for a decision, as a work list: a link with the number, whose it is, and since when it waits."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from core.filters import Filter
from core.schemes import SCHEMES
from core.ui import links
from core.ui.i18n import N_, _
from core.ui.widgets import forms
from core.workflows.overview.waiting import PROPOSALS, Kind, Waiting, days_waiting, is_overdue
from core.workflows.workspace import now

View = Literal["team", "me"]
VIEWS: dict[View, str] = {"team": N_("Everybody's"), "me": N_("My work")}
VIEW = "view"
SECTIONS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (N_("Review"), ("unlabelled", "blind", "disputes", "flags", "comments", "label-errors", "audits")),
    (
        N_("Suggestions"),
        ("clashes", "cleaning", "transcripts", "quality", "augmentations", "pseudo-labels", "rounds", "schemes"),
    ),
)
TITLES: dict[Kind, str] = {
    "unlabelled": N_("Utterances without a label ({scheme}): {n}"),
    "blind": N_("Utterances that need a second answer ({scheme}): {n}"),
    "disputes": N_("Disputes to settle ({scheme}): {n}"),
    "flags": N_("Flagged utterances to look at: {n}"),
    "comments": N_("Utterances with an open comment: {n}"),
    "label-errors": N_("Suspected label errors ({scheme}): {n}"),
    "audits": N_("Items of an audit to answer ({scheme}): {n}"),
    "clashes": N_("Decide on differences between deliveries and the corpus: {n}"),
    "cleaning": N_("Suggestions for cleaner texts: {n}"),
    "transcripts": N_("Transcripts of a recogniser to check: {n}"),
    "quality": N_("Suggestions to leave utterances out: {n}"),
    "augmentations": N_("Augmented sentences to check: {n}"),
    "pseudo-labels": N_("Pseudo-labels to check: {n}"),
    "rounds": N_("Rounds of pseudo-labels to decide on: {n}"),
    "schemes": N_("Proposed label schemes: {n}"),
}
CALLS = N_("Calls without a label ({scheme}): {n}")
ICONS: dict[Kind, str] = {
    "unlabelled": "label", "blind": "visibility_off", "disputes": "gavel", "flags": "flag", "comments": "comment",
    "label-errors": "rule", "audits": "fact_check", "clashes": "compare_arrows", "cleaning": "cleaning_services",
    "transcripts": "speech_to_text",
    "quality": "block", "augmentations": "library_add", "pseudo-labels": "auto_awesome", "rounds": "cycle",
    "schemes": "category",
}  # fmt: skip


def chosen_view() -> View:
    """Show the choice between everybody's work and one's own, which is kept in the address; return it."""
    st.header(_("What waits for a decision"), anchor=False)
    if VIEW not in st.session_state:
        st.session_state[VIEW] = "me" if st.query_params.get(VIEW) == "me" else "team"
    chosen: View = st.segmented_control(
        _("Whose"), list(VIEWS), format_func=lambda view: _(VIEWS[view]), key=VIEW, required=True,
        label_visibility="collapsed",
    ) or "team"  # fmt: skip
    forms.share(VIEW, chosen, "team")
    return chosen


def show(rows: Sequence[Waiting], view: View, curator: str) -> None:
    """Show what waits, in two sections; in the view "me" only what is the curator's own or anybody's."""
    mine = view == "me"
    listed = [row for row in rows if row.kind != "failed" and (row.waiting_for_curator or not mine)]
    if mine and not curator:
        st.info(_("Say who you are in the menu at the side: then what is yours is counted."), icon=":material/person:")
    if not listed:
        st.success(_("Nothing waits for a decision."), icon=":material/task_alt:")
        return
    at = now()
    for place, (title, kinds) in zip(st.columns(2), SECTIONS, strict=True):
        with place, st.container(border=True, height="stretch"):
            st.markdown(f"**{_(title)}**")
            of_section = [row for row in listed if row.kind in kinds]
            for row in of_section:
                _row(row, mine, curator, at)
            if not of_section:
                st.caption(_("Nothing is left to do here."))


def _row(row: Waiting, mine: bool, curator: str, at: str) -> None:
    links.show(title(row, mine), address(row, mine, curator), icon=f":material/{ICONS[row.kind]}:")
    if notes := " · ".join(_notes(row, mine, at)):
        st.caption(notes)


def title(row: Waiting, mine: bool = False) -> str:
    """Return what waits, with its number, in the reader's language, as Markdown."""
    calls = row.kind == "unlabelled" and SCHEMES[row.scheme].level == "recording"
    n = row.waiting_for_curator if mine else row.n
    template = CALLS if calls else TITLES[row.kind]
    scheme = forms.plain(forms.scheme_title(row.scheme)) if row.scheme else ""
    return _(template).format(scheme=scheme, n=f"{n:,}")


def _notes(row: Waiting, mine: bool, at: str) -> list[str]:
    """Return whose it is and how long the oldest has waited."""
    notes = []
    if row.queued is not None:
        notes.append(_("utterances in your queue: {n}").format(n=f"{row.queued:,}"))
    if row.mine and not mine:
        notes.append(_("yours: {n}").format(n=f"{row.mine:,}"))
    if row.since is not None and (days := days_waiting(row.since, at)):
        waits = _("the oldest has waited for {n} days").format(n=f"{days:,}")
        notes.append(f":material/schedule: **{waits}**" if is_overdue(row, at) else waits)
    return notes


def address(row: Waiting, mine: bool, curator: str) -> str:
    """Return the address of the page or queue on which these decisions are made."""
    schemes = [row.scheme] if row.scheme else []
    own = Filter(curator=(curator,)) if mine and curator else None
    match row.kind:
        case "unlabelled" | "blind":
            return links.review(queue="unlabelled", schemes=schemes)
        case "flags" | "comments":
            return links.review(queue="flagged" if row.kind == "flags" else "commented", wanted=own)
        case "label-errors" | "audits":
            return links.review(queue="label-errors" if row.kind == "label-errors" else "pseudo-label-audit",
                                schemes=schemes)  # fmt: skip
        case "disputes":
            return links.page("adjudicate", {"scheme": row.scheme})
        case "schemes":
            return links.page("schemes", {"scheme": _proposed()})
        case "cleaning" | "quality":
            return links.page("quality", {"proposals": PROPOSALS[row.kind]})
        case "pseudo-labels":
            return links.page("pseudo_label", {"section": "accept", "every": "true"})
        case "rounds":
            return links.page("pseudo_label", {"section": "accept"})
    return links.page(PAGES_OF[row.kind])


PAGES_OF: dict[Kind, str] = {
    "failed": "overview", "clashes": "import_data", "transcripts": "quality", "augmentations": "augment",
}  # fmt: skip


def _proposed() -> str:
    return next((name for name, definition in SCHEMES.items() if definition.state == "proposed"), "")
