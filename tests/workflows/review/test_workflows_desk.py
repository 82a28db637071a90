"""core.workflows.review.desk: the protocol of a desk, from taking a card to the undo of the first decision."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from workflow_data import import_calls, import_sentences

from core.confidence import best_class
from core.errors import Conflict, InputError, NotFound, Stale, UnknownName
from core.filters import Filter
from core.records import Prediction, RunInfo, SnapshotInfo
from core.workflows.review import desk, queues
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace, now

CALLS = Desk("ann", ("danger", "urgency"), "all")


@pytest.fixture
def calls(ws: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two calls of three utterances."""
    import_calls(ws, tmp_path_factory.mktemp("calls"), 2)
    return ws


def decided(ws: Workspace, curator_desk: Desk, code: str = "danger", **more: Any) -> int:
    """Take one card and answer it; returns the id of the utterance."""
    (card,) = desk.take(ws, curator_desk, 1)
    desk.decide(ws, curator_desk, card.utterance.id, card.utterance.version, {"danger": code}, **more)
    return card.utterance.id


def desk_of(curator: str, queue: str = "unlabelled", **more: Any) -> Desk:
    return Desk(curator, ("danger",), queue, **more)


def test_a_card_holds_all_that_the_screen_shows(calls: Workspace) -> None:
    desk.remark(calls, CALLS, 2, "flag")
    desk.remark(calls, CALLS, 2, "comment", "작게 들림")
    first, second = desk.take(calls, CALLS, 2)
    shown = asdict(second)
    assert json.loads(json.dumps(shown)) == shown | {"blind": [], "opinions": [], "remarks": [*shown["remarks"]]}
    utterance = second.utterance
    assert (utterance.id, utterance.version, utterance.recording_id, utterance.recording_ms) == (2, 0, 1, 6000)
    assert (second.before, first.before, first.after) == (first.utterance.text, "", utterance.text)
    assert second.audio_url == f"/audio/utterance/2?span={utterance.start_ms}-{utterance.end_ms}"
    assert second.context_url == f"{second.audio_url}&context_ms=2000"
    assert second.context_start_ms == max(0, (utterance.start_ms or 0) - 2000)
    assert (second.labels["urgency"], second.flagged, first.flagged) == ("high", True, False)
    assert [(r["kind"], r["text"], r["curator"]) for r in second.remarks] == [
        ("flag", "", "ann"), ("comment", "작게 들림", "ann"),
    ]  # fmt: skip
    assert second.left == 6


def test_a_queue_shows_each_utterance_once_with_its_neighbours(calls: Workspace) -> None:
    texts = ["네 119입니다", "집에 불이 났어요", "주소가 어디세요"]
    cards = desk.take(calls, desk_of("ann"), 9)
    assert [card.utterance.text for card in cards] == texts * 2
    assert [(card.before, card.after) for card in cards[1:4]] == [
        (texts[0], texts[2]), (texts[1], ""), ("", texts[1]),
    ]  # fmt: skip
    decided(calls, desk_of("ann"))
    assert [card.left for card in desk.take(calls, desk_of("ann"), 9)] == [5] * 5


def test_a_recording_scheme_asks_for_one_utterance_a_call(calls: Workspace, tmp_path: Any) -> None:
    import_sentences(calls, tmp_path, 2)
    assert desk.take(calls, Desk("ann", ("urgency",)), 9) == [], "every call came with its urgency"
    whole = Desk("ann", ("urgency",), "all")
    cards = desk.take(calls, whole, 9)
    assert [card.utterance.recording_id for card in cards] == [1, 2]
    desk.decide(calls, whole, cards[0].utterance.id, 0, {"urgency": "low"})
    assert calls.store.corpus.utterance(2).labels["urgency"] == "low"
    desk.undo(calls, whole)
    assert calls.store.corpus.utterance(2).labels["urgency"] == "high"


def test_a_session_from_the_first_card_to_the_last_undo(calls: Workspace) -> None:
    ann = desk_of("ann")
    cards = desk.take(calls, ann, 3)
    assert [card.utterance.id for card in cards] == [1, 2, 3]
    start = [calls.store.corpus.utterance(n) for n in (1, 2, 3)]
    desk.decide(calls, ann, 1, 0, {"danger": "normal"}, text="다른 글", spent_ms=1000)
    desk.decide(calls, ann, 2, 0, {"danger": "danger"}, start_ms=2100, end_ms=3900, spent_ms=1000, comment="확실")
    skipped = desk.decide(calls, ann, 3, 0, {"danger": "danger"}, skip_reason="소음", spent_ms=2000)
    assert (skipped.act, skipped.why, skipped.after) == ("skip", "소음", {"skipped": True})
    assert desk.latest_decision(calls, ann) == skipped.id
    assert desk.latest_decision(calls, desk_of("ben")) is None
    assert desk.progress(calls, ann) == {"done": 3, "left": 3, "rate_per_hour": 2700}
    assert desk.progress(calls, ann, left=7)["left"] == 7
    assert [c.utterance.id for c in desk.take(calls, ann, 9)] == [4, 5, 6]
    for number in (3, 2, 1):
        back = desk.undo(calls, ann)
        assert back is not None
        assert (back.utterance.id, back.utterance.version) == (number, 2)
    assert desk.undo(calls, ann) is None
    assert [replace(calls.store.corpus.utterance(n), version=0) for n in (1, 2, 3)] == start
    assert len(calls.store.leases.held(now())) == 6, "what came back is leased"
    desk.release(calls, ann, [1, 2])
    desk.release(calls, ann, [])
    desk.release(calls, desk_of("bob"), [3])
    assert [number for number, _ in calls.store.leases.held(now())] == [3, 4, 5, 6]
    desk.release(calls, ann)
    assert calls.store.leases.held(now()) == []
    assert desk.progress(calls, ann)["done"] == 0


