"""The browser tests on a busy machine: `python -m scripts.busy [--rounds 5] [-- PYTEST ARGUMENTS]`.

One process for each core multiplies matrices, as training does. A page that handles a key some milliseconds late loses
it only under such a load, not on a quiet machine and not beside plain busy loops. The script runs all tests marked
`browser` once a round, stops at the first round that fails, and always ends the load.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.settings import ROOT

SIZE = 1024  # of the matrices: 4 MB each as float32, more than the caches of a core hold
LOAD = f"""
import os
import numpy as np
a = np.random.default_rng(0).random(({SIZE}, {SIZE}), dtype=np.float32)
b = a.T.copy()
while os.getppid() == {{parent}}:  # it ends with the program that started it, even if that is killed
    b = a @ b
    b /= np.abs(b).max()
"""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def load(cores: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run `cores` processes that multiply matrices, one thread each, while the block runs; yield the processes."""
    one_thread = os.environ | dict.fromkeys(THREADS, "1")
    command = [sys.executable, "-c", LOAD.format(parent=os.getpid())]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(cores):
            running.append(subprocess.Popen(command, env=one_thread))
        yield running
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def run_rounds(rounds: int, cores: int, command: Sequence[str]) -> int:
    """Run `command` `rounds` times under the load. Return the exit status of the first failing round, else 0."""
    with load(cores) as running:
        for number in range(1, rounds + 1):
            began = time.monotonic()
            status = subprocess.run(command, cwd=ROOT, check=False).returncode
            print(f"round {number} of {rounds}: exit {status}, {time.monotonic() - began:.0f} s", flush=True)
            if any(process.poll() is not None for process in running):
                print("the load ended by itself; this round shows nothing", file=sys.stderr)
                return 1
            if status:
                return status
    return 0


def main() -> int:
    summary = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 2, help="processes that compute")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    options = parser.parse_args()
    return run_rounds(
        options.rounds, options.cores, [sys.executable, "-m", "pytest", "-m", "browser", "-x", *options.pytest]
    )


if __name__ == "__main__":
    sys.exit(main())
