"""증강 / Augment: make label-safe variants of texts as Proposals; a curator accepts them by key or in bulk."""

import streamlit as st

from core import ui
from core.ui import _
from core.ui.panels.augment import candidates, planning, voice
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.augment import run
from core.workflows.corpus import browse


def texts() -> None:
    planning.begin(planning.choose_plan())
    if (job := jobs.running(ui.workspace(), run.JOB)) is not None:
        planning.progress(job.id)
    if trouble := st.session_state.pop("augment_trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    candidates.show()


with ui.page("augment"):
    if not browse.count(ui.workspace()):
        st.info(_("There is nothing to augment yet: import a delivery or a table first."), icon=":material/info:")
        st.page_link("pages/import_data.py", label=_("Import"), icon=":material/upload_file:")
    else:
        written, spoken = st.tabs([_("Texts"), _("Voices")])
        with written:
            texts()
        with spoken:
            voice.panel()
