"""The first section of the Pseudo-label page: let the run judge what no person has labelled, and follow the job."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.filters import Filter, from_query
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.ui.panels.job_progress import follow
from core.ui.panels.job_titles import failure
from core.ui.panels.pseudo_labels.chosen import Chosen
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.corpus import views
from core.workflows.pseudo_labels import judge, pool

EXECUTORS = {
    "inline": N_("One process"),
    "processes": N_("All cores of this machine"),
    "ray": N_("A Ray cluster"),
}
PRECISIONS = ("auto", "float32", "bf16", "int8")


def show(chosen: Chosen) -> None:
    """Draw how much is judged, and the form that starts a job or the progress of the one that runs."""
    n = pool.size(workspace(), chosen.run.id, chosen.target)
    st.caption(
        _("The run judges what no person has labelled; what it has judged before is not judged again. A job that was "
          "stopped goes on where it was.")
    )  # fmt: skip
    st.metric(_("Predictions of this run"), f"{n:,}")
    job = judge.latest(workspace(), chosen.run.id)
    if job is not None and job.state in jobs.LIVE:
        _follow(job.id)
        return
    _begin(chosen)
    reason = failure(job) if job is not None and job.state == "failed" else ""
    if trouble := st.session_state.pop("judging_refused", "") or reason:
        st.error(forms.plain(translation.translate(trouble)), icon=":material/error:")
    elif job is not None and "result" in job.progress:
        _result(job.progress["result"])


def _result(result: Mapping[str, Any]) -> None:
    """Say what the last job did, and why some items have no prediction."""
    skipped = sum(result["skipped"].values())
    st.caption(
        _("The last job: {judged} judged, {known} had been judged before, {skipped} without a prediction.").format(
            judged=f"{result['judged'] - skipped:,}", known=f"{result['known']:,}", skipped=f"{skipped:,}"
        )
    )
    for reason, n in result["skipped"].items():
        st.caption(f"{n:,} · {forms.plain(translation.translate(reason))}")


@st.fragment(run_every="1s")
def _follow(job_id: str) -> None:
    follow(job_id, "judging", _counted)


def _counted(progress: Mapping[str, Any], done: int, total: int) -> str:
    return _("{done} of {total} looked at").format(done=f"{done:,}", total=f"{total:,}")


def _begin(chosen: Chosen) -> None:
    """Draw the form that starts a job."""
    wanted = _wanted()
    with st.expander(_("Where and how"), icon=":material/tune:"):
        left, middle, right = st.columns(3)
        installed = judge.executors()
        executor = left.selectbox(
            _("Where it runs"), [name for name in EXECUTORS if installed.get(name)],
            format_func=lambda name: _(EXECUTORS[name]), key="judge_executor",
        )  # fmt: skip
        workers = middle.number_input(
            _("Workers"), 0, 1024, 0, key="judge_workers", help=_("0: as many as there are cores.")
        )
        precision = right.selectbox(
            _("Precision"), PRECISIONS, key="judge_precision",
            help=_("How an encoder computes: auto takes the fastest that this machine has, and checks it."),
        )  # fmt: skip
        address = left.text_input(_("Address of the cluster"), key="judge_address") if executor == "ray" else ""
    if st.button(_("Judge what is unlabelled"), icon=":material/bolt:", type="primary", key="judge_start"):
        plan = judge.JudgePlan(
            chosen.run.id, wanted, (chosen.target,), executor, int(workers) or None, address.strip() or None, precision
        )
        _start(plan)


def _wanted() -> Filter:
    """Let a person choose a saved view of the corpus; without one, all utterances."""
    saved = {view.name: view for view in views.list_views(workspace())}
    if not saved:
        return Filter()
    every = _("All utterances")
    view = st.selectbox(_("Which utterances"), ["", *saved], format_func=lambda name: name or every, key="judge_view")
    return from_query(saved[view].query) if view else Filter()


def _start(plan: judge.JudgePlan) -> None:
    try:
        judge.start(workspace(), plan)
    except CoreError as error:
        st.session_state["judging_refused"] = str(explain(error))
    st.rerun()
