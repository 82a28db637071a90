"""`serve` as people start it: a separate process with its worker, stopped in order or killed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from waiting import PATIENCE_S, until
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from core.errors import InputError
from core.settings import ROOT
from core.web.serve import serve

pytestmark = pytest.mark.integration

GUARD = ROOT / "tests" / "support" / "outbound"
START = "import sys; from core.web.serve import serve; sys.exit(serve('127.0.0.1', 0))"


class Server:
    """A running server: `address`, and its `process` and `log`."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.path = folder / f"serve-{time.monotonic_ns()}.log"
        with self.path.open("wb") as log:
            env = {k: v for k, v in os.environ.items() if not k.startswith(("GWIDAMA_", "STREAMLIT_"))}
            self.outbound = folder / "outbound.log"
            env |= {"GWIDAMA_HOME": str(folder / "home"), "PYTHONUNBUFFERED": "1", "OUTBOUND_LOG": str(self.outbound)}
            env["PYTHONPATH"] = f"{GUARD}{os.pathsep}{ROOT}"
            self.process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)

    def log(self) -> str:
        return self.path.read_text("utf-8")

    def address(self) -> str:
        def said() -> re.Match[str] | None:
            assert self.process.poll() is None, self.log()
            return re.search(r"http://127\.0\.0\.1:\d+", self.log())

        until(said, "the address is printed")
        found = said()
        assert found is not None
        return found[0]

    def workers(self) -> list[int]:
        """Return the ids of the live worker processes of this server."""
        pids = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                command = status.with_name("cmdline").read_bytes()
            except OSError:
                continue
            if parent == self.process.pid and b"core.jobs" in command:
                pids.append(int(status.parent.name))
        return pids


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def one(*command: str) -> Server:
        started.append(Server(tmp_path, list(command) or [sys.executable, "-c", START]))
        return started[-1]

    yield one
    for server in started:
        server.process.kill()
        server.process.wait()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_dashboard_rest_and_worker_start_and_stop_together(start: Callable[..., Server]) -> None:
    server = start()
    address = server.address()
    until(lambda: "worker ready" in server.log(), "the worker is ready")
    (worker,) = server.workers()
    assert httpx.get(f"{address}/api/v1/health").json()["status"] == "ok"
    for path in ("/", "/corpus"):
        answer = httpx.get(address + path)
        assert (answer.status_code, "<title>Streamlit</title>" in answer.text) == (200, True)
        assert "script-src 'self' 'sha256-" in answer.headers["content-security-policy"]
    foreign_requests_stay_inside(address)
    leave_in_the_middle(address)
    assert not server.outbound.exists(), server.outbound.read_text("utf-8")
    # The first prediction loads its libraries: on a busy machine that outlasts the patience of a server that stops.
    assert httpx.post(f"{address}/api/v1/predict", json={"text": "  "}, timeout=PATIENCE_S).status_code == 409
    with half_sent(address, b'{"te') as late, connect(f"{address.replace('http', 'ws')}/_stcore/stream"):
        server.process.send_signal(signal.SIGTERM)
        until(lambda: refuses(address), "no new request is taken")
        late.sendall(b'xt": "  "}')
        assert late.recv(4096).startswith(b"HTTP/1.1 409 Conflict"), "a request that has begun is answered"
        assert server.process.wait(PATIENCE_S) == 0, server.log()
    assert not alive(worker)
    assert "Traceback" not in server.log()
    assert "Fatal" not in server.log()


def foreign_requests_stay_inside(address: str) -> None:
    """Ask as pages of other sites would; Streamlit looked up the outside address of the machine at such a websocket."""
    stream = f"{address.replace('http', 'ws')}/_stcore/stream"
    for origin, host in (("http://evil.example", None), ("http://192.0.2.7:8501", None), (address, "evil.example")):
        more = {"Host": host} if host else {}  # a second one: websockets sends its own
        with pytest.raises(InvalidStatus), connect(stream, origin=Origin(origin), additional_headers=more):
            pass
        for path in ("/_stcore/health", "/_stcore/host-config", "/corpus", "/api/v1/predict", "/audio/recording/1"):
            refused = httpx.get(address + path, headers={"Origin": origin} | ({"Host": host} if host else {}))
            assert refused.status_code in (400, 403), path
    with connect(stream, origin=Origin(address), subprotocols=[Subprotocol("streamlit")]) as own:
        assert own.ping().wait(PATIENCE_S)


def half_sent(address: str, part: bytes) -> socket.socket:
    """Return a connection on which the first part of a body of 14 bytes has been sent."""
    host, port = urlsplit(address).netloc.split(":")
    connection = socket.create_connection((host, int(port)), PATIENCE_S)
    connection.sendall(
        f"POST /api/v1/predict HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n".encode()
        + b"content-length: 14\r\n\r\n" + part
    )  # fmt: skip
    return connection


def refuses(address: str) -> bool:
    try:
        httpx.get(f"{address}/api/v1/health")
    except httpx.TransportError:
        return True
    return False


def leave_in_the_middle(address: str) -> None:
    """Send a part of a request and go away, at routes of each kind."""
    for path in ("/api/v1/predict", "/desk/x/take", "/_stcore/upload_file/a/b"):
        for kind in ("application/json", "multipart/form-data; boundary=b"):
            host, port = urlsplit(address).netloc.split(":")
            head = f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\norigin: {address}\r\ncontent-type: {kind}\r\n"
            with socket.create_connection((host, int(port))) as leaver:
                leaver.sendall(f"{head}content-length: 99999\r\n\r\n--b\r\n".encode() + bytes(5_000))
    assert httpx.get(f"{address}/api/v1/health").status_code == 200


def test_kill_9_of_the_server_ends_the_worker(start: Callable[..., Server]) -> None:
    server = start()
    server.address()
    until(lambda: "worker ready" in server.log(), "the worker is ready")
    (worker,) = server.workers()
    server.process.kill()
    until(lambda: not alive(worker), "the end of the worker")


def test_a_worker_that_died_is_started_again(start: Callable[..., Server]) -> None:
    server = start()
    server.address()
    until(lambda: server.workers(), "a worker")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    until(lambda: [pid for pid in server.workers() if pid != worker], "another worker")
    assert "the worker ended (-9); starting it again" in server.log()


def test_an_address_in_use_is_one_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"cannot serve on 127\.0\.0\.1:{port}: it is in use; .* --port"):
            serve("127.0.0.1", port)


@pytest.mark.parametrize("how", ["uvicorn", "streamlit"])
def test_app_runs_under_other_servers_too(how: str, start: Callable[..., Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = {
        "uvicorn": ["uvicorn", "app:app", "--port", port],
        "streamlit": ["streamlit", "run", str(ROOT / "app.py"), "--server.port", port],
    }[how]
    server = start(sys.executable, "-m", *command)
    address = f"http://127.0.0.1:{port}"

    def healthy() -> bool:
        assert server.process.poll() is None, server.log()
        try:
            return httpx.get(f"{address}/api/v1/health").status_code == 200
        except httpx.TransportError:
            return False

    until(healthy, "health answers")
    assert httpx.get(f"{address}/corpus").status_code == 200
    assert "content-security-policy" in httpx.get(address).headers
    server.process.terminate()
    server.process.wait(PATIENCE_S)
