"""학습 / Train: freeze a snapshot, start a training job, watch its epochs. The job survives reload and restart."""

from collections.abc import Callable, Mapping, Set
from typing import Any

import streamlit as st

from core import ui
from core.errors import CoreError
from core.records import Job
from core.text.clock import clock
from core.ui import _
from core.ui.error_messages import explain
from core.ui.panels import freezing, training
from core.ui.panels import runs as run_panel
from core.ui.panels.evaluation import leaks
from core.ui.panels.job_titles import JOB_STATES, failure, job_title
from core.ui.widgets import chart_table, charts, forms
from core.workflows import jobs
from core.workflows.models import in_use, train
from core.workflows.workspace import Workspace

ICONS = {
    "queued": "schedule",
    "running": "play_circle",
    "done": "check_circle",
    "failed": "error",
    "cancelled": "cancel",
}


@st.fragment(run_every="1s")
def board() -> None:
    rows = jobs.recent(ui.workspace(), 12)
    if not rows:
        st.caption(_("No job yet."))
    serving = in_use.by_run(ui.workspace())
    resumable = train.resumable(ui.workspace())
    for job in rows:
        with ui.guard():
            show(job, serving, resumable)


def show(job: Job, serving: Mapping[str, in_use.Serving], resumable: Set[str]) -> None:
    live = job.state in jobs.LIVE
    with st.expander(
        f"{forms.plain(job_title(job))} · {_(JOB_STATES[job.state])}",
        icon=f":material/{ICONS[job.state]}:",
        expanded=live,
        key=f"job-{job.id}",
    ):
        state = job.progress
        if live and state.get("total"):
            st.progress(share(state), text=progress_text(job))
        if job.state == "failed":
            st.error(forms.plain(failure(job)))
        if len(state.get("history", ())) > 1:
            titles = {
                "loss": _("Training loss"),
                "validation_loss": _("Validation loss"),
                "macro_f1": _("Validation macro-F1"),
            }
            figure = charts.curves(state["history"], titles, _("Epoch"))
            chart_table.show(figure, _("Loss and macro-F1 by epoch"), f"curve-{job.id}")
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.caption(forms.minute(job.created_at))
        if live:
            right.button(_("Cancel"), key=f"cancel-{job.id}", disabled=job.cancel_requested, width="stretch",
                         on_click=carry_out, args=(jobs.cancel, job.id, job.id))  # fmt: skip
        run_id = str(job.params.get("run_id", job.id))
        if job.state in ("cancelled", "failed") and run_id in resumable:
            right.button(_("Resume"), key=f"resume-{job.id}", icon=":material/resume:", width="stretch",
                         on_click=carry_out, args=(train.resume, run_id, job.id))  # fmt: skip
        if refused := st.session_state.get(refused_key(job.id)):
            st.error(forms.plain(refused), icon=":material/error:")
        if job.state == "done":
            right.page_link("pages/evaluate.py", label=_("Scores"), query_params={"run": run_id})
            if job.kind == "train":
                left.caption(run_panel.standing(serving.get(run_id)))
                run_panel.use(run_id, serving.get(run_id), right)


def refused_key(job_id: str) -> str:
    return f"refused-{job_id}"


def carry_out(action: Callable[[Workspace, str], object], name: str, job_id: str) -> None:
    """Do what a button of a job says. A refusal stays under the job until its next button is pressed.

    The board is drawn again each second, so that an error which is only drawn once would be gone before it is read.
    """
    st.session_state.pop(refused_key(job_id), None)
    try:
        action(ui.workspace(), name)
    except CoreError as error:
        st.session_state[refused_key(job_id)] = explain(error)


def share(state: Mapping[str, Any]) -> float:
    """Return how much of a job is done, 0 to 1: the bar and the number beside it are this one value."""
    return min(max(state["done"] / state["total"], 0.0), 1.0)


def progress_text(job: Job) -> str:
    state = job.progress
    if "trainings" in state:  # a leak meter trains the same recipe several times
        return leaks.counted(state)
    text = _("epoch {epoch} of {epochs} · step {done} of {total}").format(
        epoch=state.get("epoch", 0), epochs=state.get("epochs", 0), done=state["done"], total=state["total"]
    )
    parts = [f"{share(state):.0%}", text]
    if state.get("loss") is not None:
        parts.append(_("loss {loss}").format(loss=f"{state['loss']:.3f}"))
    if state.get("rate"):
        parts.append(_("{rate} a second").format(rate=f"{state['rate']:.1f}"))
        parts.append(_("{time} left").format(time=clock(state["left_ms"])))
    return " · ".join(parts)


with ui.page("train"):
    freezing.panel()
    with ui.guard():
        training.begin()
    st.header(_("Jobs"), anchor=False)
    board()
    with ui.guard():
        training.compare()
