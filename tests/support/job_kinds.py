"""Job kinds for tests/jobs/test_jobs.py, and the worker that runs them: `python tests/support/job_kinds.py`."""

import sys
import time
from pathlib import Path
from typing import Any

from core.errors import NotEnoughData
from core.jobs import JobContext
from core.plugins import Backend

KINDS = {name: Backend(f"job_kinds:{name}") for name in ("five_steps", "too_little", "broken", "endless", "stuck")}


def five_steps(params: dict[str, Any], job: JobContext) -> None:
    """Each step writes a line; step `wait_in` waits until the gate file exists."""
    folder = Path(params["folder"])

    def write_lines(number: int) -> dict[str, int]:
        with (folder / "lines").open("a") as lines:
            lines.write(f"begin {number}\n")
        job.report({"done": number, "total": 5, "unit": "step"})
        while number == params.get("wait_in") and not (folder / "gate").exists():
            time.sleep(0.02)
        with (folder / "lines").open("a") as lines:
            lines.write(f"end {number}\n")
        return {"number": number}

    numbers = [job.step(f"step {n}", lambda n=n: write_lines(n))["number"] for n in range(1, 6)]
    job.report({"history": numbers})


def too_little(params: dict[str, Any], job: JobContext) -> None:
    def step() -> None:
        job.report({"done": 1})
        job.report({"done": 2})
        raise NotEnoughData("only 3 rows; 10 are needed")

    job.step("count", step)


def broken(params: dict[str, Any], job: JobContext) -> None:
    raise ZeroDivisionError("by design")


def endless(params: dict[str, Any], job: JobContext) -> None:
    def step() -> None:
        while True:
            job.report({"done": 1, "total": 2, "unit": "epoch"})
            time.sleep(0.02)

    job.step("forever", step)


def stuck(params: dict[str, Any], job: JobContext) -> None:
    """Never reports."""
    job.report({"done": 0})
    while True:
        time.sleep(1)


if __name__ == "__main__":
    from core.jobs.__main__ import main

    sys.exit(main(kinds=KINDS))
