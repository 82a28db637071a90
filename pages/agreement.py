"""일치도 / Agreement: how much curators agree, by class, pair and person, over time and against speed."""

import streamlit as st

from core import ui
from core.errors import NotEnoughData
from core.schemes import SCHEMES
from core.ui import _
from core.ui.panels.review import agreement

with ui.page("agreement"):
    query = agreement.chosen_query()
    chosen = SCHEMES[query.scheme]
    try:
        measures = agreement.measure(query)
    except NotEnoughData:
        measures = None
        st.info(
            _("No two people answered the same here yet. On the Review page, let two curators answer a share of the "
              "utterances (Settings), or import votes."), icon=":material/info:",
        )  # fmt: skip
        with st.popover(_("Technical details"), icon=":material/data_object:"):
            st.code("python -m core ingest votes FILE", language="sh")
        st.page_link("pages/review.py", label=_("Review"), icon=":material/hearing:")
    if measures is not None:
        agreement.whole(measures)
        left, right = st.columns(2)
        with left:
            agreement.by_class(measures, chosen)
        with right:
            agreement.by_pair(measures)
        left, right = st.columns(2)
        with left:
            agreement.confusion(measures, chosen)
            agreement.speed(measures)
        with right:
            agreement.drift(measures)
