"""품질 / Quality: run checks for faults in the data, open their findings, make proposals of fixes, decide by key."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import ui
from core.ui import _, translation
from core.ui.panels.cleaning import quality, transcripts
from core.ui.panels.job_progress import follow
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.cleaning import checks
from core.workflows.corpus import browse


def begin(utterances: int, recordings: int) -> None:
    """Show two buttons: few texts are checked at once, many texts and all audio in a job."""
    left, right = st.columns(2)
    busy = jobs.running(ui.workspace(), checks.JOB) is not None
    hint = _("Near-duplicates are looked for among up to {n} utterances.").format(n=f"{checks.MOST_NEAR:,}")
    if left.button(
        _("Check texts, labels and times"), type="primary", icon=":material/fact_check:", disabled=busy, help=hint,
        key="check_texts", width="stretch",
    ):  # fmt: skip
        text_checks = checks.texts(utterances)
        if utterances < checks.AT_ONCE:
            with st.spinner(_("Checking …")):
                checks.run(ui.workspace(), text_checks)
        else:
            checks.start(ui.workspace(), text_checks)
        st.rerun()
    if right.button(
        _("Listen to all recordings: {n}").format(n=f"{recordings:,}"), icon=":material/hearing:", key="check_sound",
        disabled=busy or not recordings, width="stretch",
    ):  # fmt: skip
        checks.start(ui.workspace(), checks.SOUND)
        st.rerun()


@st.fragment(run_every="1s")
def progress(job_id: str) -> None:
    def counted(counts: Mapping[str, Any], done: int, total: int) -> str:
        stages = {"utterances": _("utterances"), "recordings": _("recordings"), "files": _("files")}
        return f"{done:,} / {total:,} {stages.get(str(counts.get('stage')), '')}"

    follow(job_id, "quality", counted)


def results() -> None:
    report = checks.last(ui.workspace())
    if not report.at:
        st.info(_("Nothing was checked yet. Start with the button."), icon=":material/info:")
        return
    when = forms.minute(max(report.at.values()))
    st.caption(_("Last checked {when} · checks: {checks}").format(when=when, checks=len(report.at)))
    if not report.findings:
        st.success(_("No faults were found."), icon=":material/check_circle:")
        return
    quality.show_findings(report.findings)


with ui.page("quality"):
    totals = browse.totals(ui.workspace())
    if not totals["utterances"]:
        st.info(_("There is nothing to check yet: import a delivery or a table first."), icon=":material/info:")
        st.page_link("pages/import_data.py", label=_("Import"), icon=":material/upload_file:")
    else:
        begin(totals["utterances"], totals["recordings"])
        if (job := jobs.running(ui.workspace(), checks.JOB)) is not None:
            progress(job.id)
        if trouble := st.session_state.pop("quality_trouble", ""):
            st.error(forms.plain(translation.translate(trouble)))
        results()
        quality.decide()
        transcripts.panel()
