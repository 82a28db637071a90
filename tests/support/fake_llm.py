"""A local HTTP server that speaks OpenAI's interface for chat and transcription, and answers as a test tells it to."""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = Mapping[str, Any]
PATHS = ("/v1/chat/completions", "/v1/audio/transcriptions")


@dataclass(frozen=True)
class Reply:
    """What the server sends: a status, a body (a dictionary becomes JSON), headers, and after how many seconds.

    With `byte_s` the body comes byte by byte, so many seconds apart; with `header_s` so do headers. With status 0 the
    connection is dropped.
    """

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    byte_s: float = 0.0
    header_s: float = 0.0


def said(content: str | None, *, finish: str = "stop", refusal: str | None = None, tokens: tuple[int, int] = (100, 20),
         model: str = "served-model") -> Reply:  # fmt: skip
    """A usual answer with this content."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    choice = {"index": 0, "finish_reason": finish, "message": message}
    return Reply(body={"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice],
                       "usage": usage})  # fmt: skip


def sentences(*texts: str, tokens: tuple[int, int] = (100, 20)) -> Reply:
    """A usual answer in the form that was asked for."""
    return said(json.dumps({"sentences": texts}, ensure_ascii=False), tokens=tokens)


def failed(status: int, message: str, headers: Mapping[str, str] | None = None, **error: Any) -> Reply:
    """An error as such services send it."""
    return Reply(status, {"error": {"message": message, "type": "error", **error}}, headers or {})


class FakeLLM:
    """The requests that came, with their headers, and the replies that are left; then `usual` answers."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.replies: deque[Reply] = deque()
        self.usual: Callable[[Body], Reply] = lambda body: sentences("불이 크게 났어요")
        self.url = ""

    def answer(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Reply:
        self.requests.append(body)
        self.headers.append(headers)
        if path not in PATHS:
            return failed(404, "no such path")
        return self.replies.popleft() if self.replies else self.usual(body)


@contextmanager
def fake_llm() -> Iterator[FakeLLM]:
    """Serve on a free port of this machine until the block ends."""
    fake = FakeLLM()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.loads(sent) if "json" in self.headers["Content-Type"] else {"form": sent}
            reply = fake.answer(self.path, body, {name.lower(): value for name, value in self.headers.items()})
            time.sleep(reply.delay_s)
            content = reply.body if isinstance(reply.body, str) else json.dumps(reply.body, ensure_ascii=False)
            data = content.encode()
            if not reply.status:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            try:
                if reply.header_s:
                    self.wfile.write(b"HTTP/1.0 200 OK\r\n")
                    for _ in range(60):
                        self.wfile.write(b"X-Drip: 1\r\n")
                        time.sleep(reply.header_s)
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                for part in [data[at : at + 1] for at in range(len(data))] if reply.byte_s else [data]:
                    self.wfile.write(part)
                    time.sleep(reply.byte_s)
            except OSError:  # the client has given up
                pass

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
