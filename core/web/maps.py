"""Routes of the Map page: the points as bytes, and the text of one point when somebody looks at it.

The bytes were kept by the page under a token that nobody can guess; the browser draws them. They have a room of their
own (at most 64 and 128 MB), so that they displace no upload. A text is JSON, and the component shows it as plain text.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import CoreError, NotFound
from core.web.media import MOST_DIGITS, PRIVATE
from core.web.uploads import Kept
from core.workflows.corpus import browse
from core.workflows.workspace import open_workspace

LONGEST = 300  # characters of a text that are shown beside a point
ENTRIES = 64
BYTES = 128_000_000  # the points of 50 maps of 200,000

_points = Kept(ENTRIES, BYTES)


def keep(data: bytes) -> str:
    """Return the address under which the server gives these bytes; the same bytes have the same address."""
    return f"/map/points/{_points.keep(data)}"


def points(request: Request) -> Response:
    """Return the kept bytes of a map or of a selection; 404 if they made room for others."""
    data = _points.get(request.path_params["token"])
    if data is None:
        return JSONResponse({"error": "these points are gone; load the page again"}, 404)
    return Response(data, media_type="application/octet-stream", headers=PRIVATE)


def text(request: Request) -> Response:
    """Return `{"text"}`: the beginning of an utterance's current text. It is never cached: a text may be corrected."""
    number = request.path_params["id"]
    try:
        if not (number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS):
            raise NotFound("no id {id}", id=number[:40])
        shown = browse.utterance(open_workspace(), int(number)).text
    except CoreError as error:
        return JSONResponse({"error": str(error)}, 404 if isinstance(error, NotFound) else 422)
    cut = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
    return JSONResponse({"text": cut}, headers={"Cache-Control": "no-store"})


ROUTES = (Route("/map/points/{token}", points), Route("/map/text/{id}", text))
