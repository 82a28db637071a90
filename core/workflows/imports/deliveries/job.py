"""The job "import": one delivery is imported in the background, with progress, and its outcome is kept on the board.

Batches that are stored stay stored: a killed worker, a cancelled job and a full disk lose nothing, and the same import
again completes it, since known items are compared and not added twice.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import InputError
from core.ingest.archives import printable
from core.jobs import submit
from core.records import Job
from core.schemes import SCHEMES
from core.workflows.imports import aihub, aihub119, annotations, audio, huggingface
from core.workflows.imports.deliveries import choices, inbox, kinds, outcome, places
from core.workflows.imports.deliveries.outcome import Outcome
from core.workflows.imports.deliveries.recognise import Kind
from core.workflows.imports.deliveries.request import Request, request_from_json, request_to_json
from core.workflows.imports.exports import restore
from core.workflows.imports.report import ImportResult, Progress
from core.workflows.imports.tables import table
from core.workflows.jobs import LIVE, Context, recent
from core.workflows.workspace import Workspace, open_workspace

JOB = "import"
SHARE = 1000  # parts of a table's progress, which is known as a share of the file
SEARCHED = 200

Run = Callable[[Workspace, Request, Progress], ImportResult]


def start(ws: Workspace, request: Request) -> str:
    """Queue an import; returns the id of its job. `InputError` if a path may not be imported or is not there.

    Idempotent: the same import while it waits or runs is that one.
    """
    if not request.paths:
        raise InputError("there is nothing to import")
    places.check_allowed(ws, request.paths)
    for job in _live(ws):
        if request_of(job) == request:
            return job.id
    return submit(ws.store, JOB, _title(request), request_to_json(request), f"{JOB}-{secrets.token_hex(6)}")


def new_upload(ws: Workspace) -> str:
    """An id for a new upload; uploads of which nobody has thought for a week are removed."""
    inbox.tidy(ws, uploads_in_use(ws))
    return inbox.new_id()


def again(ws: Workspace, job: Job, **changes: Any) -> str:
    """Queue the import of an earlier job once more, with changes; returns the id of the new job."""
    return start(ws, replace(request_from_json(job.params), **changes))


def request_of(job: Job) -> Request:
    """What was asked of an import job."""
    return request_from_json(job.params)


def outcome_of(job: Job) -> Outcome | None:
    """What an import job did; None while it has not ended well."""
    document = job.progress.get("outcome")
    return outcome.from_json(document) if isinstance(document, Mapping) else None


def earlier(ws: Workspace, most: int) -> list[Job]:
    """The latest imports by page, the newest first."""
    return [job for job in recent(ws, SEARCHED) if job.kind == JOB][:most]


def uploads_in_use(ws: Workspace) -> set[str]:
    """The uploads that queued and running imports read."""
    return {str(job.params["delivery"]) for job in _live(ws, 10 * SEARCHED)}


def _live(ws: Workspace, searched: int = SEARCHED) -> list[Job]:
    """The imports that are queued or running, the newest first."""
    return [job for job in recent(ws, searched) if job.kind == JOB and job.state in LIVE]


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job. The files of an upload are removed once everything of them is settled."""
    ws, request = open_workspace(), request_from_json(params)
    document = job.step("import", lambda: outcome.to_json(run(ws, request, job)))
    job.report({"outcome": document})
    if request.on_clash == "propose" or not document["clashed"]:
        settle(ws, request)


def settle(ws: Workspace, request: Request) -> None:
    """Remove the files of an upload, unless another import of it waits; of several tables the others are kept."""
    if not request.delivery:
        return
    others = [asked for asked in map(request_of, _live(ws)) if asked.delivery == request.delivery and asked != request]
    if not others and not (request.kind == "table" and other_tables(ws, request)):
        inbox.discard(ws, request.delivery)
        choices.forget(ws, request.delivery)


def other_tables(ws: Workspace, request: Request) -> list[str]:
    """The other tables that lie in the upload of a table, by name."""
    if not request.delivery:
        return []
    own = {path.name for path in request.paths}
    names = [PurePosixPath(file.path).name for file in inbox.files(ws, request.delivery)]
    return [name for name in names if name not in own and name.lower().endswith(kinds.TABULAR)]


