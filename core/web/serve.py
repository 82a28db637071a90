"""`serve`: run dashboard and REST service in this process and the job worker as its child; both stop together.

The worker is tied to this process by a pipe: when this process ends, `kill -9` included, the kernel closes the pipe
and the worker ends too. A worker that ends early is started again, after a longer pause each time.
"""

import errno
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import uvicorn

from core.errors import CoreError, InputError
from core.messages import Message
from core.settings import ROOT, child_environment, settings
from core.web import headers
from core.workflows import jobs
from core.workflows.predict.predict import warm_up
from core.workflows.workspace import open_workspace

BACKOFF_S = (1.0, 2.0, 5.0, 15.0, 60.0)
HEALTHY_S = 60.0  # a worker that ran for so long is started again without a pause
STOP_S = 15.0


def announce(address: str) -> None:
    print(f"귀담아 Gwidama: {address}", flush=True)


def serve(host: str, port: int, ready: Callable[[str], None] = announce) -> int:
    """Serve until SIGINT or SIGTERM and return the exit status. `port` 0 takes a free port.

    Calls `ready` with the address when it answers. Raises `InputError` if the address cannot be used. Call it only
    from the main thread.
    """
    listener = _listen(host, port)
    open_workspace()
    headers.trust(host)
    sys.path.insert(0, str(ROOT))  # app.py lies there
    config = uvicorn.Config(
        "app:app", ws="websockets-sansio", log_level="warning", access_log=False, timeout_graceful_shutdown=3
    )
    server = _Server(config, f"http://{_url_host(host)}:{listener.getsockname()[1]}", ready)
    # While it runs, uvicorn catches signals and raises them again afterwards: the worker must be stopped too.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    with _worker():
        server.run(sockets=[listener])
    return 0 if server.started else 1


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, address: str, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._address, self._ready = address, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready(self._address)
            if settings().warm_up:
                Thread(target=_warm_up, name="warm-up", daemon=True).start()


def _warm_up() -> None:
    with suppress(CoreError):  # a workspace without models has nothing to warm
        warm_up(open_workspace())


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        in_use = error.errno == errno.EADDRINUSE
        reason = Message("it is in use; is a server running already?") if in_use else error.strerror
        raise InputError(
            "cannot serve on {host}:{port}: {reason} Choose another with --port.",
            host=_url_host(host),
            port=port,
            reason=reason,
        ) from error
    return listener


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _worker() -> Iterator[None]:
    """Keep a worker running as long as the block runs."""
    leaving = Event()
    keeper = Thread(target=_keep_worker_alive, args=(leaving,), name="keep-worker", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        leaving.set()
        keeper.join()


def _keep_worker_alive(leaving: Event) -> None:
    command = jobs.worker_command()
    deaths = 0
    while not leaving.is_set():
        began = time.monotonic()
        # A session of its own: Ctrl-C reaches only this process, which then stops the worker in order.
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, start_new_session=True, env=child_environment()
        ) as worker:
            while worker.poll() is None and not leaving.wait(0.2):
                pass
            if worker.returncode is None:
                _stop_worker(worker)
        if leaving.is_set():
            return
        deaths = 0 if time.monotonic() - began > HEALTHY_S else deaths + 1
        pause = BACKOFF_S[min(deaths, len(BACKOFF_S)) - 1] if deaths else 0.0
        print(f"the worker ended ({worker.returncode}); starting it again in {pause:.0f} s", file=sys.stderr)
        leaving.wait(pause)


def _stop_worker(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(STOP_S)
    except subprocess.TimeoutExpired:
        worker.kill()
