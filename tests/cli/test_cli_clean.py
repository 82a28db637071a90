"""`python -m core clean`: the fields its docstring names, a plan from a file, a filter, a dry run, taking it back."""

import json
from pathlib import Path
from typing import Any

import pytest
from store_data import sentences
from typer.testing import CliRunner

from core.cli.app import app
from core.filters import Filter
from core.workflows.cleaning import history
from core.workflows.workspace import Workspace

PLAN = """
name = "mine"
[[steps]]
name = "tags"
self_apply = true
[[steps]]
name = "repeats"
[[steps]]
name = "same-text"
"""
SAID = ["(SP:불) 불이야!!!!!", "연기가 나요!!!!!", "괜찮아요", "괜찮아요"]


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return str(path)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["clean", *arguments])


def answer(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_a_run_and_its_undo(ws: Workspace, plan: str) -> None:
    sentences(ws.store, *SAID)
    told = answer("--plan", plan)
    (kept,) = history.every(ws)
    assert told == {
        "run": kept.id, "utterances": 4, "left_out": {},
        "steps": [
            {"step": "tags", "open": 0, "accepted": 1, "rejected": 0},
            {"step": "repeats", "open": 2, "accepted": 0, "rejected": 0},
            {"step": "same-text", "open": 1, "accepted": 0, "rejected": 0},
        ],
        "applied": {"accepted": 1, "rebased": 0, "anew": 0, "refused": {}, "already": 0},
    }  # fmt: skip
    assert kept.curator == "tester"
    assert answer("--undo", kept.id) == {"run": kept.id, "undone": 1, "left": 0}
    assert [one.text for one in ws.store.corpus.every(Filter())] == SAID


def test_a_dry_run_tells_and_writes_nothing(ws: Workspace, plan: str) -> None:
    ids = sentences(ws.store, *SAID)
    told = answer("--plan", plan, "--dry-run", "--filter", "text=요")
    assert (told["utterances"], told["left_out"], list(told)) == (3, {}, ["utterances", "steps", "left_out"])
    tags, repeats, same = told["steps"]
    assert tags == {"step": "tags", "found": 0, "samples": []}
    (one,) = repeats["samples"]
    assert {key: one[key] for key in ("id", "before", "after")} == {
        "id": ids[1], "before": SAID[1], "after": "연기가 나요!",
    }  # fmt: skip
    assert one["reason"]
    assert 0 < one["confidence"] <= 1
    assert (same["found"], same["samples"][0]["id"], same["samples"][0]["after"]) == (1, ids[3], None)
    assert history.every(ws) == []
    assert not any(ws.store.proposals.counts(kind)["open"] for kind in ("cleaning", "exclude"))
    shown = run("--plan", plan, "--dry-run")
    assert "nothing was written" in shown.stdout
    assert "연기가 나요!" in shown.stdout


def test_the_workspace_has_a_plan_of_its_own(ws: Workspace, plan: str) -> None:
    sentences(ws.store, *SAID)
    (ws.settings.home / "cleaning.toml").write_text(PLAN, encoding="utf-8")
    shown = run()
    assert shown.exit_code == 0
    assert f"take it back with --undo {history.every(ws)[0].id}" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--plan", "nosuch.toml"], "error: nosuch.toml: cannot be read"),
        (["--undo", "x"], "error: no cleaning run 'x'; the latest: there is none yet"),
        (["--filter", "nosuch=1"], "error: unknown filter key 'nosuch'"),
    ],
)
def test_failures_are_one_line(ws: Workspace, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_wrong_plan_names_file_and_step(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('[[steps]]\nname = "stop"\nexpressions = ["("]\n', encoding="utf-8")
    done = run("--plan", str(path))
    assert done.exit_code == 1
    assert f"{path}, step 1 (stop), expressions: expression 1, '('" in done.stderr


@pytest.mark.parametrize("arguments", [["--filter", "x"], ["--undo", "x", "--dry-run"], ["--undo", "x", "--plan", "y"]])
def test_wrong_usage(ws: Workspace, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
