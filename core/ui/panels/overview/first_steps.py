"""An empty workspace: import something, or load the demo; and the progress of the job that builds the demo."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.ui import links
from core.ui.frame import guard, workspace
from core.ui.i18n import N_, _
from core.ui.panels.job_progress import follow
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.overview.summary import DEMO_JOB

# The stages of the job, in their order (`core.workflows.demo.STAGES`).
STAGES = {
    "import": N_("Importing calls and sentences"),
    "danger-text": N_("Training the model of danger in texts"),
    "urgency-text": N_("Training the model of urgency in texts"),
    "emotion-voice": N_("Training the model of emotion in voices"),
}


def show() -> None:
    """Show the two ways to begin."""
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.header(_("Import your data"), anchor=False)
        st.text(
            _("Zips of 119 calls, folders of audio, tables of texts: from this browser or a folder of the server. "
              "The import goes on if you close the page.")
        )  # fmt: skip
        links.show(_("Import data"), links.page("import_data"), icon=":material/upload_file:")
    with right.container(border=True, height="stretch"):
        st.header(_("Or look around in the demo"), anchor=False)
        st.text(
            _("Calls with synthetic voices and sentences that this project wrote, and three models trained on them. It "
              "takes a minute or two; you can look around meanwhile.")
        )  # fmt: skip
        if jobs.running(workspace(), DEMO_JOB) is None and st.button(
            _("Load the demo"), icon=":material/play_circle:", key="demo_start"
        ):
            _start()


def _start() -> None:
    """Queue the job; its module is heavy, so it is loaded only here."""
    from core.workflows import demo

    demo.start(workspace())
    st.rerun()


def demo_progress() -> None:
    """Show the progress of the job that builds the demo, while it runs; show why it failed, once."""
    if trouble := st.session_state.pop("demo_trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if (job := jobs.running(workspace(), DEMO_JOB)) is not None:
        with st.container(border=True):
            st.header(_("The demo is being prepared"), anchor=False)
            st.caption(_("You can leave this page, or close the browser: it goes on."))
            _follow(job.id)


@st.fragment(run_every=1.0)
def _follow(job_id: str) -> None:
    with guard():
        follow(job_id, "demo", _counted)


def _counted(progress: Mapping[str, Any], done: int, total: int) -> str:
    """Say which stage of the job is at work, and how far it is."""
    names = list(STAGES)
    stage = progress.get("stage")
    if stage not in STAGES:
        return _("waiting for its turn")
    return _("step {n} of {all} · {stage} · {share}").format(
        n=names.index(stage) + 1, all=len(names), stage=_(STAGES[stage]), share=f"{done / total if total else 0:.0%}"
    )
