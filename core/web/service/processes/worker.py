"""One process of `serve --api-only`: `python -m core.web.service.processes.worker LISTENER READY PROCESSES`.

LISTENER is the file number of a listening socket, READY that of a file which gets a byte when the process answers, and
PROCESSES how many there are. It ends on SIGTERM after the requests that are being answered, or when its stdin closes.
"""

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from core.settings import settings
from core.web.api import api
from core.web.doors import Doors, house
from core.web.service import access, judging
from core.web.service.app import close
from core.web.service.waiting.queue import QUEUE
from core.web.slow import TimedProtocol

GRACE_S = 30  # for requests that are being answered when the process is stopped


def application() -> Starlette:
    """The service under /api, behind the same doors as the dashboard."""
    doors = Middleware(Doors, house=house(settings()), key_fits=access.fits)
    return Starlette(routes=[Mount("/api", app=api)], middleware=[doors], lifespan=_lifespan)


@asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    if settings().warm_up is not False:
        await QUEUE.soon(judging.warm)
    try:
        yield
    finally:
        close()


class _Server(uvicorn.Server):
    ready: int

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            os.write(self.ready, b".")

    def end_with_parent(self) -> None:
        """Stop when the other end of stdin is closed: the parent has ended, even by `kill -9`."""
        while os.read(0, 4096):
            pass
        self.should_exit = True


def main() -> int:
    listener, ready, processes = map(int, sys.argv[1:4])
    QUEUE.cores = max(1, QUEUE.cores // processes)
    if processes > 1:
        access.LIMITS.folder = Path(settings().metrics_folder)
    config = uvicorn.Config(
        application(), http=TimedProtocol, ws="none", log_level="warning", access_log=False,
        timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    server = _Server(config)
    server.ready = ready
    Thread(target=server.end_with_parent, daemon=True).start()
    server.run(sockets=[socket.socket(fileno=listener)])
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
