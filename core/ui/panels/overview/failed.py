"""Failed jobs: what each was, why it failed in words, what can be done about it, and the technical form on request."""

import streamlit as st

from core.records import Job
from core.ui import links
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.job_titles import failure, job_title
from core.ui.widgets import forms
from core.workflows.overview import failed

SHOWN = 5
# What to do about a failed job of a kind, and the page on which that is done.
ADVICE: dict[str, tuple[str, str]] = {
    "import": (N_("Mend the files or choose others on the Import page. What was read before is in the corpus."),
               "import_data"),
    "train": (N_("Try again, which goes on where it stopped, or choose other settings on the Train page."), "train"),
    "clean": (N_("Change the plan on the Clean page, or try again."), "clean"),
    "quality": (N_("Try again, or choose fewer checks on the Quality page."), "quality"),
    "augment": (N_("Change the plan on the Augment page, or try again."), "augment"),
    "augment-voice": (N_("Change the plan on the Augment page, or try again."), "augment"),
    "leakmeter": (N_("Try again, or choose another run on the Evaluate page."), "evaluate"),
    "label-errors": (N_("Label more of each class first, then try again."), "review"),
    "predict-batch": (N_("Look at the files on the Live prediction page, or try again."), "predict"),
    "transcribe": (N_("See whether a speech recogniser is installed, then try again."), "quality"),
    "letter-errors": (N_("See whether a speech recogniser is installed, then try again."), "quality"),
    "pseudo-label": (N_("Try again, or choose another run on the Pseudo-label page."), "pseudo_label"),
    "pseudo-label-gate": (N_("Try again, or choose another run on the Pseudo-label page."), "pseudo_label"),
    "map": (N_("Try again, or choose other vectors on the Map page."), "map"),
}  # fmt: skip
ANY = N_("Try again. What it stored before is kept, and nothing is added twice.")


def show() -> None:
    """Show the failed jobs that nobody has dealt with, and those that were put aside; nothing if there are none."""
    jobs = failed.failed(workspace())
    if notice := st.session_state.pop("failed_notice", ""):
        st.success(notice, icon=":material/task_alt:")
    if jobs:
        _list(jobs)
    if put_aside := failed.aside(workspace()):
        _aside(put_aside)


def _aside(jobs: list[Job]) -> None:
    """Show what was put aside, the newest first, each with the way back."""
    with st.expander(
        _("Failed jobs that were put aside: {n}").format(n=f"{len(jobs):,}"), icon=":material/inventory_2:"
    ):
        for job in jobs[:SHOWN]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{forms.plain(job_title(job))} · {forms.minute(job.updated_at)}")
                if st.button(_("Take it up again"), icon=":material/undo:", key=f"failed-up-{job.id}"):
                    failed.take_up(workspace(), job.id)
                    _noted(_("The failed job is on the list again."))


def _list(jobs: list[Job]) -> None:
    st.header(_("Jobs that failed: {n}").format(n=f"{len(jobs):,}"), anchor=False)
    for job in jobs[:SHOWN]:
        _show(job)
    if len(jobs) > SHOWN:
        st.caption(_("{n} more: they are shown here when these are dealt with.").format(n=f"{len(jobs) - SHOWN:,}"))


def _show(job: Job) -> None:
    with st.container(border=True):
        st.markdown(f":material/error: **{forms.plain(job_title(job))}** · {forms.minute(job.updated_at)}")
        st.text(failure(job))
        advice, page = ADVICE.get(job.kind, (ANY, ""))
        st.caption(_(advice))
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(_("Try again"), icon=":material/refresh:", key=f"failed-again-{job.id}"):
                failed.retry(workspace(), job.id, curator())
                _noted(_("It is queued again."))
            if st.button(_("Put aside"), icon=":material/done:", key=f"failed-aside-{job.id}",
                         help=_("It is not shown here any more; nothing else changes.")):  # fmt: skip
                failed.put_aside(workspace(), job.id, curator())
                _noted(_("The failed job was put aside."))
            if page:
                links.show(_("Open the page"), links.page(page))
            with st.popover(_("Technical details")):
                st.code(f"{job.id}\n{job.kind}: {job.title}\n{job.error or ''}", language=None, wrap_lines=True)


def _noted(text: str) -> None:
    """Show a notice on the next run, which begins at once."""
    st.session_state["failed_notice"] = text
    st.rerun()
