"""학습 / Train: freeze a snapshot, start a training job, watch its epochs. The job survives reload and restart."""

from collections.abc import Mapping

import streamlit as st

from core import ui
from core.records import Job, SnapshotInfo
from core.schemes import SCHEMES
from core.ui import N_, _, translation
from core.ui.panels import runs as run_panel
from core.ui.panels.overview import JOB_STATES
from core.ui.widgets import charts, forms
from core.workflows import jobs
from core.workflows.models import in_use, snapshot, train
from core.workflows.models.snapshot import Conflicts, Inputs, Official

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
        fifth, sixth, seventh = st.columns(3)
        name = first.text_input(_("Name"), max_chars=60, placeholder="danger-2026-11")
        scheme = second.selectbox(_("Scheme"), list(SCHEMES), format_func=forms.scheme_title)
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
        if st.form_submit_button(_("Freeze"), icon=":material/ac_unit:"):
            info = snapshot.create(
                ui.workspace(), name, scheme, split, seed, inputs=inputs, conflicts=conflicts, official=official
            )
            st.success(
                _("Frozen: {name}, content hash {sha}").format(name=forms.plain(info.name), sha=info.sha256[:12])
            )
            composition(info)


def composition(info: SnapshotInfo) -> None:
    """Groups and classes of each side, then what was left out and why."""
    report, sides = info.counts["report"], info.counts["sides"]
    st.dataframe(
        [
            {_("Side"): forms.side_title(side), _("Groups"): report["groups_by_side"][side]}
            | {forms.code_title(info.scheme, code): n for code, n in classes.items()}
            for side, classes in sides.items()
        ],
        hide_index=True,
    )
    for sentence in snapshot.explained(report):
        st.caption(forms.plain(translation.translate(sentence)))


def begin() -> None:
    snapshots = snapshot.every(ui.workspace())
    if not snapshots:
        st.info(_("Freeze a snapshot first: training reads nothing else."))
        return
    first, second, third = st.columns(3)
    recipe = first.selectbox(
        _("Recipe"), list(train.RECIPES), help=_("An architecture with its data needs."), key="recipe"
    )
    fitting_snapshots = [s for s in snapshots if train.RECIPES[recipe].learns(s.scheme)]
    chosen = second.selectbox(
        _("Snapshot"), fitting_snapshots, format_func=lambda s: s.name, placeholder=_("none of this scheme")
    )
    encoders = list(train.RECIPES[recipe].encoders)
    usual = encoders.index(train.RECIPES[recipe].usual_encoder())
    encoder = third.selectbox(_("Encoder"), encoders, index=usual, key=f"encoder-{recipe}")
    settings = st.text_input(
        _("Settings (key=value, separated by spaces)"), placeholder=train.settings_help(recipe, encoder), key="settings"
    )
    if (
        st.button(_("Start training"), type="primary", icon=":material/rocket_launch:", disabled=chosen is None)
        and chosen
    ):
        overrides = train.parse_settings(settings.split())
        run_id = train.start(ui.workspace(), recipe, chosen.name, encoder, overrides)
        st.toast(_("Queued: {run}").format(run=run_id), icon=":material/schedule:")


@st.fragment(run_every="1s")
def board() -> None:
    rows = jobs.recent(ui.workspace(), 12)
    if not rows:
        st.caption(_("No job yet."))
    serving = in_use.by_run(ui.workspace())
    for job in rows:
        show(job, serving)


def show(job: Job, serving: Mapping[str, in_use.Serving]) -> None:
    live = job.state in jobs.LIVE
    with st.expander(
        f"{forms.plain(job.title)} · {_(JOB_STATES[job.state])}",
        icon=f":material/{ICONS[job.state]}:",
        expanded=live,
        key=f"job-{job.id}",
    ):
        state = job.progress
        if live and state.get("total"):
            st.progress(min(state["done"] / state["total"], 1.0), text=progress_text(job))
        if job.state == "failed":
            st.error(job.error or "")
        if len(state.get("history", ())) > 1:
            titles = {
                "loss": _("Training loss"),
                "validation_loss": _("Validation loss"),
                "macro_f1": _("Validation macro-F1"),
            }
            st.plotly_chart(charts.curves(state["history"], titles, _("Epoch")), key=f"curve-{job.id}")
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.caption(f"{job.id} · {job.created_at[:19].replace('T', ' ')} UTC")
        if live and right.button(_("Cancel"), key=f"cancel-{job.id}", disabled=job.cancel_requested, width="stretch"):
            jobs.cancel(ui.workspace(), job.id)
        if job.state == "done":
            right.page_link("pages/evaluate.py", label=_("Scores"), query_params={"run": job.id})
            if job.kind == "train":
                left.caption(run_panel.standing(serving.get(job.id)))
                run_panel.use(job.id, serving.get(job.id), right)


def progress_text(job: Job) -> str:
    state = job.progress
    text = _("epoch {epoch} of {epochs} · step {done} of {total}").format(
        epoch=state.get("epoch", 0), epochs=state.get("epochs", 0), done=state["done"], total=state["total"]
    )
    return text + (f" · {forms.seconds(state['left_ms'])}" if state.get("left_ms") else "")


with ui.page("train"):
    freeze()
    begin()
    st.subheader(_("Jobs"), anchor=False)
    board()
