"""A client for `bench/service.py` that costs little: one thread, requests built once, answers read by their length."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

PATIENCE_S = 60.0


@dataclass
class Load:
    """What one server did under one load: `ms` of each answer, `statuses` by number (0: the connection broke)."""

    ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_s: float = 0.0  # of the server's processes

    def add(self, other: "Load") -> None:
        self.ms += other.ms
        self.statuses += other.statuses
        self.seconds += other.seconds
        self.cpu_s += other.cpu_s

    @property
    def rate(self) -> float:
        return self.statuses[200] / self.seconds if self.seconds else 0.0

    @property
    def failures(self) -> int:
        """Answers that are neither a success nor a refusal that names when to ask again."""
        return sum(n for status, n in self.statuses.items() if status not in (200, 429, 503))


def text_request(path: str, text: str, kept: bool) -> bytes:
    return _request(path, f'{{"text": "{text}"}}'.encode(), "application/json", kept)


def wav_request(path: str, wav: bytes, kept: bool) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    return _request(path, head + wav + b"\r\n--b--\r\n", "multipart/form-data; boundary=b", kept)


def _request(path: str, body: bytes, kind: str, kept: bool) -> bytes:
    connection = "keep-alive" if kept else "close"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: {connection}\r\n\r\n".encode() + body


def measure(port: int, requests: list[bytes], clients: int, seconds: float) -> Load:
    """Send the requests in turn from `clients` clients for `seconds`; each waits for its answer before the next."""
    return asyncio.run(_measure(port, requests, clients, seconds))


async def _measure(port: int, requests: list[bytes], clients: int, seconds: float) -> Load:
    load, began = Load(), time.perf_counter()
    await asyncio.gather(*(_client(port, requests[n:] + requests[:n], began + seconds, load) for n in range(clients)))
    load.seconds = time.perf_counter() - began
    return load


async def _client(port: int, requests: list[bytes], until: float, load: Load) -> None:
    stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    number = 0
    while (began := time.perf_counter()) < until:
        fresh = stream is None
        try:
            stream = stream or await asyncio.open_connection("127.0.0.1", port)
            stream[1].write(requests[number % len(requests)])
            status, kept = await asyncio.wait_for(_answer(stream[0]), PATIENCE_S)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            stream = _closed(stream)
            if fresh:  # a kept connection may be closed by the server at any time; a new one may not
                load.statuses[0] += 1
            continue
        number += 1
        load.statuses[status] += 1
        load.ms.append((time.perf_counter() - began) * 1000)
        if not kept:
            stream = _closed(stream)
    _closed(stream)


def _closed(stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None) -> None:
    if stream is not None:
        stream[1].close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Status of an answer, and whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    version, status = head.split(b" ", 2)[:2]
    return int(status), b"connection: close" not in head and version == b"http/1.1"
