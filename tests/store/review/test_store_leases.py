"""core.store.review.leases: no utterance for two curators; leases run out; queues keep their order; blind overlap."""

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from store_data import AT, call, fresh, sentences

from core.errors import Conflict
from core.filters import Filter
from core.records import UNLABELLED
from core.settings import ROOT
from core.store import QueueRequest, Ranked, Store, open_store
from core.store.review.leases import chosen

pytestmark = pytest.mark.integration

OPEN = Filter(labels={"danger": (UNLABELLED,)}, skipped=False)
LATER = "2024-05-01T00:10:00.000000+00:00"
NEXT_DAY = "2024-05-02T00:00:00.000000+00:00"


def ask(curator: str, n: int = 1, **more: object) -> QueueRequest:
    return replace(QueueRequest(curator, ("danger",), OPEN, n, AT, LATER), **more)  # type: ignore[arg-type]


def label(store: Store, number: int, curator: str, code: str = "danger", at: str = AT) -> None:
    store.review.decide(number, store.corpus.utterance(number).version, curator, at, labels={"danger": code})


def test_what_one_has_nobody_else_gets(store: Store) -> None:
    ids = sentences(store, *"가나다라마")
    assert store.leases.take(ask("ann", 2)) == (ids[:2], 5)
    assert store.leases.take(ask("bob", 2)) == (ids[2:4], 5)
    assert store.leases.take(ask("ann", 2))[0] == ids[:2], "one's own are given again"
    assert store.leases.take(ask("ann", 9, on_screen=ids[:2]))[0] == [ids[4]]
    assert store.leases.take(ask("eve", 9)) == ([], 5)
    assert store.leases.held(AT) == [
        (ids[0], "ann"),
        (ids[1], "ann"),
        (ids[2], "bob"),
        (ids[3], "bob"),
        (ids[4], "ann"),
    ]
    store.leases.release("bob")
    assert store.leases.take(ask("eve", 9))[0] == ids[2:4]


