"""Recent runs and jobs in words; their technical form is behind a button."""

from collections.abc import Iterable

import streamlit as st

from core.records import Job, RunInfo
from core.ui.i18n import _
from core.ui.panels.job_titles import JOB_STATES, job_title, recipe_title
from core.ui.translation import translate
from core.ui.widgets import forms
from core.workflows.evaluation import marks
from core.workflows.overview.summary import Overview

SHOWN = 8


def show(summary: Overview) -> None:
    """Show the latest runs with their scores, and the latest jobs with their states."""
    left, right = st.columns([3, 2])
    with left:
        st.header(_("Recent runs"), anchor=False)
        if summary.runs:
            st.dataframe([_run_row(run) for run in summary.runs[:SHOWN]], hide_index=True)
            _technical([f"{run.id} · {run.recipe} · {run.encoder} · {run.snapshot}" for run in summary.runs[:SHOWN]])
        else:
            st.caption(_("No run yet: train one on the Train page."))
    with right:
        st.header(_("Recent jobs"), anchor=False)
        if summary.jobs:
            st.dataframe([_job_row(job) for job in summary.jobs[:SHOWN]], hide_index=True)
            _technical([f"{job.id} · {job.kind} · {job.title}" for job in summary.jobs[:SHOWN]])
        else:
            st.caption(_("No job yet."))


def _technical(lines: Iterable[str]) -> None:
    with st.popover(_("Technical details")):
        st.code("\n".join(lines), language=None, wrap_lines=True)


def _job_row(job: Job) -> dict[str, object]:
    return {
        _("Job"): job_title(job), _("State"): _(JOB_STATES[job.state]), _("Started"): _short(job.created_at),
    }  # fmt: skip


def _run_row(run: RunInfo) -> dict[str, object]:
    score = run.metrics.get("test", {}).get("macro_f1", {}).get("value")
    score = None if marks.refused(run.metrics) else score
    remarks = ", ".join(map(translate, marks.short_marks(run.metrics)))
    return {
        _("Scheme"): forms.scheme_title(run.scheme),
        _("Recipe"): recipe_title(run.recipe),
        _("Snapshot"): run.snapshot,
        _("State"): _(JOB_STATES[run.state]),
        _("Macro-F1"): None if score is None else round(score, 3),
        "n": run.metrics.get("test", {}).get("n"),
        _("Started"): _short(run.started_at),
    } | ({_("Split"): remarks} if remarks else {})


def _short(at: str) -> str:
    """Format an ISO instant as month, day and minute in the reader's zone.

    >>> _short("2026-11-21T08:56:33.120000+00:00")
    '11-21 08:56 UTC'
    """
    return forms.minute(at, "%m-%d %H:%M")
