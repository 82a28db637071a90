"""A database of the schema before titles of stored lists is migrated: its lists stay, under the title that they had."""

import sqlite3
from pathlib import Path

import pytest
from store_data import AT

from core.messages import Message
from core.store import open_store
from core.store.engine import migrate

UTTERANCE = (
    "INSERT INTO utterance VALUES "
    "(1, 'k', 1, NULL, NULL, NULL, NULL, NULL, '불', '불', 1, 0, 'k', 0, 'imported', 0, 1, '{}')"
)


@pytest.fixture
def old(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url, to="0013")
    raw = sqlite3.connect(tmp_path / "old.db")
    raw.execute("INSERT INTO source VALUES (1, 's', 'table', 'CC0', 'ab', ?)", (AT,))
    raw.execute(UTTERANCE)
    for queue, reason in (("list:a", "말뭉치에서 고른 줄"), ("audit:danger", "drawn at random")):
        raw.execute("INSERT INTO queue_item VALUES (?, 0, 1, 0, ?, ?)", (queue, reason, AT))
    raw.commit()
    raw.close()
    return url


def test_lists_of_before_keep_their_title_and_go_when_nobody_opens_them(old: str) -> None:
    queues = open_store(old).queues
    stored = queues.stored("list:a")
    assert stored is not None
    assert (stored.count, stored.title, stored.built_at, stored.opened_at) == (1, "말뭉치에서 고른 줄", AT, AT)
    assert queues.stored("audit:danger") is None
    queues.drop_stored(AT)
    assert queues.stored("list:a") == stored, "it is not older than that"
    queues.opened("list:a", Message("Rows picked in the corpus"), "2027-01-01")
    queues.drop_stored("2026-12-31")
    opened = queues.stored("list:a")
    assert opened is not None
    assert (opened.title, opened.built_at, opened.opened_at) == ("Rows picked in the corpus", AT, "2027-01-01")
    queues.drop_stored("2027-01-02")
    assert queues.stored("list:a") is None
    assert set(queues.built()) == {"audit:danger"}
