"""품질 / Quality: faults before they hurt: run the checks, open what they found, offer fixes, decide by key."""

import streamlit as st

from core import ui
from core.filters import Filter
from core.ui import _, phrases
from core.ui.panels import quality
from core.ui.panels.overview import JOB_STATES
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.cleaning import checks as work


def begin(utterances: int, recordings: int) -> None:
    """Two buttons: texts at once where they are few, sound always as a job."""
    left, right = st.columns(2)
    busy = work.running(ui.workspace()) is not None
    told = _("Near-duplicates are looked for among up to {n} utterances.").format(n=f"{work.MOST_NEAR:,}")
    if left.button(
        _("Check texts, labels and times"), type="primary", icon=":material/fact_check:", disabled=busy, help=told,
        key="check_texts", width="stretch",
    ):  # fmt: skip
        checks = work.texts(utterances)
        if utterances < work.AT_ONCE:
            with st.spinner(_("Checking …")):
                work.run(ui.workspace(), checks)
        else:
            work.start(ui.workspace(), checks)
        st.rerun()
    if right.button(
        _("Listen to all recordings: {n}").format(n=f"{recordings:,}"), icon=":material/hearing:", key="check_sound",
        disabled=busy or not recordings, width="stretch",
    ):  # fmt: skip
        work.start(ui.workspace(), work.SOUND)
        st.rerun()


@st.fragment(run_every="1s")
def progress(job_id: str) -> None:
    """The job at work; the page starts over when it has ended."""
    job = ui.workspace().store.board.get(job_id)
    if job.state not in ("queued", "running"):
        if job.state == "failed":
            st.session_state["quality_trouble"] = job.error or ""
        st.rerun()
    told = job.progress
    stages = {"utterances": _("utterances"), "recordings": _("recordings"), "files": _("files")}
    done, total = int(told.get("done", 0)), int(told.get("total", 0))
    text = f"{_(JOB_STATES[job.state])} · {done:,} / {total:,} {stages.get(str(told.get('stage')), '')}"
    st.progress(min(done / total, 1.0) if total else 0.0, text=text)
    if st.button(_("Cancel"), key="cancel_quality", disabled=job.cancel_requested):
        jobs.cancel(ui.workspace(), job.id)


def results() -> None:
    report = work.last(ui.workspace())
    if not report.at:
        st.info(_("Nothing was checked yet. Start with the button."), icon=":material/info:")
        return
    when = forms.minute(max(report.at.values()))
    st.caption(_("Last checked {when} · checks: {checks}").format(when=when, checks=len(report.at)))
    if not report.findings:
        st.success(_("No faults were found."), icon=":material/check_circle:")
        return
    quality.listing(report.findings)


with ui.page("quality"):
    utterances = ui.workspace().store.corpus.find(Filter(), limit=0).total
    if not utterances:
        st.info(_("There is nothing to check yet: import a delivery or a table first."), icon=":material/info:")
        st.page_link("pages/import_data.py", label=_("Import"), icon=":material/upload_file:")
    else:
        begin(utterances, ui.workspace().store.corpus.counts()["recordings"])
        if (job := work.running(ui.workspace())) is not None:
            progress(job.id)
        if trouble := st.session_state.pop("quality_trouble", ""):
            st.error(forms.plain(phrases.shown(trouble)))
        results()
        quality.decide()
