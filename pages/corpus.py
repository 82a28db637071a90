"""말뭉치 / Corpus: filter and sort utterances, change or review many at once, open a call and listen to utterances."""

import streamlit as st

from core import ui
from core.filters import Filter
from core.records import Sort
from core.ui import _, links
from core.ui.panels.corpus import bulk, chips, export, filters, listing, reviewing, views
from core.ui.widgets import forms
from core.workflows.corpus import browse

PAGE_SIZE, SORT_PX, PAGER_PX = 25, 190, 340
SORTS: dict[Sort, str] = {
    "id": ui.N_("As imported"), "-id": ui.N_("Newest first"),
    "length": ui.N_("Shortest first"), "-length": ui.N_("Longest first"),
    "text": ui.N_("By text"), "-text": ui.N_("By text, backwards"),
    "speaker": ui.N_("By speaker"), "-speaker": ui.N_("By speaker, backwards"),
}  # fmt: skip


def show_matches(wanted: Filter) -> None:
    """Show one page of the matches, and what can be done with them."""
    total = browse.count(ui.workspace(), wanted)
    if not total:
        st.info(_("Nothing matches. Take a filter off, or import a delivery."))
        links.show(_("Import"), links.page("import_data"), ":material/upload_file:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):  # wraps in a narrow window
        with st.container(width=SORT_PX):
            sort = forms.linked_choice(_("Sort"), list(SORTS), "sort", lambda value: _(SORTS[value]))
        st.markdown(_("Utterances: **{n}**").format(n=f"{total:,}"), width="content")
        with st.container(width=PAGER_PX):  # a fixed width: in a narrow place it would show fewer page numbers
            number = forms.linked_pages(-(-total // PAGE_SIZE), "page", (wanted, sort))
    page = browse.listed_page(ui.workspace(), wanted, sort, number, PAGE_SIZE)
    picked, table = listing.picked_ids(page), listing.table_name(page)
    with st.container(horizontal=True, vertical_alignment="center"):
        reviewing.panel(wanted, total, picked)
        bulk.panel(wanted, total, picked, table)
        export.panel(wanted, total)
    listing.show(page)


@st.fragment  # filters change nothing outside it, so the frame need not be drawn again
def body() -> None:
    with ui.guard():
        links.back_link()
        wanted = filters.chosen()
        chips.show(wanted)
        views.panel()
        bulk.last_action()
        show_matches(wanted)


with ui.page("corpus"):
    body()
