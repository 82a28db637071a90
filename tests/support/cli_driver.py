"""How tests use the shell: in process through Typer, or as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from core.cli import app
from core.settings import ROOT

RUNNER = CliRunner()


def run(*arguments: str | Path) -> Result:
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


def answer(*arguments: str | Path) -> Any:
    """The JSON document of a verb that succeeds."""
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return document(result)


def document(result: Result) -> Any:
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def failure(*arguments: str | Path) -> str:
    """The one line of a verb that fails."""
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def shell(home: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The real thing: `python -m core` in a process of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GWIDAMA_")} | {"GWIDAMA_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False,
        **options,
    )  # fmt: skip
