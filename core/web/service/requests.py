"""What surrounds every request of the service: an id, one line in the log, figures, and an answer whatever happens.

The line is JSON: id, route (never the address with its values), status, milliseconds, bytes, the name of the key. It
holds no text, file name, address of a caller or parameter of a query. What is refused at the doors has the route
"doors". Of an unexpected error the log holds its class and where in the code it came from, because its message may
quote what a person said.
"""

import asyncio
import os
import re
import sys
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import settings
from core.web.service import metrics
from core.web.service.answers import CLOSED_BY_CLIENT, failure

HEADER = b"x-request-id"
ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
FLUSH_S = 0.2
_IDS = Random(os.urandom(32))
UNKNOWN, DOORS = "other", "doors"
METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS")


def id_of(scope: Scope) -> bytes:
    """The id of a request: the one that came with it if it is short and plain, else a new one."""
    sent = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return sent if ID.fullmatch(sent) else _new_id().encode()


def _new_id() -> str:
    """A new id; it names and hides nothing, so that a call of the system for each would be too dear."""
    return f"{_IDS.getrandbits(128):032x}"


class Requests:
    """ASGI middleware around the routes of the service."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request_id = id_of(scope)
        began, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, request_id)]
            await send(message)

        error: Exception | None = None
        try:
            await self.app(scope, receive, send_with_id)
        except Exception as raised:  # nothing above this line may print it: see the docstring of this file
            error = raised
            if not status:
                await failure(500, f"internal error; the log has more under {request_id.decode()}")(
                    scope, receive, send_with_id
                )
        except asyncio.CancelledError:
            status = status or CLOSED_BY_CLIENT
            raise
        finally:
            self._note(scope, request_id.decode(), status, time.perf_counter() - began, error)
        return None

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float, error: Exception | None) -> None:
        route = getattr(scope.get("route"), "path", UNKNOWN)
        method = _method(scope)
        metrics.REQUESTS.labels(method, route, str(status)).inc()
        metrics.LATENCY.labels(route).observe(seconds)
        if not LOG.wanted and error is None:
            return
        line: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"), "id": request_id, "method": method,
            "route": route, "status": status, "ms": round(seconds * 1000, 1), "key": scope.get("gwidama.key"),
        }  # fmt: skip
        if error is not None:
            line |= {"error": type(error).__name__, "trace": _places(error)}
        LOG.write(line)


def note_refusal(scope: Scope, request_id: str, status: int) -> None:
    """Log a request or a websocket that was refused at the doors (`core.web.doors`): it has no route and no key."""
    if not LOG.wanted or status < 400:  # the form for a key is an answer of the doors too
        return
    method = "websocket" if scope["type"] == "websocket" else _method(scope)
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "id": request_id, "method": method}
    LOG.write(line | {"route": DOORS, "status": status, "ms": 0.0, "key": None})


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else UNKNOWN


def note_error(error: Exception, where: str) -> str:
    """Log an unexpected error outside of a request, without its message; return the id under which it is logged."""
    identity = _new_id()
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "id": identity, "route": where}
    LOG.write_now(line | {"error": type(error).__name__, "trace": _places(error)})
    return identity


def _places(error: Exception) -> list[str]:
    """Where an error came from, the innermost call last: files and lines, no values."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{frame.filename.rpartition('/core/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


class _Log:
    """Lines on stderr, a few times a second: a write for each request would take longer than the request's own work."""

    def __init__(self) -> None:
        self.wanted = settings().log
        self._lines: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None  # that of the waiting flush

    def write(self, line: dict[str, Any]) -> None:
        self._lines.append(orjson.dumps(line))
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(FLUSH_S, self.flush)

    def write_now(self, line: dict[str, Any]) -> None:
        """Write a line from any thread. A log that cannot be written, as on a full disk, stops no work."""
        with suppress(OSError):
            print(orjson.dumps(line).decode(), file=sys.stderr, flush=True)

    def flush(self) -> None:
        lines, self._lines, self._loop = self._lines, [], None
        if lines:
            print(*(line.decode() for line in lines), sep="\n", file=sys.stderr, flush=True)


LOG = _Log()
