"""Batch prediction: a folder, a zip or single files judged as one job, the riskiest first.

A batch has a folder `batches/ID` in the workspace: the uploads in `input/`, a document for each input in `documents/`,
and `batch.json` with the rows. The names of the inputs are frozen when the job begins, and each input is one durable
step, so a killed worker goes on where it was, whatever came into the folder or left it meanwhile. Rows can be read
while the job runs. An input that cannot be judged is a row with its error; the others are judged all the same.
What counts as an input is decided by `core.workflows.predict.batch_inputs`.
"""

import json
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import CoreError, InputError, NotFound
from core.files import make_folder, write_bytes, write_json
from core.ingest.archives import printable
from core.jobs import submit
from core.messages import Message, message_from_json, message_to_json
from core.records import JobState, Skip
from core.workflows import jobs
from core.workflows.jobs import Context
from core.workflows.predict import predict
from core.workflows.predict.batch_inputs import Input, inputs
from core.workflows.predict.judging.serving import Runs
from core.workflows.predict.summary import by_risk, summary
from core.workflows.workspace import Workspace, now, open_workspace

JOB = "predict-batch"  # the kind of its jobs
FOLDER, FILE, UPLOADS, DOCUMENTS = "batches", "batch.json", "input", "documents"
SAVE_S = 2.0  # rows are written to the disk this often
NAME = re.compile(r"predict-batch-[0-9a-f]{12}")
LATE = Message("it came after the batch began")
Step = Callable[[str, Callable[[], Any]], Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How the inputs are judged; the fields are those of `predict.predict_audio`."""

    run_ids: Runs = ()
    transcriber: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    language: str = "ko"
    own_voice: bool = False

    def as_json(self) -> dict[str, Any]:
        runs = dict(self.run_ids) if isinstance(self.run_ids, Mapping) else list(self.run_ids)
        return {"run_ids": runs, "transcriber": self.transcriber, "weights": dict(self.weights),
                "language": self.language, "own_voice": self.own_voice}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is now: rows (`core.workflows.predict.summary.Summary.as_json` with "n", "state" and "error"), the
    riskiest first; `total` inputs (None: not counted yet), `skipped` files that are no input. `path` is what a person
    named, None for uploads.
    """

    id: str
    title: str
    created_at: str
    total: int | None = None
    rows: tuple[dict[str, Any], ...] = ()
    skipped: tuple[Skip, ...] = ()
    path: str | None = None
    options: BatchOptions = field(default_factory=BatchOptions)

    @property
    def failed(self) -> int:
        """How many inputs could not be judged."""
        return sum(row["state"] == "failed" for row in self.rows)


# -- starting


def prepare(ws: Workspace, path: Path, options: BatchOptions | None = None) -> str:
    """Make a batch of the folder, zip or file at `path`; returns its id. `InputError` if there is none.

    `predict.predictors` raises if no run can judge, or if a named run is unknown: before anything is written.
    """
    if not path.exists():
        raise InputError("not found: {missing}", missing=printable(str(path)))
    return _prepare(ws, path.resolve(), printable(path.resolve().name), options)


def prepare_uploads(ws: Workspace, files: Iterable[tuple[str, bytes]], options: BatchOptions | None = None) -> str:
    """Make a batch of uploaded files (name, content); returns its id. `InputError` without files."""
    wanted = list(files)
    if not wanted:
        raise InputError("no files: choose recordings, texts, or a zip of them")
    title = printable(wanted[0][0]) if len(wanted) == 1 else Message("{n} files", n=len(wanted))
    batch_id = _prepare(ws, None, title, options)
    place = folder(ws, batch_id) / UPLOADS
    make_folder(place)
    for number, (name, content) in enumerate(wanted):
        target = place / _safe(name)
        write_bytes(place / f"{number}-{target.name}" if target.exists() else target, content)
    return batch_id


def _prepare(ws: Workspace, path: Path | None, title: str, options: BatchOptions | None) -> str:
    chosen = options or BatchOptions()
    predict.predictors(ws, chosen.run_ids)
    batch_id = f"{JOB}-{secrets.token_hex(6)}"
    make_folder(ws.settings.home / FOLDER / batch_id / DOCUMENTS)
    _save(ws, Batch(batch_id, title, now(), path=None if path is None else str(path), options=chosen))
    return batch_id


def _safe(name: str) -> str:
    """A file name without folders and controls, not longer than a file system takes."""
    plain = re.sub(r"[/\\\x00-\x1f]", "_", printable(name)).lstrip(".") or "file"
    return plain if len(plain.encode()) <= 200 else f"{plain[:40]}{Path(plain).suffix[:10]}"


def start(ws: Workspace, batch_id: str) -> str:
    """Queue a prepared batch as a job with the same id; returns it."""
    title = read(ws, batch_id).title
    return submit(ws.store, JOB, title, {"batch": batch_id}, batch_id)


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job: every input is a durable step."""

    def report(done: int, total: int) -> None:
        job.report({"done": done, "total": total, "unit": "inputs"})

    run(open_workspace(), params["batch"], report, job.step)


# -- running


def run(
    ws: Workspace,
    batch_id: str,
    progress: Progress = lambda done, total: None,
    step: Step = lambda name, fn: fn(),
    clock: Callable[[], float] = time.monotonic,
) -> Batch:
    """Judge every input of a prepared batch, and return it as it is at the end."""
    batch, saved_s = read(ws, batch_id), clock()
    listed, skipped = inputs(_place(ws, batch))
    here = {item.name: item for item in listed}
    names: list[str] = step("names", lambda: list(here))
    skipped += [Skip(name, LATE) for name in sorted(here.keys() - set(names))]
    rows: list[dict[str, Any]] = []
    progress(0, len(names))
    for number, name in enumerate(names):
        rows.append(step(f"input {number}", partial(_judge, ws, batch, number, name, here.get(name))))
        if clock() - saved_s >= SAVE_S:
            saved_s = clock()
            _save(ws, _with(batch, rows, len(names), skipped))
        progress(number + 1, len(names))
    done = _with(batch, rows, len(names), skipped)
    _save(ws, done)
    return done


def _with(batch: Batch, rows: Sequence[dict[str, Any]], total: int, skipped: Sequence[Skip]) -> Batch:
    ordered = tuple(row | {"error": message_from_json(row["error"])} for row in sorted(rows, key=by_risk))
    return replace(batch, total=total, rows=ordered, skipped=tuple(skipped))


def _place(ws: Workspace, batch: Batch) -> Path:
    """Where the inputs of a batch lie: the folder or file that a person named, or its uploads."""
    return Path(batch.path) if batch.path else folder(ws, batch.id) / UPLOADS


def _judge(ws: Workspace, batch: Batch, number: int, name: str, item: Input | None) -> dict[str, Any]:
    """Judge the input `name`, write its document, and return its row; `item` is None if its file is gone."""
    try:
        if item is None:
            raise NotFound("{source}: the file is gone", source=name)
        document = judged(ws, item, batch.options)
    except CoreError as error:
        return {
            "n": number, "source": name, "state": "failed", "error": message_to_json(error.message), "risk": None,
        }  # fmt: skip
    write_json(folder(ws, batch.id) / DOCUMENTS / f"{number:06d}.json", document)
    return {"n": number, "state": "judged", "error": None} | summary(document).as_json()


def judged(ws: Workspace, item: Input, options: BatchOptions) -> dict[str, Any]:
    """The prediction document of one input. `CoreError` if it cannot be judged."""
    if item.sound is None:
        return _conversation(ws, item, options)
    labels = None if item.labels is None else item.labels.read()
    return predict.predict_audio(
        ws, item.sound.read(), item.name, text=item.text, labels=labels, run_ids=options.run_ids,
        transcriber=options.transcriber, weights=options.weights, language=options.language,
        own_voice=options.own_voice,
    )  # fmt: skip


def _conversation(ws: Workspace, item: Input, options: BatchOptions) -> dict[str, Any]:
    """The document of a text: each of its lines is an utterance."""
    lines = [line.strip() for line in (item.text or "").splitlines() if line.strip()]
    if not lines:
        raise InputError("{source}: the text is empty", source=item.name)
    return predict.predict_conversation(ws, lines, options.run_ids, item.name, weights=options.weights)


# -- reading


def folder(ws: Workspace, batch_id: str) -> Path:
    """The folder of a batch. `NotFound` if there is no such batch."""
    path = ws.settings.home / FOLDER / batch_id
    if not NAME.fullmatch(batch_id) or not path.is_dir():
        raise NotFound("no batch {batch_id!r}", batch_id=batch_id)
    return path


def read(ws: Workspace, batch_id: str) -> Batch:
    """A batch as it was last written. `NotFound` if there is no such batch."""
    path = folder(ws, batch_id) / FILE
    if not path.is_file():
        raise NotFound("no batch {batch_id!r}", batch_id=batch_id)
    values = json.loads(path.read_text(encoding="utf-8"))
    rows = tuple(row | {"error": message_from_json(row["error"])} for row in values["rows"])
    skipped = tuple(Skip(skip["where"], message_from_json(skip["reason"])) for skip in values["skipped"])
    title, options = message_from_json(values["title"]), BatchOptions(**values["options"])
    return Batch(**values | {"title": title, "rows": rows, "skipped": skipped, "options": options})


def state(ws: Workspace, batch_id: str) -> JobState:
    """How far a batch is: that of its job, or without a job "done" once every input has its row."""
    try:
        return jobs.get(ws, batch_id).state
    except NotFound:
        batch = read(ws, batch_id)
        return "done" if batch.total == len(batch.rows) else "running"


def every(ws: Workspace) -> list[Batch]:
    """All batches, the newest first; one that cannot be read is left out."""
    batches = []
    for path in (ws.settings.home / FOLDER).glob(f"{JOB}-*/{FILE}"):
        with suppress(KeyError, NotFound, TypeError, ValueError):
            batches.append(read(ws, path.parent.name))
    return sorted(batches, key=lambda batch: batch.created_at, reverse=True)


def document(ws: Workspace, batch_id: str, number: int) -> dict[str, Any]:
    """The prediction document of one row. `NotFound` if there is none."""
    path = folder(ws, batch_id) / DOCUMENTS / f"{int(number):06d}.json"
    if not path.is_file():
        raise NotFound("batch {batch_id}: no document {number}", batch_id=batch_id, number=number)
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


def documents(ws: Workspace, batch: Batch) -> list[dict[str, Any]]:
    """The documents of all rows that were judged, in the order of the rows."""
    return [document(ws, batch.id, row["n"]) for row in batch.rows if row["state"] == "judged"]


def sound(ws: Workspace, batch: Batch, number: int) -> bytes | None:
    """The bytes of the recording of one row; None for a text. `NotFound` without such a row or its file."""
    name = next((row["source"] for row in batch.rows if row["n"] == number), None)
    if name is None:
        raise NotFound("batch {batch_id}: no document {number}", batch_id=batch.id, number=number)
    try:
        listed, _ = inputs(_place(ws, batch))
    except InputError as error:
        raise NotFound("batch {batch_id}: its files are gone", batch_id=batch.id) from error
    item = next((item for item in listed if item.name == name), None)
    if item is None:
        raise NotFound("{source}: the file is gone", source=name)
    return None if item.sound is None else item.sound.read()


def remove(ws: Workspace, batch_id: str) -> None:
    """Remove a batch with its uploads and documents; the files that a person named stay."""
    shutil.rmtree(folder(ws, batch_id))


def as_json(batch: Batch) -> dict[str, Any]:
    """A batch as the shell prints it."""
    return {
        "batch": batch.id, "title": str(batch.title), "created_at": batch.created_at, "total": batch.total,
        "failed": batch.failed, "rows": [row | {"error": row["error"] and str(row["error"])} for row in batch.rows],
        "skipped": [{"where": skip.where, "reason": str(skip.reason)} for skip in batch.skipped],
    }  # fmt: skip


def _save(ws: Workspace, batch: Batch) -> None:
    rows = [row | {"error": message_to_json(row["error"])} for row in batch.rows]
    skipped = [{"where": skip.where, "reason": message_to_json(skip.reason)} for skip in batch.skipped]
    values = {
        "id": batch.id, "title": message_to_json(batch.title), "created_at": batch.created_at, "total": batch.total,
        "rows": rows, "skipped": skipped, "path": batch.path, "options": batch.options.as_json(),
    }  # fmt: skip
    write_json(folder(ws, batch.id) / FILE, values)
