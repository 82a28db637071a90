"""정제 / Clean: edit the plan, run it over a filter, decide on its suggestions by step, undo a run."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import ui
from core.filters import Filter, from_query
from core.ui import _, translation
from core.ui.panels.cleaning import cleaning, glance, proposals
from core.ui.panels.job_progress import follow
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.cleaning import decisions, history
from core.workflows.cleaning import run as cleaning_run
from core.workflows.corpus import browse, views

MOST = 2000  # utterances in the preview


def chosen_filter() -> Filter:
    """Return the filter: a saved view of the Corpus page, or a text to search for. The choice is in the address."""
    saved = {saved_view.name: saved_view for saved_view in views.list_views(ui.workspace())}
    left, right = st.columns(2)
    with left:
        everything = _("All utterances")
        view = forms.linked_choice(
            _("Which utterances"), ["", *saved], "view", lambda saved_view: saved_view or everything
        )
    if view:
        return from_query(saved[view].query)
    with right:
        text = forms.linked_text(_("Text contains"), "text")
    return Filter(text=text.strip())


def begin(wanted: Filter) -> None:
    """Show a button for a preview and one that starts the run as a job."""
    total = browse.count(ui.workspace(), wanted)
    st.caption(_("{n} utterances").format(n=f"{total:,}"))
    left, right = st.columns(2)
    if left.button(_("Preview"), icon=":material/preview:", key="clean_look", disabled=not total, width="stretch"):
        plan = cleaning.edited_plan()
        with st.spinner(_("Looking …")):
            st.session_state["clean_seen"] = (
                wanted,
                plan,
                cleaning_run.preview(ui.workspace(), plan, wanted, most=MOST),
            )
    busy = jobs.running(ui.workspace(), cleaning_run.JOB) is not None
    if right.button(
        _("Run the plan"), type="primary", icon=":material/play_arrow:", key="clean_run", disabled=busy or not total,
        help=_("It makes proposals; only steps that apply themselves change texts. All of it can be undone."),
        width="stretch",
    ):  # fmt: skip
        st.session_state.pop("clean_seen", None)
        st.session_state["clean_shown"] = cleaning_run.start(
            ui.workspace(), cleaning.edited_plan(), wanted, ui.curator()
        )
        st.rerun()
    last_preview = st.session_state.get("clean_seen")
    if last_preview is not None and last_preview[:2] == (wanted, cleaning.edited_plan()):
        preview(last_preview[2])


def preview(result: cleaning_run.CleaningPreview) -> None:
    st.caption(_("Looked at {n} utterances; nothing was written.").format(n=f"{result.utterances:,}"))
    for step, n in result.counts.items():
        if n:
            with st.expander(f"{cleaning.title(step)} · {n:,}"):
                cleaning.samples(step, result.samples[step])
    if not any(result.counts.values()):
        st.info(_("The plan would change nothing here."), icon=":material/check:")
    for step, why in result.left_out.items():
        st.caption(f"{cleaning.title(step)}: {forms.plain(translation.translate(why))}")


@st.fragment(run_every="1s")
def progress(job_id: str) -> None:
    def counted(counts: Mapping[str, Any], done: int, total: int) -> str:
        stage = _("compared") if counts.get("stage") == "compared" else _("utterances")
        return (f"{done:,} / {total:,} " if total else f"{done:,} ") + stage

    follow(job_id, "clean", counted)


def chosen_cleaning_run() -> history.Run | None:
    """Return the chosen cleaning run, by default the latest; None if there is none."""
    runs_by_id = {run.id: run for run in history.list_runs(ui.workspace())}
    if not runs_by_id:
        return None
    started = st.session_state.pop("clean_shown", None)
    if started in runs_by_id:
        st.session_state["run"] = started
    st.header(_("Runs"), anchor=False)
    return runs_by_id[
        forms.linked_choice(_("Cleaning run"), list(runs_by_id), "run", lambda run_id: title(runs_by_id[run_id]))
    ]


def title(run: history.Run) -> str:
    undone = " · " + _("undone") if run.undone_at else ""
    n = _("{n} utterances").format(n=f"{run.utterances:,}")
    return f"{forms.minute(run.at)} · {run.curator} · {n}{undone}"


def show_results(run: history.Run) -> None:
    """Show the suggestions of a run by step, with decisions on a step and on the whole run."""
    tally = history.tally(ui.workspace(), run.id)
    for step, why in run.left_out.items():
        st.caption(f"{cleaning.title(step)}: {forms.plain(translation.translate(why))}")
    step_names = [step.name for step in history.plan_of(run).steps if step.name in tally]
    if not step_names:
        st.info(_("This run suggested nothing new."), icon=":material/check:")
        return
    st.dataframe(
        [
            {_("Step"): cleaning.title(step), _("Waiting"): tally[step]["open"], _("Accepted"): tally[step]["accepted"],
             _("Rejected"): tally[step]["rejected"]}
            for step in step_names
        ],
        hide_index=True,
    )  # fmt: skip
    undo(run)
    step = forms.linked_choice(_("Step"), step_names, "step", cleaning.title)
    corpus_steps = {plan_step.name for plan_step in history.plan_of(run).steps if plan_step.of_corpus}
    kind = decisions.EXCLUDE if step in corpus_steps else decisions.CLEANING
    proposals.desk(kind, cleaning.details, hear=True, operation=step, batch=run.id, bulk=True)


def undo(run: history.Run) -> None:
    if st.button(
        _("Undo the whole run"), icon=":material/undo:", key="clean_undo",
        help=_("What was accepted of it is taken back and waits again; what somebody decided on since stays."),
    ):  # fmt: skip
        with st.spinner(_("Undoing …")):
            undone, left = cleaning_run.undo(ui.workspace(), run.id, ui.curator())
        message = _("Taken back: {n}.").format(n=f"{undone:,}")
        if left:
            message += " " + _("Decided on since, and left: {n}.").format(n=f"{left:,}")
        st.session_state["clean_notice"] = message
        st.rerun()
    if notice := st.session_state.pop("clean_notice", ""):
        st.success(notice, icon=":material/undo:")


with ui.page("clean"):
    if not browse.count(ui.workspace()):
        st.info(_("There is nothing to clean yet: import a delivery or a table first."), icon=":material/info:")
        st.page_link("pages/import_data.py", label=_("Import"), icon=":material/upload_file:")
    else:
        cleaning_run.prepare()
        st.header(_("The plan"), anchor=False)
        at_a_glance = st.container()
        with st.expander(_("Change the plan"), icon=":material/checklist:"):
            cleaning.editor()
            cleaning.consent()
            cleaning.try_out()
        with at_a_glance:  # drawn after the editor, so that it shows what was just changed there
            glance.show(cleaning.rows(), {row["name"]: cleaning.title(row["name"]) for row in cleaning.rows()})
        begin(chosen_filter())
        if (job := jobs.running(ui.workspace(), cleaning_run.JOB)) is not None:
            progress(job.id)
        if trouble := st.session_state.pop("clean_trouble", ""):
            st.error(forms.plain(trouble), icon=":material/error:")
        if (chosen_run := chosen_cleaning_run()) is not None:
            show_results(chosen_run)
