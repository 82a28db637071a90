"""core.workflows.augment.run: a preview writes nothing, a run makes guarded Proposals once, a killed run goes on."""

from collections.abc import Callable
from typing import Any

import pytest
from augment_corpus import DANGER, fill
from store_data import AT

from core.augment import REASONS
from core.errors import MissingBackend, NotEnoughData
from core.filters import Filter
from core.records import Derivation
from core.store import Choice
from core.workflows.augment import batches, deciding, run
from core.workflows.augment.deciding import Where
from core.workflows.augment.plan import KIND, AugmentPlan
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

OPERATIONS = ("punctuation-insertion", "synonym-replacement", "random-deletion")
PLAN = AugmentPlan(operations=OPERATIONS, factor=3.0, seed=3)


@pytest.fixture
def filled(ws: Workspace) -> Workspace:
    fill(ws)
    return ws


def proposed(ws: Workspace) -> list[tuple[int, str, str]]:
    rows = ws.store.candidates.page(Choice(KIND), 999)
    return sorted((row.utterance_id, row.operation, str(row.payload["text"])) for row in rows)


def test_a_preview_shows_what_a_run_then_makes(filled: Workspace) -> None:
    seen = run.preview(filled, PLAN)
    assert (seen.sources, seen.wanted, seen.looked_at, seen.checked_by) == (6, 12, 6, None)
    assert proposed(filled) == []
    assert batches.every(filled) == []
    assert seen.refused.keys() <= REASONS.keys()
    told: list[tuple[str, int, int]] = []
    made = run.run(filled, PLAN, "ann", progress=lambda *counts: told.append(counts))
    assert proposed(filled) == sorted((c.source.id, c.variant.operation, c.variant.text) for c in seen.candidates)
    assert (made.sources, made.wanted, made.made, made.flagged) == (6, 12, len(seen.candidates), 0)
    assert made.made >= 10
    assert made.refused == seen.refused
    assert batches.get(filled, made.id) == made
    assert told[-1] == ("variants", 12, 12)
    first = filled.store.proposals.get(1)
    assert (first.payload["seed"], first.payload["parent"], first.payload["before"]) == (3, 1, DANGER[0])
    assert (str(first.reason), first.batch) == (f"{first.operation}, seed 3", made.id)


def test_a_repeated_run_makes_only_what_is_missing(filled: Workspace) -> None:
    first = run.run(filled, PLAN, "ann")
    before = proposed(filled)
    again = run.run(filled, PLAN, "ann")
    assert again.wanted == first.wanted - first.made
    assert set(before) <= set(proposed(filled))
    more = run.preview(filled, AugmentPlan(operations=OPERATIONS, factor=4.0, seed=3))
    texts = {text for _, _, text in proposed(filled)}
    assert more.wanted >= 6
    assert not texts & {candidate.variant.text for candidate in more.candidates}


def test_a_killed_run_goes_on_and_makes_nothing_twice(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BLOCK", 2)
    done: dict[str, Any] = {}

    def step(name: str, fn: Callable[[], Any]) -> Any:
        """Durable steps; the worker is killed after the second block has written and before that is noted."""
        if name not in done:
            result = fn()
            if name == "block 1" and "killed" not in done:
                done["killed"] = True
                raise KeyboardInterrupt
            done[name] = result
        return done[name]

    with pytest.raises(KeyboardInterrupt):
        run.run(filled, PLAN, "ann", batch_id="augment-1", step=step)
    half = proposed(filled)
    assert 0 < len(half) <= 8
    made = run.run(filled, PLAN, "ann", batch_id="augment-1", step=step)
    assert set(half) < set(proposed(filled))
    assert made.made == len(proposed(filled)) <= made.wanted == 12
    by_source = filled.store.candidates.by_source(KIND, ("open",), "augment-1")
    assert max(by_source.values()) == 2


def test_what_is_accepted_keeps_its_group_label_and_derivation(filled: Workspace) -> None:
    made = run.run(filled, PLAN, "ann")
    number = filled.store.proposals.get(1).utterance_id
    counts = deciding.accept(filled, Where(id=(1,)), "ann")
    assert (counts.accepted, counts.total) == (1, 1)
    parent = filled.store.corpus.utterance(number)
    (child,) = filled.store.corpus.every(Filter(origin=("augmented",)))
    assert (child.group, child.parent_id, child.labels) == (parent.group, parent.id, parent.labels)
    proposal = filled.store.proposals.get(1)
    assert filled.store.derivations.of([child.id]) == {
        child.id: Derivation(
            child.id, proposal.operation, proposal.payload["parameters"], 3, made_at=proposal.made_at, batch=made.id
        )
    }
    assert [row.in_corpus for row in deciding.statistics(filled) if row.operation == proposal.operation] == [1]


def test_a_plan_that_cannot_run_is_refused_before_anything_is_written(ws: Workspace) -> None:
    with pytest.raises(NotEnoughData, match="no utterance that matches has a danger label that may be used"):
        run.run(ws, PLAN, "ann")
    with pytest.raises(NotEnoughData, match="label some, or choose another filter"):
        run.start(ws, PLAN, "ann")
    with pytest.raises(MissingBackend, match="the language model is off"):
        run.run(ws, AugmentPlan(operations=("llm",)), "ann")
    assert batches.every(ws) == []
    assert ws.store.board.list(9) == []


def test_a_skipped_source_gets_no_variants_any_more(filled: Workspace) -> None:
    run.run(filled, PLAN, "ann")
    filled.store.review.decide(1, 0, "bob", AT, skip=True, act="skip")
    of_first = sum(1 for number, _, _ in proposed(filled) if number == 1)
    counts = deciding.accept(filled, Where(), "ann")
    assert counts.refused == {"left-out": of_first}
    assert filled.store.proposals.counts(KIND)["rejected"] == of_first
