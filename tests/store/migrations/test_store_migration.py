"""A filled database of the first schema is migrated to the newest: nothing is lost, and searches find the same."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
from store_data import AT, sentences, texts

from core.filters import Filter
from core.store import open_store
from core.store.engine import engine_for, migrate, revision_of, writing
from core.store.index import chunks

SAID = ["화재가 났어요", "산불이요", "괜찮아요 ㅋㅋ", "불이, 났어요 100%", "집에 불이 났어요"]
UTTERANCE = (
    "INSERT INTO utterance VALUES (:id, :key, 1, :recording, NULL, NULL, NULL, :speaker, :text, :original, :chars, "
    "0, :key, 0, 'imported', 0, 1, '{}')"
)


def bigrams(text: str) -> list[str]:
    """Return the syllable bigrams of each word, as they were in the search table of the first schema."""
    return [word[i : i + 2] for word in re.findall(r"\w+", text) for i in range(max(1, len(word) - 1))]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database made by the program of revision 0001: five texts, one edited, one recording, labels, a proposal."""
    path = tmp_path / "old.db"
    migrate(f"sqlite:///{path}", to="0001")
    raw = sqlite3.connect(path)
    raw.execute("INSERT INTO source VALUES (1, 's', 'calls', 'ours', '0', ?)", (AT,))
    raw.execute("INSERT INTO recording VALUES (1, 'c', 1, NULL, NULL, 900, NULL, '{}')")
    for number, text in enumerate(SAID, 1):
        last = number == len(SAID)
        row = {
            "id": number, "key": f"k{number}", "text": text, "chars": len(text), "recording": 1 if last else None,
            "original": "화제가 났어요" if number == 1 else text, "speaker": "caller" if last else None,
        }  # fmt: skip
        raw.execute(UTTERANCE, row)
        raw.execute("INSERT INTO utterance_search(rowid, grams) VALUES (?, ?)", (number, " ".join(bigrams(text))))
    change = ({"text": "화제가 났어요"}, {"text": "화재가 났어요"})
    raw.execute(
        "INSERT INTO revision VALUES (1, 1, 1, 'ann', ?, ?, ?, 'review', NULL)", (AT, *(json.dumps(c) for c in change))
    )
    raw.execute("UPDATE utterance SET version = 1 WHERE id = 1")
    for target, level, scheme, code in ((1, "utterance", "danger", "danger"), (1, "recording", "urgency", "high")):
        raw.execute(
            "INSERT INTO annotation(level, target_id, scheme, code, curator, at) VALUES (?, ?, ?, ?, 'ann', ?)",
            (level, target, scheme, code, AT),
        )
        raw.execute("INSERT INTO label VALUES (?, ?, ?, ?, 'gold', 'ann')", (level, target, scheme, code))
    raw.execute(
        "INSERT INTO proposal(kind, utterance_id, operation, payload, fingerprint, reason, state, made_at) "
        "VALUES ('augmentation', 2, 'swap', '{\"text\": \"이요 산불\"}', 'f', 'r', 'open', ?)",
        (AT,),
    )
    raw.commit()
    raw.close()
    return path


def found_by_the_old_program(path: Path, query: str) -> list[str]:
    raw = sqlite3.connect(path)
    match = " AND ".join(f'"{gram}"' for gram in bigrams(query))
    rows = raw.execute(
        "SELECT text FROM utterance WHERE text LIKE ? AND id IN "
        "(SELECT rowid FROM utterance_search WHERE utterance_search MATCH ?) ORDER BY id",
        (f"%{query}%", match),
    ).fetchall()
    raw.close()
    return [row[0] for row in rows]


def test_searches_find_the_same_as_before(old: Path) -> None:
    url = f"sqlite:///{old}"
    assert revision_of(url) == "0001"
    queries = ["화재", "불이", "났어요", "화제"]
    before = {query: found_by_the_old_program(old, query) for query in queries}
    assert before == {"화재": SAID[:1], "불이": [SAID[1], *SAID[3:]], "났어요": [SAID[0], *SAID[3:]], "화제": []}
    store = open_store(url)
    assert {query: texts(store, Filter(text=query)) for query in queries} == before
    assert texts(store, Filter(text="불")) == [SAID[1], *SAID[3:]]
    assert texts(store, Filter(text="ㅎㅈ")) == SAID[:1]
    assert texts(store, Filter()) == SAID
    assert texts(store, Filter(labels={"danger": ("danger",)})) == SAID[:1]
    assert texts(store, Filter(labels={"urgency": ("high",)})) == SAID[-1:]
    offered = store.corpus.facets()
    assert (offered["speaker"], offered["origin"]) == (["caller"], ["imported"])
    assert store.corpus.progress()["danger"] == {"targets": 5, "labelled": 1, "gold": 1, "normal": 0, "danger": 1}


def test_history_goes_on(old: Path) -> None:
    store = open_store(f"sqlite:///{old}")
    (before,) = store.review.history(1)
    assert (before.curator, before.after) == ("ann", {"text": "화재가 났어요"})
    assert [a.code for a in store.review.annotations(1)] == ["danger"]
    undone = store.review.undo("ann", AT)
    assert undone is not None
    assert (undone.undoes, undone.version) == (before.id, 2)
    assert texts(store, Filter(text="화제")) == ["화제가 났어요"]
    store.proposals.decide(1, True, "ann", AT)
    assert texts(store, Filter(text="이요 산")) == ["이요 산불"]
    assert sentences(store, "새 문장") == [7]
    raw = sqlite3.connect(old)
    for table in ("revision", "annotation"):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            raw.execute(f"UPDATE {table} SET curator = 'mallory'")
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            raw.execute(f"DELETE FROM {table}")
    left = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
    raw.close()
    assert not {name for name in left if name.startswith("utterance_search")}


def test_triggers_watch_whoever_writes(old: Path) -> None:
    """A table that a later migration rebuilt has its triggers again; they see even the edit of another program."""
    store = open_store(f"sqlite:///{old}")
    with writing(engine_for(f"sqlite:///{old}")) as connection:
        chunks.settle(connection, 0, 0)
    assert texts(store, Filter(text="연기")) == []
    raw = sqlite3.connect(old)
    raw.execute("UPDATE utterance SET text = '연기가 나요', chars = 6 WHERE id = 3")
    raw.execute("DELETE FROM label WHERE level = 'recording'")
    raw.commit()
    raw.close()
    assert texts(store, Filter(text="연기")) == ["연기가 나요"]
    assert texts(store, Filter(text="괜찮")) == []
    assert texts(store, Filter(labels={"urgency": ("high",)})) == []
