"""Audio by id, for the players: a recording, the exact span of an utterance, the same with what was said around it, an
upload of this run of the server; and the exports that this run of the server wrote.

Paths come from the store only and are checked to lie inside the workspace. What is not there is a 404 with a JSON
reason, audio that cannot be read a 422.
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


def recording(request: Request) -> Response:
    """The whole file, by ranges if asked so."""
    path = open_workspace().audio_file(_id(request))
    media_type = TYPES.get(path.suffix.lower(), "application/octet-stream")
    return FileResponse(path, media_type=media_type, headers=PRIVATE)


def utterance(request: Request) -> Response:
    """A WAV of exactly `[start_ms, end_ms)`; with `context_ms`, of so much more at either side, where there is so much.

    The span that an address may name besides is for caches: what is cut is what the store says.
    """
    around_ms = _context_ms(request.query_params.get("context_ms", "0"))
    return ranged(request, browse.clip(open_workspace(), _id(request), around_ms))


def _context_ms(asked: str) -> int:
    if not (asked.isascii() and asked.isdigit() and len(asked) < 9 and int(asked) <= MOST_CONTEXT_MS):
        raise InputError("context_ms: a whole number of 0 to {most_context_ms}", most_context_ms=MOST_CONTEXT_MS)
    return int(asked)


def upload(request: Request) -> Response:
    data = uploads.get(request.path_params["token"])
    if data is None:
        raise NotFound("this upload is gone; upload the file again")
    return ranged(request, data)


def export(request: Request) -> Response:
    """A file that the Corpus page wrote, to be saved, never shown."""
    path = downloads.find(request.path_params["token"])
    if path is None:
        raise NotFound("this export is gone; write it again")
    return FileResponse(path, media_type="application/octet-stream", filename=path.name, headers=PRIVATE)


def _id(request: Request) -> int:
    found = int(request.path_params["id"])
    if found >= 2**63:
        raise NotFound("no id {id}", id=found)
    return found


def ranged(request: Request, data: bytes) -> Response:
    """WAV bytes, or the one range of them that was asked for; browsers seek by ranges."""
    headers = PRIVATE | {"Accept-Ranges": "bytes"}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if asked is None or asked[0] == "bytes=-":
        return Response(data, media_type="audio/wav", headers=headers)
    first, last = asked.groups()
    start = int(first) if first else max(0, len(data) - int(last))
    end = min(int(last) + 1, len(data)) if first and last else len(data)
    if start >= end:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(data[start:end], 206, media_type="audio/wav", headers=headers)


def _answer(respond: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        try:
            return respond(request)
        except NotFound as error:
            return JSONResponse({"error": str(error)}, 404)
        except CoreError as error:
            return JSONResponse({"error": str(error)}, 422)

    return endpoint


ROUTES = (
    Route("/audio/recording/{id:int}", _answer(recording)),
    Route("/audio/utterance/{id:int}", _answer(utterance)),
    Route("/audio/upload/{token}", _answer(upload)),
    Route("/export/{token}", _answer(export)),
)
