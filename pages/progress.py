"""진척 / Progress: how far each scheme is and when it is done, who did how much, the hours as a spreadsheet."""

import streamlit as st

from core import ui
from core.ui import _
from core.ui.panels import progress
from core.ui.widgets import forms

with ui.page("progress"):
    found = progress.measured()
    if not found.courses:
        st.info(_("Nobody has decided anything yet: begin on the Review page."), icon=":material/info:")
        st.page_link("pages/review.py", label=_("Review"), icon=":material/hearing:")
    else:
        progress.courses(found)
        left, right = st.columns([1, 2], vertical_alignment="bottom")
        with left:
            names = [one.scheme for one in found.courses]
            name = forms.linked_choice(_("Scheme"), names, "scheme", forms.scheme_title)
        with right:
            progress.download(found)
        chosen = found.courses[names.index(name)]
        progress.course(chosen)
        st.subheader(_("Curators"), anchor=False)
        progress.curators(found, chosen)
        progress.pictures(found, chosen)
