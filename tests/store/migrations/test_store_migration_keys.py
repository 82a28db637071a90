"""A filled database of the schema before keys of the service is migrated: its rows stay, and it has no key."""

import sqlite3
from pathlib import Path

import pytest
from store_data import AT

from core.errors import InputError, NotFound
from core.store import ApiKey, open_store
from core.store.engine import migrate

BUS = ApiKey("bus", "gwd_abcd", "a" * 64, ("predict", "read"), 60, AT, "ann")


@pytest.fixture
def old(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url, to="0009")
    raw = sqlite3.connect(tmp_path / "old.db")
    raw.execute("INSERT INTO source VALUES (1, 'labels', 'table', 'CC0', 'ab', ?)", (AT,))
    raw.execute("INSERT INTO delivery VALUES (1, 1, 'labels.csv', 'ab', NULL, ?)", (AT,))
    raw.commit()
    raw.close()
    return url


def test_old_rows_stay_and_a_key_can_be_added_and_revoked(old: str) -> None:
    store = open_store(old)
    assert [source.name for source in store.corpus.sources()] == ["labels"]
    assert [delivery.name for delivery in store.deliveries.with_content("ab", ("table",))] == ["labels.csv"]
    assert store.keys.list() == []
    store.keys.add(BUS)
    revoked = store.keys.revoke("bus", "ben", AT)
    assert (revoked.revoked_at, revoked.revoked_by, revoked.scopes) == (AT, "ben", ("predict", "read"))
    store.keys.revoke("bus", "cho", "2027-01-01")
    assert open_store(old).keys.list() == [revoked], "it keeps the time at which it was revoked"


def test_a_name_is_used_once_and_an_unknown_one_is_named(old: str) -> None:
    store = open_store(old)
    with pytest.raises(NotFound, match="no key 'bus'; there are: none"):
        store.keys.revoke("bus", "ann", AT)
    store.keys.add(BUS)
    with pytest.raises(InputError, match="key 'bus' exists already; choose another name"):
        store.keys.add(BUS)
