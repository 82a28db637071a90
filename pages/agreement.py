"""일치도 / Agreement: how far curators agree, by class, pair and person, over time and against speed."""

import streamlit as st

from core import ui
from core.errors import NotEnoughData
from core.schemes import SCHEMES
from core.ui import _
from core.ui.panels import agreement

with ui.page("agreement"):
    asked = agreement.question()
    chosen = SCHEMES[asked.scheme]
    try:
        found = agreement.measured(asked)
    except NotEnoughData:
        found = None
        st.info(
            _("No two people answered the same here yet. On the Review page, let two curators answer a share of the "
              "utterances (Settings), or bring votes in: `python -m core ingest votes FILE`."), icon=":material/info:",
        )  # fmt: skip
        st.page_link("pages/review.py", label=_("Review"), icon=":material/hearing:")
    if found is not None:
        agreement.whole(found)
        left, right = st.columns(2)
        with left:
            agreement.by_class(found, chosen)
        with right:
            agreement.by_pair(found)
        left, right = st.columns(2)
        with left:
            agreement.confusion(found, chosen)
            agreement.speed(found)
        with right:
            agreement.drift(found)
