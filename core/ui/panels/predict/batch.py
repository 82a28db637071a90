"""The tab of batches: a folder, a zip or many files judged as a job, the riskiest first, each to be opened.

The job is the worker's, so it goes on when the page is closed. Rows appear while it runs. Larger deliveries are judged
by the shell (`predict-batch`), which needs no upload.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.audio import Audio
from core.errors import CoreError, NotFound
from core.records import Job
from core.ui import translation
from core.ui.frame import guard, workspace
from core.ui.i18n import N_, _
from core.ui.panels.overview import JOB_STATES
from core.ui.panels.predict import answers, chart, exports, segments, verdict
from core.ui.panels.predict.options import Options
from core.ui.widgets import forms
from core.ui.widgets.player import player
from core.web import uploads
from core.workflows import jobs
from core.workflows.predict import batch, predict

UPLOAD_MB = 50
SHOWN = 20  # batches in the list
TURN = "batch_turn"  # a started batch empties the uploader
KINDS = {"files": N_("Files or a zip"), "folder": N_("A folder")}


def show(options: Options | None = None) -> None:
    """Show the uploader, the batches with their progress, and the rows of the chosen one."""
    with guard():
        _begin(options or Options())
    listed = batch.every(workspace())[:SHOWN]
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
    )  # fmt: skip
    left, right = st.columns([1, 3], vertical_alignment="center")
    right.caption(_("A whole delivery on this machine needs no upload: `python -m core predict-batch PATH`"))
    if left.button(_("Judge all"), type="primary", icon=":material/playlist_play:", disabled=not files,
                   key="batch_start", width="stretch"):  # fmt: skip
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
    """Show one batch: its progress, its rows, and the row that is chosen."""
    with guard():
        item, job = batch.read(workspace(), batch_id), _job(batch_id)
        _progress(item, job)
        if item.rows:
            number = _rows(item)
            with st.container(horizontal=True):
                exports.downloads(lambda: batch.documents(workspace(), item), batch_id, "predictions")
            _left_out(item)
            if number is not None:
                _opened(item, number)
        if job is not None and job.state not in jobs.LIVE and st.session_state.get("batch_live") == batch_id:
            st.session_state["batch_live"] = None
            st.rerun()  # the fragment stops to run by itself
        if job is not None and job.state in jobs.LIVE:
            st.session_state["batch_live"] = batch_id


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
        st.error(forms.plain(translation.translate(job.error or "")), icon=":material/error:")
    st.caption(f"{_(JOB_STATES[job.state])} · {done}")


def _rows(item: batch.Batch) -> int | None:
    """Show the rows, the riskiest first; return the number of the chosen input."""
    table = st.dataframe(
        [_row(row) for row in item.rows], hide_index=True, key=f"rows-{item.id}", on_select="rerun",
        selection_mode="single-row",
        column_config={_("Risk"): st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)},
    )  # fmt: skip
    chosen = table.selection.rows
    if not chosen or chosen[0] >= len(item.rows):
        st.caption(_("Choose a row to hear the call and see its judgements."))
        return None
    row = item.rows[chosen[0]]
    return int(row["n"]) if row["state"] == "judged" else None


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the table; a mark stands before the answer, so that it is not told by colour alone."""
    values = {
        _("Input"): row["source"],
        _("Risk"): row["risk"],
        _("First alarm"): "" if row.get("first_alarm_ms") is None else forms.seconds(row["first_alarm_ms"]),
    }
    if row["state"] == "failed":
        return {"": "✕", **values, _("Verdict"): translation.translate(row["error"] or "")}
    said = row["verdict"]
    names = answers.ordered(said)
    text = " · ".join(f"{forms.scheme_title(name)}: {answers.short(name, said[name])}" for name in names)
    mark = answers.MARKS["danger"] if row["alarm"] else ""
    return {"": mark, **values, _("Verdict"): text or _nothing(row)}


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
    document, key = batch.document(workspace(), item.id, number), f"{item.id}-{number}"
    with st.container(border=True, key=f"opened-{key}"):
        st.subheader(forms.plain(document["source"]), anchor=False)
        verdict.show(document)
        data = _sound(item, number)
        if data is not None:
            audio = _decoded(data, document["source"])
            token = uploads.keep(predict.playable(audio))
            player(audio_url=f"/audio/upload/{token}", duration_ms=audio.duration_ms,
                   regions=segments.regions(document), key=f"heard-{key}")  # fmt: skip
            chart.show(document, audio.duration_ms, key)
        exports.show(document, None if data is None else (lambda: data), key)


def _sound(item: batch.Batch, number: int) -> bytes | None:
    """The recording of a row; None for a text, or if its file is gone."""
    try:
        return batch.sound(workspace(), item, number)
    except CoreError as error:
        st.caption(forms.plain(translation.translate(error.message)))
        return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _decoded(data: bytes, source: str) -> Audio:
    return predict.read_audio(data, source)
