"""Routes of the Import page: its browser sends files of any size, which are written to the disk as they come.

A page opens an upload under an unguessable id; only ids that a page of this server opened take files, and only from a
page of this server. A file is sent alone, as the body of a PUT with its path in the address. Nothing of it is held in
memory, and it is there completely or not at all. `GET` lists what has arrived, so that a broken upload goes on with
what is missing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import CoreError, InputError
from core.web.desk import RefusedRequest, check_origin
from core.workflows.imports.deliveries import inbox
from core.workflows.workspace import open_workspace

OPEN = 1000  # uploads that the server remembers
AT_ONCE = 4  # files that are written at the same time; others wait
PATIENCE_S = 60  # for the next bytes of a file: a sender that fell asleep does not keep the others waiting
MOST_MS = 2**43  # of a time, in ms of 1970
BLOCK_BYTES = 1 << 20
ADDRESS = "/import/{delivery}"
Explain = Callable[[CoreError], str]

_open: OrderedDict[str, Explain] = OrderedDict()
_guard = Lock()
_writers = asyncio.Semaphore(AT_ONCE)


def open_upload(delivery: str, explain: Explain = str) -> None:
    """Let files of this upload in; `explain` translates an error into the language of its page."""
    with _guard:
        _open[delivery] = explain
        _open.move_to_end(delivery)
        while len(_open) > OPEN:
            _open.popitem(last=False)


def _explain(delivery: str) -> Explain | None:
    with _guard:
        return _open.get(delivery)


async def receive(request: Request, delivery: str) -> Response:
    """Write one file: `PUT /import/ID?path=FOLDER/NAME`, with its length in the header."""
    check_origin(request)
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise InputError("a file is sent with its length")
    path, ws = request.query_params.get("path", ""), open_workspace()
    async with _writers:
        incoming = await run_in_threadpool(inbox.begin, ws, delivery, path, int(length), _modified_ms(request))
        try:
            block, parts = bytearray(), request.stream()
            while (part := await _next(parts)) is not None:
                block += part
                if len(block) >= BLOCK_BYTES:
                    await run_in_threadpool(incoming.write, bytes(block))
                    block.clear()
            await run_in_threadpool(incoming.write, bytes(block))
            await run_in_threadpool(incoming.keep)
        finally:
            await run_in_threadpool(incoming.drop)
    return JSONResponse({"bytes": int(length)}, 201)


async def _next(parts: AsyncIterator[bytes]) -> bytes | None:
    """Return the next bytes of a file, None at its end. `InputError` if none come for a while."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await anext(parts, None)
    except TimeoutError:
        raise InputError("nothing more came for {n} s; choose it again to go on", n=PATIENCE_S) from None


def _modified_ms(request: Request) -> int | None:
    """Return when the file was written on the sender's machine, in ms of 1970; None if it does not say."""
    text = request.query_params.get("modified", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 and int(text) < MOST_MS else None


async def listing(request: Request, delivery: str) -> Response:
    """List the files that have arrived: `{"files": {path: [bytes, modified_ms]}}`."""
    files = await run_in_threadpool(inbox.files, open_workspace(), delivery)
    return JSONResponse({"files": {file.path: [file.size, file.modified_ms] for file in files}})


def _endpoint(respond: Callable[[Request, str], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        delivery = request.path_params["delivery"]
        explain = _explain(delivery)
        if explain is None:
            return JSONResponse({"error": "this upload is closed; reload the page"}, 410)
        try:
            return await respond(request, delivery)
        except RefusedRequest as error:
            return JSONResponse({"error": str(error)}, error.status)
        except ClientDisconnect:
            return Response(status_code=400)
        except CoreError as error:
            return JSONResponse({"error": explain(error)}, 422)

    return endpoint


ROUTES = (
    Route(ADDRESS, _endpoint(receive), methods=["PUT"]),
    Route(ADDRESS, _endpoint(listing), methods=["GET"]),
)
