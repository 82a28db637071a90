"""core.store.corpus.derivations: an export brings back how its variants were made; parents are read up to the first."""

from store_data import AT, sentences

from core.records import Derivation, NewUtterance, RestoredUtterance
from core.store import NewProposal, Store


def test_an_imported_variant_says_how_it_was_made(store: Store) -> None:
    source = store.corpus.add_source("s", "exports", "ours", "0", AT)
    parameters = {"model": "m", "prompt_sha256": "ab", "temperature": 0.7, "examples": ["k8", "k9"]}
    meta = {"operation": "llm", "seed": 5, "parameters": parameters, "before": "불이 났어요", "text": "불났어요"}
    items = [
        RestoredUtterance(NewUtterance("k1", "불이 났어요", "k1"), "불이 났어요"),
        RestoredUtterance(
            NewUtterance("k1+1", "불났어요", "k1", origin="augmented", meta=meta), "불났어요", parent="k1"
        ),
        RestoredUtterance(NewUtterance("k1+2", "불 났어", "k1", origin="augmented"), "불 났어", parent="k1"),
        RestoredUtterance(NewUtterance("k2", "안녕", "k2", meta={"operation": "llm"}), "안녕"),
        RestoredUtterance(
            NewUtterance("k3+1", "연기 나요", "k3", origin="augmented", meta={"before": "연기가 나요"}), "연기 나요"
        ),
    ]
    store.transfer.restore(source, items, {}, AT)
    assert store.derivations.of([1, 2, 3, 4]) == {2: Derivation(2, "llm", parameters, 5, "m", "ab")}
    assert store.derivations.examples() == {2: ("k8", "k9")}
    assert store.derivations.texts_before() == {2: "불이 났어요", 5: "연기가 나요"}, "also where the parent is absent"


def test_parents_are_read_up_to_the_first_also_when_skipped(store: Store) -> None:
    first, other = sentences(store, "불이 났어요", "연기가 나요")
    for number, (parent, text) in enumerate([(first, "불이 막 났어요"), (other + 1, "불이 막 크게 났어요")], 1):
        payload = {"text": text, "before": store.corpus.utterance(parent).text, "parent": parent}
        store.proposals.add([NewProposal("augmentation", parent, "random-insertion", payload, "why")], AT)
        store.proposals.decide(number, True, "ann", AT)
    store.review.decide(first, 0, "ann", AT, skip=True, act="skip")
    parents = store.derivations.parents()
    assert {p.id: (p.parent_id, p.text) for p in parents.values()} == {
        first: (None, "불이 났어요"), other + 1: (first, "불이 막 났어요"),
    }  # fmt: skip
    assert store.derivations.tally() == {"random-insertion": 2}


def test_a_seed_that_no_column_holds_is_left_out(store: Store) -> None:
    source = store.corpus.add_source("s", "exports", "ours", "0", AT)
    seeds = (2**70, True, -(2**63), 2**63 - 1)
    items = [
        NewUtterance(f"k{n}", f"불 {n}", "k", origin="augmented", meta={"operation": "x", "seed": seed})
        for n, seed in enumerate(seeds)
    ]
    store.transfer.restore(source, [RestoredUtterance(item, item.text) for item in items], {}, AT)
    assert [row.seed for row in store.derivations.of([1, 2, 3, 4]).values()] == [None, None, -(2**63), 2**63 - 1]
