"""A filled database of the schema before fusion weights is migrated: its rows stay, and nobody has chosen weights."""

import sqlite3
from pathlib import Path

from store_data import AT

from core.records import SnapshotInfo
from core.store import FusionWeight, open_store
from core.store.engine import migrate


def test_old_rows_stay_and_weights_can_be_chosen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url, to="0009")
    raw = sqlite3.connect(tmp_path / "old.db")
    raw.execute("INSERT INTO snapshot VALUES ('s1', 'danger', 'ab', ?, '{\"n\": 3}', 0)", (AT,))
    raw.commit()
    raw.close()
    store = open_store(url)
    assert store.ledger.snapshots() == [SnapshotInfo("s1", "danger", "ab", AT, {"n": 3})]
    assert store.fusion.list() == []
    first, second = FusionWeight("danger", 0.6, "ann", AT), FusionWeight("danger", 0.5, "bob", AT)
    store.fusion.choose(FusionWeight("urgency", 1.0, "ann", AT))
    store.fusion.choose(first)
    store.fusion.choose(second)
    assert open_store(url).fusion.list() == [second, FusionWeight("urgency", 1.0, "ann", AT)]
    store.fusion.forget("danger")
    store.fusion.forget("danger")
    assert [weight.scheme for weight in store.fusion.list()] == ["urgency"]
