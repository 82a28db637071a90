"""core.store.rounds: acceptance and withdrawal as one, what people decide is never lost, silver is no one's work."""

import threading
from typing import Any

import pytest
from sqlalchemy import select
from store_data import AT, call, sentences, texts

from core.errors import Conflict, InputError, NotFound
from core.filters import Filter
from core.records import UNLABELLED, AuditItem, NewUtterance, RestoredUtterance, Round, RunInfo, SnapshotInfo
from core.store import NewProposal, NewRound, QueueRequest, Store, open_store
from core.store.engine import engine_for, reading
from core.store.schema import annotation, label

LATER = "2024-05-02T00:00:00.000000+00:00"
RULE = {"mode": "fixed", "confidence": 0.75, "margin": 0.2}
TO_DO = Filter(labels={"danger": (UNLABELLED,)})


@pytest.fixture
def made(store: Store) -> list[int]:
    """Five sentences and a run: the first is labelled by a person, the last is skipped."""
    ids = sentences(store, "가", "나", "다", "라", "마")
    store.review.decide(ids[0], 0, "kim", AT, labels={"danger": "normal"})
    store.review.decide(ids[4], 0, "kim", AT, skip=True)
    store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", AT, {}))
    store.ledger.put_run(RunInfo("r1", "danger-text", "ngram", "danger", "text", "s", "done", AT, {}))
    return ids


def accepted(store: Store, ids: list[int], at: str = AT, **more: Any) -> Round:
    made = store.rounds.propose(NewRound("danger", "r1", RULE, override="a test", **more), "ann", at)
    return store.rounds.accept(made.id, ids, ["danger"] * len(ids), "ann", at)


def grades(store: Store) -> dict[int, tuple[str, str]]:
    return store.corpus.grades("utterance", "danger")


def annotations(store: Store, number: int) -> list[str | None]:
    return [a.code for a in store.review.annotations(number)]


def test_a_round_labels_what_has_no_label_and_is_withdrawn_as_one(store: Store, made: list[int]) -> None:
    done = accepted(store, made, weight={"danger": 0.8})
    assert (done.state, done.override, done.weight) == ("accepted", "a test", {"danger": 0.8})
    assert done.counts == {"kept": 5, "written": 3, "labelled": 1, "silver": 0, "unfit": 1, "reviewed": 0, "decided": 0}
    silver = dict.fromkeys(made[1:4], ("danger", "silver"))
    assert grades(store) == {made[0]: ("normal", "gold")} | silver
    assert store.rounds.rounds_of("danger") == dict.fromkeys(made[1:4], done.id)
    assert store.rounds.weights("danger") == {done.id: {"danger": 0.8}}
    (revision,) = store.review.history(made[1])
    assert (revision.act, revision.curator, revision.round_id, revision.why) == (
        "accept", "ann", done.id, "pseudo-label by r1",
    )  # fmt: skip
    assert revision.after["labels"]["danger"] == {
        "code": "danger", "grade": "silver", "by": "ann", "round_id": done.id,
    }  # fmt: skip

    back = store.rounds.withdraw(done.id, "bob", LATER)
    assert (back.state, back.counts["written"], back.counts["withdrawn"]) == ("withdrawn", 3, 3)
    assert grades(store) == {made[0]: ("normal", "gold")}
    assert store.rounds.weights("danger") == {}
    first, second = store.review.history(made[1])
    assert (second.act, second.undoes, second.curator, second.round_id) == ("undo", first.id, "bob", done.id)
    assert store.corpus.utterance(made[1]).version == 2
    with pytest.raises(Conflict, match=f"round {done.id} is withdrawn already; only a round that is accepted can be"):
        store.rounds.withdraw(done.id, "bob", LATER)


def test_what_people_decided_after_acceptance_stays(store: Store, made: list[int]) -> None:
    done = accepted(store, made)
    store.review.decide(made[1], 1, "kim", LATER, labels={"danger": "danger"})  # the same class, by a person
    store.bulk.label([made[2]], "danger", "normal", "kim", LATER)
    store.review.decide(made[3], 1, "kim", LATER, text="라!", labels={})  # another text is no answer about the label
    assert store.rounds.withdraw(done.id, "ann", LATER).counts["withdrawn"] == 1
    assert grades(store) == {
        made[0]: ("normal", "gold"), made[1]: ("danger", "gold"), made[2]: ("normal", "gold"),
    }  # fmt: skip
    assert store.corpus.utterance(made[3]).text == "라!"


