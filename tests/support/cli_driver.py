"""How tests run the command line: in this process through Typer, or in its own process."""

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
    """Run a verb in this process."""
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


def answer(*arguments: str | Path) -> Any:
    """Run a verb that must succeed; return its JSON document."""
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return document(result)


def document(result: Result) -> Any:
    """The one JSON document on stdout."""
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def failure(*arguments: str | Path) -> str:
    """Run a verb that must fail; return its one line on stderr, without `error: `."""
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def shell(home: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m core` in its own process, on the workspace `home`."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GWIDAMA_")} | {"GWIDAMA_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False,
        **options,
    )  # fmt: skip
