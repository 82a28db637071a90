"""`serve`: run dashboard and REST service in this process and the job worker as its child; both stop together.

The worker is a child that `core.web.children` keeps running.
"""

import errno
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from threading import Thread

import uvicorn

from core.errors import CoreError, InputError
from core.messages import Message
from core.settings import ROOT, child_environment, settings, worker_command
from core.web import doors, headers
from core.web.children import kept_running
from core.web.later import Loading
from core.web.slow import TimedProtocol

GRACE_S = 10  # for requests that are being answered when the server is stopped
WORKER_AFTER_S = 3.0  # the worker's libraries load beside the first page, which a person waits for
OPENED = """
!! GWIDAMA_OPEN=1: {address} 에서 다른 컴퓨터의 접속을 받습니다. API 키가 있는 사람은 모든 녹음을 듣고,
!! 모든 텍스트와 라벨을 읽고 바꾸고, 말뭉치를 내보내고, 예측을 요청할 수 있습니다. 암호화되지 않습니다. {keys_ko}
!! GWIDAMA_OPEN=1: {address} takes connections from other machines. Whoever has an API key can hear every recording,
!! read and change every text and label, export the corpus, and ask for predictions. Nothing is encrypted. {keys_en}
"""


def announce(address: str) -> None:
    print(f"귀담아 Gwidama: {address}", flush=True)


def serve(host: str, port: int, ready: Callable[[str], None] = announce) -> int:
    """Serve until SIGINT or SIGTERM and return the exit status. `port` 0 takes a free port.

    Calls `ready` with the address when it answers. Raises `InputError` if the address cannot be used. Call it only
    from the main thread.
    """
    check_address(host)
    listener = listen(host, port)
    if settings().open:
        warn_of_open(host, _has_keys())
    headers.trust(host)
    sys.path.insert(0, str(ROOT))  # app.py lies there
    application = import_module("app")
    config = uvicorn.Config(
        application.app, http=TimedProtocol, ws="websockets-sansio", log_level="warning", access_log=False,
        timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    address = f"http://{url_host(host)}:{listener.getsockname()[1]}"
    server = _Server(config, application.loading, address, ready)
    # While it runs, uvicorn catches signals and raises them again afterwards: the worker must be stopped too.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    with kept_running("worker", worker_command(), child_environment(), after_s=WORKER_AFTER_S):
        server.run(sockets=[listener])
        _end_other_processes()
        let_signals_end_it()
    if server.trouble is not None:
        raise server.trouble
    return 0 if server.started else 1


def _has_keys() -> bool:
    from core.workflows.service import keys
    from core.workflows.workspace import open_workspace

    return bool(keys.known(open_workspace()).by_digest)


def let_signals_end_it() -> None:
    """Let one more Ctrl-C end this process at once while it waits for its children; they end with it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


class _Server(uvicorn.Server):
    """A server that announces its address when its workspace is open; `trouble` is why that could not be opened."""

    def __init__(self, config: uvicorn.Config, loading: Loading, address: str, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._loading, self._address, self._ready = loading, address, ready
        self.trouble: CoreError | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        try:
            await self._loading.routes()
        except CoreError as error:
            self.trouble, self.should_exit = error, True
            return
        _allow_other_processes()
        self._ready(self._address)
        if settings().warm_up:
            Thread(target=_warm, name="warm-up", daemon=True).start()


def _allow_other_processes() -> None:
    from core.workflows import beside

    beside.allow()


def _end_other_processes() -> None:
    from core.workflows import beside

    beside.end()


def _warm() -> None:
    from core.web.service import judging

    judging.warm()


def check_address(host: str) -> None:
    """Raise `InputError` for an address that other machines reach, unless the server is open."""
    if not (settings().open or doors.is_loopback(host)):
        raise InputError(
            "{host} is reached from other machines, and there is no login: the server listens on this machine only "
            "(127.0.0.1). GWIDAMA_OPEN=1 opens it, and then it asks for API keys.",
            host=url_host(host),
        )


def warn_of_open(host: str, has_keys: bool) -> None:
    """Say loudly what an open server opens."""
    keys_ko = (
        "" if has_keys else "아직 키가 없어서 아무도 들어올 수 없습니다: python -m core keys add NAME --scope media"
    )
    keys_en = "" if has_keys else "There is no key yet, so nobody gets in: python -m core keys add NAME --scope media"
    print(OPENED.format(address=url_host(host), keys_ko=keys_ko, keys_en=keys_en), file=sys.stderr, flush=True)


def listen(host: str, port: int, shared: bool = False) -> socket.socket:
    """Return a listening socket; `InputError` if the address cannot be used. `shared`: other processes listen there."""
    # The protocol is named: asyncio sets TCP_NODELAY only where it is, and without it an answer waits for 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        in_use = error.errno == errno.EADDRINUSE
        reason = Message("it is in use; is a server running already?") if in_use else error.strerror
        raise InputError(
            "cannot serve on {host}:{port}: {reason} Choose another with --port.",
            host=url_host(host),
            port=port,
            reason=reason,
        ) from error
    return listener


def url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