def test_undo_passes_over_bulk_actions_and_proposals(calls: Workspace) -> None:
    ann = desk_of("ann")
    item = decided(calls, ann)
    calls.store.bulk.label([4, 5], "danger", "danger", "ann", now())
    back = desk.undo(calls, ann)
    assert back is not None
    assert back.utterance.id == item
    assert desk.undo(calls, ann) is None


def test_undo_waits_for_whoever_decided_since(calls: Workspace) -> None:
    decided(calls, desk_of("ann"))
    desk.decide(calls, desk_of("bob"), 1, 1, {"danger": "normal"})
    with pytest.raises(Conflict, match="decided again by bob"):
        desk.undo(calls, desk_of("ann"))


def test_two_curators_share_nothing_until_overlap_asks_for_it(calls: Workspace) -> None:
    ann, bob = desk_of("ann", overlap=1.0), desk_of("bob", overlap=1.0)
    of_ann = {card.utterance.id for card in desk.take(calls, ann, 3)}
    assert not of_ann & {card.utterance.id for card in desk.take(calls, bob, 9)}
    desk.decide(calls, ann, 1, 0, {"danger": "danger"})
    (card,) = desk.take(calls, bob, 1, exclude=[4, 5, 6])
    assert (card.utterance.id, card.utterance.version, card.labels.get("danger"), card.blind) == (
        1,
        1,
        None,
        ("danger",),
    )
    seen = replace(bob, blind=False)
    assert desk.card(calls, seen, 1).labels["danger"] == "danger"
    hidden = [entry["after"].get("labels") for entry in desk.history(calls, 1, bob) if entry["what"] == "decision"]
    assert hidden == [{}]
    desk.decide(calls, bob, 1, 1, {"danger": "normal"})
    assert desk.card(calls, bob, 1).labels["danger"] == "danger", "the first answer, now that he gave his own"
    assert calls.store.corpus.grades("utterance", "danger")[1] == ("danger", "disputed")


def test_a_stale_decision_shows_both_versions_but_no_blind_label(calls: Workspace) -> None:
    ann, bob = desk_of("ann", overlap=1.0), desk_of("bob")
    desk.take(calls, ann, 1)
    desk.decide(calls, ann, 1, 0, {"danger": "danger"}, text="고친 글")
    with pytest.raises(Stale, match="you saw version 0, it is 1") as caught:
        desk.decide(calls, bob, 1, 0, {"danger": "normal"})
    assert caught.value.mine["labels"] == {"danger": "normal"}
    assert (caught.value.theirs["text"], caught.value.theirs["curator"]) == ("고친 글", "ann")
    assert "danger" not in caught.value.theirs["labels"]
    with pytest.raises(Stale) as caught:
        desk.decide(calls, replace(bob, blind=False), 1, 0, {"danger": "normal"})
    assert caught.value.theirs["labels"]["danger"] == "danger"


def test_what_annotators_disagree_on_is_settled(calls: Workspace) -> None:
    for who, code in (("ann", "danger"), ("bob", "normal")):
        decided(calls, desk_of(who, overlap=1.0, base=Filter(recording_id=1)), code)
    judge = desk_of("judge", "annotators-disagree")
    (card,) = desk.take(calls, judge, 9)
    assert (card.utterance.id, card.labels["danger"], card.left) == (1, "danger", 1)
    made = desk.decide(calls, judge, 1, 2, {"danger": "normal"}, comment="연습 통화")
    assert (made.act, made.why) == ("settle", "연습 통화")
    assert calls.store.corpus.grades("utterance", "danger")[1] == ("normal", "gold")
    assert desk.take(calls, judge, 9) == []
    assert desk.card(calls, judge, 1).remarks == ()
    desk.undo(calls, judge)
    assert [card.utterance.id for card in desk.take(calls, judge, 9)] == [1]


