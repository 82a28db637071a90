"""Import speed: `python -m bench.ingest [--calls 200] [--rounds 3]` (or `make bench`).

Multiplies the demo's calls: each copy gets new ids and one changed sample of audio, so that no call counts as known.
Imports them into a fresh workspace, and compares the time with reading the same archives by zipfile and json alone.
Writes its section of bench/RESULTS.md. It measures the import workflow of the command line, without process start.
"""

import argparse
import json
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import results
from core.settings import DEMO, Settings
from core.workflows.imports.aihub119 import ingest_aihub119
from core.workflows.workspace import open_workspace

WAV_HEADER_BYTES = 44


@dataclass(frozen=True)
class DemoCall:
    """A call of the demo: its label document and its WAV."""

    document: dict[str, object]
    wav: bytes


def demo_pairs() -> Iterator[DemoCall]:
    """The calls whose label and audio have the same name; the demo's deliberate defects are left out."""
    files: dict[tuple[str, str], bytes] = {}
    for path in sorted((DEMO / "archives").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                files[Path(name).stem, Path(name).suffix] = archive.read(name)
    for (stem, suffix), data in sorted(files.items()):
        if suffix == ".json" and (stem, ".wav") in files:
            document = json.loads(data.decode("utf-8-sig"))
            if stem.startswith(f"{document.get('_id')}_"):
                yield DemoCall(document, files[stem, ".wav"])


def deliver(folder: Path, calls: int) -> tuple[list[Path], float]:
    """Write `calls` calls into two archives, named as AI Hub does; return the paths and the seconds of audio."""
    paths = [folder / "TL_서울_구급.zip", folder / "TS_서울_구급.zip"]
    audio_s = 0.0
    with zipfile.ZipFile(paths[0], "w", zipfile.ZIP_DEFLATED) as labels, zipfile.ZipFile(paths[1], "w") as sounds:
        sounds.compression = zipfile.ZIP_DEFLATED
        for number, call in enumerate(islice(cycle(demo_pairs()), calls)):
            stem = f"{number:024x}_20230101"
            document = call.document | {"_id": f"{number:024x}", "recordId": f"{number:020x}"}
            wav = call.wav[:-2] + (number % 256).to_bytes(2, "little")
            labels.writestr(f"{stem}.json", json.dumps(document, ensure_ascii=False))
            sounds.writestr(f"{stem}.wav", wav)
            audio_s += (len(wav) - WAV_HEADER_BYTES) / 16_000  # 8 kHz, 16 bit
    return paths, audio_s


def read_plainly(paths: list[Path]) -> float:
    """Seconds to unzip every member and parse every JSON. No import can be faster than that."""
    began = time.perf_counter()
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                data = archive.read(name)
                if name.endswith(".json"):
                    json.loads(data)
    return time.perf_counter() - began


def import_once(home: Path, paths: list[Path], calls: int) -> float:
    """Seconds to import into the fresh workspace `home`; exits if a call was not imported."""
    settings = Settings(
        home, f"sqlite:///{home / 'gwidama.db'}", f"sqlite:///{home / 'jobs.db'}", frozenset(), "", 0, "bench"
    )
    ws = open_workspace(settings)
    began = time.perf_counter()
    result = ingest_aihub119(ws, paths)
    seconds = time.perf_counter() - began
    if result.report.added != calls:
        raise SystemExit(f"{result.report.added} of {calls} calls came in: {result.report.skipped[:3]}")
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="gwidama-bench-") as folder:
        paths, audio_s = deliver(Path(folder), options.calls)
        size_mb = sum(path.stat().st_size for path in paths) / 1e6
        import_once(Path(folder) / "warm-up", paths, options.calls)
        plain, imported = [], []
        for number in range(options.rounds):
            plain.append(read_plainly(paths))
            imported.append(import_once(Path(folder) / f"home-{number}", paths, options.calls))
    ratio = median(import_s / plain_s for import_s, plain_s in zip(imported, plain, strict=True))
    results.write(
        "Import of AI Hub 119 archives",
        f"python -m bench.ingest --calls {options.calls} --rounds {options.rounds}",
        [
            ("calls per second", f"{options.calls / median(imported):.0f}"),
            ("hours of audio per minute of import", f"{audio_s / 60 / median(imported):.1f}"),
            ("faster than real time by", f"{audio_s / median(imported):,.0f}"),
            ("time against plain zipfile + json of the same archives", f"{ratio:.2f} times"),
            ("share of the import that plain reading takes", f"{1 / ratio:.0%}"),
        ],
        f"{options.calls} calls ({audio_s / 3600:.1f} h of audio, {size_mb:.0f} MB zipped) made from the demo's, into "
        f"a fresh workspace; median of {options.rounds} rounds after one to warm up.",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
