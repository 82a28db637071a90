"""Child processes of a server: kept running as long as it runs, stopped with it.

A child is tied to this process by a pipe on its stdin: when this process ends, `kill -9` included, the kernel closes
the pipe and the child ends too. A child that ends early is started again, after a longer pause each time.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Thread

BACKOFF_S = (1.0, 2.0, 5.0, 15.0, 60.0)
HEALTHY_S = 60.0  # a child that ran for so long is started again without a pause


@contextmanager
def kept_running(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    descriptors: Sequence[int] = (),
    stop_s: float = 15.0,
    ended: Callable[[int], None] = lambda pid: None,
    leaving: Event | None = None,
    after_s: float = 0.0,
) -> Iterator[None]:
    """Keep `command` running as long as the block runs, from `after_s` on; `descriptors` are open files that it gets.

    At the end it is asked to stop, and killed after `stop_s`. `ended(pid)` is called when one ended by itself. Children
    that share the event `leaving` are all asked at once when it is set; the end of one block sets it, too.
    """
    leaving = leaving or Event()

    def keep() -> None:
        deaths = 0
        leaving.wait(after_s)
        while not leaving.is_set():
            began = time.monotonic()
            # A session of its own: Ctrl-C reaches only this process, which then stops the child in order.
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, start_new_session=True, env=dict(environment), pass_fds=descriptors
            ) as child:
                while child.poll() is None and not leaving.wait(0.2):
                    pass
                if child.returncode is None:
                    _stop(child, stop_s)
            if leaving.is_set():
                return
            ended(child.pid)
            deaths = 0 if time.monotonic() - began > HEALTHY_S else deaths + 1
            pause = BACKOFF_S[min(deaths, len(BACKOFF_S)) - 1] if deaths else 0.0
            print(f"the {name} ended ({child.returncode}); starting it again in {pause:.0f} s", file=sys.stderr)
            leaving.wait(pause)

    keeper = Thread(target=keep, name=f"keep-{name}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        leaving.set()
        keeper.join()


def _stop(child: subprocess.Popen[bytes], stop_s: float) -> None:
    child.terminate()
    try:
        child.wait(stop_s)
    except subprocess.TimeoutExpired:
        child.kill()
