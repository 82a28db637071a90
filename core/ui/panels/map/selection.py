"""What is selected on the map: how many points, the table of them, and what can be done with all of them at once.

An action says the number and asks once; one button takes all of it back.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from core.ui.i18n import _
from core.ui.panels.corpus import actions
from core.ui.panels.corpus.bulk import last_action
from core.ui.panels.map import listing, opening
from core.workflows.map.drawing import Drawing

KEY = "map_selected"
ACTIONS = ("label", "tag", "untag")


def ids() -> list[int]:
    """Return the ids that were selected last."""
    return list(st.session_state.get(KEY, ()))


def keep(chosen: Sequence[int]) -> None:
    """Remember what was selected."""
    st.session_state[KEY] = tuple(chosen)


def panel(shown: Drawing, chosen: list[int], way: str, pick: Callable[[int], None]) -> None:
    """Show the selected points `chosen` and the actions on them; without any, all points as a list.

    `pick` is called with the id of a row of the table that is picked.
    """
    st.header(_("Selected: {n}").format(n=f"{len(chosen):,}"), anchor=False)
    last_action()
    if not chosen:
        st.caption(_("Select points by dragging, by the keys below the map, in the legend or in the list."))
        listing.show(shown, pick, keep)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(_("Label or tag"), icon=":material/checklist:"):
            actions.panel(chosen, len(chosen), "map", ACTIONS, scheme=opening.scheme_of(way))
        opening.many(chosen, way)
    listing.table(chosen, pick, f"map_{hash(tuple(chosen))}")