def test_a_decision_ends_the_lease_and_empties_the_queue(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    store.leases.take(ask("ann", 2))
    label(store, a, "ann")
    assert store.leases.held(AT) == [(b, "ann")]
    assert store.leases.left(ask("bob")) == 1
    store.review.decide(b, 0, "ann", AT, skip=True)
    assert store.leases.take(ask("bob", 5)) == ([], 0)


def test_a_lease_runs_out_by_the_clock_it_is_given(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    assert store.leases.take(ask("ann"))[0] == [a]
    just_before = "2024-05-01T00:09:59.999999+00:00"
    assert store.leases.take(ask("bob", 2, at=just_before, until=NEXT_DAY))[0] == [b]
    assert store.leases.take(ask("eve", 2, at=LATER, until=NEXT_DAY))[0] == [a]
    assert store.leases.held(LATER) == [(a, "eve"), (b, "bob")]
    label(store, a, "eve")
    with pytest.raises(Conflict, match="you saw version 0, it is 1"):
        store.review.decide(a, 0, "ann", NEXT_DAY, labels={"danger": "normal"})


def test_leases_on_the_screen_are_extended_unless_somebody_else_has_them(store: Store) -> None:
    a, b, c, d = sentences(store, *"가나다라")
    store.leases.take(ask("ann", 2))
    at = "2024-05-01T00:09:00.000000+00:00"
    assert store.leases.take(ask("ann", 1, on_screen=[a, b, 999], at=at, until=NEXT_DAY))[0] == [c]
    assert store.leases.take(ask("bob", 9, at=LATER, until=NEXT_DAY))[0] == [d]
    store.leases.release("ann", b)
    assert store.leases.take(ask("bob", 9, on_screen=[d], at=LATER, until=NEXT_DAY))[0] == [b]


def test_a_decision_its_comment_and_the_end_of_its_lease_are_one_commit(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    store.leases.take(ask("ann", 2, overlap=1.0))
    commits: list[object] = []
    listener = commits.append
    event.listen(Engine, "commit", listener)
    try:
        store.review.decide(a, 0, "ann", AT, labels={"danger": "danger"}, comment="확실", spent_ms=900)
    finally:
        event.remove(Engine, "commit", listener)
    assert len(commits) == 1
    assert store.leases.held(AT) == [(b, "ann")]
    with pytest.raises(Conflict):
        store.review.decide(b, 1, "ann", AT, labels={"danger": "danger"})
    assert store.leases.held(AT) == [(b, "ann")], "what was refused is still on the screen"


def test_only_those_named_are_given_back(store: Store) -> None:
    a, b, c = sentences(store, *"가나다")
    store.leases.take(ask("ann", 2))
    store.leases.take(ask("bob", 1))
    store.leases.release_utterances("ann", {b, c, 999})
    assert store.leases.held(AT) == [(a, "ann"), (c, "bob")]


def test_hold_refuses_what_another_has(store: Store) -> None:
    (a,) = sentences(store, "가")
    assert store.leases.hold(a, "ann", AT, LATER)
    assert not store.leases.hold(a, "bob", AT, LATER)
    assert store.leases.hold(a, "bob", LATER, NEXT_DAY)


def test_under_a_scheme_of_recordings_a_recording_is_leased(store: Store) -> None:
    first = call(store, "c1", "네", "불이요", "어디세요")
    second = call(store, "c2", "네", "다쳤어요")
    wanted = Filter(labels={"urgency": (UNLABELLED,)}, in_recording=True)
    assert store.leases.take(ask("ann", 1, schemes=("urgency",), wanted=wanted))[0] == [first[0]]
    assert store.leases.take(ask("bob", 5, schemes=("urgency",), wanted=wanted))[0] == [second[0]]
    assert store.leases.take(ask("eve", 5, schemes=("urgency",), wanted=wanted))[0] == []
    assert store.leases.take(ask("ann", 5, schemes=("urgency",), wanted=wanted, on_screen=[first[1]]))[0] == []


def test_a_walk_continues_after_the_last_decision_and_starts_again(store: Store) -> None:
    ids = sentences(store, *"가나다라", labels={"danger": "normal"})
    walk = ask("ann", 2, wanted=Filter(), since=AT, started_at=AT)
    assert store.leases.take(walk) == (ids[:2], 4)
    label(store, ids[2], "ann")
    assert store.leases.take(walk) == ([ids[3], ids[0]], 2)
    assert store.leases.take(replace(walk, curator="bob", n=9))[0] == [], "ann has the rest"
    store.leases.release("ann", ids[1])
    assert store.leases.take(replace(walk, curator="bob", n=9))[0] == [ids[1]]
    before = replace(walk, curator="eve", since=NEXT_DAY, n=9)
    assert store.leases.take(before)[0] == [ids[2]], "what was decided on before then is offered again"


def test_a_long_walk_over_what_was_decided_finds_the_rest(store: Store) -> None:
    ids = sentences(store, *(f"문장 {n}" for n in range(1500)), labels={"danger": "normal"})
    store.bulk.label(ids[:1400], "danger", "danger", "bob", AT)
    assert store.leases.take(ask("ann", 3, wanted=Filter(), since=AT))[0] == ids[1400:1403]


def test_a_list_keeps_its_order_and_loses_what_was_decided_since(store: Store) -> None:
    a, b, c = sentences(store, *"가나다", labels={"danger": "normal"})
    label(store, b, "ann", at=AT)
    rows = [Ranked(c, 0.1, "x"), Ranked(b, 0.2, "y"), Ranked(a, 0.3, "z"), Ranked(c, 0.4, "again")]
    assert store.queues.put("audit:danger", rows, LATER) == 3
    listed = ask("ann", 9, wanted=Filter(skipped=False), queue="audit:danger", started_at=LATER)
    assert store.leases.take(listed) == ([c, b, a], 3)
    label(store, b, "ann", at=NEXT_DAY)
    assert store.leases.take(listed) == ([a, c], 2)
    undone = store.review.undo("ann", NEXT_DAY)
    assert undone is not None
    assert store.leases.left(listed) == 3
    assert store.queues.reasons("audit:danger", [a, b]) == {a: "z", b: "y"}
    assert store.queues.put("audit:danger", [], NEXT_DAY) == 0
    assert store.leases.take(listed) == ([], 0)


def test_what_several_are_to_answer_is_given_to_each_once(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    two = {"overlap": 1.0, "copies": 2}
    assert store.leases.take(ask("ann", 1, **two))[0] == [a]
    assert store.leases.take(ask("bob", 1, **two))[0] == [b], "not while ann has it"
    label(store, a, "ann")
    assert store.leases.take(ask("ann", 9, **two))[0] == []
    taken, left = store.leases.take(ask("bob", 9))
    assert (taken, left) == ([a, b], 2)
    label(store, a, "bob")
    assert store.leases.take(ask("eve", 9, **two))[0] == [], "two answered, and bob has the other"
    label(store, b, "bob")
    assert store.leases.take(ask("bob", 9))[0] == []
    assert store.leases.take(ask("eve", 9))[0] == [b]
    store.review.decide(b, 1, "eve", AT, skip=True)
    assert store.leases.take(ask("ann", 9))[0] == []


def test_blind_utterances_match_the_filter_of_the_request(store: Store) -> None:
    a, b = sentences(store, "불이 났어요", "괜찮아요")
    for number in (a, b):
        store.leases.take(ask("ann", 1, overlap=1.0, copies=3))
        label(store, number, "ann")
    only = replace(OPEN, text="괜찮")
    assert store.leases.take(ask("bob", 9, wanted=only))[0] == [b]
    assert store.leases.take(ask("eve", 9, wanted=OPEN, blind=False))[0] == []
    label(store, a, "eve")
    assert store.leases.take(ask("zoe", 9))[0] == [a], "still wants one; bob has the other"


def test_names_of_curators_are_not_mistaken(store: Store) -> None:
    (a,) = sentences(store, "가")
    store.leases.take(ask('an"n', 1, overlap=1.0))
    label(store, a, 'an"n')
    assert store.leases.take(ask('an"n'))[0] == []
    assert store.leases.take(ask("an"))[0] == [a]


def test_disputes_are_a_queue(store: Store) -> None:
    a, _ = sentences(store, "가", "나")
    store.leases.take(ask("ann", 1, overlap=1.0))
    label(store, a, "ann", "danger")
    disputed = ask("eve", 9, wanted=Filter(), disputed=True, blind=False)
    assert store.leases.take(disputed) == ([], 0)
    label(store, a, "bob", "normal")
    assert store.leases.take(disputed) == ([a], 1)
    store.review.settle(a, "danger", "normal", "eve", AT, "heard it")
    assert store.leases.take(disputed) == ([], 0)
    assert store.leases.take(ask("zoe", 9))[0] == [2], "what is settled wants nobody's answer"


def test_a_share_is_drawn_the_same_everywhere() -> None:
    drawn = [number for number in range(2000) if chosen(number, 0.1)]
    assert 150 < len(drawn) < 250
    assert set(drawn) < {number for number in range(2000) if chosen(number, 0.2)}
    assert not chosen(1, 0.0)
    assert chosen(1, 1.0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "eve"]),
        st.sampled_from(["take", "take", "label", "skip", "release", "wait"]),
        st.integers(1, 3),
    ),
    max_size=25,
)


@given(steps=STEPS, overlap=st.sampled_from([0.0, 0.5]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_they_do_nobody_shares_a_lease(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]], overlap: float
) -> None:
    store = open_store(fresh(tmp_path_factory.mktemp("lease")))
    sentences(store, *"가나다라마바")
    minutes = 0
    screens: dict[str, list[int]] = {"ann": [], "bob": [], "eve": []}
    answered: set[tuple[int, str]] = set()
    for who, what, n in steps:
        at = f"2024-05-01T{minutes // 60:02}:{minutes % 60:02}:00.000000+00:00"
        until = f"2024-05-01T{(minutes + 10) // 60:02}:{(minutes + 10) % 60:02}:00.000000+00:00"
        if what == "wait":
            minutes += 4 * n
        elif what == "release":
            store.leases.release(who)
            screens[who] = []
        elif what == "take":
            got = store.leases.take(ask(who, n, at=at, until=until, on_screen=screens[who], overlap=overlap))[0]
            assert not {(number, who) for number in got} & answered
            screens[who] += got
        elif screens[who]:
            number = screens[who].pop(0)
            now = store.corpus.utterance(number)
            try:
                if what == "skip":
                    store.review.decide(number, now.version, who, at, skip=True)
                else:
                    store.review.decide(number, now.version, who, at, labels={"danger": "danger"})
                    answered.add((number, who))
            except Conflict:
                pytest.fail("the version is the present one")
        held = [number for number, _ in store.leases.held(at)]
        assert len(held) == len(set(held))


WORKER = """
import sys
from core.errors import Conflict
from core.filters import Filter
from core.records import UNLABELLED
from core.store import QueueRequest, open_store
url, curator = sys.argv[1], sys.argv[2]
store = open_store(url)
wanted = Filter(labels={"danger": (UNLABELLED,)}, skipped=False)
while True:
    ids, _ = store.leases.take(QueueRequest(curator, ("danger",), wanted, 3, "2024-05-01", "2024-05-02"))
    if not ids:
        break
    for number in ids:
        store.review.decide(number, 0, curator, "2024-05-01", labels={"danger": "danger"})
        print(number, flush=True)
"""


def test_curators_at_once_decide_everything_exactly_once(store: Store, database_url: str) -> None:
    """If two curators got the same utterance, the second decision on version 0 would fail."""
    ids = sentences(store, *(f"문장 {n}" for n in range(120)))
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, database_url, f"w{n}"], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in range(5)
    ]  # fmt: skip
    outputs = [worker.communicate() for worker in workers]
    assert [error for _, error in outputs] == [""] * 5
    assert sorted(int(line) for out, _ in outputs for line in out.split()) == ids
    assert store.corpus.progress()["danger"]["gold"] == 120
    assert {store.corpus.utterance(number).version for number in ids} == {1}
