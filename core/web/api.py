"""REST for devices: `POST /api/v1/predict` judges a recording or a sentence, `GET /api/v1/health` lists the runs.

A FastAPI application that app.py mounts under /api in the dashboard's process. The answer to a prediction is one
element of the `inputs` of `predict --json`. Every failure is `{"error": reason}`. When `GWIDAMA_API_KEYS` is set,
predictions need one of its keys in the header `X-API-Key`. The documentation at /api/docs loads nothing from elsewhere.
"""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import fastapi_offline
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import APIKeyHeader
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from core import __version__
from core.errors import (
    AudioError,
    BadRecord,
    CheckpointMismatch,
    Conflict,
    CoreError,
    DiskFull,
    InputError,
    JobFailed,
    MissingBackend,
    NotEnoughData,
    NotFound,
)
from core.settings import settings
from core.workflows.models import in_use
from core.workflows.models.runs import finished
from core.workflows.predict.predict import predict_audio, predict_text
from core.workflows.workspace import open_workspace

MAX_FILE = 50_000_000
MAX_JSON = 1_000_000  # also for the label file and for each form field
MAX_TEXT = 10_000  # characters

# The first matching class counts; any other error is ours: 500.
STATUS: tuple[tuple[type[CoreError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (DiskFull, 507),
    (NotEnoughData, 409),
    (AudioError, 422),
    (BadRecord, 422),
    (InputError, 400),
    (MissingBackend, 501),
    (CheckpointMismatch, 500),
    (JobFailed, 500),
)


class RefusedRequest(Exception):
    """A request that is refused with an HTTP status (413, 415, ...) before it is worked on."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Sentence(BaseModel):
    """A typed sentence; `run` names the runs to ask, by default the one in use for each scheme."""

    text: str = Field(max_length=MAX_TEXT)
    run: list[str] = []


class Judgement(BaseModel):
    label: str
    confidence: float
    probabilities: dict[str, float]
    run: str
    chosen: bool = Field(description="false: nobody has chosen a run for this scheme, so the newest one judged")


class JudgedUtterance(BaseModel):
    start_ms: int | None
    end_ms: int | None
    text: str | None
    judgements: dict[str, Judgement]


class Answer(BaseModel):
    """What was heard in one input; times are None for a sentence, text is None where nothing was transcribed."""

    source: str
    utterances: list[JudgedUtterance]
    call: dict[str, Judgement] = Field(
        {}, description="what runs say that were trained on whole calls, by scheme; empty without such a run"
    )


class Failure(BaseModel):
    error: str


BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "a recording, at most 50 MB"},
                        "text": {"type": "string", "description": "its transcript, one line an utterance"},
                        "labels": {"type": "string", "format": "binary", "description": "its AI Hub 119 label JSON"},
                        "run": {"type": "array", "items": {"type": "string"}},
                    },
                }
            },
            "application/json": {"schema": Sentence.model_json_schema()},
        },
    }
}

api = FastAPI(title="귀담아 · Gwidama", version=__version__, docs_url=None, redoc_url=None)
_workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="predict")
_key_header = APIKeyHeader(name="X-API-Key", auto_error=False)


def key_fits(sent_key: Annotated[str | None, Depends(_key_header)]) -> bool:
    """Return whether the caller sent a valid key, or no key is needed; every key is compared in constant time."""
    keys = settings().api_keys
    matches = [hmac.compare_digest((sent_key or "").encode(), key.encode()) for key in keys]
    return any(matches) or not keys


def needs_key(fits: Annotated[bool, Depends(key_fits)]) -> None:
    if not fits:
        raise RefusedRequest(401, "a valid key is needed in the header X-API-Key")


@api.get("/v1/health")
def health(fits: Annotated[bool, Depends(key_fits)]) -> dict[str, Any]:
    """That the service is up; with a valid key (or where none is needed) its version and the runs that can judge."""
    if not fits:
        return {"status": "ok"}
    ws = open_workspace()
    serving = in_use.by_run(ws)
    runs = [
        {"id": run.id, "scheme": run.scheme, "schemes": run.schemes, "modality": run.modality, "snapshot": run.snapshot,
         "in_use": run.id in serving, "chosen": run.id in serving and serving[run.id].chosen,
         "serves": serving[run.id].schemes if run.id in serving else ()}
        for run in finished(ws)
    ]  # fmt: skip
    return {"status": "ok", "version": __version__, "runs": runs}


@api.post(
    "/v1/predict",
    response_model=Answer,
    openapi_extra=BODIES,
    dependencies=[Depends(needs_key)],
    responses={status: {"model": Failure} for status in (400, 401, 404, 409, 413, 415, 422)},
)
async def predict(request: Request) -> Response:
    """Judge a recording (multipart `file`) or a sentence (JSON `text`)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = b"".join([chunk async for chunk in capped(request, MAX_JSON)])
        sentence = Sentence.model_validate_json(body)
        return await _in_worker(lambda: predict_text(open_workspace(), sentence.text, sentence.run))
    if kind != "multipart/form-data":
        raise RefusedRequest(415, "send multipart/form-data with a file, or application/json with a text")
    stream = capped(request, MAX_FILE + 4 * MAX_JSON)
    form = await MultiPartParser(request.headers, stream, max_files=2, max_fields=20, max_part_size=MAX_JSON).parse()
    try:
        return await _in_worker(await _prepare_recording(form))
    finally:
        await form.close()


async def capped(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield the body in chunks. `RefusedRequest` once it is longer than `limit` bytes, whatever its header says."""
    too_long = RefusedRequest(413, f"the request is larger than {limit} bytes")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise too_long
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise too_long
        yield chunk


async def _prepare_recording(form: FormData) -> Callable[[], dict[str, Any]]:
    file, labels, text = form.get("file"), form.get("labels"), form.get("text")
    if not isinstance(file, UploadFile):
        raise RefusedRequest(400, "the field `file` is missing or is not a file")
    if (file.size or 0) > MAX_FILE:
        raise RefusedRequest(413, f"the file is larger than {MAX_FILE} bytes")
    if isinstance(labels, UploadFile) and (labels.size or 0) > MAX_JSON:
        raise RefusedRequest(413, f"the label file is larger than {MAX_JSON} bytes")
    if isinstance(text, UploadFile) or len(text or "") > MAX_TEXT:
        raise RefusedRequest(422, f"text: at most {MAX_TEXT} characters, and not a file")
    source = Path(file.filename or "").name[:200] or "recording"
    data = await file.read()
    label_bytes = await labels.read() if isinstance(labels, UploadFile) else labels.encode() if labels else None
    runs = [run for run in form.getlist("run") if isinstance(run, str)]
    return lambda: predict_audio(open_workspace(), data, source, text=text, labels=label_bytes, run_ids=runs)


async def _in_worker(task: Callable[[], dict[str, Any]]) -> JSONResponse:
    """Run `task` on one of a few prediction threads, so that many callers wait instead of slowing each other down."""
    return JSONResponse(await asyncio.get_running_loop().run_in_executor(_workers, task))


@api.exception_handler(RefusedRequest)
def _refused(request: Request, error: RefusedRequest) -> JSONResponse:
    return JSONResponse({"error": str(error)}, error.status)


@api.exception_handler(CoreError)
def _core_error(request: Request, error: CoreError) -> JSONResponse:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    return JSONResponse({"error": str(error)}, status)


@api.exception_handler(MultiPartException)
def _bad_form(request: Request, error: MultiPartException) -> JSONResponse:
    return JSONResponse({"error": error.message}, 400)


@api.exception_handler(ValidationError)
def _bad_json(request: Request, error: ValidationError) -> JSONResponse:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "body"
    return JSONResponse({"error": f"{where}: {first['msg']}"}, 422)


# The page's script has its own path, because the content-security policy allows no inline script.
DOCS_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>귀담아 · Gwidama API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="assets/swagger-ui-bundle.js"></script>
<script src="docs.js"></script>
</body>
</html>
"""
DOCS_SCRIPT = 'SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", validatorUrl: null })\n'

api.mount("/assets", StaticFiles(directory=Path(fastapi_offline.__file__).with_name("static")), name="assets")


@api.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    return HTMLResponse(DOCS_PAGE)


@api.get("/docs.js", include_in_schema=False)
def docs_script() -> Response:
    return Response(DOCS_SCRIPT, media_type="text/javascript")
