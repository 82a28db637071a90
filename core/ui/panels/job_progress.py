"""The progress of one job, inside a fragment that runs again every second."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.job_titles import JOB_STATES, failure
from core.workflows import jobs


def follow(job_id: str, name: str, counted: Callable[[Mapping[str, Any], int, int], str]) -> None:
    """Show the progress of a job and a button that cancels it; when it has ended, the whole page runs again.

    `counted` says in words how much of all is done. Why a job failed is left in words as
    `NAME_trouble` in the session.
    """
    job = jobs.get(workspace(), job_id)
    if job.state not in jobs.LIVE:
        if job.state == "failed":
            st.session_state[f"{name}_trouble"] = failure(job)
        st.rerun()
    done, total = int(job.progress.get("done", 0)), int(job.progress.get("total", 0))
    text = f"{_(JOB_STATES[job.state])} · {counted(job.progress, done, total)}"
    st.progress(min(done / total, 1.0) if total else 0.0, text=text)
    if st.button(_("Cancel"), key=f"cancel_{name}", disabled=job.cancel_requested):
        jobs.cancel(workspace(), job.id)
