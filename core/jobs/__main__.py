"""`python -m core.jobs`: run the worker until SIGTERM or SIGINT, or until the process that started it has ended."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from typing import NoReturn

from core.errors import CoreError, StoreAway
from core.jobs import JOBS, TETHER
from core.jobs.worker import run_worker
from core.plugins import Backend


def main(arguments: Sequence[str] | None = None, kinds: Mapping[str, Backend] = JOBS) -> int:
    """Run the worker. Returns 0 after it was stopped, 1 with a line on stderr if it could not start."""
    parser = argparse.ArgumentParser(prog="python -m core.jobs", description="work on queued jobs")
    parser.add_argument(TETHER, action="store_true", help="stop when the other end of stdin is closed")
    tethered = parser.parse_args(arguments).until_stdin_closes
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("gwidama").setLevel(logging.INFO)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if tethered:
        # The kernel closes the pipe when the parent ends, even by `kill -9`.
        Thread(target=_await_end_of_stdin, args=(stop,), daemon=True).start()
    try:
        let_go = run_worker(stop, kinds)
    except StoreAway as error:
        print(error, file=sys.stderr)
        _leave(1)
    except CoreError as error:
        print(error, file=sys.stderr)
        return 1
    if not let_go:
        _leave(0)
    return 0


def _leave(code: int) -> NoReturn:
    """End now. The thread of the job would keep the process alive; its steps are durable, so it is safe to leave."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


def _await_end_of_stdin(stop: Event) -> None:
    while os.read(0, 4096):  # not through sys.stdin: its lock could block the exit
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
