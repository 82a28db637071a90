"""Routes for many inputs at once: `POST /v1/predict/batch`, its status and its results.

A batch is judged by one thread beside the requests that wait for an answer, one input after the other. Its files are on
disk from the start, and a batch that was interrupted goes on when its status is asked for.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from core.errors import CoreError, JobFailed
from core.web.service import access, forms, metrics
from core.web.service.answers import Json, RefusedRequest
from core.web.service.judging import Document, check_runs, check_schemes, judge_recording, judge_texts, only
from core.web.service.openapi import documents, examples
from core.web.service.requests import note_error
from core.web.service.waiting.queue import Gate
from core.web.service.waiting.sentences import Sentences, read
from core.workflows.service import batches
from core.workflows.service.batches import Batch
from core.workflows.service.cores import one_core
from core.workflows.workspace import Workspace

MAX_FILES = 200
MAX_BODY, MAX_FORM = 50_000_000, 500_000_000
MOST_WAITING = 8  # unfinished batches of this process, with those that are being sent
SENT = 4  # batches of one kind that are being sent
RETRY_S = 30
PAGE = 1_000
INTERNAL = "internal error; the log has more under {id}"

FORMS = Gate(SENT, SENT * MAX_FORM, "batches", RETRY_S)
TEXTS = Gate(SENT, SENT * MAX_BODY, "batches", RETRY_S)

router = APIRouter()


@router.post(
    "/v1/predict/batch", status_code=202, response_model=documents.Batch, openapi_extra=examples.BATCH,
    responses=examples.failures(400, 401, 403, 404, 413, 415, 422, 429, 503, 507), operation_id="predict_batch",
)  # fmt: skip
async def begin(request: Request) -> Json:
    """Judge many sentences (JSON `texts`) or recordings (several `file`s of a form); answers at once."""
    ws = access.admit(request, "predict")
    owner = request.scope.get("gwidama.key")
    kind = forms.kind_of(request)
    if kind == forms.JSON:
        with _place(TEXTS, forms.expected_size(request, MAX_BODY)):
            batch = await _of_texts(request, ws, owner)
            RUNNER.add(ws, batch)
    elif kind == forms.FORM:
        with _place(FORMS, forms.expected_size(request, MAX_FORM)):
            batch = await _of_form(request, ws, owner)
            RUNNER.add(ws, batch)
    else:
        raise RefusedRequest(415, "send multipart/form-data with files, or application/json with texts")
    return Json(await run_in_threadpool(_status, request, ws, batch), 202)


@contextmanager
def _place(gate: Gate, size: int) -> Iterator[None]:
    """Take a place for a batch before it is read; `RefusedRequest` 503 if too many are sent, wait or are judged."""
    unfinished = RUNNER.waiting + FORMS.taken + TEXTS.taken
    if unfinished >= MOST_WAITING:
        metrics.REFUSED.labels("batches").inc()
        raise RefusedRequest(503, f"{unfinished} batches are waiting already; ask again later", RETRY_S)
    with gate.place(size):
        yield


async def _of_texts(request: Request, ws: Workspace, owner: str | None) -> Batch:
    sent = await forms.body(request, MAX_BODY)
    asked = await run_in_threadpool(read, sent, Sentences)
    check_schemes(asked.schemes)
    await run_in_threadpool(check_runs, ws, asked.run)
    more = {"run": tuple(asked.run), "schemes": tuple(asked.schemes)}
    return await run_in_threadpool(batches.create, ws, asked.texts, owner, **more)


async def _of_form(request: Request, ws: Workspace, owner: str | None) -> Batch:
    form = await forms.form(request, MAX_FILES, MAX_FORM)
    try:
        files = [file for file in form.getlist("file") if isinstance(file, UploadFile)]
        if not files:
            raise RefusedRequest(400, "the field `file` is missing or is not a file")
        if large := next((file for file in files if (file.size or 0) > forms.MAX_FILE), None):
            raise RefusedRequest(413, f"{forms.name_of(large)} is larger than {forms.MAX_FILE} bytes")
        fields = forms.common_fields(form)
        check_schemes(fields.schemes)
        await run_in_threadpool(check_runs, ws, fields.run)
        inputs = [(forms.name_of(file), file.file) for file in files]
        asked = {
            "run": tuple(fields.run), "schemes": tuple(fields.schemes), "transcriber": fields.transcriber,
            "own_voice": fields.own_voice,
        }  # fmt: skip
        return await run_in_threadpool(batches.create, ws, inputs, owner, **asked)
    finally:
        await form.close()


@router.get(
    "/v1/predict/batch/{id}", response_model=documents.Batch, operation_id="batch_status",
    responses=examples.failures(401, 403, 404, 429, 503),
)  # fmt: skip
async def status(request: Request, id: str) -> Json:
    """How far a batch is."""
    ws = access.admit(request, "predict")
    batch = await run_in_threadpool(batches.find, ws, id, request.scope.get("gwidama.key"))
    document = await run_in_threadpool(_status, request, ws, batch)
    if document["state"] != "done":
        RUNNER.add(ws, batch)
    return Json(document)


@router.get(
    "/v1/predict/batch/{id}/results", response_model=documents.Results, operation_id="batch_results",
    responses=examples.failures(401, 403, 404, 422, 429, 503),
)  # fmt: skip
async def results(
    request: Request,
    id: str,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> Json:
    """The results that are ready, in the order of the inputs; errors of single inputs stand among them."""
    ws = access.admit(request, "predict")
    batch = await run_in_threadpool(batches.find, ws, id, request.scope.get("gwidama.key"))
    found = await run_in_threadpool(batches.results, ws, batch, offset, limit)
    end = offset + len(found)
    state = (await run_in_threadpool(_status, request, ws, batch))["state"]
    return Json({"id": batch.id, "state": state, "results": found, "next": end if end < batch.total else None})


def _status(request: Request, ws: Workspace, batch: Batch) -> Document:
    progress = batches.progress(ws, batch)
    here = f"{request.scope.get('root_path', '')}/v1/predict/batch/{batch.id}"
    return {
        "id": batch.id, "state": "done" if progress.done >= batch.total else "running", "done": progress.done,
        "total": batch.total, "failed": progress.failed, "created_at": batch.created_at, "status": here,
        "results": f"{here}/results",
    }  # fmt: skip


class Runner:
    """The thread that works on the batches of this process, in the order in which they came."""

    def __init__(self) -> None:
        self._queue: deque[tuple[Workspace, Batch]] = deque()
        self._lock, self._stopped = Lock(), Event()
        self._thread: Thread | None = None
        self._current: str | None = None

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._queue) + (self._current is not None)

    def add(self, ws: Workspace, batch: Batch) -> None:
        """Work on the batch soon, unless it is waiting here already."""
        with self._lock:
            alive = self._thread is not None and self._thread.is_alive()
            if not alive:
                self._current = None
            if batch.id != self._current and all(other.id != batch.id for _, other in self._queue):
                self._queue.append((ws, batch))
            if not alive:
                self._thread = Thread(target=self._run, name="batches", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End after the input that is being judged; what is left goes on when its status is asked for."""
        self._stopped.set()
        if thread := self._thread:
            thread.join(10)
        self._stopped.clear()

    def _run(self) -> None:
        one_core()
        while (item := self._next()) is not None:
            ws, batch = item
            try:
                batches.work(ws, batch, _judge_texts(ws, batch), _judge_file(batch), self._stopped.is_set)
            except Exception as error:  # a full disk, a removed folder: the next batch goes on, this one when asked for
                note_error(error, "batch")

    def _next(self) -> tuple[Workspace, Batch] | None:
        with self._lock:
            if self._stopped.is_set():
                self._queue.clear()
            item = self._queue.popleft() if self._queue else None
            self._current = item[1].id if item else None
            if item is None:
                self._thread = None
            return item


