"""A filled database of the schema before deliveries is migrated: every source knows the delivery that made it."""

import sqlite3
from pathlib import Path

from store_data import AT

from core.store import Delivery, open_store
from core.store.engine import migrate


def test_each_source_gets_the_delivery_that_made_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url, to="0008")
    raw = sqlite3.connect(tmp_path / "old.db")
    raw.execute("INSERT INTO source VALUES (1, 'labels', 'table', 'CC0', 'ab', ?)", (AT,))
    raw.execute("INSERT INTO source VALUES (2, 'calls', 'calls', 'ours', 'cd', ?)", (AT,))
    raw.commit()
    raw.close()
    store = open_store(url)
    assert store.deliveries.with_content("ab", ("table",)) == [Delivery(1, "labels", "labels", "ab", None)]
    assert store.deliveries.with_content("cd", ("table",)) == []
    store.deliveries.add(1, "labels", "ab", "", AT)
    assert len(store.deliveries.with_content("ab", ("table",))) == 1, "it is the same delivery"
    assert [source.name for source in store.corpus.sources()] == ["labels", "calls"]
