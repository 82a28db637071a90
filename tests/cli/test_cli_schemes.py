"""`python -m core schemes ...`: the answers, the refusals and their messages."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from core.cli.app import app
from core.schemes import SCHEMES
from core.workflows.corpus import schemes as label_schemes
from core.workflows.workspace import Workspace

MOOD = 'name = "mood"\nko = "기분"\n[[label]]\ncode = "good"\nko = "좋음"\naliases = ["+"]\n'


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["schemes", *arguments])


def answer(*arguments: str) -> Any:
    completed = run(*arguments, "--json")
    assert completed.exit_code == 0, completed.stderr
    return json.loads(completed.stdout)


def failure(*arguments: str) -> str:
    completed = run(*arguments, "--json")
    assert (completed.exit_code, completed.stdout) == (1, "")
    return completed.stderr.strip()


@pytest.fixture
def mood(tmp_path: Path) -> str:
    path = tmp_path / "mood.toml"
    path.write_text(MOOD, encoding="utf-8")
    return str(path)


def test_a_scheme_is_added_listed_and_exported(ws: Workspace, mood: str, tmp_path: Path) -> None:
    scheme = answer("add", mood)
    assert scheme == {
        "name": "mood", "ko": "기분", "en": "기분", "level": "utterance", "kind": "single", "state": "active",
        "bundled": False, "critical": "", "ordinal": False, "aliases": {"+": "good"},
        "labels": [{"code": "good", "ko": "좋음", "en": "좋음", "key": "1", "color": "#0f8a5f"}],
    }  # fmt: skip
    listed = answer("list")["schemes"]
    assert listed[-1] == scheme
    assert [row["name"] for row in listed if row["bundled"]] == list(SCHEMES)[:6]
    assert listed[0]["critical"] == "danger"
    out = str(tmp_path / "out.toml")
    assert answer("export", "mood", out) == scheme | {"file": out}
    assert label_schemes.read_file(Path(out)) == SCHEMES["mood"]
    printed = run("list").stdout
    assert "good (좋음)" in printed


def test_a_proposed_scheme_is_confirmed_or_rejected(ws: Workspace) -> None:
    label_schemes.propose(ws, "a", ["x"], multi=True)
    label_schemes.propose(ws, "b", ["y"])
    assert "multi, proposed" in run("list").stdout
    assert answer("confirm", "a")["state"] == "active"
    assert answer("reject", "b") == {"name": "b", "withdrawn": 0}
    assert [row["name"] for row in answer("list")["schemes"] if not row["bundled"]] == ["a"]
    assert failure("confirm", "a") == "error: scheme a is settled already"
    assert failure("reject", "a") == "error: scheme 'a' is settled; only a proposed one can be rejected"


def test_what_is_refused_is_one_line(ws: Workspace, mood: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(MOOD.replace('"good"', '"a b"'), encoding="utf-8")
    assert failure("add", str(bad)) == (
        "error: bad.toml, label 1, code: 'a b' is no code: letters, digits, _ . - and no spaces"
    )
    assert failure("add", str(tmp_path / "no.toml")).endswith("no.toml: cannot be read: No such file or directory")
    assert failure("export", "meh", str(bad)).startswith("error: unknown scheme 'meh'; known: danger, urgency")
    assert failure("confirm", "danger").startswith("error: scheme 'danger' comes with Gwidama")
    assert run("add").exit_code == 2
