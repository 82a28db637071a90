"""The file bench/RESULTS.md. Each bench writes its own section and does not change the other sections."""

import os
import platform
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from core.files import write_text

FILE = Path(__file__).with_name("RESULTS.md")
HEAD = """# Measured

Every section is written by the command it names. Other work on the machine moves seconds more than it moves ratios:
both sides of a ratio were measured in the same run, in turns.
"""


def machine() -> str:
    """The machine without its name: cores, load average of 15 minutes, system, Python version."""
    cores, load = os.cpu_count(), os.getloadavg()[2]
    return f"{cores} cores (load {load:.0f}), {platform.system()}, Python {platform.python_version()}"


def write(title: str, command: str, rows: list[tuple[str, str]], note: str) -> None:
    """Write the section `title` as a table of `rows`: replace it, or add it if it is new. Print it too."""
    head, *sections = (FILE.read_text(encoding="utf-8") if FILE.exists() else HEAD).split("\n## ")
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    where = f"`{command}` on {machine()}, {date.today().isoformat()}"
    body = f"{title}\n\n{where}\n\n{note}\n\n| what | measured |\n|---|---|\n{table}\n"
    names = [section.partition("\n")[0] for section in sections]
    if title in names:
        sections[names.index(title)] = body
    else:
        sections.append(body)
    write_text(FILE, "\n\n## ".join(part.strip("\n") for part in (head, *sections)) + "\n")
    print(f"## {body}")


def interval(score: Mapping[str, Any]) -> str:
    """A score with its interval; with too few groups there is none."""
    value, low, high = ("–" if score[end] is None else f"{score[end]:.3f}" for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def quantile(values: list[float], share: float) -> float:
    """The quantile of `values` at `share`, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]
