"""실시간 예측 / Predict: recordings, sentences, live calls and batches, and what the models hear in them."""

import streamlit as st

from core import ui
from core.ui import _
from core.ui.panels.predict import batch, live, options, recordings, sentence

with ui.page("predict"):
    chosen = options.choose()
    tabs = st.tabs([_("Recording"), _("Sentence"), _("Live"), _("Batch")])
    for tab, panel in zip(tabs, (recordings, sentence, live, batch), strict=True):
        with tab:
            panel.show(chosen)
