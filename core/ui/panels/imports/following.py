"""An import that runs or has ended: its progress, its report, what differs from known items, and what to do next.

The job is in the address, so that a reload, a bookmark and another browser show the same import.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import NotFound
from core.records import Job
from core.ui.frame import guard, workspace
from core.ui.i18n import N_, _
from core.ui.panels.imports import clashes, recognised, result
from core.ui.panels.job_progress import follow
from core.ui.panels.job_titles import JOB_STATES, failure
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.imports.deliveries import job as importing
from core.workflows.imports.deliveries.outcome import Outcome

SHOWN = 5
UNITS = {"calls": N_("Calls read: {done} of {total}"), "files": N_("Files read: {done} of {total}")}


def current() -> Job | None:
    """Return the import that the address names; None for none, or if it is gone."""
    try:
        job = jobs.get(workspace(), st.query_params["job"]) if "job" in st.query_params else None
    except NotFound:
        job = None
    return job if job is not None and job.kind == importing.JOB else None


def open_job(job_id: str) -> None:
    """Show this import from the next run on."""
    for name in ("delivery", "from", "root", "folder", "left"):
        st.query_params.pop(name, None)
    st.query_params["job"] = job_id


def show(job: Job) -> None:
    """Show the import in its state."""
    kind = recognised.title(str(job.params["kind"]))
    st.header(forms.plain(_("Import of {name}").format(name=job.title)), anchor=False)
    st.caption(f"{kind} · {forms.minute(job.created_at)} · {_(JOB_STATES[job.state])}")
    outcome = importing.outcome_of(job)
    if job.state in jobs.LIVE:
        st.caption(_("You can leave this page, or close the browser: the import goes on."))
        _follow(job.id)
        return
    if job.state == "done" and outcome is not None:
        result.show(outcome)
        _settle(job, outcome)
        _other_tables(job)
        result.links()
    else:
        _unfinished(job)
    if st.button(_("Import something else"), icon=":material/add:", key="import_other"):
        del st.query_params["job"]
        st.rerun()


@st.fragment(run_every=1.0)
def _follow(job_id: str) -> None:
    with guard():
        follow(job_id, "import", _counted)


def _counted(progress: Mapping[str, Any], done: int, total: int) -> str:
    """Return how far an import is, in words."""
    if progress.get("unit") == "rows":
        return _("Rows read: {n}").format(n=f"{int(progress.get('rows', 0)):,}")
    if not total:
        return _("Looking through the files …")
    text = _(UNITS.get(str(progress.get("unit")), UNITS["files"]))
    return text.format(done=f"{done:,}", total=f"{total:,}")


def _unfinished(job: Job) -> None:
    """Say that an import was cancelled or failed, what stays of it, and offer to go on."""
    if job.state == "failed":
        st.error(forms.plain(failure(job)), icon=":material/error:")
    st.info(
        _("What was read before is in the corpus and stays there. Go on with the same files: nothing is added twice."),
        icon=":material/info:",
    )
    if st.button(_("Go on with this import"), type="primary", icon=":material/resume:", key="import_again"):
        open_job(importing.again(workspace(), job))
        st.rerun()


def _other_tables(job: Job) -> None:
    """Offer to go on with the other tables of the upload, which wait for their import."""
    request = importing.request_of(job)
    names = importing.other_tables(workspace(), request) if request.kind == "table" else []
    if names:
        shown = ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
        text = _("The other tables of this upload are still here: {names}").format(names=shown)
        st.info(forms.plain(text), icon=":material/table:")
        if st.button(_("Go on with them"), icon=":material/arrow_forward:", key="import_rest"):
            del st.query_params["job"]
            st.query_params["delivery"] = request.delivery
            st.rerun()


def _settle(job: Job, outcome: Outcome) -> None:
    """Ask what to do about items that differ from known ones, or show what was done about them."""
    request = importing.request_of(job)
    if request.on_clash == "propose":
        clashes.settled(clashes.Choice("propose"), outcome.clashed, outcome.proposals, outcome.source, outcome.rejects)
    elif outcome.clashed and st.query_params.get("left") == "1":
        clashes.settled(clashes.Choice("report"), outcome.clashed, 0, outcome.source, outcome.rejects)
    elif outcome.clashed:
        found = clashes.Found(outcome.clashes, outcome.clashed, outcome.differing, outcome.read, outcome.source)
        if (choice := clashes.ask(found, job.id)) is not None:
            _carry_out(job, outcome, choice)
            st.rerun()
    elif request.on_clash == "source":
        clashes.settled(clashes.Choice("source"), 0, 0, outcome.source, outcome.rejects)


def _carry_out(job: Job, outcome: Outcome, choice: clashes.Choice) -> None:
    """Import the delivery again the way that was chosen; to leave what is known as it is needs no second import.

    A new source may have the name of a known one; then its differences are asked about anew.
    """
    if choice.way == "report":
        st.query_params["left"] = "1"
        importing.settle(workspace(), importing.request_of(job))
        return
    request = importing.request_of(job)
    source = choice.source if choice.way == "source" else request.source or _table_source(job, outcome)
    open_job(importing.again(workspace(), job, on_clash=choice.way, source=source))


def _table_source(job: Job, outcome: Outcome) -> str:
    """Return the source that a table came into; other formats find theirs by themselves."""
    return outcome.source if job.params["kind"] == "table" else ""


def latest_batch(job: Job | None) -> str | None:
    """Return the name of the suggestions that an import made; None if it made none."""
    outcome = importing.outcome_of(job) if job is not None else None
    return None if outcome is None else outcome.batch


def running() -> None:
    """Say that an import runs, on the page where another one can be begun."""
    if (job := jobs.running(workspace(), importing.JOB)) is not None:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.text(_("An import is running: {name}").format(name=job.title))
            st.button(_("Show it"), key="import_running", on_click=open_job, args=(job.id,))


def earlier() -> None:
    """List the latest imports, each with its state and a button that opens its report."""
    rows = importing.earlier(workspace(), SHOWN)
    if not rows:
        return
    with st.expander(_("Earlier imports"), icon=":material/history:"):
        for job in rows:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"{job.title} · {_(JOB_STATES[job.state])} · {forms.minute(job.created_at)}")
                st.button(_("Show the report"), key=f"import-show-{job.id}", on_click=open_job, args=(job.id,))
