"""학습 / Train: freeze a snapshot, start a training job, watch its epochs. The job survives reload and restart."""

from collections.abc import Mapping, Set

import streamlit as st

from core import ui
from core.records import Job, SnapshotInfo
from core.schemes import SCHEMES
from core.text.clock import clock
from core.ui import N_, _, translation
from core.ui.panels import runs as run_panel
from core.ui.panels import training
from core.ui.panels.evaluation import leaks
from core.ui.panels.job_titles import job_title
from core.ui.panels.overview import JOB_STATES
from core.ui.widgets import charts, forms
from core.workflows import jobs
from core.workflows.models import in_use, train
from core.workflows.snapshots import snapshot
from core.workflows.snapshots.snapshot import Conflicts, Inputs, Official, Unit

INPUTS: dict[Inputs, str] = {"text": N_("Text"), "voice": N_("Voice alone"), "both": N_("Text and voice")}
CONFLICTS: dict[Conflicts, str] = {
    "keep": N_("Keep all, count them"),
    "drop": N_("Leave all of them out"),
    "majority": N_("Keep the class of the majority"),
}
OFFICIAL: dict[Official | None, str] = {
    None: N_("not used"),
    "keep": N_("as published, repeats kept"),
    "clean": N_("clean, repeats left out"),
}
UNITS: dict[Unit, str] = {"utterance": N_("An utterance"), "call": N_("A whole call, turns joined")}
ICONS = {
    "queued": "schedule",
    "running": "play_circle",
    "done": "check_circle",
    "failed": "error",
    "cancelled": "cancel",
}


def freeze() -> None:
    with st.expander(_("Freeze a snapshot"), icon=":material/ac_unit:"), st.form("freeze"):
        first, second, third, fourth = st.columns([3, 3, 2, 1])
        fifth, sixth, seventh, eighth, ninth = st.columns(5)
        name = first.text_input(_("Name"), max_chars=60, placeholder="danger-2026-11")
        schemes = second.multiselect(
            _("Schemes"), list(SCHEMES), list(SCHEMES)[:1], format_func=forms.scheme_title,
            help=_("Several schemes make one snapshot: an item without a label under one of them is masked there."),
        )  # fmt: skip
        split = third.text_input(_("Split (train/validation/test, %)"), "70/15/15")
        seed = fourth.number_input(_("Seed"), 0, 2**31, 0)
        inputs = fifth.selectbox(
            _("What the model reads"), list(INPUTS), format_func=lambda value: _(INPUTS[value]),
            help=_("Where the voice alone is read, texts may repeat, but no speaker stands on two sides."),
        )  # fmt: skip
        conflicts = sixth.selectbox(
            _("Equal texts of different classes"), list(CONFLICTS), format_func=lambda value: _(CONFLICTS[value])
        )
        official = seventh.selectbox(
            _("Published split"), list(OFFICIAL), format_func=lambda value: _(OFFICIAL[value]),
            help=_("For data that was published with a split. What repeats across its sides is counted either way."),
        )  # fmt: skip
        unit = eighth.selectbox(
            _("One item is"), list(UNITS), format_func=lambda value: _(UNITS[value]),
            help=_("Whole calls need labels of the recording, such as urgency."),
        )  # fmt: skip
        sides_of = ninth.selectbox(
            _("Sides"), ["", *(info.name for info in snapshot.every(ui.workspace()))],
            format_func=lambda name: _("as in {name}").format(name=name) if name else _("by group"),
            help=_("Pseudo-labels in it: keep the sides of the snapshot that their teacher has learnt from."),
        )  # fmt: skip
        if st.form_submit_button(_("Freeze"), icon=":material/ac_unit:"):
            info = snapshot.create(
                ui.workspace(), name, schemes, split, seed, inputs=inputs, conflicts=conflicts, official=official,
                unit=unit, sides_of=sides_of or None,
            )  # fmt: skip
            st.success(
                _("Frozen: {name}, content hash {sha}").format(name=forms.plain(info.name), sha=info.sha256[:12])
            )
            composition(info)


def composition(info: SnapshotInfo) -> None:
    """Groups and classes of each side under each scheme, then what was left out and why."""
    report = info.counts["report"]
    for name, counts in info.counts.get("targets", {info.scheme: info.counts}).items():
        groups = report.get("targets", {}).get(name, report)["groups_by_side"]
        if "targets" in info.counts:
            st.markdown(f"**{forms.plain(forms.scheme_title(name))}** · n = {counts['n']:,}")
        st.dataframe(
            [
                {_("Side"): forms.side_title(side), _("Groups"): groups[side]}
                | {forms.code_title(name, code): n for code, n in classes.items()}
                for side, classes in counts["sides"].items()
            ],
            hide_index=True,
        )
    for sentence in snapshot.explained(report):
        st.caption(forms.plain(translation.translate(sentence)))


@st.fragment(run_every="1s")
def board() -> None:
    rows = jobs.recent(ui.workspace(), 12)
    if not rows:
        st.caption(_("No job yet."))
    serving = in_use.by_run(ui.workspace())
    resumable = train.resumable(ui.workspace())
    for job in rows:
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
            st.progress(min(state["done"] / state["total"], 1.0), text=progress_text(job))
        if job.state == "failed":
            st.error(forms.plain(translation.translate(job.error or "")))
        if len(state.get("history", ())) > 1:
            titles = {
                "loss": _("Training loss"),
                "validation_loss": _("Validation loss"),
                "macro_f1": _("Validation macro-F1"),
            }
            st.plotly_chart(
                charts.curves(state["history"], titles, _("Epoch")), key=f"curve-{job.id}", config=charts.tools()
            )
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.caption(f"{job.id} · {forms.minute(job.created_at)}")
        if live and right.button(_("Cancel"), key=f"cancel-{job.id}", disabled=job.cancel_requested, width="stretch"):
            jobs.cancel(ui.workspace(), job.id)
        run_id = str(job.params.get("run_id", job.id))
        if (
            job.state in ("cancelled", "failed")
            and run_id in resumable
            and right.button(_("Resume"), key=f"resume-{job.id}", icon=":material/resume:", width="stretch")
        ):
            train.resume(ui.workspace(), run_id)
        if job.state == "done":
            right.page_link("pages/evaluate.py", label=_("Scores"), query_params={"run": run_id})
            if job.kind == "train":
                left.caption(run_panel.standing(serving.get(run_id)))
                run_panel.use(run_id, serving.get(run_id), right)


def progress_text(job: Job) -> str:
    state = job.progress
    if "trainings" in state:  # a leak meter trains the same recipe several times
        return leaks.counted(state)
    text = _("epoch {epoch} of {epochs} · step {done} of {total}").format(
        epoch=state.get("epoch", 0), epochs=state.get("epochs", 0), done=state["done"], total=state["total"]
    )
    parts = [text]
    if state.get("loss") is not None:
        parts.append(_("loss {loss}").format(loss=f"{state['loss']:.3f}"))
    if state.get("rate"):
        parts.append(_("{rate} a second").format(rate=f"{state['rate']:.1f}"))
        parts.append(_("{time} left").format(time=clock(state["left_ms"])))
    return " · ".join(parts)


with ui.page("train"):
    freeze()
    training.begin()
    st.subheader(_("Jobs"), anchor=False)
    board()
    training.compare()
