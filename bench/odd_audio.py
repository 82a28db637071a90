"""Odd audio: `python -m bench.odd_audio [FOLDER ...]`, by default ../shared/data/odd_audio.

Each file goes through the gate twice: by libsndfile alone, and with mended headers and FFmpeg behind it. It counts what
is read only now, and shows that what was read before reads the same. It also measures one decoding process for many
files against one process for each. It writes its section of bench/RESULTS.md. It tunes nothing.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import results
from bench.mutations import NO_AUDIO
from core.audio import reader
from core.audio.foreign import workers
from core.audio.gate import decode
from core.errors import AudioError
from core.files import sha256
from core.settings import ROOT

ODD = ROOT.parent / "shared" / "data" / "odd_audio"
FILES_A_PROCESS = 20


@dataclass(frozen=True)
class Reading:
    """How a file was read: the reason of a refusal, or a digest of the samples with the facts of the header."""

    refused: str
    content: tuple[Any, ...] = ()
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=[ODD])
    folders = parser.parse_args().folders
    files = [
        p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file() and p.name.lower() not in NO_AUDIO
    ]
    if not files:
        sys.exit(f"no files in {', '.join(map(str, folders))}")
    with libsndfile_alone():
        before = [read(path) for path in files]
    now = [read(path) for path in files]
    results.write("Odd audio files", "python -m bench.odd_audio", rows(files, before, now), note(files))


def note(files: list[Path]) -> str:
    return (
        f"{len(files)} files of four projects (scipy, hound, flac-test-files, CPython), by libsndfile alone and by "
        "the gate as it is. Refused files are cut off, silent, or of a kind that FFmpeg does not read either."
    )


@contextmanager
def libsndfile_alone() -> Iterator[None]:
    """The gate without mended headers and without PyAV."""
    mending, module = dict(reader.MENDING), sys.modules.get("av")
    reader.MENDING.clear()
    sys.modules["av"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        reader.MENDING.update(mending)
        del sys.modules["av"]
        if module is not None:
            sys.modules["av"] = module


def read(path: Path) -> Reading:
    """One file through the gate. Any other exception than `AudioError` ends the bench."""
    began = time.perf_counter()
    try:
        audio = decode(path, path.name, rate_hz=None)
    except AudioError as error:
        return Reading(str(error.reason), seconds=time.perf_counter() - began)
    content = (sha256(audio.wave.tobytes()), audio.format, audio.sample_rate_hz, audio.channels, audio.duration_ms)
    return Reading("", content, time.perf_counter() - began)


def rows(files: list[Path], before: list[Reading], now: list[Reading]) -> list[tuple[str, str]]:
    pairs = list(zip(files, before, now, strict=True))
    gained = [path for path, old, new in pairs if old.refused and not new.refused]
    lost = [path for path, old, new in pairs if new.refused and not old.refused]
    changed = [path for path, old, new in pairs if not old.refused and not new.refused and old.content != new.content]
    one, each = process_times(next((path for path in gained), files[0]))
    return [
        ("files", str(len(files))),
        ("read by libsndfile alone", str(sum(not old.refused for old in before))),
        ("read now", str(sum(not new.refused for new in now))),
        ("refused before and read now", ", ".join(path.name for path in gained) or "none"),
        ("read before and refused now; read before and read otherwise now", f"{len(lost)}; {len(changed)}"),
        ("slowest file, s", f"{max(new.seconds for new in now):.2f}"),
        ("a file by FFmpeg: one process for many files; one for each, ms", f"{one:.0f}; {each:.0f}"),
    ]


def process_times(path: Path) -> tuple[float, float]:
    """Milliseconds for a file: by a process that serves many, and by a process of its own."""
    times = []
    for alone in (False, True):
        read(path)
        began = time.perf_counter()
        for _ in range(FILES_A_PROCESS):
            if alone:
                workers.end_all()
            read(path)
        times.append((time.perf_counter() - began) / FILES_A_PROCESS * 1000)
    return times[0], times[1]


if __name__ == "__main__":
    main()
