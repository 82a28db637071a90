"""The tab of batches: a folder, a zip or many files judged as a job, the riskiest first, each to be opened.

The job is the worker's, so it goes on when the page is closed. Rows appear while it runs. Larger deliveries are judged
by the shell (`predict-batch`), which needs no upload.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.audio import Audio
from core.errors import CoreError, NotFound
from core.records import Job
from core.text.clock import clock
from core.ui import translation
from core.ui.frame import guard, workspace
from core.ui.i18n import N_, _
from core.ui.panels.job_titles import JOB_STATES, failure
from core.ui.panels.predict import answers, calls
from core.ui.panels.predict.card import chart, exports, segments, verdict
from core.ui.panels.predict.options import Options
from core.ui.widgets import forms
from core.ui.widgets.player import player
from core.ui.widgets.uploader import limits
from core.web import uploads
from core.workflows import jobs
from core.workflows.predict import batch, predict

UPLOAD_MB = 50
CHOSEN = "predict:batch_chosen"  # the number of the chosen input, by batch
OPENED = "predict:batch_opened"
TURN = "batch_turn"  # a started batch empties the uploader
KINDS = {"files": N_("Files or a zip"), "folder": N_("A folder")}


@dataclass(slots=True)
class Opened:
    """The chosen row: its document, its sound with the token under which it is played, or why it cannot be heard."""

    key: str
    document: dict[str, Any]
    audio: Audio | None = None
    token: str = ""
    trouble: CoreError | None = None


def show(options: Options | None = None) -> None:
    """Show the uploader, the batches with their progress, and the rows of the chosen one."""
    with guard():
        _begin(options or Options())
    listed = batch.every(workspace())
    if not listed:
        st.info(
            _("No batch yet. Drop recordings, label JSONs and texts above: each is judged, the riskiest comes first.")
        )
        return
    titles = {item.id: f"{translation.translate(item.title)} · {forms.minute(item.created_at)}" for item in listed}
    chosen = st.selectbox(_("Batch"), list(titles), format_func=titles.__getitem__, key="batch")
    live = _job(chosen)
    every = "1s" if live is not None and live.state in jobs.LIVE else None
    st.fragment(_batch, run_every=every)(chosen)


def _begin(options: Options) -> None:
    """Show the uploader and the button that starts the job."""
    turn = st.session_state.setdefault(TURN, 0)
    kind = st.segmented_control(_("What"), list(KINDS), format_func=lambda name: _(KINDS[name]), default="files",
                                key="batch_kind", label_visibility="collapsed", required=True)  # fmt: skip
    label = _("Recordings with their label JSON or transcript (same name), texts, or a zip of them")
    files: list[UploadedFile] = st.file_uploader(
        label, accept_multiple_files="directory" if kind == "folder" else True, max_upload_size=UPLOAD_MB,
        key=f"batch_files_{kind}_{turn}",
        help=_("A whole delivery on this machine needs no upload: `python -m core predict-batch PATH`"),
    )  # fmt: skip
    limits(UPLOAD_MB, _("WAV, MP3, M4A, 3GP, AMR, WebM …, JSON, TXT, ZIP"))
    if st.button(_("Judge all"), type="primary", icon=":material/playlist_play:", disabled=not files,
                 key="batch_start"):  # fmt: skip
        content = ((file.name, file.getvalue()) for file in files)
        chosen = batch.BatchOptions(
            options.run_ids, options.transcriber, options.weights, options.language, options.own_voice
        )
        started = batch.prepare_uploads(workspace(), content, chosen)
        st.session_state["batch"] = batch.start(workspace(), started)
        st.session_state[TURN] = turn + 1
        st.rerun()


def _job(batch_id: str) -> Job | None:
    """The job of a batch; None for one that the shell judged."""
    try:
        return jobs.get(workspace(), batch_id)
    except NotFound:
        return None


def _batch(batch_id: str) -> None:
    """Show one batch: its progress, its rows, and the row that is chosen.

    Files are offered once nothing renews the page any more: a renewed button forgets the press on the one before it.
    """
    with guard():
        item, job = batch.read(workspace(), batch_id), _job(batch_id)
        running = job is not None and job.state in jobs.LIVE
        if not running and st.session_state.get("batch_live") == batch_id:
            st.session_state["batch_live"] = None
            st.rerun()  # the fragment stops to run by itself
        if running:
            st.session_state["batch_live"] = batch_id
        _progress(item, job)
        if item.rows:
            number = _rows(item)
            if not running:
                with st.container(horizontal=True):
                    exports.downloads(lambda: batch.documents(workspace(), item), batch_id, "predictions")
            _left_out(item)
            if number is not None:
                _opened(item, number)


def _progress(item: batch.Batch, job: Job | None) -> None:
    """Show how far the job is, a button that cancels it, or how it ended."""
    alarms = sum(bool(row.get("alarm")) for row in item.rows)
    done = _("{n} judged, {alarms} with an alarm, {failed} could not be judged").format(
        n=len(item.rows) - item.failed, alarms=alarms, failed=item.failed
    )
    if job is None or job.state == "done":
        st.caption(done)
        return
    if job.state in jobs.LIVE:
        left, right = st.columns([5, 1], vertical_alignment="center")
        total = job.progress.get("total", 0)
        share = job.progress.get("done", 0) / total if total else 0.0
        state = f"{_(JOB_STATES[job.state])} · {job.progress.get('done', 0)} / {total or '…'} · {done}"
        left.progress(min(share, 1.0), text=state)
        if right.button(_("Cancel"), key=f"cancel-{job.id}", disabled=job.cancel_requested, width="stretch"):
            jobs.cancel(workspace(), job.id)
        return
    if job.state == "failed":
        st.error(forms.plain(failure(job)), icon=":material/error:")
    st.caption(f"{_(JOB_STATES[job.state])} · {done}")


def _rows(item: batch.Batch) -> int | None:
    """Show the rows, the riskiest first; return the number of the chosen input.

    The table knows its selection by position, and a row that comes moves the others: each order is a table of its own,
    in which the chosen input is selected again.
    """
    numbers = [int(row["n"]) for row in item.rows]
    number = st.session_state.setdefault(CHOSEN, {}).get(item.id)
    key, place = _table_key(item.id, numbers), [numbers.index(number)] if number in numbers else []
    st.dataframe(
        [_row(row) for row in item.rows], hide_index=True, key=key, selection_mode="single-row",
        on_select=partial(_choose, item.id, numbers, key), selection_default={"selection": {"rows": place}},
        column_config={_("Risk"): st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)},
    )  # fmt: skip
    if not place:
        st.caption(_("Choose a row to hear the call and see its judgements."))
        return None
    return number if item.rows[place[0]]["state"] == "judged" else None


def _table_key(batch_id: str, numbers: Sequence[int]) -> str:
    return f"rows-{batch_id}-{zlib.crc32(repr(numbers).encode()):x}"


def _choose(batch_id: str, numbers: Sequence[int], key: str) -> None:
    """Remember the number of the input that was selected in the table `key`, whose rows had these numbers."""
    rows = st.session_state[key].selection.rows
    st.session_state.setdefault(CHOSEN, {})[batch_id] = numbers[rows[0]] if rows else None


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the table; a mark stands before the answer, so that it is not told by colour alone."""
    values = {
        _("Input"): row["source"],
        _("Risk"): row["risk"],
        _("First alarm"): clock(row.get("first_alarm_ms")),
    }
    if row["state"] == "failed":
        return {_("Sign"): "✕", **values, _("Verdict"): translation.translate(row["error"] or "")}
    said = row["verdict"]
    names = answers.ordered(said)
    text = " · ".join(f"{forms.scheme_title(name)}: {answers.short(name, said[name])}" for name in names)
    mark = answers.MARKS["danger"] if row["alarm"] else ""
    return {_("Sign"): mark, **values, _("Verdict"): text or _nothing(row)}


