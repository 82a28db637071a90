"""A filled database of the schema before rounds: old silver labels stay, and are no longer work of people."""

import json
import sqlite3
from pathlib import Path

import pytest
from store_data import AT

from core.filters import Filter
from core.records import UNLABELLED
from core.store import NewRound, open_store
from core.store.engine import migrate, revision_of

UTTERANCE = (
    "INSERT INTO utterance VALUES (?, ?, 1, NULL, NULL, NULL, NULL, NULL, ?, ?, 2, 1, ?, 0, 'imported', 0, 1, '{}')"
)
GOLD, SILVER = ({"code": "danger", "grade": grade, "by": "ann"} for grade in ("gold", "silver"))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of revision 0012: a person labelled the first utterance and accepted a pseudo-label of the second."""
    path = tmp_path / "old.db"
    migrate(f"sqlite:///{path}", to="0012")
    raw = sqlite3.connect(path)
    raw.execute("INSERT INTO source VALUES (1, 's', 'sentences', 'ours', '0', ?)", (AT,))
    for number, (act, value) in enumerate((("review", GOLD), ("accept", SILVER)), 1):
        raw.execute(UTTERANCE, (number, f"k{number}", "불이", "불이", f"k{number}"))
        raw.execute(
            "INSERT INTO revision(id, utterance_id, version, curator, at, before, after, why, act) "
            "VALUES (?, ?, 1, 'ann', ?, ?, ?, '', ?)",
            (number, number, AT, '{"labels": {"danger": null}}', json.dumps({"labels": {"danger": value}}), act),
        )
        raw.execute(
            "INSERT INTO annotation(id, level, target_id, scheme, code, curator, at, revision_id) "
            "VALUES (?, 'utterance', ?, 'danger', 'danger', 'ann', ?, ?)",
            (number, number, AT, number),
        )
        raw.execute("INSERT INTO label VALUES ('utterance', ?, 'danger', 'danger', ?, 'ann')", (number, value["grade"]))
    raw.execute(
        "INSERT INTO snapshot(name, scheme, sha256, created_at, counts) VALUES ('d', 'danger', '0', ?, '{}')", (AT,)
    )
    raw.execute("INSERT INTO run VALUES ('r1', 'danger-text', 'ngram', 'danger', 'text', 'd', 'done', ?, '{}')", (AT,))
    raw.commit()
    raw.close()
    return path


def test_old_labels_stay_and_rounds_can_be_made(old: Path) -> None:
    url = f"sqlite:///{old}"
    assert revision_of(url) == "0012"
    store = open_store(url)
    assert store.corpus.grades("utterance", "danger") == {1: ("danger", "gold"), 2: ("danger", "silver")}
    assert store.rounds.rounds_of("danger") == {}
    assert [revision.round_id for revision in store.review.history(2)] == [None]
    progress = store.corpus.progress()["danger"]
    assert (progress["targets"], progress["labelled"], progress["danger"]) == (2, 1, 1)
    assert [u.id for u in store.corpus.every(Filter(labels={"danger": (UNLABELLED,)}))] == [2]
    answers = [answer for block in store.review.standing_answers("danger") for answer in block]
    assert [answer.target_id for answer in answers] == [1], "the annotation of an accepted pseudo-label is no answer"
    made = store.rounds.propose(NewRound("danger", "r1", {"mode": "freematch"}), "ann", AT)
    assert (made.id, made.state, made.audit_id) == (1, "proposed", None)
