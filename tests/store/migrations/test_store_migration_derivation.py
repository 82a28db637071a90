"""A filled database of the schema before derivations is migrated: old accepted augmentations say how they were made."""

import json
import sqlite3
from pathlib import Path

import pytest
from store_data import AT

from core.records import Derivation
from core.store import Choice, open_store
from core.store.engine import migrate, revision_of

UTTERANCE = (
    "INSERT INTO utterance VALUES (?, ?, 1, NULL, ?, NULL, NULL, NULL, ?, ?, ?, 0, 'k1', 0, ?, 0, 1, ?)"
)  # fmt: skip
PROPOSAL = (
    "INSERT INTO proposal(id, kind, utterance_id, operation, payload, fingerprint, reason, state, made_at, decided_by, "
    "decided_at, result_id, batch) VALUES (?, 'augmentation', 1, ?, ?, ?, 'r', ?, ?, ?, ?, ?, ?)"
)
SAID = "거실에 불이 났어요"
MADE = {"parent": 1, "before": SAID, "seed": 3, "strength": 0.4, "text": "거실에 , 불이 났어요"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of revision 0011: a parent, an accepted variant, one of an import, one that names no operation."""
    path = tmp_path / "old.db"
    migrate(f"sqlite:///{path}", to="0011")
    raw = sqlite3.connect(path)
    raw.execute("INSERT INTO source VALUES (1, 's', 'sentences', 'ours', '0', ?)", (AT,))
    meta = {"operation": "punctuation-insertion", **MADE}
    rows = [
        ("k1", None, SAID, "imported", {}),
        ("k1+1", 1, MADE["text"], "augmented", meta),
        ("k1+9", 1, "거실에 불", "augmented", {"operation": "random-deletion", "seed": 5}),
        ("k1+8", 1, "불이 났어요", "augmented", {}),
    ]
    for number, (key, parent, text, origin, stored) in enumerate(rows, 1):
        raw.execute(UTTERANCE, (number, key, parent, text, text, len(str(text)), origin, json.dumps(stored)))
    raw.execute(
        PROPOSAL, (1, "punctuation-insertion", json.dumps(MADE), "a", "accepted", AT, "ann", AT, 2, "augment-1")
    )
    raw.execute(PROPOSAL, (2, "random-deletion", '{"text": "불이"}', "b", "open", AT, None, None, None, None))
    raw.commit()
    raw.close()
    return path


def test_old_augmentations_get_their_derivation(old: Path) -> None:
    assert revision_of(f"sqlite:///{old}") == "0011"
    store = open_store(f"sqlite:///{old}")
    assert store.derivations.of([1, 2, 3, 4]) == {
        2: Derivation(2, "punctuation-insertion", {"strength": 0.4}, 3, made_at=AT, batch="augment-1"),
        3: Derivation(3, "random-deletion", {}, 5),
    }
    assert store.derivations.tally() == {"punctuation-insertion": 1, "random-deletion": 1}
    assert [(p.key, p.text) for p in store.derivations.parents().values()] == [("k1", SAID)]
    assert store.derivations.texts_before() == {2: SAID}


@pytest.mark.parametrize(
    ("meta", "derived"),
    [
        ("null", {}),
        ("[]", {}),
        (json.dumps({"operation": "x", "seed": 2**70}), {3: Derivation(3, "x")}),
        ('{"operation": "x", "seed": true, "parameters": [1]}', {3: Derivation(3, "x")}),
    ],
)
def test_an_odd_meta_stops_no_migration(old: Path, meta: str, derived: dict[int, Derivation]) -> None:
    raw = sqlite3.connect(old)
    raw.execute("UPDATE utterance SET meta = ? WHERE id = 3", (meta,))
    raw.commit()
    raw.close()
    assert open_store(f"sqlite:///{old}").derivations.of([3]) == derived


def test_old_proposals_stay_and_have_no_flag(old: Path) -> None:
    store = open_store(f"sqlite:///{old}")
    first, second = (store.proposals.get(number) for number in (1, 2))
    assert (first.state, first.flag, first.payload) == ("accepted", None, MADE)
    assert (second.state, second.flag) == ("open", None)
    assert store.candidates.page(Choice("augmentation"), 9) == [second]
    store.proposals.decide(2, True, "bob", AT)
    assert store.derivations.of([5])[5] == Derivation(5, "random-deletion", made_at=AT)
