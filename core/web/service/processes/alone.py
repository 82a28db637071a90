"""`serve --api-only`: the REST service without pages, in one or several processes.

Each process has a listening socket of its own on the same port, among which the kernel shares out the connections. This
process only keeps them running. A connection that waits for a process that has died is answered by its successor.
"""

import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from select import select
from threading import Event

from prometheus_client.multiprocess import mark_process_dead

from core.errors import InputError
from core.settings import child_environment
from core.web.children import kept_running
from core.web.serve import announce, check_address, let_signals_end_it, listen, url_host, warn_of_open
from core.workflows.service import keys
from core.workflows.workspace import open_workspace

MOST_WORKERS = 64
PATIENCE_S = 180.0
STOP_S = 45.0  # for requests, for the batch's input, and a little more


def serve_alone(host: str, port: int, workers: int, ready: Callable[[str], None] = announce) -> int:
    """Serve until SIGINT or SIGTERM and return the exit status. Calls `ready` when every process answers.

    `InputError` for an address that cannot be used. Call it only from the main thread.
    """
    if not 1 <= workers <= MOST_WORKERS:
        raise InputError("--workers {workers}: a number from 1 to {most}", workers=workers, most=MOST_WORKERS)
    check_address(host)
    first = listen(host, port, shared=workers > 1)
    number = int(first.getsockname()[1])
    listeners = [first, *(listen(host, number, shared=True) for _ in range(workers - 1))]
    ws = open_workspace()  # migrated once, before the processes open it
    if ws.settings.open:
        warn_of_open(host, bool(keys.known(ws).by_digest))
    leaving = Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: leaving.set())
    with ExitStack() as stack:
        started = _start(stack, host, listeners, leaving)
        answering = _all_ready(started, workers, leaving)
        if answering:
            ready(f"http://{url_host(host)}:{number}")
            while not leaving.wait(0.5):
                pass
        stopped = leaving.is_set()
        let_signals_end_it()
    return 0 if answering or stopped else 1


def _start(stack: ExitStack, host: str, listeners: list[socket.socket], leaving: Event) -> int:
    """Start a process for each socket; return the file on which each writes a byte when it answers."""
    folder = tempfile.mkdtemp(prefix="gwidama-figures-")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    environment = child_environment() | {"GWIDAMA_HOST": host, "PROMETHEUS_MULTIPROC_DIR": folder}
    reading, writing = os.pipe()
    for file in (reading, writing):
        stack.callback(os.close, file)
    stops = stack.enter_context(ExitStack())
    for listener in listeners:
        descriptors = (listener.fileno(), writing)
        words = map(str, (*descriptors, len(listeners)))
        command = [sys.executable, "-m", "core.web.service.processes.worker", *words]
        ended = partial(mark_process_dead, path=folder)
        stops.enter_context(kept_running("service", command, environment, descriptors, STOP_S, ended, leaving))
    return reading


def _all_ready(started: int, workers: int, leaving: Event) -> bool:
    """Wait until each process has written its byte; False if the server is stopped before, or after `PATIENCE_S`."""
    waited, ready = 0.0, 0
    while ready < workers and waited < PATIENCE_S and not leaving.is_set():
        if select([started], [], [], 0.1)[0]:
            ready += len(os.read(started, 64))
        else:
            waited += 0.1
    return ready >= workers
