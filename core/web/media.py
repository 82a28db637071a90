"""Routes for audio by id and for exported files.

Audio is a whole recording, the exact span of an utterance (on demand with more around it), or an upload since the
server started. Paths come only from the store and are checked to be inside the workspace. A missing file is a 404 with
a JSON reason; audio that cannot be read is a 422.
"""

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from core.errors import CoreError, InputError, NotFound
from core.web import downloads, uploads
from core.workflows.corpus import browse
from core.workflows.workspace import open_workspace

TYPES = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}
PRIVATE = {"Cache-Control": "private, max-age=300"}
MOST_CONTEXT_MS = 10_000
MOST_DIGITS = 18  # fits 63 bits; Python reads no number of thousands of digits
RANGE = re.compile(rf"bytes=([0-9]{{0,{MOST_DIGITS}}})-([0-9]{{0,{MOST_DIGITS}}})")


def recording(request: Request) -> Response:
    """Return the whole file, or the requested range of it."""
    path = open_workspace().audio_file(_id(request))
    media_type = TYPES.get(path.suffix.lower(), "application/octet-stream")
    return FileResponse(path, media_type=media_type, headers=PRIVATE)


def utterance(request: Request) -> Response:
    """Return a WAV of exactly `[start_ms, end_ms)`; `context_ms` adds up to that much on either side.

    A span in the address only keeps caches apart: the span of the store is what is cut.
    """
    around_ms = _context_ms(request.query_params.get("context_ms", "0"))
    return ranged(request, browse.clip(open_workspace(), _id(request), around_ms))


def _context_ms(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 9 and int(value) <= MOST_CONTEXT_MS):
        raise InputError("context_ms: a whole number of 0 to {most_context_ms}", most_context_ms=MOST_CONTEXT_MS)
    return int(value)


def upload(request: Request) -> Response:
    data = uploads.get(request.path_params["token"])
    if data is None:
        raise NotFound("this upload is gone; upload the file again")
    return ranged(request, data)


def export(request: Request) -> Response:
    """Return a file that the Corpus page exported, as a download: the browser never shows it."""
    path = downloads.find(request.path_params["token"])
    if path is None:
        raise NotFound("this export is gone; write it again")
    return FileResponse(path, media_type="application/octet-stream", filename=path.name, headers=PRIVATE)


def _id(request: Request) -> int:
    value = request.path_params["id"]
    if not (value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS):
        raise NotFound("no id {id}", id=value[:40])
    return int(value)


def ranged(request: Request, data: bytes) -> Response:
    """Return WAV bytes, or the one range that the request names; browsers seek by ranges."""
    headers = PRIVATE | {"Accept-Ranges": "bytes"}
    byte_range = RANGE.fullmatch(request.headers.get("range", ""))
    if byte_range is None or byte_range[0] == "bytes=-":
        return Response(data, media_type="audio/wav", headers=headers)
    first, last = byte_range.groups()
    start = int(first) if first else max(0, len(data) - int(last))
    end = min(int(last) + 1, len(data)) if first and last else len(data)
    if start >= end:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(data[start:end], 206, media_type="audio/wav", headers=headers)


def _endpoint(respond: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        try:
            return respond(request)
        except NotFound as error:
            return JSONResponse({"error": str(error)}, 404)
        except CoreError as error:
            return JSONResponse({"error": str(error)}, 422)

    return endpoint


ROUTES = (
    Route("/audio/recording/{id}", _endpoint(recording)),
    Route("/audio/utterance/{id}", _endpoint(utterance)),
    Route("/audio/upload/{token}", _endpoint(upload)),
    Route("/export/{token}", _endpoint(export)),
)
