"""Open comments and standing flags: one definition for filters, on both of their ways, and for counts."""

from pathlib import Path

import pytest
from sqlalchemy import select
from store_data import fresh, sentences

from core.filters import Filter
from core.store import NewProposal, Store, open_store
from core.store.corpus import find
from core.store.engine import engine_for, reading
from core.store.schema import utterance

DAY = "2026-11-{:02}T09:00:00.000000+00:00"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return fresh(tmp_path)


@pytest.fixture
def store(url: str) -> Store:
    opened = open_store(url)
    sentences(opened, "하나", "둘", "셋")
    for day, item in enumerate((2, 1, 3), start=1):
        opened.remarks.add(item, "kim", DAY.format(day), "comment", "다시 들어 보세요")
    return opened


def still_open(store: Store, url: str) -> list[int]:
    """Return the utterances with an open comment, by the bitmaps; they are the same by SQL."""
    wanted = Filter(comment="open")
    found = [row.id for row in store.corpus.find(wanted).rows]
    with reading(engine_for(url)) as connection:
        assert found == list(connection.scalars(select(utterance.c.id).where(*find.where(wanted)).order_by("id")))
    return found


def test_only_a_decision_by_hand_that_stands_answers_a_comment(store: Store, url: str) -> None:
    assert (still_open(store, url), store.waiting.oldest_remark("comment")) == ([1, 2, 3], DAY.format(1))
    bulk = store.bulk.label([1, 2], "danger", "danger", "lee", DAY.format(10))
    assert bulk.count == 2
    assert still_open(store, url) == [1, 2, 3], "nobody looked at each of them"
    for act, before, after in (("accept", "셋", "셋."), ("clean", "셋.", "셋!")):
        store.proposals.add(
            [NewProposal("cleaning", 3, "nfc", {"text": after, "before": before}, "why")], DAY.format(11)
        )
        store.proposals.accept_many(store.proposals.waiting("cleaning"), "lee", DAY.format(12), act=act)  # type: ignore[arg-type]
        assert store.corpus.utterance(3).text == after
        assert still_open(store, url) == [1, 2, 3], f"{act}: a suggestion says nothing about the comment"
    store.review.decide(2, 1, "lee", DAY.format(14), labels={"danger": "normal"})
    assert (still_open(store, url), store.waiting.oldest_remark("comment")) == ([1, 3], DAY.format(2))
    store.review.decide(3, store.corpus.utterance(3).version, "lee", DAY.format(15), skip=True)
    assert still_open(store, url) == [1], "what is skipped is decided, too"
    store.review.undo("lee", DAY.format(16))
    store.review.undo("lee", DAY.format(17))
    assert (still_open(store, url), store.waiting.oldest_remark("comment")) == ([1, 2, 3], DAY.format(1))


def test_the_oldest_flag_is_the_first_that_stands(store: Store) -> None:
    for day, item, kind in ((4, 1, "flag"), (5, 2, "flag"), (6, 1, "unflag"), (7, 3, "flag")):
        store.remarks.add(item, "kim", DAY.format(day), kind)  # type: ignore[arg-type]
    assert store.waiting.oldest_remark("flag") == DAY.format(5)
    store.remarks.add(2, "kim", DAY.format(8), "flag")
    assert store.waiting.oldest_remark("flag") == DAY.format(7), "flagged again, it waits from then on"
    for item in (2, 3):
        store.remarks.add(item, "kim", DAY.format(9), "unflag")
    assert store.waiting.oldest_remark("flag") is None
