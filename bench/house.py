"""The house itself: `python -m bench.house --before COMMIT [--time quick] [--time test]`.

Counts the Python files and lines of each package at a commit and now, and the lines that left and came between them.
With `--time` it also times `make quick` or `make test`.
"""

import argparse
import subprocess
import time
from collections import Counter
from pathlib import Path

from bench import results

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "pages", "tests", "bench", "scripts")


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def package_of(path: str) -> str | None:
    """core.store for a file below core/store, core for a file in core, tests for a file below tests."""
    parts = Path(path).parts
    if not path.endswith(".py") or parts[0] not in PACKAGES:
        return None
    return f"core.{parts[1]}" if parts[0] == "core" and len(parts) > 2 else parts[0]


def counts(commit: str) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Files, lines and most files in one folder, by package, at `commit`."""
    files, lines, folders = Counter[str](), Counter[str](), Counter[str]()
    for path in git("ls-tree", "-r", "--name-only", commit).splitlines():
        if package := package_of(path):
            files[package] += 1
            lines[package] += git("show", f"{commit}:{path}").count("\n")
            folders[str(Path(path).parent)] += 1
    most = Counter[str]()
    for folder, n in folders.items():
        package = package_of(f"{folder}/x.py") or ""
        most[package] = max(most[package], n)
    return files, lines, most


def rows(before: str) -> list[tuple[str, str]]:
    old, new = counts(before), counts("HEAD")
    table = [
        (
            f"{package}: files / lines / most files in one folder",
            " -> ".join(f"{side[0][package]:,} / {side[1][package]:,} / {side[2][package]:,}" for side in (old, new)),
        )
        for package in sorted({*old[0], *new[0]})
    ]
    _, came, left = git("diff", "--shortstat", "-M30%", before, "HEAD", "--", "*.py").split(", ")
    return [*table, ("lines of Python between the two, moves apart", f"{came.split()[0]} came, {left.split()[0]} left")]


def seconds(target: str) -> str:
    start = time.monotonic()
    completed = subprocess.run(["make", "--no-print-directory", target], cwd=ROOT, capture_output=True, text=True)
    last = next(line for line in reversed(completed.stdout.splitlines()) if " in " in line)
    return f"{time.monotonic() - start:.0f} s, {last.strip('= ').partition(' in ')[0]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", required=True)
    parser.add_argument("--time", action="append", choices=["quick", "test"], default=[])
    given = parser.parse_args()
    table = rows(given.before)
    table += [(f"make {target}", seconds(target)) for target in given.time]
    note = "Migrations, tests and their support count as the package that they lie in. A file that moved counts as one."
    command = " ".join(["python -m bench.house --before", given.before, *(f"--time {name}" for name in given.time)])
    results.write("The house in numbers", command, table, note)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
