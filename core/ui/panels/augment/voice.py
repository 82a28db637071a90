"""Changed copies of voices on the Augment page: plan, preview to listen to, job, batches and their undo."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import InputError
from core.filters import Filter
from core.schemes import SCHEMES
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.augment.titles import VOICES, voice_title
from core.ui.panels.job_progress import follow
from core.ui.widgets import drafts, forms
from core.workflows import jobs
from core.workflows.augment import voice
from core.workflows.augment.voice import VoicePlan, VoicePreview
from core.workflows.corpus import browse

AMOUNTS = {
    "factor": N_("× {n:g}"),
    "semitones": N_("{n:+g} semitones"),
    "db": N_("{n:+g} dB"),
    "snr_db": N_("{n:g} dB below the voice"),
    "seconds": N_("{n:g} s"),
    "share": N_("{n:.0%} at most"),
}
SHOWN = 20  # batches


def panel() -> None:
    """Show nothing where no utterance has a voice; else what makes copies, and what was made."""
    if not browse.count(workspace(), Filter(with_audio=True)):
        return
    st.header(_("Voices"), anchor=False)
    st.caption(_("Changed copies of labelled clips. They keep text, labels and group, and are used for training only."))
    job = jobs.running(workspace(), voice.JOB)
    if (plan := _plan()) is not None:
        _begin(plan, busy=job is not None)
    if job is not None:
        progress(job.id)
    if trouble := st.session_state.pop("voices_trouble", ""):
        st.error(forms.plain(translation.translate(trouble)), icon=":material/error:")
    _batches()


def described(parameters: Mapping[str, Mapping[str, float]]) -> str:
    """How a copy was made: each transform with its amount."""
    parts = []
    for name, amounts in parameters.items():
        amount = "".join(_(AMOUNTS[key]).format(n=n) for key, n in amounts.items() if key in AMOUNTS)
        parts.append(f"{voice_title(name)} {amount}".strip())
    return ", ".join(parts)


def _plan() -> VoicePlan | None:
    """Show the widgets of a plan; return what is chosen, None where the text by hand cannot be read.

    What is written by hand comes before what is chosen.
    """
    names = [name for name, known in SCHEMES.items() if known.state == "active"]
    first, second = st.columns([2, 4])
    with first:
        scheme = forms.linked_choice(_("Scheme"), names, "voice_scheme", forms.scheme_title)
    codes = second.multiselect(
        _("Classes"), SCHEMES[scheme].codes, format_func=lambda code: forms.code_title(scheme, code),
        key=f"voices_classes_{scheme}", placeholder=_("all"),
    )  # fmt: skip
    chosen = st.multiselect(
        _("Operation"), list(VOICES), list(VOICES), voice_title, key="voices_operations", placeholder=_("any"),
        help=_("Each copy gets one of them, in turn."),
    )  # fmt: skip
    first, second = st.columns(2)
    per = first.number_input(_("Copies of each clip"), 1, voice.MOST, 1, key="voices_per")
    limit = second.number_input(
        _("Clips at most (0: all)"), 0, 1_000_000, 0, key="voices_limit", help=_("They are drawn at random.")
    )
    with st.expander(_("Amounts and combinations by hand"), icon=":material/tune:"):
        written = st.text_input(
            _("Operations as text"), key="voices_written", placeholder="speed=0.9..1.1, telephone+noise=10..20",
            help=_("Comma: one or the other. Plus: both on one copy. Two dots: a range. Replaces the choice above."),
        ).strip()  # fmt: skip
        drafts.keep("voices", 0, {"written": "voices_written"})
        seed = st.number_input(
            _("Seed"), 0, 2**31, 0, key="voices_seed", help=_("The same seed makes the same copies.")
        )
    wanted = Filter(labels={scheme: tuple(codes or SCHEMES[scheme].codes)})
    operations = written or ",".join(chosen) or voice.DEFAULT
    try:
        return VoicePlan(wanted, operations, int(per), int(limit) or None, int(seed))
    except InputError as error:
        st.error(forms.plain(explain(error)), icon=":material/error:")
        return None


def _begin(plan: VoicePlan, busy: bool) -> None:
    """Show a button for a preview and one that starts the job; below them the last preview of this plan."""
    left, right = st.columns(2)
    if left.button(_("Listen to examples"), icon=":material/hearing:", key="voices_look", width="stretch"):
        with st.spinner(_("Looking …")):
            st.session_state["voices_seen"] = plan, voice.preview(workspace(), plan)
    if right.button(
        _("Make copies"), type="primary", icon=":material/graphic_eq:", key="voices_run", width="stretch",
        disabled=busy, help=_("They are stored as recordings. A batch can be taken back as one."),
    ):  # fmt: skip
        st.session_state.pop("voices_seen", None)
        voice.start(workspace(), plan, curator())
        st.rerun()
    seen = st.session_state.get("voices_seen")
    if seen is not None and seen[0] == plan:
        _preview(seen[1])


def _preview(seen: VoicePreview) -> None:
    """Show the counts of a plan, what is left out and why, and some copies beside their clips."""
    if not seen.sources:
        st.info(_("No clip that matches has both a usable voice and a label."))
    else:
        st.markdown(
            _("{sources} clips give at most {copies} copies, {minutes} minutes of sound.").format(
                sources=f"{seen.sources:,}", copies=f"{seen.copies:,}", minutes=f"{seen.seconds / 60:,.1f}"
            )
        )
    for code, n in seen.left_out.items():
        st.caption(f"{translation.translate(voice.reason(code))}: {n:,}")
    for heard in seen.heard:
        with st.container(border=True):
            st.text(" · ".join(filter(None, [heard.text, described(heard.parameters)])))
            before, after = st.columns(2)
            before.caption(_("Before"))
            before.audio(heard.before, format="audio/wav")
            after.caption(_("After"))
            after.audio(heard.after, format="audio/wav")


@st.fragment(run_every="1s")
def progress(job_id: str) -> None:
    """Show the progress of a run."""

    def counted(counts: Mapping[str, Any], done: int, total: int) -> str:
        return f"{done:,} / {total:,} " + _("clips")

    follow(job_id, "voices", counted)


def _batches() -> None:
    """Show the latest batches with their copies by operation, and a button that takes one back."""
    if notice := st.session_state.pop("voices_notice", ""):
        st.success(notice, icon=":material/undo:")
    batches = voice.batches(workspace())[:SHOWN]
    if not batches:
        return
    st.dataframe(
        [
            {
                _("Made"): forms.minute(batch.made_at), _("By"): batch.by,
                _("Copies"): sum(batch.operations.values()),
                _("Operation"): ", ".join(f"{voice_title(name)} {n:,}" for name, n in batch.operations.items()),
                _("Taken back"): batch.taken_out,
            }
            for batch in batches
        ],
        hide_index=True,
    )  # fmt: skip
    alive = {
        batch.id: _batch_title(batch.made_at, batch.by, sum(batch.operations.values()))
        for batch in batches if batch.operations
    }  # fmt: skip
    if not alive:
        return
    left, right = st.columns([4, 2], vertical_alignment="bottom")
    chosen = left.selectbox(_("Copies"), list(alive), format_func=alive.__getitem__, key="voices_batch")
    if right.button(_("Take this batch back"), icon=":material/undo:", key="voices_undo", width="stretch"):
        taken = voice.undo(workspace(), chosen)
        notices = [_("Taken back: {n}.").format(n=f"{taken.undone:,}")]
        if taken.left:
            notices.append(_("Decided on since, and left: {n}.").format(n=f"{taken.left:,}"))
        if taken.audio_kept:
            notices.append(_("Sound files that a snapshot reads, and kept: {n}.").format(n=f"{taken.audio_kept:,}"))
        st.session_state["voices_notice"] = " ".join(notices)
        st.rerun()


def _batch_title(made_at: str, by: str, n: int) -> str:
    return f"{forms.minute(made_at)} · {by} · " + _("{n} copies").format(n=f"{n:,}")
