"""`python -m core clean`: the fields of its docstring, a plan from a file, a filter, a dry run, an undo."""

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
TEXTS = ["(SP:불) 불이야!!!!!", "연기가 나요!!!!!", "괜찮아요", "괜찮아요"]


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return str(path)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["clean", *arguments])


def answer(*arguments: str) -> Any:
    completed = run(*arguments, "--json")
    assert completed.exit_code == 0, completed.stderr
    return json.loads(completed.stdout)


def test_a_run_and_its_undo(ws: Workspace, plan: str) -> None:
    sentences(ws.store, *TEXTS)
    document = answer("--plan", plan)
    (cleaning_run,) = history.list_runs(ws)
    assert document == {
        "run": cleaning_run.id, "utterances": 4, "left_out": {},
        "steps": [
            {"step": "tags", "open": 0, "accepted": 1, "rejected": 0},
            {"step": "repeats", "open": 2, "accepted": 0, "rejected": 0},
            {"step": "same-text", "open": 1, "accepted": 0, "rejected": 0},
        ],
        "applied": {"accepted": 1, "rebased": 0, "anew": 0, "refused": {}, "already": 0},
    }  # fmt: skip
    assert cleaning_run.curator == "tester"
    assert answer("--undo", cleaning_run.id) == {"run": cleaning_run.id, "undone": 1, "left": 0}
    assert [utterance.text for utterance in ws.store.corpus.every(Filter())] == TEXTS


def test_a_dry_run_tells_and_writes_nothing(ws: Workspace, plan: str) -> None:
    ids = sentences(ws.store, *TEXTS)
    document = answer("--plan", plan, "--dry-run", "--filter", "text=요")
    assert (document["utterances"], document["left_out"], list(document)) == (
        3,
        {},
        ["utterances", "steps", "left_out"],
    )
    tags, repeats, same_text = document["steps"]
    assert tags == {"step": "tags", "found": 0, "samples": []}
    (sample,) = repeats["samples"]
    assert {key: sample[key] for key in ("id", "before", "after")} == {
        "id": ids[1], "before": TEXTS[1], "after": "연기가 나요!",
    }  # fmt: skip
    assert sample["reason"]
    assert 0 < sample["confidence"] <= 1
    assert (same_text["found"], same_text["samples"][0]["id"], same_text["samples"][0]["after"]) == (1, ids[3], None)
    assert history.list_runs(ws) == []
    assert not any(ws.store.proposals.counts(kind)["open"] for kind in ("cleaning", "exclude"))
    printed = run("--plan", plan, "--dry-run")
    assert "nothing was written" in printed.stdout
    assert "연기가 나요!" in printed.stdout


def test_the_workspace_has_a_plan_of_its_own(ws: Workspace, plan: str) -> None:
    sentences(ws.store, *TEXTS)
    (ws.settings.home / "cleaning.toml").write_text(PLAN, encoding="utf-8")
    printed = run()
    assert printed.exit_code == 0
    assert f"take it back with --undo {history.list_runs(ws)[0].id}" in printed.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plan", "nosuch.toml"], "error: nosuch.toml: cannot be read"),
        (["--undo", "x"], "error: no cleaning run 'x'; the latest: there is none yet"),
        (["--filter", "nosuch=1"], "error: unknown filter key 'nosuch'"),
    ],
)
def test_failures_are_one_line(ws: Workspace, arguments: list[str], message: str) -> None:
    completed = run(*arguments)
    assert completed.exit_code == 1
    assert completed.stderr.startswith(message)
    assert completed.stderr.count("\n") == 1
    assert completed.stdout == ""


def test_a_wrong_plan_names_file_and_step(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('[[steps]]\nname = "stop"\nexpressions = ["("]\n', encoding="utf-8")
    completed = run("--plan", str(path))
    assert completed.exit_code == 1
    assert f"{path}, step 1 (stop), expressions: expression 1, '('" in completed.stderr


@pytest.mark.parametrize("arguments", [["--filter", "x"], ["--undo", "x", "--dry-run"], ["--undo", "x", "--plan", "y"]])
def test_wrong_usage(ws: Workspace, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
