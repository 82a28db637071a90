"""core.store.rounds: what a round and an audit rest on: who decided what, when, and against which labels."""

import pytest
from store_data import AT, sentences

from core.records import AuditItem, Round, RunInfo, SnapshotInfo
from core.store import NewProposal, NewRound, Store
from core.store.rounds.rounds import kept_hash

BEFORE, LATER, LAST = (f"2024-0{n}-01T00:00:00.000000+00:00" for n in (4, 6, 7))
RULE = {"mode": "fixed", "confidence": 0.75, "margin": 0.2}


@pytest.fixture
def made(store: Store) -> list[int]:
    """Five sentences without labels, and a run."""
    ids = sentences(store, "가", "나", "다", "라", "마")
    store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", AT, {}))
    store.ledger.put_run(RunInfo("r1", "danger-text", "ngram", "danger", "text", "s", "done", AT, {}))
    return ids


def new(weight: float = 1.0, override: str | None = "a test") -> NewRound:
    return NewRound("danger", "r1", RULE, weight, override=override)


def accepted(store: Store, ids: list[int], at: str = AT) -> Round:
    proposed = store.rounds.propose(new(), "ann", at)
    return store.rounds.accept(proposed.id, ids, ["danger"] * len(ids), "ann", at)


def gold(store: Store, number: int, code: str, who: str, at: str = LATER) -> None:
    store.review.decide(number, store.corpus.utterance(number).version, who, at, labels={"danger": code})


def test_what_a_person_took_off_or_rejected_gets_no_machine_s_label(store: Store, made: list[int]) -> None:
    first, second, third, fourth, fifth = made
    round_ = accepted(store, [first, second])
    store.review.restore(first, 0, 1, "kim", LATER)  # the silver label is taken off
    payload = {"scheme": "danger", "code": "danger", "confidence": 0.9, "margin": 0.8}
    for number in (third, fourth):
        store.proposals.add([NewProposal("pseudo-label", number, "pseudo-label by r1", payload, "r", "r1")], AT)
        proposal = store.proposals.next("pseudo-label")
        assert proposal is not None
        store.proposals.decide(proposal.id, number == fourth, "kim", LATER)
    store.review.undo("kim", LAST)  # of the silver label that was accepted by itself
    gold(store, fifth, "normal", "lee")
    store.review.undo("lee", LAST)  # an own answer: undecided again
    store.rounds.withdraw(round_.id, "ann", LATER)  # no person's decision about the second

    again = accepted(store, made, LAST)
    assert set(store.corpus.grades("utterance", "danger")) == {second, fifth}, again.counts
    assert set(store.corpus.grades("utterance", "danger")) == {second, fifth}
    gold(store, first, "danger", "kim", LAST)
    store.review.undo("kim", LAST)  # the decision before stands again
    store.rounds.withdraw(again.id, "ann", LAST)
    assert accepted(store, made, LAST).counts["decided"] == 3


def audited(store: Store, ids: list[int]) -> int:
    items = [AuditItem(0, number, "danger:near", 0.5, "danger", 0.8, 0.6, True) for number in ids]
    return store.rounds.add_audit("r1", "danger", RULE, 7, {"danger:near": 6}, items, "ann", AT).id


def test_an_answer_is_a_decision_on_one_utterance_after_the_draw(store: Store, made: list[int]) -> None:
    gold(store, made[0], "danger", "kim", BEFORE)
    number = audited(store, made)
    store.bulk.label([made[1]], "danger", "danger", "ann", LATER)
    gold(store, made[2], "danger", "kim")
    gold(store, made[3], "danger", "kim")
    store.review.undo("kim", LAST)
    gold(store, made[4], "normal", "lee")
    assert store.rounds.answers(number) == {made[2]: "danger", made[4]: "normal"}
    assert store.rounds.answered_by(number) == {"kim": 1, "lee": 1}
    waiting = {card.utterance.id: card.audited for card in store.cards.of(made, ["danger"])}
    assert waiting == dict.fromkeys(made, ()) | dict.fromkeys((made[0], made[1], made[3]), ("danger",))


def test_a_round_of_another_person_is_not_rewritten(store: Store, made: list[int]) -> None:
    mine = store.rounds.propose(new(0.5, None), "ann", AT)
    store.rounds.set_verdict(mine.id, {"verdict": "helps"}, "abc")
    seen = store.rounds.propose(new(0.9, "bob's reason"), "bob", LATER)
    assert (seen.id, seen.made_by, seen.weight, seen.override, seen.gold_sha256) == (mine.id, "ann", 0.5, None, "abc")
    done = store.rounds.accept(
        mine.id, made, ["danger"] * 5, "bob", LATER, basis=new(1.0, "bob's reason"), notes={"own_answers": 3}
    )
    assert (done.made_by, done.accepted_by, done.accepted_at) == ("ann", "bob", LATER)
    assert (done.override, done.override_by, done.weight) == ("bob's reason", "bob", 1.0)
    assert (done.verdict, done.gold_sha256) == (None, None), "it was measured with another weight"
    assert done.counts["own_answers"] == 3


def test_a_verdict_goes_with_the_predictions_that_it_was_measured_for(store: Store, made: list[int]) -> None:
    hashes = [kept_hash(ids, ["danger"] * len(ids)) for ids in (made, made[::-1], made[:4])]
    assert hashes[0] == hashes[1] != hashes[2]

    def proposed(kept: str, weight: float = 1.0) -> Round:
        return store.rounds.propose(new(weight), "ann", AT, kept_sha256=kept)

    number = proposed(hashes[0]).id
    store.rounds.set_verdict(number, {"verdict": "helps"}, "abc")
    assert proposed(hashes[0]).verdict == {"verdict": "helps"}
    assert proposed(hashes[0], 0.5).verdict is None
    store.rounds.set_verdict(number, {"verdict": "helps"}, "abc")
    assert (proposed(hashes[2], 0.5).verdict, store.rounds.get(number).gold_sha256) == (None, None)
    store.rounds.set_verdict(number, {"verdict": "helps"}, "abc")
    done = store.rounds.accept(number, made[:4], ["danger"] * 4, "ann", AT)
    assert done.verdict == {"verdict": "helps"}, "what was measured is what was accepted"
