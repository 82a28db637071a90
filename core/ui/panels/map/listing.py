"""The points of the map as a table, for those who do not see it: of all or of one category, each row can be picked."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.map import titles
from core.ui.widgets import forms
from core.workflows.corpus import browse
from core.workflows.map import asking
from core.workflows.map.drawing import Drawing

PAGE_SIZE = 25
ALL = -1  # in place of the number of a category


def show(shown: Drawing, pick: Callable[[int], None], select: Callable[[Sequence[int]], None]) -> None:
    """Show how many points each category has, and the points themselves.

    `pick` is called with the id of a row, `select` with the ids of all points of the list.
    """
    _categories(shown)
    with st.expander(_("Points as a list"), icon=":material/list:"):
        choices = [ALL, *(number for number, category in enumerate(shown.categories) if category.n)]

        def title(number: int) -> str:
            return _("All points") if number == ALL else titles.category_title(shown.categories[number])

        chosen = st.selectbox(_("Category"), choices, format_func=title, key="map_list_of")
        ids = shown.ids if chosen == ALL else asking.of_category(shown, chosen)
        label = _("Select all of these: {n}").format(n=f"{len(ids):,}")
        st.button(label, icon=":material/select_all:", key="map_list_take", on_click=lambda: select(ids.tolist()))
        table(ids, pick, f"map_list_{chosen}_{len(ids)}")


def _categories(shown: Drawing) -> None:
    rows = [{_("Category"): titles.category_title(category), _("Points"): category.n} for category in shown.categories]
    st.dataframe(rows, hide_index=True, width="content")


def table(ids: Sequence[int] | NDArray[np.int64], pick: Callable[[int], None], key: str) -> None:
    """Show utterances by pages; `pick` is called with the id of a row that is picked. `key` names these `ids`."""
    number = 1
    if len(ids) > PAGE_SIZE:
        number = st.pagination(-(-len(ids) // PAGE_SIZE), key=f"{key}_page")
    listed = [int(one) for one in ids[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]]
    page, rows_key = browse.utterances(workspace(), listed), f"{key}_rows_{hash(tuple(listed))}"

    def picked() -> None:
        if rows := st.session_state[rows_key]["selection"]["rows"]:
            pick(page[rows[0]].id)

    st.dataframe(
        forms.utterance_rows(page), hide_index=True, column_config={"id": None}, key=rows_key, on_select=picked,
        selection_mode="single-row",
    )  # fmt: skip
    st.caption(_("Pick a row to hear it and to see its neighbours."))
