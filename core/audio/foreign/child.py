"""The child process: decodes one file after another with PyAV, and sends samples over a socket.

It runs as a script (`python -I -B child.py SOCKET PARENT MEMORY`) and imports nothing of this project. A request is a
line of JSON, with the open file as a file descriptor. The answers are packets: a letter, the size, the content. H is
the header, D samples (float32, channels interleaved), Z the end of the sound, E an error.
"""

import contextlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
from array import array
from collections.abc import Iterator
from typing import Any

IDLE_S = 60
BLOCK_BYTES = 1 << 18
OPTIONS = {  # no playlist, no network, no second file
    "format_whitelist": "mov,matroska,webm,amr,amrnb,amrwb,aac,mp3,flac,ogg,wav,w64,aiff,au,caf,asf,avi,flv,mpeg,"
    "mpegts,wv,ape,ac3,tta",
    "protocol_whitelist": "",
}
EXACT = ("mov", "matroska", "wav", "w64", "caf", "aiff", "au")  # containers whose duration is counted, not guessed
WIDE = ("s32", "s32p", "s64", "s64p", "flt", "fltp", "dbl", "dblp")  # formats of more than 16 bits
LOSSLESS = ("flac", "alac", "wavpack", "tta", "ape", "pcm_")


class RefusedError(Exception):
    """The file has no sound that can be decoded; `kind` is the code of the reason."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(text)
        self.kind = kind


def main() -> None:
    """Serve requests until the socket is closed, nothing was asked for a minute, or the parent is gone."""
    descriptor, parent, memory = map(int, sys.argv[1:4])
    confine(memory)
    threading.Thread(target=leave_with, args=(parent,), daemon=True).start()
    with socket.socket(fileno=descriptor) as channel:
        while select.select([channel], [], [], IDLE_S)[0]:
            message, descriptors, _, _ = socket.recv_fds(channel, 4096, 1)
            if not message or not descriptors:
                return
            request = json.loads(message)
            used = int(time.process_time())
            with contextlib.suppress(ValueError):
                resource.setrlimit(resource.RLIMIT_CPU, (used + request["seconds"] + 1, resource.RLIM_INFINITY))
            with open(descriptors[0], "rb") as file:
                file.seek(0)  # the position is shared with the parent
                serve(channel, file, request)


def confine(memory: int) -> None:
    """Limit this process: memory, no core dump, no file that it writes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end closes the socket
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    memory = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def leave_with(parent: int) -> None:
    """End this process when its parent has ended, also in the middle of a file."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def serve(channel: socket.socket, file: Any, request: dict[str, Any]) -> None:
    """Answer one request. Each error of FFmpeg or of memory is an answer too."""
    try:
        for letter, content in decoded(file, request):
            send(channel, letter, content)
    except RefusedError as error:
        send(channel, b"E", json.dumps({"kind": error.kind, "text": str(error)}).encode())
    except MemoryError:
        send(channel, b"E", json.dumps({"kind": "memory", "text": ""}).encode())


def send(channel: socket.socket, letter: bytes, content: bytes) -> None:
    """Send one packet."""
    channel.sendall(letter + struct.pack(">I", len(content)) + content)


def decoded(file: Any, request: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the packets of one file: header, samples, end."""
    import av

    av.logging.set_level(av.logging.PANIC)
    try:
        container = av.open(file, "r", format=request.get("demuxer"), options=OPTIONS)
    except (av.error.FFmpegError, ValueError) as error:
        raise RefusedError("codec", reason(error)) from None
    with container:
        if not container.streams.audio:
            kinds = {stream.type for stream in container.streams}
            raise RefusedError("no-sound", "video" if "video" in kinds else "")
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise RefusedError("codec", "no decoder for this kind of sound")
        stream.thread_type = "NONE"
        if stream.codec_context.name == "flac":
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
        yield from samples(container, stream, request)


def samples(container: Any, stream: Any, request: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the header as soon as the first frame shows it, then the samples in blocks, then the end."""
    lost: list[float] = []
    mix: Mix | None = None
    waiting = bytearray()
    for frame in frames(container, stream, lost):
        if mix is None:
            mix = Mix(request.get("rate_hz") or frame.sample_rate, request.get("channels") or frame.layout.nb_channels)
            yield b"H", json.dumps(header(container, stream, frame, mix)).encode()
        waiting += mix.take(frame)
        if len(waiting) >= BLOCK_BYTES:
            yield b"D", bytes(waiting)
            waiting.clear()
    if mix is None:
        raise RefusedError("no-frames")
    waiting += mix.rest()
    if waiting:
        yield b"D", bytes(waiting)
    yield b"Z", json.dumps({"lost_s": sum(lost), "lost": len(lost)}).encode()


def frames(container: Any, stream: Any, lost: list[float]) -> Iterator[Any]:
    """Yield the decoded frames. A packet that cannot be decoded is left out; after a first frame it counts as lost."""
    import av

    begun = False
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.error.FFmpegError, OSError):
            return  # the file breaks off; what its header claims is compared by the parent
        try:
            decoded_frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            if begun and packet.size:
                lost.append(float((packet.duration or 0) * (packet.time_base or 0)) or 0.02)
            continue
        for frame in decoded_frames:
            begun = True
            yield frame


def header(container: Any, stream: Any, frame: Any, mix: "Mix") -> dict[str, Any]:
    """The facts about the sound that the parent needs before the samples."""
    name = stream.codec_context.name
    exact = container.format.name.split(",")[0] in EXACT
    length = stream.duration * stream.time_base if stream.duration else (container.duration or 0) / 1_000_000
    wide = name.startswith(LOSSLESS) and frame.format.name in WIDE
    return {
        "codec": name, "rate_hz": mix.rate_hz, "channels": mix.channels, "bits": 24 if wide else 16,
        "claimed_s": float(length) if exact else 0.0,
    }  # fmt: skip


class Mix:
    """Turns frames into interleaved float32. A frame of another rate or number of channels is fitted to the first.

    Such a frame is mixed to mono and is then the same in all channels, so that its loudness stays.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self._resampler: Any = None
        self._shape: Any = None
        self._spread = False

    def take(self, frame: Any) -> bytes:
        """The samples of a frame."""
        import av

        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        rest = b""
        if shape != self._shape:
            rest, self._shape = self.rest(), shape
            self._spread = frame.layout.nb_channels != self.channels
            layout = "mono" if self._spread else frame.layout
            self._resampler = av.AudioResampler(format="flt", layout=layout, rate=self.rate_hz)
        frame.pts = None
        try:
            return rest + self._bytes(self._resampler.resample(frame))
        except (av.error.FFmpegError, ValueError) as error:
            raise RefusedError("codec", reason(error)) from None

    def rest(self) -> bytes:
        """The samples that the resampler still holds."""
        return self._bytes(self._resampler.resample(None)) if self._resampler is not None else b""

    def _bytes(self, resampled: Any) -> bytes:
        channels = 1 if self._spread else self.channels
        data = b"".join(bytes(part.planes[0])[: part.samples * channels * 4] for part in resampled)
        if not self._spread or self.channels == 1:
            return data
        mono = array("I", data)  # moved as they are: 4 bytes a sample
        spread = array("I", bytes(len(data) * self.channels))
        for channel in range(self.channels):
            spread[channel :: self.channels] = mono
        return spread.tobytes()


def reason(error: Exception) -> str:
    """The reason that FFmpeg gives, without the number and the names of files."""
    return str(getattr(error, "strerror", "") or error).split(":")[0][:200]


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        main()
