"""Who is in dispute, kept in memory: after every answer, undo and settlement it is what a fresh reader finds."""

import random
from pathlib import Path

import pytest
from store_data import fresh, sentences

from core.errors import Conflict
from core.filters import Filter
from core.records import UNLABELLED
from core.store import Disputes, QueueRequest, open_store
from core.store.review import disputants

DAY = "2026-11-{:02}T09:00:{:02}.000000+00:00"


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_in_memory_is_what_is_stored(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    store, draw = open_store(fresh(tmp_path)), random.Random(seed)
    items = sentences(store, *(f"문장 {n}" for n in range(6)))
    request = QueueRequest(
        "kim", ("danger",), Filter(labels={"danger": (UNLABELLED,)}), 6, DAY.format(1, 0), DAY.format(1, 0), overlap=1.0
    )
    store.leases.take(request)
    seen = set()
    for step in range(60):
        item, who, at = draw.choice(items), draw.choice(("kim", "lee", "ann")), DAY.format(2 + step // 30, step % 60)
        version = store.corpus.utterance(item).version
        match draw.random():
            case chance if chance < 0.7:
                store.review.decide(item, version, who, at, labels={"danger": draw.choice(("danger", "normal"))})
            case chance if chance < 0.8 and "danger" in store.waiting.disputes():
                store.review.settle(item, "danger", "danger", "lead", at, "sure", version=version)
            case _:
                latest = store.review.latest(who)
                if latest is not None:
                    try:
                        store.review.undo(who, at, revision_id=latest)
                    except Conflict:
                        continue
        kept = store.waiting.disputes()
        with monkeypatch.context() as fresh_reader:
            fresh_reader.setattr(disputants, "_known", {})
            assert store.waiting.disputes() == kept
        seen.add(kept.get("danger", Disputes()).n)
    assert len(seen) > 1, "disputes came and went"
