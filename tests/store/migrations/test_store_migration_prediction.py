"""A filled database of the schema before purposes is migrated: no prediction and no probability is lost."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from store_data import AT
from workflow_data import trained

from core.records import Prediction
from core.runs.folder import read_predictions
from core.runs.predictions import EVALUATION_FILE, POOL_FILE, read_probabilities
from core.store import open_store
from core.store.engine import migrate
from core.workflows import workspace
from core.workflows.workspace import Workspace, open_workspace

BEFORE = "0005"
OLD = [  # utterance, side, gold, code, confidence, margin, probs
    (1, "test", "danger", "danger", 0.9, 0.8, [0.1, 0.9]),
    (2, "validation", "normal", "normal", 0.6, 0.2, [0.6, 0.4]),
    (3, "unlabelled", None, "danger", 0.75, 0.5, [0.25, 0.75]),
]


def fill(path: Path) -> None:
    """Add one run of the old schema, with one prediction for each side and one on the pool."""
    raw = sqlite3.connect(path)
    raw.execute("INSERT INTO source VALUES (1, 's', 'sentences', 'ours', '0', ?)", (AT,))
    for number in (1, 2, 3):
        raw.execute(
            "INSERT INTO utterance VALUES "
            "(?, ?, 1, NULL, NULL, NULL, NULL, NULL, '불', '불', 1, 0, 'g', 0, 'imported', 0, 1, '{}')",
            (number, f"k{number}"),
        )
    raw.execute("INSERT INTO snapshot VALUES ('s1', 'danger', 'ab', ?, '{}')", (AT,))
    raw.execute("INSERT INTO run VALUES ('r1', 'danger-text', 'ngram', 'danger', 'text', 's1', 'done', ?, '{}')", (AT,))
    for number, *row, probs in OLD:
        raw.execute("INSERT INTO prediction VALUES ('r1', ?, ?, ?, ?, ?, ?, ?)", (number, *row, json.dumps(probs)))
    raw.commit()
    raw.close()


@pytest.fixture
def old(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url, to=BEFORE)
    fill(tmp_path / "old.db")
    return url


def test_old_rows_get_a_purpose_and_keep_their_numbers(old: str) -> None:
    store = open_store(old)
    assert store.ledger.predictions("r1") == [
        Prediction("r1", "danger", 1, "evaluation", "danger", 0.9, 0.8, "test", "danger"),
        Prediction("r1", "danger", 3, "pool", "danger", 0.75, 0.5),
        Prediction("r1", "danger", 2, "evaluation", "normal", 0.6, 0.2, "validation", "normal"),
    ]
    assert store.ledger.sides("r1") == {"test": 1, "validation": 1}
    probabilities = store.ledger.old_probabilities_of("r1")
    assert [(p.utterance_id, p.purpose, p.side, p.gold, list(p.probs)) for p in probabilities] == [
        (1, "evaluation", "test", "danger", [0.1, 0.9]),
        (2, "evaluation", "validation", "normal", [0.6, 0.4]),
        (3, "pool", None, None, [0.25, 0.75]),
    ]


def test_a_prediction_on_the_pool_does_not_replace_the_test_row(old: str) -> None:
    store = open_store(old)
    (test,) = store.ledger.predictions("r1", side="test")
    pool = replace(test, purpose="pool", code="normal", side=None, gold=None)
    store.ledger.put_predictions([pool])
    assert store.ledger.predictions("r1", side="test") == [test]
    assert pool in store.ledger.predictions("r1", purpose="pool")


@pytest.fixture
def old_ws(ws: Workspace) -> Path:
    """Return the folder of a workspace whose database has the old schema."""
    home, path = ws.settings.home, ws.settings.home / "gwidama.db"
    for file in home.glob("gwidama.db*"):
        file.unlink()
    migrate(ws.settings.database_url, to=BEFORE)
    fill(path)
    workspace._open.cache_clear()
    return home


def test_opening_a_workspace_moves_old_probabilities_to_the_folder_of_their_run(old_ws: Path) -> None:
    ws = open_workspace()
    folder = old_ws / "runs" / "r1"
    assert ws.store.ledger.old_probabilities() == []
    pool = read_probabilities(folder, "pool", "danger")
    assert (pool.ids.tolist(), pool.probs.tolist()) == ([3], [[0.25, 0.75]])
    rows = [(row["id"], row["key"], row["side"], row["gold"], row["probs"]) for row in read_predictions(folder)]
    assert rows == [(1, "k1", "test", "danger", [0.1, 0.9]), (2, "k2", "validation", "normal", [0.6, 0.4])]
    workspace._open.cache_clear()
    assert len(open_workspace().store.ledger.predictions("r1")) == 3


def test_a_file_that_cannot_be_read_keeps_its_run_in_the_database(old_ws: Path) -> None:
    folder = old_ws / "runs" / "r1"
    folder.mkdir(parents=True)
    (folder / POOL_FILE).write_bytes(b"damaged")
    ws = open_workspace()
    assert ws.store.ledger.old_probabilities() == ["r1"]
    (folder / POOL_FILE).unlink()
    workspace._open.cache_clear()
    assert open_workspace().store.ledger.old_probabilities() == []
    assert read_probabilities(folder, "pool", "danger").of(3) == pytest.approx(np.array([0.25, 0.75]))


def test_test_rows_that_the_old_program_overwrote_come_back(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    folder = ws.run_folder(run)
    before = ws.store.ledger.predictions(run)
    lost = before[0].utterance_id
    raw = sqlite3.connect(ws.settings.home / "gwidama.db")
    raw.execute("UPDATE prediction SET purpose = 'pool', side = NULL, gold = NULL WHERE utterance_id = ?", (lost,))
    raw.execute("INSERT INTO old_probability VALUES (?, ?, 'pool', NULL, NULL, '[0.5, 0.5]')", (run, lost))
    raw.commit()
    raw.close()
    written = (folder / EVALUATION_FILE).read_bytes()
    workspace._open.cache_clear()
    store = open_workspace().store
    assert store.ledger.predictions(run, purpose="evaluation") == before
    assert [p.utterance_id for p in store.ledger.predictions(run, purpose="pool")] == [lost]
    assert (folder / EVALUATION_FILE).read_bytes() == written
