"""지도 / Map: the corpus as points; pick one and see its neighbours, select many and act on all of them."""

import streamlit as st

from core import ui
from core.ui import _
from core.ui.panels.map import choosing, showing
from core.workflows.corpus import browse


@st.fragment  # looking and picking change nothing outside it, so the frame need not be drawn again
def body() -> None:
    with ui.guard():
        info, way = choosing.choose()
        if info is not None:
            showing.show(info, way)


with ui.page("map"):
    if browse.count(ui.workspace()) < 3:
        st.info(_("There is nothing to draw yet: import a delivery or a table first."), icon=":material/info:")
        st.page_link("pages/import_data.py", label=_("Import"), icon=":material/upload_file:")
    else:
        body()
