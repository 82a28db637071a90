"""Speech to text for the corpus on the screen: who transcribes, the job, its suggestions, and how often letters err."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.filters import Filter
from core.records import Proposal, Utterance
from core.scores.letters import LetterErrors
from core.ui import translation
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.panels.cleaning import proposals
from core.ui.panels.job_progress import follow
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.cleaning.proposals import counts
from core.workflows.corpus import browse
from core.workflows.speech import corpus, errors, transcribe


def panel() -> None:
    """Show nothing where no utterance has a voice; else the state of speech to text and what can be done with it."""
    if not browse.count(workspace(), Filter(with_audio=True)):
        return
    st.header(_("Speech to text"), anchor=False)
    found = transcribe.current(workspace())
    if found.state == "ok":
        st.caption(_("Transcriber: {name}").format(name=forms.plain(found.model or found.name)))
    else:
        reason = forms.plain(translation.translate(found.reason or ""))
        st.info(_("No transcriber: {reason}").format(reason=reason), icon=":material/mic_off:")
    job = jobs.running(workspace(), corpus.JOB)
    _begin(found.state == "ok" and job is None)
    if job is not None:
        _progress(job.id)
    if trouble := st.session_state.pop("transcribe_trouble", ""):
        st.error(forms.plain(translation.translate(trouble)), icon=":material/error:")
    if any(counts(workspace(), corpus.KIND).values()):
        _show_last()
        proposals.desk(corpus.KIND, details, hear=True, bulk=True)
    letter_errors(found.state == "ok")


def _begin(ready: bool) -> None:
    missing = browse.count(workspace(), corpus.without_text(Filter()))
    if st.button(
        _("Transcribe what has no text: {n}").format(n=f"{missing:,}"), icon=":material/speech_to_text:",
        key="transcribe", disabled=not ready or not missing,
        help=_("It makes suggestions for you to accept. What is not understood gives none."),
    ):  # fmt: skip
        st.session_state["transcribe_run"] = corpus.start(workspace(), Filter())
        st.rerun()


@st.fragment(run_every="1s")
def _progress(job_id: str) -> None:
    def counted(_counts: Mapping[str, Any], done: int, total: int) -> str:
        return f"{done:,} / {total:,} " + _("utterances")

    follow(job_id, "transcribe", counted)


@st.fragment(run_every="1s")
def _measuring(job_id: str) -> None:
    follow(job_id, "letter_errors", lambda _counts, done, total: f"{done:,} / {total:,} " + _("utterances"))


def _show_last() -> None:
    """Say what the run that this browser session started has read."""
    run_id = st.session_state.get("transcribe_run")
    states = jobs.get(workspace(), run_id).progress.get("states") if run_id else None
    if states:
        st.caption(
            _("Read: understood {ok}, not understood {missed}, no speech {silent}").format(
                ok=states.get("ok", 0), missed=states.get("not_understood", 0), silent=states.get("no_speech", 0)
            )
        )
    if run_id and st.button(
        _("Take back what was accepted of this run"), icon=":material/undo:", key="transcribe_undo"
    ):
        undone, left = corpus.undo(workspace(), run_id, curator())
        st.success(_("Taken back: {n}.").format(n=f"{undone:,}"), icon=":material/undo:")
        if left:
            st.caption(_("Decided on since, and left: {n}.").format(n=f"{left:,}"))


def details(proposal: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Return for the desk: the heard text, the present text, who heard it and how surely, the labels."""
    confidence = "" if proposal.confidence is None else f"{proposal.confidence:.0%}"
    note = " · ".join(filter(None, (translation.translate(proposal.reason), confidence)))
    return str(proposal.payload["text"]), target.text, note, dict(target.labels)


def letter_errors(ready: bool) -> None:
    """Show the last measured letter error rate with its interval, and a button that measures it, if `ready`."""
    measured = errors.last(workspace())
    st.caption(
        _("Letter error rate: transcripts against texts that people wrote; spaces and punctuation do not count.")
    )
    job = jobs.running(workspace(), errors.JOB)
    if st.button(
        _("Measure the letter error rate"), icon=":material/spellcheck:", key="letter_errors",
        disabled=not ready or job is not None,
        help=_("It transcribes up to {n} utterances whose text people wrote, and compares.").format(n=errors.MOST),
    ):  # fmt: skip
        errors.start(workspace())
        st.rerun()
    if job is not None:
        _measuring(job.id)
    if trouble := st.session_state.pop("letter_errors_trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if measured is None:
        st.caption(_("Not measured yet."))
        return
    understood, missed = st.columns(2)
    understood.metric(
        _("Letter error rate where understood"), _rate(measured.understood),
        help=_("{n} texts, {letters} letters").format(n=measured.understood.texts, letters=measured.understood.letters),
    )  # fmt: skip
    missed.metric(
        _("With what was not understood as missing"), _rate(measured.everything),
        help=_("{n} texts, {letters} letters").format(n=measured.everything.texts, letters=measured.everything.letters),
    )  # fmt: skip
    st.caption(
        _("{model}, {when}: {n} utterances, {speed} times real time").format(
            model=forms.plain(measured.model), when=forms.minute(measured.at), n=f"{measured.utterances:,}",
            speed=measured.realtime,
        )
    )  # fmt: skip
    if measured.worst:
        with st.expander(_("Most wrong letters")):
            st.dataframe(
                [
                    {_("Utterance"): row.utterance_id, _("Human text"): row.human, _("Transcript"): row.written,
                     _("Wrong letters"): row.errors}
                    for row in measured.worst
                ],
                hide_index=True,
            )  # fmt: skip


def _rate(part: LetterErrors) -> str:
    if part.rate is None:
        return "–"
    return f"{part.rate:.3f} ({part.low:.3f}–{part.high:.3f})"