def test_an_undone_decision_brings_the_silver_label_back_only_while_its_round_stands(
    store: Store, made: list[int]
) -> None:
    done = accepted(store, made)
    for number in made[1:3]:
        store.review.decide(number, 1, "kim", AT, labels={"danger": "normal"})
    action = store.bulk.label([made[3]], "danger", "normal", "kim", AT)
    store.review.undo("kim", LATER, hand_made=True)
    assert grades(store)[made[2]] == ("danger", "silver")
    assert store.rounds.rounds_of("danger")[made[2]] == done.id, "it is still of the round"
    store.rounds.withdraw(done.id, "ann", LATER)
    store.review.undo("kim", LATER, hand_made=True)
    store.bulk.undo(action.id, "kim", LATER)
    assert grades(store) == {made[0]: ("normal", "gold")}
    store.review.restore(made[1], 1, store.corpus.utterance(made[1]).version, "kim", LATER)
    assert made[1] not in grades(store)


def test_silver_is_no_answer_and_no_progress(store: Store, made: list[int]) -> None:
    before = store.corpus.progress()["danger"]
    to_do = texts(store, TO_DO)
    accepted(store, made)
    assert store.corpus.progress()["danger"] == before
    assert (before["targets"], before["labelled"], before["normal"], before["danger"]) == (5, 1, 1, 0)
    assert texts(store, TO_DO) == to_do == ["나", "다", "라", "마"]
    assert texts(store, Filter(labels={"danger": ("danger",)})) == ["나", "다", "라"], "its class can be looked for"
    assert annotations(store, made[1]) == []
    assert store.review.decided("kim") == 2
    assert [a.curator for block in store.review.standing_answers("danger") for a in block] == ["kim"]
    queue = QueueRequest("lee", ("danger",), Filter(labels={"danger": (UNLABELLED,)}, skipped=False), 5, LATER, "9999")
    assert store.leases.take(queue) == (made[1:4], 3)
    store.review.decide(made[1], 1, "lee", LATER, labels={"danger": "danger"})
    assert store.corpus.progress()["danger"]["labelled"] == 2


def test_a_derived_copy_is_neither_to_do_nor_done(store: Store, made: list[int]) -> None:
    accepted(store, made)
    payload = {"parent": made[1], "before": "나", "text": "나!", "seed": 0, "strength": 0.1}
    store.proposals.add([NewProposal("augmentation", made[1], "punctuation-insertion", payload, "r")], AT)
    proposal = store.proposals.next("augmentation")
    assert proposal is not None
    store.proposals.decide(proposal.id, True, "ann", AT)
    (copy,) = [u for u in store.corpus.every(Filter()) if u.parent_id == made[1]]
    assert copy.labels == {"danger": "danger"}
    assert store.cards.of([copy.id], ["danger"])[0].silver == ("danger",), "the copy of a machine's label is one"
    assert store.corpus.progress()["danger"]["targets"] == 5
    assert copy.id not in {u.id for u in store.corpus.every(TO_DO)}
    (done,) = store.rounds.list("danger")
    store.rounds.withdraw(done.id, "ann", LATER)
    assert store.corpus.utterance(copy.id).labels == {}, "the copy of a pseudo-label goes with its round"


def test_silver_of_a_restored_export_is_no_work_either(store: Store) -> None:
    source = store.corpus.add_source("export", "sentences", "ours", "0", AT)
    rows = [NewUtterance(f"k{n}", f"문장 {n}", f"k{n}", labels={"danger": "danger"}) for n in range(3)]
    items = [RestoredUtterance(row, row.text, silver=("danger",) if n else ()) for n, row in enumerate(rows)]
    store.transfer.restore(source, items, {}, AT)
    progress = store.corpus.progress()["danger"]
    assert (progress["targets"], progress["labelled"], progress["danger"]) == (3, 1, 1)
    assert texts(store, TO_DO) == ["문장 1", "문장 2"]
    assert [a.curator for block in store.review.standing_answers("danger") for a in block] == []


def test_a_suggestion_accepted_one_by_one_is_no_answer_either(store: Store, made: list[int]) -> None:
    payload = {"scheme": "danger", "code": "danger", "confidence": 0.9, "margin": 0.8}
    store.proposals.add([NewProposal("pseudo-label", made[1], "pseudo-label by r1", payload, "r", "r1")], AT)
    proposal = store.proposals.next("pseudo-label")
    assert proposal is not None
    store.proposals.decide(proposal.id, True, "kim", AT)
    assert grades(store)[made[1]] == ("danger", "silver")
    assert annotations(store, made[1]) == []


