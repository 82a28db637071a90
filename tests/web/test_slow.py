"""Clients that send too slowly are dropped; those whose answer is slow are not. A real uvicorn in a thread."""

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from core.web.slow import BODY_BYTES_A_S, LATE, TimedProtocol

pytestmark = pytest.mark.integration

HEADER = b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n"


class Hasty(TimedProtocol):
    header_s, body_s, sweep_s = 0.3, 0.4, 0.05


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body, after a second if the path is /think, before it has come if it is /refuse."""
    if scope["type"] != "http":
        return
    request = Request(scope, receive)
    try:
        body = b"" if scope["path"] == "/refuse" else await request.body()
    except ClientDisconnect:
        return
    if scope["path"] == "/think":
        await asyncio.sleep(1)
    await PlainTextResponse(str(len(body)))(scope, receive, send)


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=Hasty, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join()


def connected(address: tuple[str, int], first: bytes) -> socket.socket:
    connection = socket.create_connection(address, timeout=10)
    connection.sendall(first)
    return connection


def drip(connections: list[socket.socket], patience_s: float = 5) -> list[bytes]:
    """Send a byte on each connection now and then until the server has closed them all; return what it said."""
    said = [b""] * len(connections)
    left, give_up = set(range(len(connections))), time.monotonic() + patience_s
    while left and time.monotonic() < give_up:
        for number in sorted(left):
            try:
                connections[number].setblocking(True)
                connections[number].sendall(b"x")
                connections[number].setblocking(False)
                piece = connections[number].recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                piece = b""
            said[number] += piece
            if not piece:
                left.discard(number)
        time.sleep(0.02)
    assert not left, f"still held: {sorted(left)}"
    for connection in connections:
        connection.close()
    return said


def test_ten_dripping_headers_are_dropped(address: tuple[str, int]) -> None:
    assert drip([connected(address, HEADER) for _ in range(10)]) == [LATE] * 10


def test_ten_dripping_bodies_are_dropped(address: tuple[str, int]) -> None:
    began = [HEADER + b"content-length: 100000\r\n\r\n", HEADER + b"transfer-encoding: chunked\r\n\r\n186a0\r\n"]
    assert drip([connected(address, began[number % 2]) for number in range(10)]) == [LATE] * 10


def test_a_silent_connection_is_closed_without_an_answer(address: tuple[str, int]) -> None:
    with connected(address, b"") as connection:
        assert connection.recv(4096) == b""


def test_a_body_that_drips_on_after_its_answer_is_dropped(address: tuple[str, int]) -> None:
    refused = (HEADER + b"content-length: 100000\r\n\r\n").replace(b"POST /", b"POST /refuse")
    (said,) = drip([connected(address, refused)])
    assert said.startswith(b"HTTP/1.1 200 OK")


def test_a_long_answer_and_a_kept_connection_are_no_delay(address: tuple[str, int]) -> None:
    with connected(address, HEADER.replace(b"POST /", b"GET /think") + b"\r\n") as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
        time.sleep(0.5)  # longer than a header may take: nothing is due yet
        connection.sendall(HEADER + b"content-length: 3\r\n\r\nabc")
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b"3")


def test_a_body_that_comes_fast_enough_has_the_time_it_needs(address: tuple[str, int]) -> None:
    pieces, piece = 12, bytes(BODY_BYTES_A_S // 4)  # a quarter of a second's worth each tenth of a second
    head = HEADER + f"content-length: {pieces * len(piece)}\r\n\r\n".encode()
    with connected(address, head) as connection:
        for _ in range(pieces):
            time.sleep(0.1)
            connection.sendall(piece)
        assert connection.recv(4096).endswith(str(pieces * len(piece)).encode())


def test_an_early_answer_arrives_though_the_body_still_comes(address: tuple[str, int]) -> None:
    for size in (500_000, 10_000_000):
        connection = http.client.HTTPConnection(*address, timeout=10)
        connection.request("POST", "/refuse", bytes(size))
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"0")
        connection.request("POST", "/", b"abc")  # what came after the answer was no part of another request
        assert connection.getresponse().read() == b"3"
        connection.close()


@pytest.mark.parametrize(
    ("began", "more"),
    [
        (b"GET /think HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nx: ", b"a"),
        (b"GET /think HTTP/1.1\r\nhost: a\r\n\r\n", b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
        (b"POST /think HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x: a\r\n"),
        (b"GET / HTTP/1.1\r\nx: ", b"a"),
    ],
    ids=["a header", "requests", "trailers", "the first header"],
)
def test_what_is_sent_ahead_of_an_answer_is_bounded(address: tuple[str, int], began: bytes, more: bytes) -> None:
    piece, sent, said = more * (65_536 // len(more)), 0, b""
    with connected(address, began) as connection:
        try:
            while sent < 20_000_000:
                connection.sendall(piece)
                sent += len(piece)
            said = connection.recv(100)
        except OSError:
            pass
    assert sent < 20_000_000, "it takes without end"
    assert b"200 OK" not in said
