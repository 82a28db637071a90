"""core.workflows.corpus.bulk and views: names of tags and views, and what the Corpus page queues for review."""

import pytest
from store_data import sentences

from core.errors import Conflict, InputError
from core.filters import Filter
from core.workflows.corpus import bulk, views
from core.workflows.review import desk, queues
from core.workflows.workspace import Workspace


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (" \n", "a tag needs a name"),
        ("가" * 61, "at most 60 letters; this one has 61"),
        ("a\0b", "no control characters"),
        ("a\u202eb", "no control characters"),
    ],
)
def test_a_name_that_cannot_be_is_refused(ws: Workspace, name: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        bulk.tag(ws, [], name, "ann")
    assert bulk.latest(ws) is None


def test_names_are_tidied(ws: Workspace) -> None:
    (utterance_id,) = sentences(ws.store, "가")
    bulk.tag(ws, [utterance_id], "  다시\t\u1112\u1161 기 ", "ann")
    assert bulk.tags(ws) == ["다시 하 기"]
    assert bulk.tag(ws, [utterance_id], "다시 하 기", "ann", remove=True).count == 1
    assert bulk.tags(ws) == []


def test_what_is_queued_in_the_corpus_is_a_queue_of_review(ws: Workspace) -> None:
    ids = sentences(ws.store, "가", "나", "다")
    bob = desk.Desk("bob", ("danger",), "tagged")
    assert desk.take(ws, bob) == []
    bulk.tag(ws, ids[1:], queues.TAG, "ann")
    assert [(card.utterance.id, card.left) for card in desk.take(ws, bob)] == [(ids[1], 2), (ids[2], 2)]
    bulk.label(ws, ids, "danger", "danger", "ann")
    assert desk.card(ws, bob, ids[1]).labels == {"danger": "danger"}
    latest = bulk.latest(ws)
    assert latest is not None
    assert bulk.undo(ws, latest.id, "ann").what["undone"] == 3
    assert ws.store.corpus.find(Filter(tag=(queues.TAG,))).total == 2


def test_a_view_is_saved_once_and_not_without_measure(ws: Workspace) -> None:
    saved = views.save(ws, " 불 나는 ", {"text": ["불"]}, "ann")
    assert (saved.name, views.list_views(ws)) == ("불 나는", [saved])
    with pytest.raises(Conflict, match="ann saved a view '불 나는' already"):
        views.save(ws, "불 나는", {}, "bob")
    with pytest.raises(InputError, match="too long for an address"):
        views.save(ws, "b", {"text": ["불" * 10_001]}, "ann")
    with pytest.raises(InputError, match="a view needs a name"):
        views.save(ws, "", {}, "ann")
    views.remove(ws, "불 나는")
    assert views.list_views(ws) == []
