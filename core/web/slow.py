"""Time-outs for clients that send too slowly: ten connections that drip a byte now and then must not be held for ever.

A header must be whole within `HEADER_S`. A body gets `BODY_S`, and more time for what has come at `BODY_BYTES_A_S`. The
time in which the server itself does not read is not counted. A late request is answered with 408 where nothing has been
answered yet, and its connection is closed. Websockets are not concerned: they ping.

A body that comes on after an early answer (503, 413, ...) is read and thrown away: a connection that is closed with
unread bytes is reset, and the client loses the answer. What a client sends ahead, outside of bodies, is bounded.
"""

import asyncio
from typing import Any
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEADER_S = 10.0
HEADER_BYTES = 65_536  # the parser itself has no limit
READ_BYTES = 262_144  # what asyncio hands over at once
DRAIN_BYTES = 60_000_000  # so much of a body is read after its answer
PIPELINED = 100  # requests that wait for their turn on one connection
BODY_S = 20.0
BODY_BYTES_A_S = 8_000
SWEEP_S = 0.5
LATE = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_swept: WeakSet[ServerState] = WeakSet()


class TimedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with time-outs. `began`: when the header or body began, None while neither is due.

    `sent` counts the bytes of the connection since then, and `request` is the request whose body is due. The parser is
    `in_message` and `in_body` also after an early answer; `bodied` counts the bytes of that body, and `ahead` what came
    outside of any body since the last whole header.
    """

    header_s, body_s, sweep_s = HEADER_S, BODY_S, SWEEP_S
    began: float | None = None
    sent = 0
    request: Any = None
    in_message = in_body = False
    bodied = ahead = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.began = self.loop.time()
        if self.server_state not in _swept:
            _swept.add(self.server_state)
            self.loop.call_later(self.sweep_s, sweep, self.loop, self.server_state, self.sweep_s)

    def on_message_begin(self) -> None:
        self.in_message, self.in_body, self.bodied = True, False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.in_body, self.ahead = True, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.bodied += len(body)
        self.ahead = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.in_message = self.in_body = False
        self.ahead = 0
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        self.ahead += len(data)  # the parser sets it back
        super().data_received(data)
        request = self.cycle if self.cycle and not self.cycle.response_complete else None
        if request is not None and not request.more_body:
            self.began = None
        elif request is not self.request or self.began is None:
            self.began, self.sent = self.loop.time(), 0
        self.request = request
        self.sent += len(data)
        if self._is_too_much():
            self.drop()

    def _is_too_much(self) -> bool:
        drained = self.bodied if self.request is None and self.in_body else 0
        return self.ahead > HEADER_BYTES + READ_BYTES or drained > DRAIN_BYTES or len(self.pipeline) > PIPELINED

    def is_late(self, now: float) -> bool:
        """Return whether the client has had its time; call it each `sweep_s`."""
        if self.began is None:
            return False
        if self.request is None and not self.in_body:
            return now - self.began > self.header_s
        if self.flow.read_paused:
            self.began += self.sweep_s
        return now - self.began > self.body_s + self.sent / BODY_BYTES_A_S

    def drop(self) -> None:
        """Close the connection, with an answer if a request has begun that has none."""
        if self.transport.is_closing():
            return
        if self.request is not None and (self.request.response_started or not self.request.more_body):
            self.transport.abort()
            return
        if self.in_message and not (self.in_body and self.cycle.response_started):
            self.transport.write(LATE)
        self.transport.close()


def sweep(loop: asyncio.AbstractEventLoop, state: ServerState, pause_s: float) -> None:
    """Drop the late connections of a server, now and after each pause, as long as it has connections."""
    now = loop.time()
    for connection in list(state.connections):
        if isinstance(connection, TimedProtocol) and connection.is_late(now):
            connection.drop()
    if state.connections:
        loop.call_later(pause_s, sweep, loop, state, pause_s)
    else:
        _swept.discard(state)