def test_of_two_accepts_at_once_one_counts(store: Store, made: list[int], database_url: str) -> None:
    new = NewRound("danger", "r1", RULE, override="a test")
    outcomes: list[object] = []
    gate = threading.Barrier(2)

    def run(who: str) -> None:
        mine = open_store(database_url)
        proposed = mine.rounds.propose(new, who, AT)
        gate.wait()
        try:
            outcomes.append(mine.rounds.accept(proposed.id, made, ["danger"] * 5, who, AT).counts["written"])
        except Conflict as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=run, args=(who,)) for who in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [
        3,
        "round 1 is accepted already; only a round that is proposed can be accepted",
    ]
    (done,) = store.rounds.list()
    assert [r.round_id for r in store.review.history(made[1])] == [done.id]
    with pytest.raises(InputError, match="has nothing to accept: of 5 predictions 1 were labelled by people, 3 have"):
        accepted(store, made)
    assert store.rounds.list()[0].state == "proposed", "a refused acceptance leaves the round as it was"


def test_what_a_curator_has_on_the_screen_is_left_to_the_curator(store: Store, made: list[int]) -> None:
    store.leases.hold(made[2], "kim", AT, LATER)
    done = accepted(store, made)
    assert (done.counts["written"], done.counts["reviewed"]) == (2, 1)
    store.review.decide(made[2], 0, "kim", AT, labels={"danger": "normal"})  # no conflict


def test_a_second_round_leaves_the_first_as_it_is(store: Store, made: list[int]) -> None:
    first = accepted(store, made[:3])
    second = store.rounds.propose(NewRound("danger", "r1", {"mode": "freematch"}, override="more"), "ann", AT)
    second = store.rounds.accept(second.id, made, ["normal"] * 5, "ann", AT)
    assert (second.counts["written"], second.counts["silver"]) == (1, 2)
    assert store.rounds.rounds_of("danger") == {made[1]: first.id, made[2]: first.id, made[3]: second.id}
    store.rounds.withdraw(first.id, "ann", LATER)
    assert store.rounds.rounds_of("danger") == {made[3]: second.id}


def test_a_label_of_a_recording_is_written_once(store: Store) -> None:
    first = call(store, "c1", "네 119입니다", "불이 났어요")
    second = call(store, "c2", "네", "사람이 쓰러졌어요", labels={"urgency": "low"})
    store.ledger.add_snapshot(SnapshotInfo("s", "urgency", "0", AT, {}))
    store.ledger.put_run(RunInfo("r2", "urgency", "ngram", "urgency", "text", "s", "done", AT, {}))
    made = store.rounds.propose(NewRound("urgency", "r2", RULE, override="a test"), "ann", AT)
    done = store.rounds.accept(made.id, [first[0], first[1], second[0]], ["high", "high", "high"], "ann", AT)
    assert (done.counts["written"], done.counts["unfit"], done.counts["labelled"]) == (1, 1, 1)
    progress = store.corpus.progress()["urgency"]
    assert (progress["targets"], progress["labelled"], progress["high"]) == (2, 1, 0)
    store.rounds.withdraw(done.id, "ann", AT)
    assert [code for code, _ in store.corpus.grades("recording", "urgency").values()] == ["low"]


def test_answers_of_an_audit_are_what_people_said(store: Store, made: list[int]) -> None:
    items = [AuditItem(0, number, "danger:near", 0.5, "danger", 0.8, 0.6, True) for number in made[1:4]]
    audit = store.rounds.add_audit("r1", "danger", RULE, 7, {"danger:near": 6}, items, "ann", AT)
    assert (store.rounds.audit(audit.id), store.rounds.audits("r1", "danger")) == (audit, [audit])
    assert [item.utterance_id for item in store.rounds.items(audit.id)] == made[1:4]
    accepted(store, made[1:2], audit_id=audit.id)
    assert store.rounds.answers(audit.id) == {}, "a machine's label is no answer"
    store.review.decide(made[1], 1, "kim", AT, labels={"danger": "normal"})
    assert store.rounds.answers(audit.id) == {made[1]: "normal"}
    with pytest.raises(NotFound, match="no audit 99"):
        store.rounds.audit(99)
    with pytest.raises(NotFound, match="no round 99 of pseudo-labels"):
        store.rounds.get(99)


def test_a_verdict_stays_with_its_round(store: Store, made: list[int]) -> None:
    done = accepted(store, made)
    store.rounds.set_verdict(done.id, {"verdict": "helps"}, "abc")
    known = store.rounds.get(done.id)
    assert (known.verdict, known.gold_sha256, known.state) == ({"verdict": "helps"}, "abc", "accepted")


def test_labels_of_rounds_stand_in_the_table_as_silver(store: Store, made: list[int], database_url: str) -> None:
    done = accepted(store, made)
    with reading(engine_for(database_url)) as connection:
        rows = connection.execute(
            select(label.c.grade, label.c.by, label.c.round_id).where(label.c.round_id.is_not(None))
        )
        assert {tuple(row) for row in rows} == {("silver", "ann", done.id)}
        assert len(list(connection.execute(select(annotation.c.id)))) == 1, "only the person's answer"
