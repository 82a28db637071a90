"""A run that has judged sentences without a label: one workspace a module, which is copied for each test."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from training_corpus import TELLING, sentence
from workflow_data import add_danger_run

from core.records import NewUtterance
from core.workflows import workspace
from core.workflows.pseudo_labels import judge as judging
from core.workflows.pseudo_labels.candidates import ANY
from core.workflows.workspace import Workspace, now


def judge(ws: Workspace, run_id: str, limit: int = 5000) -> int:
    """Let a run judge at most `limit` items without any label; return how many of them have a prediction now."""
    return judging.run(ws, judging.JudgePlan(run_id, limit=limit, closed_by=ANY)).candidates


def add_judged_run(ws: Workspace, n: int) -> str:
    """Add a danger run and `n` sentences, and let the run judge them; return the run's id."""
    run = add_danger_run(ws)
    rng = random.Random(5)
    source = ws.store.corpus.add_source("pool", "sentences", "ours", "0", now())
    texts = [sentence(rng, TELLING[("normal", "danger")[number % 2]]) for number in range(n)]
    items = [NewUtterance(f"p{number}", text, f"p{number}") for number, text in enumerate(texts)]
    ws.store.corpus.add_sentences(source, items, now())
    assert judge(ws, run) == n
    return run


def judged_home(home: Path, empty_database: Path, n: int) -> tuple[Path, str]:
    """Make a workspace with `add_judged_run` in `home`; return it and the run's id."""
    shutil.copyfile(empty_database, home / "gwidama.db")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GWIDAMA_HOME", str(home))
        workspace._open.cache_clear()
        run = add_judged_run(workspace.open_workspace(), n)
        workspace._open.cache_clear()
    return home, run


def copied(home: Path, place: Path, environment: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Yield a copy of the workspace, in `place`."""
    shutil.copytree(home, place)
    environment.setenv("GWIDAMA_HOME", str(place))
    workspace._open.cache_clear()
    yield workspace.open_workspace()
    workspace._open.cache_clear()
