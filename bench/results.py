"""bench/RESULTS.md, one section a bench: each writes its own and leaves the others as they are."""

import os
import platform
from datetime import date
from pathlib import Path

from core.files import write_text

FILE = Path(__file__).with_name("RESULTS.md")
HEAD = """# Measured

Every section is written by the command it names. Other work on the machine moves seconds more than it moves ratios:
both sides of a ratio were measured in the same run, in turns.
"""


def machine() -> str:
    """What figures depend on, without the machine's name; load: what ran or waited to run, these 15 minutes."""
    cores, load = os.cpu_count(), os.getloadavg()[2]
    return f"{cores} cores (load {load:.0f}), {platform.system()}, Python {platform.python_version()}"


def write(title: str, command: str, rows: list[tuple[str, str]], note: str) -> None:
    """Replace the section `title` (or add it) by a table of `rows`, and print it."""
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


def quantile(values: list[float], share: float) -> float:
    """The value that `share` of `values` do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]
