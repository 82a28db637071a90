"""The child processes that decode: started when one is needed, used again, killed when they fail or take too long.

A start takes about 0.2 s, so a process serves many files; two may run at once, and callers beyond that wait. A process
that served without a fault waits for the next file, and ends by itself after a minute without one.
"""

import atexit
import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

INSTALL = "pip install av==18.1.0"
MOST_WORKERS = 2
FRESH_S = 45  # a process that waited longer may be about to end by itself
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one file may take: bytes of memory of the process, and seconds of decoding."""

    memory_bytes: int = 1 << 30
    seconds: int = 120


BOUNDS = Bounds()


class DecoderError(RuntimeError):
    """The child gave an error, or was ended; `kind` is its code: codec, no-sound, no-frames, memory, time, ended."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(text or kind)
        self.kind, self.text = kind, text


def installed() -> bool:
    """Whether PyAV is installed. This does not import it."""
    return find_spec("av") is not None


class Worker:
    """One child process. `busy` is false when its last answer is complete, so that it can be asked again."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self.busy, self._waited_s = bounds, False, 0.0
        self._idle_since = time.monotonic()
        self._channel, theirs = socket.socketpair()
        with theirs:
            arguments = [str(theirs.fileno()), str(os.getpid()), str(bounds.memory_bytes)]
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-B", str(_CHILD), *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )  # fmt: skip

    def ask(self, descriptor: int, request: dict[str, Any]) -> None:
        """Ask for the sound of an open file; its packets follow from `receive`."""
        self.busy, self._waited_s = True, 0.0
        message = json.dumps(request | {"seconds": self.bounds.seconds}).encode()
        try:
            socket.send_fds(self._channel, [message], [descriptor])
        except OSError as error:
            raise DecoderError("ended") from error

    def receive(self) -> tuple[bytes, bytes]:
        """Return the next packet: its letter and its content. `DecoderError` for an error, or if it does not come."""
        head = self._exactly(5)
        letter, (size,) = head[:1], struct.unpack(">I", head[1:])
        content = self._exactly(size)
        if letter in (b"Z", b"E"):
            self.busy, self._idle_since = False, time.monotonic()
        if letter == b"E":
            fault = json.loads(content)
            raise DecoderError(fault["kind"], fault["text"])
        return letter, content

    def _exactly(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            began = time.monotonic()
            ready, _, _ = select.select([self._channel], [], [], max(0.0, self.bounds.seconds - self._waited_s))
            self._waited_s += time.monotonic() - began
            if not ready:
                raise DecoderError("time")
            try:
                piece = self._channel.recv(min(size - len(received), 1 << 20))
            except OSError:
                piece = b""
            if not piece:
                raise DecoderError("ended")
            received += piece
        return bytes(received)

    def lives(self) -> bool:
        """Whether the process runs, has not closed its end, and will not end by itself now."""
        fresh = time.monotonic() - self._idle_since < FRESH_S
        return fresh and self.process.poll() is None and not select.select([self._channel], [], [], 0)[0]

    def end(self) -> None:
        """Kill the process and wait for its end."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()


class _Pool:
    """The workers of this process that wait for a file."""

    def __init__(self) -> None:
        self.owner, self.idle = os.getpid(), list[Worker]()
        self.lock, self.places = threading.Lock(), threading.BoundedSemaphore(MOST_WORKERS)

    def take(self, bounds: Bounds) -> Worker:
        """A worker that waits, or a new one."""
        while True:
            with self.lock:
                worker = self.idle.pop() if self.idle else None
            if worker is None:
                return Worker(bounds)
            if worker.lives() and worker.bounds == bounds:
                return worker
            worker.end()

    def give_back(self, worker: Worker) -> None:
        """Keep a worker whose answer is complete; end any other."""
        if worker.busy:
            worker.end()
            return
        with self.lock:
            self.idle.append(worker)

    def end_all(self) -> None:
        """End the workers that wait."""
        while self.idle:
            self.idle.pop().end()


_pool = _Pool()


@contextmanager
def borrowed(bounds: Bounds = BOUNDS) -> Iterator[Worker]:
    """Lend a worker for one file. After a fault, or if its answer was not read to the end, it is killed."""
    pool = _current_pool()
    if not pool.places.acquire(timeout=bounds.seconds):
        raise DecoderError("time")
    try:
        worker = pool.take(bounds)
        try:
            yield worker
        finally:
            pool.give_back(worker)
    finally:
        pool.places.release()


def end_all() -> None:
    """End all workers that wait. A process calls this when it ends."""
    if _pool.owner == os.getpid():
        _pool.end_all()


def _current_pool() -> _Pool:
    """The pool of this process. A forked process must not use the sockets of its parent."""
    global _pool
    if _pool.owner != os.getpid():
        _pool = _Pool()
    return _pool


atexit.register(end_all)
