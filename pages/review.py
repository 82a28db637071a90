"""검수 / Review: listen, correct and label by key; every decision is on disk before the next utterance is shown.

This page only chooses queue, schemes and settings. Screen and desk routes exchange cards and decisions without it.
"""

import streamlit as st

from core import ui
from core.schemes import SCHEMES, Scheme
from core.ui import _, links
from core.ui.panels.review import guidelines, opened
from core.ui.widgets import forms, review_screen
from core.web import desk
from core.workflows.corpus import browse
from core.workflows.review import queues
from core.workflows.review.desk import Desk

QUEUES = {
    "unlabelled": ui.N_("Unlabelled"), "least-confident": ui.N_("Models are least sure"),
    "models-disagree": ui.N_("Models disagree"), "text-voice": ui.N_("Text and voice disagree"),
    "annotators-disagree": ui.N_("Curators disagree"), "label-errors": ui.N_("Suspected label errors"),
    "audit": ui.N_("Random audit"), "pseudo-label-audit": ui.N_("Audit of pseudo-labels"),
    "flagged": ui.N_("Flagged"), "commented": ui.N_("Open comments"),
    "filter": ui.N_("From a filter or saved view"), "tagged": ui.N_("Queued in the corpus"),
    "skipped": ui.N_("Skipped"), "all": ui.N_("All"),
}  # fmt: skip
PREDICTION_DISPLAY: dict[desk.PredictionDisplay, str] = {
    "hidden": ui.N_("hidden"), "after": ui.N_("after the decision"), "shown": ui.N_("shown"),
}  # fmt: skip
SHARES = (0, 5, 10, 20, 50, 100)


def chosen_schemes() -> list[Scheme]:
    names = forms.linked_multiselect(
        _("Schemes to answer"),
        list(SCHEMES),
        "schemes",
        forms.scheme_title,
        ["danger"],
        help=_("The first decides what is unlabelled. All must be answered before the next item shows."),
    )
    return [SCHEMES[name] for name in names]


def settings() -> tuple[float, bool, desk.PredictionDisplay]:
    """Return the share answered by two curators (0 to 1), whether it is blind, and when predictions are shown."""
    with st.popover(_("Settings"), icon=":material/tune:", width="stretch"):
        share = st.select_slider(
            _("Answered by two curators (%)"), SHARES, key="review_overlap", persist_state="session",
            help=_("Of these, each curator decides alone; how far they agree is measured."),
        )  # fmt: skip
        blind = st.toggle(
            _("Blind: do not show what another curator answered"), value=True, key="review_blind",
            persist_state="session",
        )  # fmt: skip
        display = st.segmented_control(
            _("The model's opinion"), list(PREDICTION_DISPLAY), format_func=lambda name: _(PREDICTION_DISPLAY[name]),
            default="hidden", required=True, key="review_opinion", persist_state="session",
        )  # fmt: skip
    return share / 100, blind, display or "hidden"


def built_list(queue: str, scheme_name: str) -> None:
    """Show the size and age of a list that must be built, and the button that builds it again."""
    built = queues.list_sizes(ui.workspace(), scheme_name)[queue]
    left, right = st.columns([3, 1], vertical_alignment="center")
    if built.built_at is None:
        left.caption(_("This list was not built yet."))
    else:
        left.caption(_("{n} utterances, as of {at}").format(n=f"{built.count:,}", at=forms.minute(built.built_at)))
    if queue == queues.PSEUDO_LABEL_AUDIT:  # drawn for a run and its thresholds
        right.page_link("pages/pseudo_label.py", label=_("Draw an audit"), icon=":material/arrow_forward:")
        return
    if not right.button(_("Build the list"), icon=":material/refresh:", key="review_build"):
        return
    if queue == queues.LABEL_ERRORS:
        queues.start_label_errors(ui.workspace(), scheme_name)
        st.info(_("A job looks for label errors; the list is there when it is done."))
        return
    with st.spinner(_("Building the list …")):
        queues.build(ui.workspace(), queue, scheme_name)
    st.rerun()


def chosen_desk() -> tuple[Desk, list[Scheme], desk.PredictionDisplay] | None:
    """Show the controls; return the desk, its schemes and when predictions are shown; None if a choice is missing."""
    row = st.container(key="controls")  # in a narrow window they stand in two rows, and the labels need no scrolling
    left, middle, right, guide, last = row.columns([3, 2, 1.3, 1.2, 1.2], vertical_alignment="bottom")
    with left:
        schemes = chosen_schemes()
    with middle:
        titles = QUEUES | {name: opened.TITLES[name] for name in opened.extra_queues()}
        queue = forms.linked_choice(_("Queue"), list(titles), "queue", lambda name: _(titles[name]))
    with right:
        batch = forms.linked_toggle(_("Many at once"), "many")
    with guide:
        guidelines.switch()
    with last:
        share, blind, display = settings()
    if not schemes:
        st.info(_("Choose at least one scheme."))
        return None
    if batch:
        schemes = [scheme for scheme in schemes if scheme.kind == "single"][:1]
        if not schemes:
            st.info(_("Many at once needs a scheme of which one class is chosen."))
            return None
    if queue in queues.BUILT:
        built_list(queue, schemes[0].name)
    limits = opened.chosen(queue, [scheme.name for scheme in schemes])
    if limits is None:
        return None
    review_desk = Desk(
        ui.curator(), tuple(scheme.name for scheme in schemes), limits.queue or queue, limits.base, share, blind=blind,
        hide_predictions=display == "hidden", batch=batch, named=limits.named,
    )  # fmt: skip
    return review_desk, schemes, display


with ui.page("review"):
    links.back_link()
    if not browse.count(ui.workspace()):
        st.info(_("There is nothing to review yet: import a delivery or a table first."))
    elif chosen := chosen_desk():
        review_desk, schemes, display = chosen
        with guidelines.beside(schemes):
            review_screen.show(review_desk, forms.choice_groups(schemes, {}), display, key="review")
