"""A filled database of the schema before the curator's desk is migrated, and works on."""

import sqlite3
from pathlib import Path

import pytest
from store_data import AT, texts

from core.filters import Filter
from core.records import Vote
from core.store import NewProposal, Tally, open_store
from core.store.engine import migrate, revision_of

ANSWER = '{"labels": {"danger": {"code": "danger", "grade": "gold", "by": "ann"}}}'


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database made by the program of revision 0004: two texts, one decided, one with a cleaning proposal."""
    path = tmp_path / "old.db"
    migrate(f"sqlite:///{path}", to="0004")
    raw = sqlite3.connect(path)
    raw.execute("INSERT INTO source VALUES (1, 's', 'sentences', 'ours', '0', ?)", (AT,))
    for number, text in ((1, "불이 났어요"), (2, "괜찮 아요")):
        raw.execute(
            "INSERT INTO utterance VALUES "
            "(?, ?, 1, NULL, NULL, NULL, NULL, NULL, ?, ?, ?, ?, 'g', 0, 'imported', 0, 1, '{}')",
            (number, f"k{number}", text, text, len(text), 1 if number == 1 else 0),
        )
    raw.execute(
        "INSERT INTO revision VALUES (1, 1, 1, 'ann', ?, '{\"labels\": {\"danger\": null}}', ?, 'review', NULL)",
        (AT, ANSWER),
    )
    raw.execute("INSERT INTO annotation VALUES (1, 'utterance', 1, 'danger', 'danger', 'ann', ?, 1500, 1)", (AT,))
    raw.execute("INSERT INTO label VALUES ('utterance', 1, 'danger', 'danger', 'gold', 'ann')")
    raw.execute(
        "INSERT INTO proposal(kind, utterance_id, operation, payload, fingerprint, reason, state, made_at) "
        "VALUES ('cleaning', 2, 'spacing', '{\"text\": \"괜찮아요\", \"before\": \"괜찮 아요\"}', 'f', 'r', 'open', ?)",
        (AT,),
    )
    raw.execute("INSERT INTO tag VALUES (2, 'review')")
    raw.commit()
    raw.close()
    return path


def test_nothing_is_lost_and_everything_goes_on(old: Path) -> None:
    url = f"sqlite:///{old}"
    assert revision_of(url) == "0004"
    store = open_store(url)
    (note,) = store.review.annotations(1)
    assert (note.code, note.spent_ms, note.kind) == ("danger", 1500, "answer")
    (made,) = store.review.history(1)
    assert (made.curator, made.spent_ms) == ("ann", None)
    assert store.review.tally() == [Tally("ann", name, "2024-05-01", 1, 1500) for name in ("", "danger")]
    assert [one.code for block in store.review.standing_answers("danger") for one in block] == ["danger"]
    assert texts(store, Filter(tag=("review",))) == ["괜찮 아요"]
    (waiting,) = store.proposals.page("cleaning")
    assert (waiting.confidence, waiting.batch) == (None, None)
    assert store.proposals.accept_many([waiting.id], "bob", AT) == {waiting.id: "accepted"}
    assert texts(store, Filter(text="괜찮아")) == ["괜찮아요"]
    assert store.proposals.add([NewProposal("cleaning", 1, "tags", {"text": "x"}, "r", None, 0.5, "b")], AT) == 1
    assert store.review.undo("ann", AT) is not None
    assert store.corpus.grades("utterance", "danger") == {}


def test_history_stays_append_only_and_so_are_remarks(old: Path) -> None:
    store = open_store(f"sqlite:///{old}")
    store.remarks.add(1, "ann", AT, "comment", "확인")
    store.review.add_votes([Vote("danger", 2, "normal", "w1", AT)])
    raw = sqlite3.connect(old)
    for table in ("revision", "annotation", "remark"):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            raw.execute(f"UPDATE {table} SET curator = 'mallory'")
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            raw.execute(f"DELETE FROM {table}")
    raw.close()
