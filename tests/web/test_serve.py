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

import httpx
import pytest

from core.errors import InputError
from core.settings import ROOT
from core.web.serve import serve

pytestmark = pytest.mark.integration

PATIENCE_S = 120
START = "import sys; from core.web.serve import serve; sys.exit(serve('127.0.0.1', 0))"


def until(fact: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < give_up, f"never happened: {what}"
        time.sleep(0.05)


class Server:
    """A running server: `address`, and its `process` and `log`."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.path = folder / f"serve-{time.monotonic_ns()}.log"
        with self.path.open("wb") as log:
            env = {k: v for k, v in os.environ.items() if not k.startswith(("GWIDAMA_", "STREAMLIT_"))}
            env |= {"GWIDAMA_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
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
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE_S) == 0, server.log()
    assert not alive(worker)
    assert "Traceback" not in server.log()
    assert "Fatal" not in server.log()


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
