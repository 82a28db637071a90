"""A teacher and rounds of its pseudo-labels, for tests of the ablation gate."""

import random
from pathlib import Path
from typing import Any

import pytest
from training_corpus import TELLING, sentence
from workflow_data import trained

from core.filters import Filter
from core.records import NewUtterance, Round, Weight
from core.schemes import DANGER
from core.store import NewRound
from core.thresholds import Thresholds
from core.workflows.workspace import Workspace, now

Taught = tuple[Workspace, str, dict[int, str]]
ALL = Thresholds(confidence=0.0, margin=0.0)
OTHER = {"normal": "danger", "danger": "normal"}


def add_pool(ws: Workspace, n: int = 80, first: int = 0) -> dict[int, str]:
    """Unlabelled sentences; returns utterance id -> what it is."""
    rng = random.Random(3 + first)
    source = ws.store.corpus.add_source(f"pool{first}", "table", "CC0", f"{first}", now())
    codes = [DANGER.codes[i % 2] for i in range(n)]
    new = [NewUtterance(f"p{first + i:03d}", sentence(rng, TELLING[code]), f"p{first + i:03d}")
           for i, code in enumerate(codes)]  # fmt: skip
    ws.store.corpus.add_sentences(source, new, now())
    by_key = {utterance.key: utterance.id for utterance in ws.store.corpus.every(Filter())}
    return {by_key[item.key]: code for item, code in zip(new, codes, strict=True)}


def accepted(ws: Workspace, run_id: str, codes: dict[int, str], weight: Weight = 1.0, **more: Any) -> Round:
    new = NewRound("danger", run_id, ALL.to_json() | more, weight, override="a test")
    made = ws.store.rounds.propose(new, "ann", now())
    return ws.store.rounds.accept(made.id, list(codes), list(codes.values()), "ann", now())


class Died(BaseException):
    """Stands in for a kill."""


def dies(name: str, fn: Any) -> Any:
    """A step of a job whose worker dies before it trains the last student."""
    if name == "all":
        raise Died
    return fn()


@pytest.fixture
def taught(ws: Workspace, tmp_path: Path) -> tuple[Workspace, str, dict[int, str]]:
    """A teacher `run` on the snapshot s1, and 80 unlabelled sentences."""
    run_id = trained(ws, tmp_path)
    return ws, run_id, add_pool(ws)
