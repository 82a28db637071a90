"""core.store.proposals.runs: counts of a run by step, and updates of open proposals."""

from store_data import AT, sentences

from core.store import NewProposal, Store, UpdatedProposal


def made(number: int, step: str, batch: str = "b1", kind: str = "cleaning") -> NewProposal:
    payload = {"text": f"{step} {batch}", "before": "가"} if kind == "cleaning" else {"before": "가"}
    return NewProposal(kind, number, step, payload, "why", confidence=0.5, batch=batch)


def test_a_run_is_counted_by_step_and_state(store: Store) -> None:
    a, b = sentences(store, "가", "가")
    items = [made(a, "tags"), made(b, "tags"), made(a, "stop"), made(b, "same-text", kind="exclude")]
    store.proposals.add([*items, made(a, "tags", "b2")], AT)
    store.proposals.accept_many([1], "ann", AT)
    store.proposals.reject_many([3], "ann", AT)
    assert store.cleanings.tally("b1") == {
        "tags": {"open": 1, "accepted": 1, "rejected": 0}, "stop": {"open": 0, "accepted": 0, "rejected": 1},
        "same-text": {"open": 1, "accepted": 0, "rejected": 0},
    }  # fmt: skip
    assert store.cleanings.tally("none") == {}


def test_only_open_proposals_are_updated_and_keep_their_identity(store: Store) -> None:
    a, b = sentences(store, "가", "가")
    items = [made(a, "tags"), made(b, "tags")]
    store.proposals.add(items, AT)
    store.proposals.reject_many([2], "ann", AT)
    new = {"text": "나다", "before": "나"}
    assert store.cleanings.update_open([UpdatedProposal(n, new, "as it stands", 0.9) for n in (1, 2, 99)]) == 1
    first, second = store.proposals.get(1), store.proposals.get(2)
    assert (first.payload, first.reason, first.confidence, first.batch) == (new, "as it stands", 0.9, "b1")
    assert (second.payload["before"], second.reason) == ("가", "why")
    assert store.proposals.add(items, AT) == 0, "it is known still"
    assert store.cleanings.update_open([]) == 0
