"""`serve --api-only` as people start it: two processes on one port, stopped in order, a dead one replaced."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from waiting import PATIENCE_S, until

from core.errors import InputError
from core.settings import ROOT
from core.web.serve import listen
from core.web.service.processes.alone import serve_alone

pytestmark = pytest.mark.integration

START = "import sys; from core.web.service.processes.alone import serve_alone; sys.exit(serve_alone('127.0.0.1', 0, 2))"


class Server:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "serve.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("GWIDAMA_")}
        env |= {"GWIDAMA_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        with self.path.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", START], env=env, cwd=folder, stdout=log, stderr=log)
        until(lambda: self.process.poll() is not None or "http://" in self.log(), "it answers")
        found = re.search(r"http://127\.0\.0\.1:\d+", self.log())
        assert found is not None, self.log()
        self.address = found[0]

    def log(self) -> str:
        return self.path.read_text("utf-8")

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        named = [int(pid) for path in children.parent.parent.glob("*/children") for pid in path.read_text().split()]
        return [pid for pid in named if b"processes.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("alone"))
    yield running
    running.process.kill()
    running.process.wait()


def test_two_processes_answer_kept_connections_at_once(server: Server) -> None:
    assert len(server.workers()) == 2
    with httpx.Client(base_url=server.address) as client:
        assert client.get("/api/v1/health").json()["status"] == "ok"
        for _ in range(20):
            assert client.post("/api/v1/predict", json={}).status_code == 422
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
        assert client.get("/").status_code == 404, "there are no pages"
        counted = client.get("/api/v1/metrics").text
    assert 'route="/v1/predict",status="422"' in counted


def test_a_process_that_died_is_replaced(server: Server) -> None:
    first = server.workers()[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(server.workers()) == 2 and first not in server.workers(), "another process")
    until(lambda: "the service ended (-9); starting it again" in server.log(), "a line in the log")
    assert httpx.get(f"{server.address}/api/v1/health", timeout=PATIENCE_S).status_code == 200


def test_a_request_that_is_being_answered_is_finished_before_the_end(server: Server) -> None:
    port = int(server.address.rpartition(":")[2])
    body = b'{"text": "\xeb\xb6\x88"}'
    head = b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        client.sendall(head + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert client.recv(25).startswith(b"HTTP/1.1 100"), "the request is being read"
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        client.sendall(body)
        assert client.recv(12) == b"HTTP/1.1 409"
    assert server.process.wait(PATIENCE_S) == 0, server.log()
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_answer_does_not_wait_for_a_delayed_acknowledgement(host: str) -> None:
    """Such an answer takes 40 ms. asyncio asks for TCP_NODELAY only where a socket names its protocol."""
    try:
        listener = listen(host, 0)
    except InputError:
        pytest.skip(f"no {host} here")
    with listener:
        assert listener.proto == socket.IPPROTO_TCP
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_what_cannot_be_served_is_said() -> None:
    with pytest.raises(InputError, match="--workers 0: a number from 1 to 64"):
        serve_alone("127.0.0.1", 0, 0)
    with pytest.raises(InputError, match=r"0\.0\.0\.0 is reached from other machines"):
        serve_alone("0.0.0.0", 0, 1)