def _judge_texts(ws: Workspace, batch: Batch) -> batches.JudgeTexts:
    def judge(texts: Sequence[str]) -> list[Document]:
        try:
            judged: list[Any] = list(judge_texts(ws, texts, batch.run))
        except Exception as error:
            judged = [_known(error)] * len(texts)
        metrics.JUDGED.labels("text").inc(len(texts))
        return [_told(one, "text", batch) for one in judged]

    return judge


def _judge_file(batch: Batch) -> batches.JudgeFile:
    def judge(path: Path, source: str) -> Document:
        asked = forms.Recording(
            source=source, run=list(batch.run), schemes=list(batch.schemes), transcriber=batch.transcriber,
            own_voice=batch.own_voice,
        )  # fmt: skip
        metrics.JUDGED.labels("recording").inc()
        try:
            with path.open("rb") as file:
                return judge_recording(file, asked)
        except Exception as error:
            return _failed(_known(error), source)

    return judge


def _known(error: Exception) -> CoreError:
    """An error as the caller may read it: an unexpected one is logged, and the batch goes on."""
    return error if isinstance(error, CoreError) else JobFailed(INTERNAL, id=note_error(error, "batch"))


def _told(judged: Document | CoreError, source: str, batch: Batch) -> Document:
    if isinstance(judged, CoreError):
        return _failed(judged, source)
    try:
        return only(judged, batch.schemes)
    except CoreError as error:
        return _failed(error, source)


def _failed(error: CoreError, source: str) -> Document:
    return {"error": str(error), "source": source}


RUNNER = Runner()