def test_history_tells_everything_and_any_version_comes_back(calls: Workspace) -> None:
    ann = desk_of("ann")
    original = calls.store.corpus.utterance(1).text
    desk.decide(calls, ann, 1, 0, {"danger": "danger"}, text="가", spent_ms=700)
    desk.remark(calls, ann, 1, "comment", "다시 볼 것")
    desk.undo(calls, ann)
    desk.decide(calls, ann, 1, 2, {"danger": "normal"}, text="나")
    made = desk.restore(calls, ann, 1, 1, 3)
    restored = calls.store.corpus.utterance(1)
    assert (restored.text, restored.labels["danger"], made.act, made.restores) == ("가", "danger", "restore", 1)
    entries = desk.history(calls, 1)
    assert [(entry["what"], entry.get("version")) for entry in entries] == [
        ("received", 0), ("decision", 1), ("remark", None), ("decision", 2), ("decision", 3), ("decision", 4),
    ]  # fmt: skip
    assert (entries[0]["after"], entries[1]["undone"], entries[1]["spent_ms"]) == ({"text": original}, True, 700)
    assert json.loads(json.dumps(entries)) == entries
    with pytest.raises(Stale):
        desk.restore(calls, ann, 1, 0, 3)


def test_a_lease_runs_out(calls: Workspace) -> None:
    clock = iter(f"2026-01-01T00:{at}.000000+00:00" for at in ("00:00", "09:59", "10:00"))
    assert [c.utterance.id for c in desk.take(calls, desk_of("ann"), 1, clock=lambda: next(clock))] == [1]
    assert [c.utterance.id for c in desk.take(calls, desk_of("bob"), 1, clock=lambda: next(clock))] == [2]
    assert [c.utterance.id for c in desk.take(calls, desk_of("eve"), 1, clock=lambda: next(clock))] == [1]


def test_queues_that_are_not_emptied_go_round_once_a_session(calls: Workspace) -> None:
    whole = desk_of("ann", "filter", base=Filter(recording_id=1))
    assert [decided(calls, whole) for _ in range(3)] == [1, 2, 3]
    assert desk.take(calls, whole, 9) == []
    assert desk.take(calls, replace(whole, curator="bob"), 9) == [], "the day's work is not done twice"
    old = replace(whole, opened_at="2999-01-01T00:00:00.000000+00:00")
    assert [c.utterance.id for c in desk.take(calls, old, 9)] == [1, 2, 3]
    desk.decide(calls, whole, 4, 0, {}, skip_reason="")
    again = desk_of("bob", "skipped")
    (card,) = desk.take(calls, again, 9)
    desk.decide(calls, again, card.utterance.id, card.utterance.version, {}, skip_reason="still")
    assert desk.take(calls, again, 9) == []
    assert [c.utterance.id for c in desk.take(calls, desk_of("eve", "skipped"), 9)] == [4]
    calls.store.bulk.tag([5], queues.TAG, "ann", now())
    assert [c.utterance.id for c in desk.take(calls, desk_of("eve", "tagged"), 9)] == [5]


def test_predictions_come_with_the_card(calls: Workspace) -> None:
    calls.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", now(), {}))
    for name, at in (("old", "2024"), ("new", "2025")):
        run = RunInfo(name, "danger-text", "ngram", "danger", "text", "s", "done", at, {})
        calls.store.ledger.put_run(run)
        guess = Prediction(name, "danger", 1, "pool", *best_class(("normal", "danger"), (0.25, 0.75)))
        calls.store.ledger.put_predictions([guess])
    (card,) = desk.take(calls, desk_of("ann"), 1)
    assert card.opinions == ({"scheme": "danger", "code": "danger", "confidence": 0.75, "run": "new"},)
    assert desk.predictions(calls, desk_of("ann"), 1) == card.opinions
    assert desk.predictions(calls, Desk("ann", ("urgency",)), 1) == ()
    with pytest.raises(NotFound, match="no utterance 99"):
        desk.predictions(calls, desk_of("ann"), 99)


def test_sentences_have_no_audio(ws: Workspace, tmp_path: Any) -> None:
    import_sentences(ws, tmp_path, 2)
    (card, _) = desk.take(ws, desk_of("ann", "all"), 2)
    assert (card.audio_url, card.context_url, card.context_start_ms, card.utterance.recording_ms) == (None,) * 4
    with pytest.raises(InputError, match="has no times"):
        desk.decide(ws, desk_of("ann", "all"), card.utterance.id, 0, {}, start_ms=1)


def test_what_cannot_be_is_named(calls: Workspace) -> None:
    ann = desk_of("ann")
    with pytest.raises(NotFound, match="no utterance 99"):
        desk.decide(calls, ann, 99, 0, {"danger": "danger"})
    with pytest.raises(NotFound, match="no utterance 99"):
        desk.card(calls, ann, 99)
    with pytest.raises(NotFound, match="no utterance 99"):
        desk.history(calls, 99)
    with pytest.raises(NotFound, match="no utterance 99"):
        desk.remark(calls, ann, 99, "flag")
    with pytest.raises(InputError, match="the comment is empty"):
        desk.remark(calls, ann, 1, "comment", " ")
    with pytest.raises(UnknownName, match="unknown danger class 'meh'"):
        desk.decide(calls, ann, 1, 0, {"danger": "meh"})
    with pytest.raises(UnknownName, match="unknown queue 'mine'"):
        desk_of("ann", "mine")
    with pytest.raises(UnknownName, match="unknown scheme 'x'"):
        Desk("ann", ("x",))
    with pytest.raises(InputError, match="at least one scheme"):
        Desk("ann", ())
    with pytest.raises(InputError, match="overlap is a share"):
        desk_of("ann", overlap=1.5)
