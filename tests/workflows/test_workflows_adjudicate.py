"""core.workflows.review.settle: disputes found, shown with every opinion, settled once, and taken back."""

import pytest
from desk_data import answer
from store_data import call, sentences

from core.errors import InputError, Stale, UnknownName
from core.filters import Filter
from core.records import AnnotationKind, Opinion
from core.store import Ask
from core.workflows.review import settle as work
from core.workflows.workspace import Workspace, now


def grade(ws: Workspace, name: str, target: int) -> tuple[str, str]:
    level = "recording" if name == "urgency" else "utterance"
    return ws.store.corpus.grades(level, name)[target]  # type: ignore[arg-type]


def test_a_dispute_shows_every_opinion_and_ends_by_one_decision(ws: Workspace) -> None:
    one, two = sentences(ws.store, "불이야", "네")
    answer(ws, "danger", kim="danger", lee="normal")
    assert grade(ws, "danger", one) == ("danger", "disputed")
    assert work.disputes(ws, "danger") == 2
    shown = work.next_dispute(ws, "danger", "chief")
    assert shown is not None
    assert (shown.utterance.id, shown.target_id, shown.utterance.text, shown.left) == (one, one, "불이야", 2)
    assert [(x.curator, x.code, x.spent_ms, x.kind) for x in shown.opinions] == [
        ("kim", "danger", 1500, "answer"), ("lee", "normal", 1500, "answer"),
    ]  # fmt: skip
    assert [(x.curator, x.text) for x in shown.remarks] == [("kim", "kim says so"), ("lee", "lee says so")]
    assert (shown.audio, shown.before, shown.after) == (False, "", "")
    done = work.settle(ws, shown, "normal", "chief", " heard\n twice ", spent_ms=900)
    assert (done.act, done.why, done.curator, done.spent_ms) == ("settle", "heard twice", "chief", 900)
    assert grade(ws, "danger", one) == ("normal", "gold")
    assert work.disputes(ws, "danger") == 1
    following = work.next_dispute(ws, "danger", "chief")
    assert following is not None
    assert following.utterance.id == two
    settlements = [x for x in ws.store.review.annotations(one) if x.kind == "settlement"]
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
    assert work.rater(Opinion(1, curator, "danger", "", None, kind)) == name


def test_what_curators_agree_on_is_no_dispute(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="danger")
    assert work.next_dispute(ws, "danger", "chief") is None
    assert work.disputes(ws, "danger") == 0


def test_what_still_waits_for_another_answer_is_no_dispute(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    for curator in ("kim", "lee"):
        ids, _left = ws.store.leases.take(Ask(curator, ("danger",), Filter(), 1, now(), "9999", overlap=1.0, copies=3))
        assert ids == [one]
        version = ws.store.corpus.utterance(one).version
        ws.store.review.decide(one, version, curator, now(), labels={"danger": "danger"})
        ws.store.leases.release(curator)
    assert work.disputes(ws, "danger") == 0, "a third answer is wanted, and nobody disagrees"
    assert work.next_dispute(ws, "danger", "chief") is None


def test_two_adjudicators_never_have_the_same_and_may_put_off(ws: Workspace) -> None:
    one, two = sentences(ws.store, "불이야", "네")
    answer(ws, "danger", kim="danger", lee="normal")
    mine, yours = work.next_dispute(ws, "danger", "chief"), work.next_dispute(ws, "danger", "other")
    assert mine is not None
    assert yours is not None
    assert (mine.utterance.id, yours.utterance.id) == (one, two)
    assert work.next_dispute(ws, "danger", "third") is None
    work.put_off(ws, yours, "other")
    later = work.next_dispute(ws, "danger", "chief", passed=[one])
    assert later is not None
    assert later.utterance.id == two


def test_undo_opens_the_dispute_again(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    assert work.undo(ws, "chief") is None
    shown = work.next_dispute(ws, "danger", "chief")
    assert shown is not None
    work.settle(ws, shown, "normal", "chief")
    undone = work.undo(ws, "chief")
    assert undone is not None
    assert undone.dispute is not None
    assert (undone.dispute.utterance.id, undone.dispute.left) == (one, 1)
    assert grade(ws, "danger", one) == ("danger", "disputed")
    work.settle(ws, undone.dispute, "danger", "chief", "again")
    assert grade(ws, "danger", one) == ("danger", "gold")
    assert work.undo(ws, "chief") is not None
    assert work.undo(ws, "chief") is None


def test_undo_passes_on_what_was_no_settlement(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    ws.store.review.decide(one, 0, "chief", now(), labels={"danger": "danger"})
    undone = work.undo(ws, "chief")
    assert undone is not None
    assert undone.dispute is None
    assert undone.revision.undoes is not None


def test_a_settlement_on_an_old_version_is_refused(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    shown = work.next_dispute(ws, "danger", "chief")
    assert shown is not None
    ws.store.review.decide(one, shown.version, "park", now(), text="불이 났어요")
    with pytest.raises(Stale, match="was changed meanwhile") as caught:
        work.settle(ws, shown, "normal", "chief")
    assert caught.value.theirs["text"] == "불이 났어요"
    assert grade(ws, "danger", one)[1] == "disputed"


def test_a_dispute_about_a_recording_is_shown_once(ws: Workspace) -> None:
    ids = call(ws.store, "call-1", "여보세요", "불이 났어요", "어디세요")
    answer(ws, "urgency", kim="high", lee="low")
    assert work.disputes(ws, "urgency") == 1
    shown = work.next_dispute(ws, "urgency", "chief")
    assert shown is not None
    assert shown.utterance.id == ids[0]
    assert shown.target_id == shown.utterance.recording_id
    assert (shown.after, [x.code for x in shown.opinions]) == ("불이 났어요", ["high", "low"])
    work.settle(ws, shown, "high", "chief", "fire")
    assert grade(ws, "urgency", shown.target_id) == ("high", "gold")


def test_what_cannot_be_settled_says_why(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    shown = work.next_dispute(ws, "danger", "chief")
    assert shown is not None
    with pytest.raises(UnknownName, match="unknown danger class 'maybe'"):
        work.settle(ws, shown, "maybe", "chief")
    with pytest.raises(InputError, match="a reason of 2,001 characters; at most 2,000"):
        work.settle(ws, shown, "normal", "chief", "x" * 2001)
    with pytest.raises(UnknownName, match="unknown scheme 'nothing'"):
        work.next_dispute(ws, "nothing", "chief")