def _nothing(row: Mapping[str, Any]) -> str:
    return (
        answers.reason("", {"abstained": row["abstained"], "label": ""}) if row.get("abstained") else _("cannot tell")
    )


def _left_out(item: batch.Batch) -> None:
    """Name the files that were no input, and why."""
    if not item.skipped:
        return
    with st.expander(_("Left out: {n}").format(n=len(item.skipped)), icon=":material/block:"):
        st.dataframe(
            [{_("File"): skip.where, _("Reason"): translation.translate(skip.reason)} for skip in item.skipped],
            hide_index=True,
        )


def _opened(item: batch.Batch, number: int) -> None:
    """Show one document: verdict, waveform, course of the call, downloads."""
    opened = _open(item, number)
    document, audio, key = opened.document, opened.audio, opened.key
    with st.container(border=True, key=f"opened-{key}"):
        st.header(forms.plain(document["source"]), anchor=False)
        verdict.show(document)
        if opened.trouble is not None:
            st.caption(forms.plain(translation.translate(opened.trouble.message)))
        if audio is not None:
            calls.keep_sound(opened.token, audio)
            player(audio_url=f"/audio/upload/{opened.token}", duration_ms=audio.duration_ms,
                   regions=segments.regions(document), key=f"heard-{key}")  # fmt: skip
            chart.show(document, audio.duration_ms, key)
        exports.show(document, None if audio is None else partial(_bytes, item, number), key=key)


def _open(item: batch.Batch, number: int) -> Opened:
    """Return the chosen row; its file is read and its WAV made once, not each second while the batch runs."""
    key, known = f"{item.id}-{number}", st.session_state.get(OPENED)
    if known is None or known.key != key:
        known = st.session_state[OPENED] = Opened(key, batch.document(workspace(), item.id, number))
        try:
            if data := batch.sound(workspace(), item, number):
                known.audio = predict.read_audio(data, known.document["source"])
                known.token = uploads.keep(predict.playable(known.audio))
        except CoreError as error:
            known.trouble = error
    opened: Opened = known
    return opened


def _bytes(item: batch.Batch, number: int) -> bytes:
    return batch.sound(workspace(), item, number) or b""
