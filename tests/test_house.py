"""The tools around the product: requirements are complete and pinned, make targets and CI scripts work."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from core.workflows.doctor import OPTIONAL, required

ROOT = Path(__file__).resolve().parent.parent
NAMED_OTHERWISE = {"umap": ["umap-learn"]}  # optional: where it is absent, nothing tells whose module it is
# starlette, transformers, streamlit and uvicorn import them
UNSEEN = {"python-multipart", "accelerate", "pandas", "uvloop", "httptools"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, str]:
    """Return distribution -> the rest of its line in the requirements file."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / file).read_text("utf-8").splitlines())
    matches = [re.match(r"([A-Za-z0-9_.-]+)(.*)", line) for line in lines if line and not line.startswith("-")]
    return {normal(match[1]): match[2] for match in matches if match}


def imported() -> set[str]:
    """The distributions that the product's files import."""
    files = [*(ROOT / "core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    names: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    owners = NAMED_OTHERWISE | dict(packages_distributions())
    foreign = names - sys.stdlib_module_names - {"core", "pages", "app"}
    return {normal(owners.get(name, [name])[0]) for name in foreign}


@pytest.mark.integration  # reads all of the environment
def test_requirements_are_what_is_imported() -> None:
    runtime = pins("requirements.txt").keys()
    optional = pins("requirements-optional.txt").keys() | pins("requirements-speech.txt").keys()
    assert imported() - runtime - optional == set(), "imported, but not in requirements.txt"
    assert runtime - imported() - UNSEEN == set(), "in requirements.txt, but not imported"


def test_doctor_asks_for_what_make_installs() -> None:
    assert {normal(name) for name in required()} == pins("requirements.txt").keys()
    named = {normal(name) for name in OPTIONAL}
    assert pins("requirements-optional.txt").keys() | pins("requirements-speech.txt").keys() <= named


@pytest.mark.parametrize(
    "file", ["requirements.txt", "requirements-dev.txt", "requirements-optional.txt", "requirements-speech.txt"]
)
def test_every_version_is_pinned(file: str) -> None:
    assert {name: rest for name, rest in pins(file).items() if not re.fullmatch(r"(\[\w+\])?==[\w.]+", rest)} == {}


def test_torch_comes_first() -> None:
    assert next(iter(pins("requirements.txt"))) == "torch"


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, env=clean, capture_output=True, text=True, check=False
    )


def targets() -> list[str]:
    """The targets that people type, as the Makefile lists them, without `help`."""
    (names,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.M)
    return [name for name in names.split() if name != "help"]


@pytest.mark.parametrize("target", targets())
def test_make_knows_its_targets_and_help_names_them_in_both_languages(target: str) -> None:
    dry = make("--dry-run", target)
    assert dry.returncode == 0, dry.stderr
    assert re.search(rf"^make {target} .*[가-힣].*\| .*\w", make("help").stdout, re.M)


def test_clean_keeps_the_workspace() -> None:
    removed = make("--dry-run", "clean").stdout
    assert ".venv" in removed
    assert "workspace" not in removed


def test_make_refuses_an_old_python_and_says_the_way_out(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)
    for python, expected in ((str(old), "Python 3.9.2"), ("no-such-python", "not found")):
        completed = make(f"PYTHON={python}", f"VENV={tmp_path / 'venv'}", "install")
        assert completed.returncode != 0
        assert expected in completed.stderr
        assert "make install PYTHON=/path/to/python3.11" in completed.stderr
        assert not (tmp_path / "venv").exists()


def test_the_script_of_ci_is_sound() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert [line for line in script.read_text("utf-8").splitlines() if line.startswith("make ")] == [
        "make check </dev/null", "make test </dev/null",
    ]  # fmt: skip
