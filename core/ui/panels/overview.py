"""개요 / Overview: counts of the workspace, progress by scheme, recent runs and jobs, what to do next."""

import streamlit as st

from core.records import RunInfo
from core.schemes import SCHEMES
from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.ui.panels.job_titles import job_title
from core.ui.translation import translate
from core.ui.widgets import forms
from core.workflows import overview
from core.workflows.evaluation import marks

STEPS = {
    "import": (N_("Import a delivery: `python -m core ingest aihub119 PATH...`, or `make run` for the demo"), None),
    "clashes": (N_("Decide on differences between deliveries and the corpus: {n}"), "pages/import_data.py"),
    "label": (N_("Label utterances for danger"), "pages/review.py"),
    "snapshot": (N_("Freeze a snapshot"), "pages/train.py"),
    "train": (N_("Train a model"), "pages/train.py"),
    "predict": (N_("Try the models on a recording"), "pages/predict.py"),
    "schemes": (N_("Look at a label scheme that was proposed"), "pages/schemes.py"),
}
MOST_CLASSES = 8  # the most frequent ones, where a scheme has more
JOB_STATES = {
    "queued": N_("queued"),
    "running": N_("running"),
    "done": N_("done"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
}


def show() -> None:
    summary = overview.overview(workspace())
    if summary.is_demo:
        st.info(
            _("This is the demo corpus: calls and sentences were written by this project, the voices are synthetic."),
            icon=":material/info:",
        )
    _counts(summary.counts)
    left, right = st.columns(2)
    with left:
        st.subheader(_("Next"), anchor=False)
        for step in summary.next_steps:
            text, target = STEPS[step]
            if target is None:
                st.markdown(_(text))
            else:
                label = _(text).format(n=f"{summary.clashes:,}")
                st.page_link(target, label=label, icon=":material/arrow_forward:")
    with right:
        st.subheader(_("Progress by scheme"), anchor=False)
        for name, n in summary.progress.items():
            if n["targets"] and (n["labelled"] or name == "danger"):
                _progress(name, n)
    _recent(summary)


def _counts(counts: dict[str, int]) -> None:
    tiles = (
        (_("Calls"), f"{counts['recordings']:,}"),
        (_("Utterances"), f"{counts['utterances']:,}"),
        (_("Sentences on their own"), f"{counts['sentences']:,}"),
        (_("Usable for voice"), f"{counts['voice_usable']:,}"),
        (_("Audio (minutes)"), f"{counts['audio_ms'] / 60000:,.1f}"),
    )
    with st.container(horizontal=True, key="tiles"):  # wraps where the window is narrow
        for title, value in tiles:
            st.metric(title, value, border=True)


def _progress(name: str, n: dict[str, int]) -> None:
    codes = SCHEMES[name].codes
    if len(codes) > MOST_CLASSES:
        codes = tuple(sorted(codes, key=lambda code: -n[code])[:MOST_CLASSES])
    classes = " · ".join(f"{forms.code_title(name, code)} {n[code]:,}" for code in codes)
    classes += "" if len(codes) == len(SCHEMES[name].codes) else " · …"
    share = n["labelled"] / n["targets"]
    text = f"{forms.scheme_title(name)}: {n['labelled']:,} / {n['targets']:,} ({share:.0%}) — {classes}"
    st.progress(share, text=forms.plain(text))


def _recent(summary: overview.Overview) -> None:
    left, right = st.columns([3, 2])
    with left:
        st.subheader(_("Recent runs"), anchor=False)
        if summary.runs:
            st.dataframe([_run_row(run) for run in summary.runs[:8]], hide_index=True)
        else:
            st.caption(_("No run yet: train one on the Train page."))
    with right:
        st.subheader(_("Recent jobs"), anchor=False)
        if summary.jobs:
            rows = [
                {_("Job"): job_title(job), _("State"): _(JOB_STATES[job.state]), _("Started"): _short(job.created_at)}
                for job in summary.jobs[:8]
            ]
            st.dataframe(rows, hide_index=True)
        else:
            st.caption(_("No job yet."))


def _run_row(run: RunInfo) -> dict[str, object]:
    score = run.metrics.get("test", {}).get("macro_f1", {}).get("value")
    score = None if marks.refused(run.metrics) else score
    remarks = ", ".join(map(translate, marks.short_marks(run.metrics)))
    return {
        _("Recipe"): run.recipe,
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
