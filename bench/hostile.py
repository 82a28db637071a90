"""Hostile sound files: `python -m bench.hostile HOME [--files 20000] [--seed 1]`.

Thousands of files, changed at random (bench/mutations.py), go through the gate, through the Predict page of a real
server on a copy of the workspace HOME, and through its REST service. Each must be read or refused with a reason: no
other exception, no traceback, no status of 500 or more. The page takes `--batch` files at once, the first `--page` of
them. It writes its section of bench/RESULTS.md, and names the folder in which it keeps the files behind a fault.
"""

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import httpx

from bench import results
from bench.mutations import File, mutated, odd_sounds, own_sounds
from bench.page_client import page_session
from bench.server import logged_server
from core.audio.gate import decode
from core.errors import AudioError
from core.settings import ROOT

ODD = ROOT.parent / "shared" / "data" / "odd_audio"


@dataclass
class Tally:
    """What one door did with the files: how each ended, the seconds of each, and the faults with their files."""

    ends: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    faults: list[tuple[str, bytes, str]] = field(default_factory=list)

    def take(self, files: Sequence[File], judge: Callable[[Sequence[File]], tuple[Counter[str], str]]) -> None:
        """Let `judge` answer how the files ended, and the fault in them or an empty text."""
        began = time.perf_counter()
        try:
            ends, fault = judge(files)
        except Exception as error:
            ends, fault = Counter({type(error).__name__: len(files)}), repr(error)
        self.seconds.append((time.perf_counter() - began) / len(files))
        self.ends += ends
        if fault:
            self.faults += [(name, data, fault) for name, data in files]

    def rows(self, door: str) -> list[tuple[str, str]]:
        ends = ", ".join(f"{end} {count:,}" for end, count in self.ends.most_common())
        if sum(self.ends.values()) == 0:
            return [(f"{door}: files", "none")]
        median, p99 = (1000 * results.quantile(self.seconds, share) for share in (0.5, 0.99))
        times = f"{median:.0f}; {p99:.0f}; {1000 * max(self.seconds):.0f}"
        return [(f"{door}: files by their end", ends), (f"{door}: median; 99%; slowest, ms", times)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="a workspace with runs, for example that of `python -m core demo`")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--page", type=int, default=20_000, help="how many of them the page gets")
    parser.add_argument("--batch", type=int, default=20, help="how many files the page gets at once")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    seeds = [*own_sounds(), *odd_sounds(ODD)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(chosen.home, home, ignore=shutil.ignore_patterns("*.lock"))
        log = Path(folder) / "server.log"
        with logged_server(home, log) as (address, pid):
            before = resident_mb(pid)
            gate, rest, page = through_doors(address, seeds, chosen)
            after = resident_mb(pid)
        tracebacks = log.read_text("utf-8", "replace").count("Traceback")
    faults = [*gate.faults, *rest.faults, *page.faults]
    rows = [
        ("files to begin with; changed files; on the page", f"{len(seeds)}; {chosen.files:,}; {chosen.page:,}"),
        *gate.rows("gate"), *rest.rows("REST"), *page.rows("page"),
        ("faults: exceptions, statuses of 500 and more, exceptions on the page", str(len(faults))),
        ("tracebacks in the server's log", str(tracebacks)),
        ("memory of the server before and after, MB", f"{before:.0f}; {after:.0f}"),
    ]  # fmt: skip
    results.write("Hostile sound files", f"python -m bench.hostile HOME --files {chosen.files}", rows, note(seeds))
    if faults or tracebacks:
        sys.exit(f"{len(faults)} faults, kept in {keep(faults)}; {tracebacks} tracebacks")


def note(seeds: list[File]) -> str:
    return (
        f"{len(seeds)} files (every format that this machine writes, and ../shared/data/odd_audio up to 200 kB); each "
        "copy has up to three changes: bits, extreme numbers in headers, cuts, repeats, marks, parts of other files."
    )


def through_doors(address: str, seeds: list[File], chosen: argparse.Namespace) -> tuple[Tally, Tally, Tally]:
    """Send the same files through all three doors; the page and the service run beside each other."""
    gate, rest, page = Tally(), Tally(), Tally()
    for file in mutated(seeds, chosen.files, chosen.seed):
        gate.take([file], through_gate)
    page_files = mutated(seeds, chosen.page, chosen.seed)
    beside = threading.Thread(target=through_page, args=(address, page_files, chosen.batch, page))
    beside.start()
    with httpx.Client(base_url=address, timeout=120) as client:
        for file in mutated(seeds, chosen.files, chosen.seed):
            rest.take([file], lambda files: through_rest(client, files))
    beside.join()
    return gate, rest, page


def through_gate(files: Sequence[File]) -> tuple[Counter[str], str]:
    ((name, data),) = files
    try:
        decode(data, name)
    except AudioError:
        return Counter(["refused"]), ""
    return Counter(["read"]), ""


def through_rest(client: httpx.Client, files: Sequence[File]) -> tuple[Counter[str], str]:
    answer = client.post("/api/v1/predict", files={"file": files[0]})
    status = answer.status_code
    return Counter([str(status)]), answer.text[:500] if status >= 500 and status != 503 else ""


def through_page(address: str, files: Iterable[File], batch: int, page: Tally) -> None:
    with page_session(address, "predict") as session:

        def upload(some: Sequence[File]) -> tuple[Counter[str], str]:
            shown = session.run(some)
            refused = min(len(some), len(shown.errors))
            return Counter(refused=refused, shown=len(some) - refused), "; ".join(shown.exceptions)

        left = iter(files)
        while some := list(islice(left, batch)):
            page.take(some, upload)


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def keep(faults: list[tuple[str, bytes, str]]) -> Path:
    """Write the files behind the faults, and what was wrong, into a new folder."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    for name, data, fault in faults:
        (folder / name).write_bytes(data)
        (folder / f"{name}.txt").write_text(fault, "utf-8")
    return folder


if __name__ == "__main__":
    main()
