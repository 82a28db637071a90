"""Children of a server are stopped together, and not one after the other; a second Ctrl-C ends the wait for them."""

import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest

from core.web import serve
from core.web.children import kept_running
from core.web.service.processes import alone
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

SLOW_TO_END = "trap 'date +%s.%N > {file}; sleep 0.6; exit 0' TERM; touch {file}; while :; do sleep 0.02; done"


def test_all_children_are_asked_to_stop_at_once(tmp_path: Path) -> None:
    files, leaving = [tmp_path / str(number) for number in range(3)], Event()
    with ExitStack() as stack:
        for file in files:
            command = ["sh", "-c", SLOW_TO_END.format(file=file)]
            stack.enter_context(kept_running("child", command, {}, stop_s=10, leaving=leaving))
        give_up = time.monotonic() + 10
        while not all(file.exists() for file in files):
            assert time.monotonic() < give_up
            time.sleep(0.02)
    told = sorted(float(file.read_text("utf-8")) for file in files)
    assert told[-1] - told[0] < 0.5, "each ended before the next was asked"


@pytest.mark.parametrize("run", [lambda: serve.serve("127.0.0.1", 0), lambda: alone.serve_alone("127.0.0.1", 0, 1)])
def test_a_signal_ends_the_wait_for_the_children(
    run: Callable[[], int], ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: list[object] = []

    @contextmanager
    def child(*_: object, **__: object) -> Iterator[None]:
        yield
        handlers.extend(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM))

    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(serve, "kept_running", child)
    monkeypatch.setattr(serve._Server, "run", lambda *_, **__: None)
    monkeypatch.setattr(alone, "kept_running", child)
    monkeypatch.setattr(alone, "_all_ready", lambda *_: False)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for module in (serve, alone):
                monkeypatch.setattr(module, "listen", lambda *_, **__: listener)
            assert run() == 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert handlers == [signal.SIG_DFL, signal.SIG_DFL]
