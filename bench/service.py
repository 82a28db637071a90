"""The REST service beside a plain Flask server and Flask + waitress around the same models, in one run and in turns.

`python -m bench.service`: one text and one WAV at a time, new and kept-alive connections, 1, 16 and 50 clients. All
servers run at the same time, and only one of them is asked at a time. The client is one thread of this process.
"""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path

import soundfile

from bench.process import tree_cpu_s
from bench.results import quantile, write
from bench.server import ROOT, await_health, free_port
from bench.service_client import Load, measure, text_request, wav_request
from core.workflows.predict import demo_calls

SECONDS, ROUNDS = 1.0, 2
CLIENTS = (1, 16, 50)
WORKERS = str(os.cpu_count() or 1)
SERVERS = {
    "dashboard": ["-m", "core", "serve", "--port"],
    f"api-only, {WORKERS} workers": ["-m", "core", "serve", "--api-only", "--workers", WORKERS, "--port"],
    "Flask": ["-m", "bench.flask_server", "flask"],
    "Flask + waitress": ["-m", "bench.flask_server", "waitress"],
}
SENTENCES = (
    "할머니가 쓰러지셨어요 빨리 와 주세요",
    "오늘은 날씨가 참 좋네요",
    "불이 났어요 연기가 나요",
    "주차장이 어디예요",
)
Case = tuple[str, bool, int]  # text or wav, whether connections are kept, clients


def recordings(n: int = 8) -> list[bytes]:
    """`n` WAVs of 3 s, one after the other of a call of the demo."""
    wave, rate_hz = soundfile.read(io.BytesIO(demo_calls.read("화재")[0]), dtype="int16")
    made = []
    for start in range(n):
        buffer = io.BytesIO()
        soundfile.write(buffer, wave[3 * rate_hz * start : 3 * rate_hz * (start + 1)], rate_hz, format="WAV")
        made.append(buffer.getvalue())
    return made


@contextmanager
def running(home: Path, command: list[str]) -> Iterator[tuple[int, str, int]]:
    """Run a server on the workspace `home`; yield its port, the path that predicts, and the id of its process."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GWIDAMA_", "OMP_"))}
    port, flask = free_port(), "bench.flask_server" in command
    server = subprocess.Popen(
        [sys.executable, *command, str(port)], cwd=ROOT,
        env=clean | {"GWIDAMA_HOME": str(home), "GWIDAMA_LOG": "0", "GWIDAMA_TRANSCRIBER": "off"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await_health(f"http://127.0.0.1:{port}{'/health' if flask else '/api/v1/health'}", server)
        yield port, "/predict" if flask else "/api/v1/predict", server.pid
    finally:
        server.terminate()
        server.wait(60)


def bodies(path: str, kind: str, kept: bool) -> list[bytes]:
    if kind == "text":
        return [text_request(path, f"{sentence} {n}", kept) for n, sentence in enumerate(SENTENCES * 4)]
    return [wav_request(path, wav, kept) for wav in recordings()]


def run(home: Path, seconds: float = SECONDS, rounds: int = ROUNDS) -> dict[Case, dict[str, Load]]:
    """Load of each server in each case; the order of the servers turns from round to round."""
    cases: list[Case] = list(product(("text", "wav"), (False, True), CLIENTS))
    loads = {case: {name: Load() for name in SERVERS} for case in cases}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(running(home, command)) for name, command in SERVERS.items()}
        for port, path, _ in servers.values():
            for kind in ("text", "wav"):
                measure(port, bodies(path, kind, False), 4, 0.5)
        for turn, case in product(range(rounds), cases):
            for name in list(servers)[:: -1 if turn % 2 else 1]:
                port, path, pid = servers[name]
                before = tree_cpu_s(pid)
                load = measure(port, bodies(path, *case[:2]), case[2], seconds)
                load.cpu_s = tree_cpu_s(pid) - before
                loads[case][name].add(load)
    return loads


def rows(loads: dict[Case, dict[str, Load]]) -> list[tuple[str, str]]:
    shown = []
    for (kind, kept, clients), servers in loads.items():
        best_flask = max(load.rate for name, load in servers.items() if name.startswith("Flask"))
        cells = [
            f"{name} {load.rate:.0f}/s ({load.rate / best_flask:.1f}x, p95 {quantile(load.ms, 0.95):.0f} ms, "
            f"{1000 * load.cpu_s / max(1, load.statuses[200]):.1f} ms of processor"
            f"{f', {load.failures} failures' if load.failures else ''})"
            for name, load in servers.items()
        ]
        connections = "kept-alive" if kept else "new connections"
        shown.append((f"{kind}, {clients} client{'s'[: clients > 1]}, {connections}", "; ".join(cells)))
    return shown


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(os.environ.get("GWIDAMA_BENCH_HOME") or Path(folder) / "home")
        if not home.exists():
            subprocess.run(
                [sys.executable, "-m", "core", "demo"],
                cwd=ROOT,
                env=os.environ | {"GWIDAMA_HOME": str(home)},
                check=True,
            )
        loads = run(home)
    write(
        "REST service",
        "python -m bench.service",
        rows(loads),
        "Answers a second, as a ratio to the better of the two Flask servers, and the 95th percentile of the time to "
        "an answer. A text is a sentence that two n-gram runs judge; a WAV has 3 s of a call, for the voice run alone: "
        "nothing is transcribed. The processor time of an answer is of all processes of the server; other work "
        "disturbs it less. "
        "All servers call the same prediction functions, the service with all inputs that wait at once; Flask is its "
        "own threaded server, which keeps no connection.",
    )


if __name__ == "__main__":
    main()
