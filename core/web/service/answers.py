"""How the service answers: JSON, and for every failure `{"error": reason}` with a fitting status.

A `CoreError` has the status of its class. A refusal that passes (429, 503) says in `Retry-After` when to ask again.
Every request to the server passes here, so FastAPI and pydantic are imported only where a service is put together.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

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
    StoreError,
    UnknownName,
)

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.exceptions import RequestValidationError
    from pydantic import ValidationError

# The first matching class counts; any other error is ours: 500.
STATUS: tuple[tuple[type[CoreError], int], ...] = (
    (NotFound, 404),
    (UnknownName, 404),
    (Conflict, 409),
    (DiskFull, 507),
    (NotEnoughData, 409),
    (AudioError, 422),
    (BadRecord, 422),
    (InputError, 400),
    (MissingBackend, 501),
    (CheckpointMismatch, 500),
    (JobFailed, 500),
    (StoreError, 503),  # the database is locked or away: it may be back soon
)
KEY_HEADER = "X-API-Key"
NO_KEY = f"a valid key is needed in the header {KEY_HEADER}"
STORE_RETRY_S = 5
CLOSED_BY_CLIENT = 499  # only in the log: nobody reads this answer


class RefusedRequest(Exception):
    """A request that is refused with an HTTP status (413, 415, ...) before it is worked on.

    `retry_s`: after so many seconds the same request may be accepted.
    """

    def __init__(self, status: int, reason: str, retry_s: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.retry_s = status, retry_s


class Json(Response):
    """A document as JSON. It holds no NaN: the prediction workflow refuses them."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def failure(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Json:
    return Json({"error": reason}, status, dict(headers or {}))


def status_of(error: CoreError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def of_error(error: CoreError) -> Json:
    """The answer to a request that ended in `error`."""
    status = status_of(error)
    return failure(status, str(error), {"Retry-After": str(STORE_RETRY_S)} if status == 503 else None)


def explain(api: "FastAPI") -> None:
    """Give `api` an answer for every kind of failure."""
    from fastapi.exceptions import RequestValidationError
    from pydantic import ValidationError

    handlers: dict[type[Exception], Callable[[Request, Any], Response]] = {
        RefusedRequest: _refused,
        CoreError: _core_error,
        MultiPartException: _bad_form,
        ValidationError: _bad_json,
        RequestValidationError: _bad_query,
        HTTPException: _http_error,
        ClientDisconnect: _left,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _refused(request: Request, error: RefusedRequest) -> Response:
    headers = {} if error.retry_s is None else {"Retry-After": str(error.retry_s)}
    return failure(error.status, str(error), headers)


def _core_error(request: Request, error: CoreError) -> Response:
    return of_error(error)


def _bad_form(request: Request, error: MultiPartException) -> Response:
    return failure(400, error.message)


def _bad_json(request: Request, error: "ValidationError") -> Response:
    return failure(422, first_fault(error))


def _bad_query(request: Request, error: "RequestValidationError") -> Response:
    first = error.errors()[0]
    return failure(422, f"{'.'.join(map(str, first['loc'][1:])) or 'request'}: {first['msg']}")


def first_fault(error: "ValidationError") -> str:
    """The first thing that is wrong in a document, with the name of its field and without its content."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"])) or "body"
    return f"{where}: {first['msg']}"


def _http_error(request: Request, error: HTTPException) -> Response:
    return failure(error.status_code, str(error.detail), error.headers)


def _left(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=CLOSED_BY_CLIENT)
