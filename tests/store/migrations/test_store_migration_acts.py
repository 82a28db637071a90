"""A filled database of the schema before acts is migrated: every kind of old `why` gets its act."""

import json
import sqlite3
from pathlib import Path

import pytest
from store_data import AT

from core.store import Store, Tally, open_store
from core.store.engine import migrate, revision_of

UTTERANCE = (
    "INSERT INTO utterance VALUES (?, ?, 1, NULL, NULL, NULL, NULL, NULL, ?, ?, ?, ?, 'g', 0, 'imported', 0, 1, '{}')"
)
PROPOSAL = (
    "INSERT INTO proposal(id, kind, utterance_id, operation, payload, fingerprint, reason, state, made_at, decided_by, "
    "decided_at, revision_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
LABEL = {"labels": {"danger": {"code": "danger", "grade": "gold", "by": "ann"}}}
# curator, after, the old `why`, what it undoes -> act, why, bulk_id, proposal_id, restores
OLD = [
    ("ann", LABEL, "review", None, ("review", "", None, None, None)),
    ("ann", {"skipped": True}, "skip", None, ("skip", "", None, None, None)),
    ("ann", {"skipped": True}, "skip: 소음: 100%", None, ("skip", "소음: 100%", None, None, None)),
    ("eve", LABEL, "settled", None, ("settle", "", None, None, None)),
    ("eve", LABEL, "settled: skip: 두 번 들음", None, ("settle", "skip: 두 번 들음", None, None, None)),
    ("ann", {"text": "가"}, "restore 12", None, ("restore", "", None, None, 12)),
    ("ann", LABEL, "bulk:7", None, ("bulk", "", 7, None, None)),
    ("ann", LABEL, "bulk:9", None, ("bulk", "", None, None, None)),  # an action that is gone
    ("import", {"text": "나"}, "re-imported", None, ("import", "", None, None, None)),
    ("ann", {"text": "다"}, "spacing", None, ("accept", "spacing", None, 1, None)),
    ("clean:tags", {"text": "라"}, "tags", None, ("clean", "tags", None, 2, None)),
    ("ann", {"skipped": True}, "same-text: the same text as utterance 1", None,
     ("accept", "same-text: the same text as utterance 1", None, 3, None)),
    ("ann", LABEL, "pseudo-label by r1", None, ("accept", "pseudo-label by r1", None, None, None)),  # taken back since
    ("ann", {}, "undo", 13, ("undo", "", None, None, None)),
    ("ann", {"text": "마"}, "review", None, ("accept", "review", None, 4, None)),  # a rule of that name
]  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database made by the program of revision 0005: one utterance, with revisions in the order of `OLD`."""
    path = tmp_path / "old.db"
    migrate(f"sqlite:///{path}", to="0005")
    raw = sqlite3.connect(path)
    raw.execute("INSERT INTO source VALUES (1, 's', 'sentences', 'ours', '0', ?)", (AT,))
    raw.execute(UTTERANCE, (1, "k1", "마", "가", 1, len(OLD)))
    raw.execute(UTTERANCE, (2, "k2", "나", "나", 1, 0))
    raw.execute("INSERT INTO bulk VALUES (7, 'ann', ?, ?, 1, NULL)", (AT, json.dumps({"do": "label"})))
    for number, (curator, after, why, undoes, _) in enumerate(OLD, 1):
        raw.execute(
            "INSERT INTO revision VALUES (?, 1, ?, ?, ?, '{}', ?, ?, ?, NULL)",
            (number, number, curator, AT, json.dumps(after), why, undoes),
        )
    made = [
        ("cleaning", "spacing", 10),
        ("cleaning", "tags", 11),
        ("exclude", "same-text", 12),
        ("cleaning", "review", 15),
    ]
    for number, (kind, operation, revision) in enumerate(made, 1):
        values = (number, kind, 1, operation, "{}", str(number), "r", "accepted", AT, "ann", AT, revision)
        raw.execute(PROPOSAL, values)
    payload = json.dumps({"scheme": "danger", "code": "danger"})
    raw.execute(PROPOSAL, (5, "pseudo-label", 1, "pseudo-label by r1", payload, "5", "r", "open", AT, None, None, None))
    raw.commit()
    raw.close()
    return path


def opened(path: Path) -> Store:
    url = f"sqlite:///{path}"
    assert revision_of(url) == "0005"
    return open_store(url)


def test_each_old_reason_becomes_an_act_and_a_reason(old: Path) -> None:
    history = opened(old).review.history(1)
    assert [(r.act, r.why, r.bulk_id, r.proposal_id, r.restores) for r in history] == [row[4] for row in OLD]
    assert [(r.version, r.curator, r.after, r.undoes) for r in history] == [
        (number, curator, after, undoes) for number, (curator, after, _, undoes, _) in enumerate(OLD, 1)
    ]


def test_what_was_made_by_hand_still_counts_as_that(old: Path) -> None:
    assert opened(old).review.tally() == [
        Tally("ann", "", AT[:10], 4, 0), Tally("eve", "", AT[:10], 2, 0),
    ]  # fmt: skip


def test_the_history_is_append_only_again_and_goes_on(old: Path) -> None:
    store = opened(old)
    raw = sqlite3.connect(old)
    for change in ("UPDATE revision SET why = 'x'", "DELETE FROM revision"):
        with pytest.raises(sqlite3.IntegrityError, match="revision is append-only"):
            raw.execute(change)
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    raw.close()
    store.proposals.decide(5, True, "bob", AT)
    undone = store.review.undo("bob", AT)
    assert undone is not None
    assert [(r.act, r.proposal_id) for r in store.review.history(1)[-2:]] == [("accept", 5), ("undo", None)]
