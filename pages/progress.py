"""진행 현황 / Progress: how much of each scheme is labelled, when it will be finished, who did what, hours as CSV."""

import streamlit as st

from core import ui
from core.ui import _
from core.ui.panels.review import progress
from core.ui.widgets import forms

with ui.page("progress"):
    report = progress.current_progress()
    if not report.forecasts:
        st.info(_("Nobody has decided anything yet: begin on the Review page."), icon=":material/info:")
        st.page_link("pages/review.py", label=_("Review"), icon=":material/hearing:")
    else:
        progress.scheme_table(report)
        left, right = st.columns([1, 2], vertical_alignment="bottom")
        with left:
            names = [row.scheme for row in report.forecasts]
            name = forms.linked_choice(_("Scheme"), names, "scheme", forms.scheme_title)
        with right:
            progress.download(report)
        chosen = report.forecasts[names.index(name)]
        progress.burn_down(chosen)
        st.header(_("Curators"), anchor=False)
        progress.curators(report, chosen)
        progress.pictures(report, chosen)
