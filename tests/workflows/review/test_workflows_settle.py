"""core.workflows.review.settle: disputes are listed, shown with every answer, settled once, and reopened by undo."""

import pytest
from desk_data import answer
from store_data import call, sentences

from core.errors import InputError, Stale, UnknownName
from core.filters import Filter
from core.records import AnnotationKind, StandingAnswer
from core.store import QueueRequest
from core.workflows.review import settle
from core.workflows.workspace import Workspace, now


def grade(ws: Workspace, name: str, target: int) -> tuple[str, str]:
    level = "recording" if name == "urgency" else "utterance"
    return ws.store.corpus.grades(level, name)[target]  # type: ignore[arg-type]


def test_a_dispute_shows_every_answer_and_ends_by_one_decision(ws: Workspace) -> None:
    first, second = sentences(ws.store, "불이야", "네")
    answer(ws, "danger", kim="danger", lee="normal")
    assert grade(ws, "danger", first) == ("danger", "disputed")
    assert settle.disputes(ws, "danger") == 2
    shown = settle.next_dispute(ws, "danger", "chief")
    assert shown is not None
    assert (shown.utterance.id, shown.target_id, shown.utterance.text, shown.left) == (first, first, "불이야", 2)
    assert [(x.curator, x.code, x.spent_ms, x.kind) for x in shown.answers] == [
        ("kim", "danger", 1500, "answer"), ("lee", "normal", 1500, "answer"),
    ]  # fmt: skip
    assert [(x.curator, x.text) for x in shown.remarks] == [("kim", "kim says so"), ("lee", "lee says so")]
    assert (shown.audio, shown.before, shown.after) == (False, "", "")
    done = settle.settle(ws, shown, "normal", "chief", " heard\n twice ", spent_ms=900)
    assert (done.act, done.why, done.curator, done.spent_ms) == ("settle", "heard twice", "chief", 900)
    assert grade(ws, "danger", first) == ("normal", "gold")
    assert settle.disputes(ws, "danger") == 1
    following = settle.next_dispute(ws, "danger", "chief")
    assert following is not None
    assert following.utterance.id == second
    settlements = [x for x in ws.store.review.annotations(first) if x.kind == "settlement"]
    assert [(x.curator, x.code) for x in settlements] == [("chief", "normal")]


@pytest.mark.parametrize(
    ("curator", "kind", "name"),
    [
        ("kim", "answer", "kim"),
        ("vote:kim", "vote", "kim"),
        ("vote:#3", "vote", None),
        ("vote:kim", "answer", "vote:kim"),
    ],
)
def test_a_vote_tells_its_rater_where_it_has_one(curator: str, kind: AnnotationKind, name: str | None) -> None:
    assert settle.rater(StandingAnswer(1, curator, "danger", "", None, kind)) == name


def test_what_curators_agree_on_is_no_dispute(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="danger")
    assert settle.next_dispute(ws, "danger", "chief") is None
    assert settle.disputes(ws, "danger") == 0


def test_what_still_waits_for_another_answer_is_no_dispute(ws: Workspace) -> None:
    (item,) = sentences(ws.store, "불이야")
    for curator in ("kim", "lee"):
        ids, _left = ws.store.leases.take(
            QueueRequest(curator, ("danger",), Filter(), 1, now(), "9999", overlap=1.0, copies=3)
        )
        assert ids == [item]
        version = ws.store.corpus.utterance(item).version
        ws.store.review.decide(item, version, curator, now(), labels={"danger": "danger"})
        ws.store.leases.release(curator)
    assert settle.disputes(ws, "danger") == 0, "a third answer is wanted, and nobody disagrees"
    assert settle.next_dispute(ws, "danger", "chief") is None


def test_two_adjudicators_never_have_the_same_and_may_put_off(ws: Workspace) -> None:
    first, second = sentences(ws.store, "불이야", "네")
    answer(ws, "danger", kim="danger", lee="normal")
    of_chief, of_other = settle.next_dispute(ws, "danger", "chief"), settle.next_dispute(ws, "danger", "other")
    assert of_chief is not None
    assert of_other is not None
    assert (of_chief.utterance.id, of_other.utterance.id) == (first, second)
    assert settle.next_dispute(ws, "danger", "third") is None
    settle.put_off(ws, of_other, "other")
    later = settle.next_dispute(ws, "danger", "chief", passed=[first])
    assert later is not None
    assert later.utterance.id == second


def test_undo_opens_the_dispute_again(ws: Workspace) -> None:
    (item,) = sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    assert settle.undo(ws, "chief") is None
    shown = settle.next_dispute(ws, "danger", "chief")
    assert shown is not None
    settle.settle(ws, shown, "normal", "chief")
    undone = settle.undo(ws, "chief")
    assert undone is not None
    assert undone.dispute is not None
    assert (undone.dispute.utterance.id, undone.dispute.left) == (item, 1)
    assert grade(ws, "danger", item) == ("danger", "disputed")
    settle.settle(ws, undone.dispute, "danger", "chief", "again")
    assert grade(ws, "danger", item) == ("danger", "gold")
    assert settle.undo(ws, "chief") is not None
    assert settle.undo(ws, "chief") is None


def test_undo_passes_on_what_was_no_settlement(ws: Workspace) -> None:
    (item,) = sentences(ws.store, "불이야")
    ws.store.review.decide(item, 0, "chief", now(), labels={"danger": "danger"})
    undone = settle.undo(ws, "chief")
    assert undone is not None
    assert undone.dispute is None
    assert undone.revision.undoes is not None


def test_a_settlement_on_an_old_version_is_refused(ws: Workspace) -> None:
    (item,) = sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    shown = settle.next_dispute(ws, "danger", "chief")
    assert shown is not None
    ws.store.review.decide(item, shown.version, "park", now(), text="불이 났어요")
    with pytest.raises(Stale, match="was changed meanwhile") as caught:
        settle.settle(ws, shown, "normal", "chief")
    assert caught.value.theirs["text"] == "불이 났어요"
    assert grade(ws, "danger", item)[1] == "disputed"


def test_a_dispute_about_a_recording_is_shown_once(ws: Workspace) -> None:
    ids = call(ws.store, "call-1", "여보세요", "불이 났어요", "어디세요")
    answer(ws, "urgency", kim="high", lee="low")
    assert settle.disputes(ws, "urgency") == 1
    shown = settle.next_dispute(ws, "urgency", "chief")
    assert shown is not None
    assert shown.utterance.id == ids[0]
    assert shown.target_id == shown.utterance.recording_id
    assert (shown.after, [x.code for x in shown.answers]) == ("불이 났어요", ["high", "low"])
    settle.settle(ws, shown, "high", "chief", "fire")
    assert grade(ws, "urgency", shown.target_id) == ("high", "gold")


def test_what_cannot_be_settled_says_why(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    shown = settle.next_dispute(ws, "danger", "chief")
    assert shown is not None
    with pytest.raises(UnknownName, match="unknown danger class 'maybe'"):
        settle.settle(ws, shown, "maybe", "chief")
    with pytest.raises(InputError, match="a reason of 2,001 characters; at most 2,000"):
        settle.settle(ws, shown, "normal", "chief", "x" * 2001)
    with pytest.raises(UnknownName, match="unknown scheme 'nothing'"):
        settle.next_dispute(ws, "nothing", "chief")
