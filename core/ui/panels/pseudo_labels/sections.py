"""The five sections of the Pseudo-label page, as tabs in the order of the work; only the open one is computed."""

from collections.abc import Callable

import streamlit as st

from core.records import RunInfo
from core.thresholds import Thresholds
from core.ui.frame import guard, workspace
from core.ui.i18n import N_, _, language
from core.ui.panels.pseudo_labels import accept, audit, desk, gate, judge, thresholds
from core.ui.panels.pseudo_labels.chosen import Chosen
from core.workflows.pseudo_labels import pool

TITLES = {
    "judge": N_("1 Predict"),
    "thresholds": N_("2 Thresholds"),
    "audit": N_("3 Audit"),
    "accept": N_("4 Accept"),
    "gate": N_("5 Effect"),
}
OPEN = "pseudo-section"


def show(run: RunInfo, target: str, given: Thresholds) -> None:
    """Show the sections for one Target of a run: the first one while nothing is judged, else the thresholds."""
    first = "thresholds" if pool.size(workspace(), run.id, target) else "judge"
    key = f"pseudo-tabs-{language()}"  # the state of tabs is a title, in one language
    if (asked := st.query_params.get("section")) in TITLES:  # a link opens its section once
        st.session_state[OPEN], st.session_state[key] = asked, _(TITLES[asked])
        del st.query_params["section"]
    # Not `default`: tabs whose default changes go back to it.
    st.session_state.setdefault(key, _(TITLES[st.session_state.get(OPEN, first)]))
    tabs = st.tabs([_(title) for title in TITLES.values()], on_change="rerun", key=key)
    for name, tab in zip(TITLES, tabs, strict=True):
        if tab.open:
            st.session_state[OPEN] = name
            with tab, guard():
                _PANELS[name](Chosen(run, target, given))


def _accepting(chosen: Chosen) -> None:
    """Show the acceptance of all at once, and below it the desk for one at a time."""
    accept.show(chosen)
    every = st.query_params.get("every") == "true"
    with st.expander(_("One at a time"), expanded=every, icon=":material/keyboard:"):
        desk.show(chosen)


_PANELS: dict[str, Callable[[Chosen], None]] = {
    "judge": judge.show,
    "thresholds": thresholds.show,
    "audit": audit.show,
    "accept": _accepting,
    "gate": gate.show,
}
