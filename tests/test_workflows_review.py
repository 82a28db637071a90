"""core.workflows.review, augment, overview: what a curator is shown next and what becomes of the decision."""

from pathlib import Path

import pytest
from workflow_data import import_calls, import_sentences

from core.errors import Conflict
from core.records import Filter
from core.workflows import augment, review
from core.workflows.augment import AugmentPlan
from core.workflows.overview import overview
from core.workflows.workspace import Workspace


def test_the_queue_shows_each_unlabelled_utterance_once_with_its_neighbours(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path)
    seen: list[str] = []
    after = 0
    while (card := review.next_card(ws, ["danger"], after_id=after)) is not None:
        assert card.left == 6 - len(seen)
        seen.append(card.utterance.text)
        if len(seen) == 2:
            assert (card.before, card.after) == ("네 119입니다", "주소가 어디세요")
        if len(seen) == 3:
            assert (card.before, card.after) == ("집에 불이 났어요", "")
        after = card.utterance.id
        review.decide(ws, after, card.utterance.version, "ann", {"danger": "normal"})
    assert seen == ["네 119입니다", "집에 불이 났어요", "주소가 어디세요"] * 2


def test_the_queue_starts_again_at_its_end(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    card = review.next_card(ws, ["danger"], after_id=3)
    assert card is not None
    assert (card.utterance.id, card.left) == (1, 3)


def test_skipped_ones_wait_in_a_queue_of_their_own(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    assert review.next_card(ws, ["danger"], "skipped") is None
    review.skip(ws, 1, 0, "ann")
    card = review.next_card(ws, ["danger"])
    assert card is not None
    assert card.utterance.id == 2
    skipped = review.next_card(ws, ["danger"], "skipped")
    assert skipped is not None
    assert (skipped.utterance.id, skipped.left) == (1, 1)
    review.decide(ws, 1, 1, "ann", {"danger": "danger"})
    assert review.next_card(ws, ["danger"], "skipped") is None


def test_a_recording_scheme_asks_for_calls_only(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 2)
    import_calls(ws, tmp_path, 1)
    assert review.next_card(ws, ["urgency"]) is None
    card = review.next_card(ws, ["urgency"], "all")
    assert card is not None
    assert card.utterance.recording_id == 1


def test_decide_and_undo(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    review.decide(ws, 2, 0, "ann", {"danger": "danger", "urgency": "low"}, text="집에 불이 났습니다", spent_ms=800)
    with pytest.raises(Conflict, match="you saw version 0, it is 1"):
        review.decide(ws, 2, 0, "ann", {"danger": "normal"})
    card = review.card(ws, 2, 0)
    assert (card.utterance.text, card.utterance.labels["urgency"]) == ("집에 불이 났습니다", "low")
    undone = review.undo(ws, "ann")
    assert undone is not None
    now = ws.store.corpus.utterance(2)
    assert (now.text, now.labels["urgency"], "danger" in now.labels) == ("집에 불이 났어요", "high", False)
    assert review.undo(ws, "ann") is None


def test_augmentations_are_suggested_once_and_stay_in_the_parents_group(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 20)
    plan = AugmentPlan("punctuation-insertion", limit=4, strength=0.4, seed=3)
    assert augment.propose(ws, plan) == 4
    assert augment.propose(ws, plan) == 0
    first = augment.next_proposal(ws, augment.KIND)
    assert first is not None
    parent = ws.store.corpus.utterance(first.utterance_id)
    assert parent.labels == {"danger": "danger"}
    assert first.payload["text"] != parent.text
    assert (first.operation, first.payload["seed"]) == ("punctuation-insertion", 3)
    accepted = augment.decide(ws, first.id, True, "ann")
    assert (accepted.state, accepted.decided_by) == ("accepted", "ann")
    (made,) = ws.store.corpus.find(Filter(origin=("augmented",))).rows
    assert (made.group, made.parent_id, made.labels) == (parent.group, parent.id, parent.labels)
    second = augment.next_proposal(ws, augment.KIND, first.id)
    assert second is not None
    augment.decide(ws, second.id, False, "ann")
    assert ws.store.proposals.counts(augment.KIND) == {"open": 2, "accepted": 1, "rejected": 1}
    reopened = augment.undo(ws, augment.KIND, "ann")
    assert reopened is not None
    assert reopened.id == second.id
    last = augment.next_proposal(ws, augment.KIND, 4)
    assert last is not None
    assert last.id == second.id
    assert [u.origin for u in ws.store.corpus.every(Filter(text=made.text))] == ["augmented"]


def test_an_augmented_utterance_has_no_neighbours_in_the_call(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    review.decide(ws, 2, 0, "ann", {"danger": "danger"})
    assert augment.propose(ws, AugmentPlan("punctuation-insertion")) == 1
    augment.decide(ws, 1, True, "ann")
    assert (review.card(ws, 4, 0).before, review.card(ws, 3, 0).after) == ("", "")


def test_the_overview_says_what_to_do_next(ws: Workspace, tmp_path: Path) -> None:
    empty = overview(ws)
    assert (empty.next_steps, empty.counts["utterances"], empty.runs) == (("import",), 0, [])
    import_sentences(ws, tmp_path, 4)
    assert overview(ws).next_steps == ("snapshot",)
    import_calls(ws, tmp_path, 1)
    full = overview(ws)
    assert full.next_steps == ("label", "snapshot")
    assert (full.counts["recordings"], full.counts["audio_ms"]) == (1, 6000)
    assert full.progress["danger"]["labelled"] == 4
