"""A real server for a bench, and the settings of the Chromium that opens its pages."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "chromium"
ARGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
PATIENCE_S = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: Path, database_url: str = "") -> Iterator[str]:
    """Run a server on the workspace `home` while the block runs; yield its address."""
    with logged_server(home, database_url=database_url) as (url, _):
        yield url


@contextmanager
def logged_server(home: Path, log: Path | None = None, database_url: str = "") -> Iterator[tuple[str, int]]:
    """Run a server as `serving` does; `log` takes all it prints. Yield its address and the id of its process."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GWIDAMA_")}
    environment = clean | {"GWIDAMA_HOME": str(home), "GWIDAMA_CURATOR": "bench", "GWIDAMA_DATABASE_URL": database_url}
    port = free_port()
    with (log or Path(os.devnull)).open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "core", "serve", "--port", str(port)], cwd=ROOT, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output if log else None,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        await_health(f"{url}/api/v1/health", server)
        yield url, server.pid
    finally:
        server.terminate()
        server.wait(30)


def await_health(url: str, server: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"no answer within {PATIENCE_S} s")