def run(ws: Workspace, request: Request, job: Context) -> Outcome:
    """Import the delivery and report progress to `job`, which raises if it was cancelled.

    `InputError` if a file is gone.
    """
    places.check_allowed(ws, request.paths)  # again: since it was queued, a link may have taken the place of a file
    if gone := [path.name for path in request.paths if not path.exists()]:
        raise InputError("{names}: not there any more; choose the files again", names=", ".join(gone))
    if request.kind == "table":
        return _table(ws, request, job)
    unit = "calls" if request.kind == "aihub119" else "files"

    def progress(done: int, total: int) -> None:
        job.report({"done": done, "total": total, "unit": unit})

    result = _RUNS[request.kind](ws, request, progress)
    return outcome.of_result(ws, result, request.source or _name(request))


def _table(ws: Workspace, request: Request, job: Context) -> Outcome:
    """Import a table; audio is searched beside it, unless it was uploaded alone."""
    if request.table is None:
        raise InputError("a table needs to know which column is what")

    def progress(rows: int, share: float) -> None:
        job.report({"done": round(SHARE * min(share, 1.0)), "total": SHARE, "unit": "rows", "rows": rows})

    options = replace(request.table, source=request.source, licence=request.licence, on_clash=request.on_clash)
    file = table.File.at(request.paths[0])
    if request.delivery:  # the folder of an upload has no name that a person gave
        options = replace(options, audio_folder=options.audio_folder or file.folder)
        file = replace(file, folder=None)
    result = table.ingest_table(ws, file, options, progress)
    proposed = [name for name in result.schemes.values() if SCHEMES[name].state == "proposed"]
    return outcome.of_table(ws, result, proposed)


def _aihub119(ws: Workspace, request: Request, progress: Progress) -> ImportResult:
    return aihub119.ingest_aihub119(ws, request.paths, progress, on_clash=request.on_clash)


def _sister(ws: Workspace, request: Request, progress: Progress) -> ImportResult:
    return aihub.ingest_aihub(ws, request.kind, request.paths, progress, on_clash=request.on_clash)


def _annotations(ws: Workspace, request: Request, progress: Progress) -> ImportResult:
    return annotations.ingest_annotations(
        ws, request.paths, annotations.Rules(), request.source or _name(request), request.licence, progress,
        on_clash=request.on_clash,
    )  # fmt: skip


def _audio(ws: Workspace, request: Request, progress: Progress) -> ImportResult:
    names = request.names
    rules = audio.Rules(
        audio.compile_pattern(names.pattern) if names.pattern else None,
        {names.scheme: names.label} if names.label and names.scheme else {}, names.speaker,
    )  # fmt: skip
    return audio.ingest_audio(
        ws, request.paths, rules, request.source or _name(request), request.licence, progress,
        on_clash=request.on_clash,
    )  # fmt: skip


def _huggingface(ws: Workspace, request: Request, progress: Progress) -> ImportResult:
    return huggingface.ingest_hf(
        ws, str(_only(request)), huggingface.ColumnMapping(), "", request.source or _name(request), request.licence,
        progress, on_clash=request.on_clash,
    )  # fmt: skip


def _labelstudio(ws: Workspace, request: Request, progress: Progress) -> ImportResult:
    return restore.ingest_labelstudio(ws, _only(request), None, progress, on_clash=request.on_clash)


def _gwidama(ws: Workspace, request: Request, progress: Progress) -> ImportResult:
    return restore.ingest_gwidama(ws, _only(request), progress, request.on_clash)


_RUNS: dict[Kind, Run] = {
    "aihub119": _aihub119, "situation": _sister, "elder": _sister, "annotations": _annotations, "audio": _audio,
    "huggingface": _huggingface, "labelstudio": _labelstudio, "gwidama": _gwidama,
}  # fmt: skip


def _only(request: Request) -> Path:
    """The one file or folder of a format that is read as one."""
    if len(request.paths) != 1:
        raise InputError("this format is one file or one folder; {n} were chosen", n=len(request.paths))
    return request.paths[0]


def _name(request: Request) -> str:
    """The name of the corpus where a person gave none: that of the first file or folder."""
    if request.kind == "aihub119":
        return aihub119.SOURCE
    return request.kind if request.kind in aihub.KINDS else request.paths[0].stem


def _title(request: Request) -> str:
    """What the import is called among the jobs: its first file, and how many more there are."""
    first, more = printable(request.paths[0].name), len(request.paths) - 1
    return f"{first} +{more}" if more else first
