"""Routes that answer at once: one prediction, the lists of runs and schemes, health and figures."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from core import __version__
from core.web.service import access, forms, metrics
from core.web.service.answers import Json, RefusedRequest
from core.web.service.judging import Document, check_schemes, is_transcribed, only
from core.web.service.openapi import documents, examples
from core.web.service.waiting.queue import QUEUE, Gate
from core.web.service.waiting.recordings import RECORDINGS
from core.web.service.waiting.sentences import read
from core.web.service.waiting.texts import MOST_WAITING, TEXTS
from core.workflows.service import lists
from core.workflows.workspace import Workspace, open_workspace

router = APIRouter()
PREDICT = "/v1/predict"
LONG_JSON = 100_000  # bytes; the longest sentence has fewer
BODIES = Gate(MOST_WAITING, 500_000_000, "texts")  # sentences that are being sent


@router.post(
    PREDICT, response_model=documents.Answer, openapi_extra=examples.PREDICT, operation_id="predict",
    responses={
        200: {"content": {"application/json": {"example": examples.ANSWER}}},
        **examples.failures(400, 401, 403, 404, 409, 413, 415, 422, 429, 501, 503, 507),
    },
)  # fmt: skip
async def predict(request: Request) -> Response:
    """Judge a recording (a form with `file`) or a sentence (JSON with `text`)."""
    ws = access.admit(request, "predict")
    kind = forms.kind_of(request)
    if kind == forms.JSON:
        with BODIES.place(forms.expected_size(request, forms.MAX_JSON)):
            body = await forms.body(request)
        return Json(await _sentence(ws, body))
    if kind != forms.FORM:
        raise RefusedRequest(415, "send multipart/form-data with a file, or application/json with a text")
    with QUEUE.place(forms.expected_size(request, forms.MAX_FORM)):
        return Json(await _recording(ws, request))


async def _sentence(ws: Workspace, body: bytes) -> Document:
    if len(body) > LONG_JSON:
        sentence = await run_in_threadpool(read, body, forms.Sentence)
    else:
        sentence = forms.Sentence.model_validate_json(body)
    check_schemes(sentence.schemes)
    document = await TEXTS.document(ws, sentence.text, tuple(sentence.run))
    metrics.JUDGED.labels("text").inc()
    return only(document, sentence.schemes)


async def _recording(ws: Workspace, request: Request) -> Document:
    form = await forms.form(request)
    try:
        upload, recording = await forms.recording(form)
        alone = is_transcribed(ws, recording)
        document = await RECORDINGS.document(upload.file, recording, upload.size or 0, alone=alone)
        metrics.JUDGED.labels("recording").inc()
        return document
    finally:
        await form.close()


@router.get("/v1/health", response_model=documents.Health, operation_id="health", openapi_extra=examples.READ)
async def health(request: Request) -> Response:
    """That the service is up; with a valid key (or where none is needed) its version and the runs that can judge."""
    if not access.is_trusted(request, "read"):
        return Json({"status": "ok"})
    return Json({"status": "ok", "version": __version__, "runs": lists.health_runs(open_workspace())})


@router.get(
    "/v1/runs", response_model=documents.Runs, openapi_extra=examples.READ, operation_id="runs",
    responses=examples.failures(401, 403, 429, 503),
)  # fmt: skip
def runs(request: Request) -> Response:
    """All runs, the newest first: what `runs list --json` shows."""
    return Json({"runs": lists.run_documents(access.admit(request, "read"))})


@router.get(
    "/v1/schemes", response_model=documents.Schemes, openapi_extra=examples.READ, operation_id="schemes",
    responses=examples.failures(401, 403, 429, 503),
)  # fmt: skip
async def schemes(request: Request) -> Response:
    """The label schemes and their classes in order: what `schemes list --json` shows."""
    access.admit(request, "read")
    return Json({"schemes": lists.scheme_documents()})


@router.get(
    "/v1/metrics", openapi_extra=examples.READ, operation_id="metrics",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **examples.failures(401, 403, 429, 503),
    },
    response_class=Response,
)  # fmt: skip
def figures(request: Request) -> Response:
    """Figures for Prometheus. They hold no text and no name of a file."""
    access.admit(request, "metrics")
    return Response(metrics.text(), media_type=metrics.CONTENT_TYPE)


class _Named:
    """What the log calls a route."""

    path = PREDICT


async def _predict(request: Request) -> Response:
    request.scope["route"] = _Named
    return await predict(request)


# Ahead of the route of the same path above, which remains for the OpenAPI document: it saves a fifth of a millisecond
# of FastAPI's own work, and `predict` reads its body itself.
QUICK = Route(PREDICT, _predict, methods=["POST"], include_in_schema=False)
