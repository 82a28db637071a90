"""core.workflows.augment.deciding: many candidates by operation, reason and score; a decision is taken back as one."""

import re

import pytest
from augment_corpus import DANGER, fill
from store_data import AT

from core.errors import InputError, NotFound, UnknownName
from core.store import NewProposal
from core.workflows.augment import batches, deciding
from core.workflows.augment.batches import Batch
from core.workflows.augment.check import DISAGREES
from core.workflows.augment.deciding import Undone, Where
from core.workflows.augment.plan import KIND
from core.workflows.workspace import Workspace


@pytest.fixture
def waiting(ws: Workspace) -> Workspace:
    """Six candidates of one text, of two operations; the run in use disagrees with two."""
    number, *_ = fill(ws, 1, 0)
    batches.save(ws, Batch("augment-1", AT, "ann", {}))
    items = []
    for n in range(6):
        text = DANGER[0].replace("빨리", ("얼른", "어서", "당장", "지금 빨리", "빨리 좀", "제발 빨리")[n])
        payload = {"text": text, "before": DANGER[0], "parent": number, "seed": 0, "parameters": {"alpha": 0.2}}
        payload |= {"checked": {"run": "r1", "code": "normal" if n < 2 else "danger"}}
        flag = DISAGREES if n < 2 else None
        operation = "synonym-replacement" if n % 2 else "random-insertion"
        items.append(
            NewProposal(KIND, number, operation, payload, "why", confidence=n / 10, batch="augment-1", flag=flag)
        )
    ws.store.proposals.add(items, AT)
    return ws


def open_ids(ws: Workspace, *pairs: str) -> list[int]:
    return [card.proposal.id for card in deciding.page(ws, deciding.read_where(ws, pairs), 99)]


def test_conditions_are_read_from_pairs(waiting: Workspace) -> None:
    assert open_ids(waiting) == [1, 2, 3, 4, 5, 6]
    assert open_ids(waiting, "reason=label-disagreement") == [1, 2]
    assert open_ids(waiting, "reason=-", "operation=random-insertion") == [3, 5]
    assert open_ids(waiting, "score=0.2-0.4") == [3, 4]
    assert open_ids(waiting, "score=.4-") == [5, 6]
    assert open_ids(waiting, "score=-0.1") == [1]
    assert open_ids(waiting, "id=2", "id=6", "batch=augment-1") == [2, 6]
    assert [card.checked_code for card in deciding.page(waiting, Where(id=(1, 3)), 9)] == ["normal", "danger"]


@pytest.mark.parametrize(
    ("pair", "error", "message"),
    [
        ("reason", InputError, "--where 'reason' is no KEY=VALUE pair such as operation=random-swap"),
        ("colour=red", UnknownName, "unknown condition 'colour'"),
        ("reason=ugly", UnknownName, "unknown reason 'ugly'"),
        ("operation=llm", UnknownName, "unknown operation 'llm'"),
        ("score=2-3", InputError, "--where score=2-3: expected one span of probabilities such as 0.5-"),
        ("score=-", InputError, "--where score=-: expected one span"),
        ("id=x", InputError, "--where id=x: expected the number of a candidate"),
        ("batch=b9", NotFound, "no augmentation run 'b9'; the latest: augment-1"),
    ],
)
def test_a_condition_without_sense_is_refused(
    waiting: Workspace, pair: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        deciding.read_where(waiting, [pair])


def test_a_decision_on_many_is_taken_back_as_one(waiting: Workspace) -> None:
    assert deciding.undo(waiting, "ann") is None
    assert deciding.reject(waiting, Where(reason=(DISAGREES,)), "ann") == 2
    assert deciding.accept(waiting, Where(low=0.4), "ann").accepted == 2
    rows = {row.operation: row for row in deciding.statistics(waiting)}
    first = rows["random-insertion"]
    assert (first.open, first.accepted, first.rejected, first.flagged, first.in_corpus) == (1, 1, 1, 1, 1)
    assert (first.share_accepted, deciding.OperationCount("dialect").share_accepted) == (0.5, None)
    assert deciding.undo(waiting, "bob") is None
    assert deciding.undo(waiting, "ann") == Undone(2, 0, 5)
    assert open_ids(waiting) == [3, 4, 5, 6]
    assert deciding.undo(waiting, "ann") == Undone(2, 0, 1)
    assert open_ids(waiting) == [1, 2, 3, 4, 5, 6]
    assert waiting.store.derivations.tally() == {}


def test_all_decisions_on_one_run_are_taken_back(waiting: Workspace) -> None:
    deciding.accept(waiting, Where(id=(1,)), "ann")
    deciding.reject(waiting, Where(id=(2,)), "bob")
    assert deciding.undo_batch(waiting, "augment-1", "ann") == Undone(2, 0, 1)
    with pytest.raises(NotFound, match="no augmentation run 'augment-2'"):
        deciding.undo_batch(waiting, "augment-2", "ann")


def test_what_a_run_without_end_has_made_is_counted(waiting: Workspace) -> None:
    run = batches.get(waiting, "augment-1")
    assert (run.made, run.flagged, run.finished_at) == (6, 2, None)
    batches.save(waiting, Batch("augment-1", AT, "ann", {}, made=9, flagged=8, finished_at=AT))
    assert [(run.made, run.flagged) for run in batches.every(waiting)] == [(9, 8)]


def test_statistics_of_a_choice_count_only_its_own_variants_in_the_corpus(waiting: Workspace) -> None:
    deciding.accept(waiting, Where(operation=("random-insertion",)), "ann")
    chosen = deciding.statistics(waiting, Where(id=(1, 2, 3)))
    assert [(row.operation, row.accepted, row.in_corpus) for row in chosen] == [
        ("random-insertion", 2, 2), ("synonym-replacement", 0, 0),
    ]  # fmt: skip
    assert [row.in_corpus for row in deciding.statistics(waiting)] == [3, 0]


def test_the_desk_shows_one_after_another(waiting: Workspace) -> None:
    seen, after = [], 0
    for _ in range(3):
        card = deciding.next_card(waiting, Where(reason=(DISAGREES,)), after)
        assert card is not None
        after = card.proposal.id
        seen.append(after)
    assert seen == [1, 2, 1]
    assert deciding.card(waiting, 2).source.text == DANGER[0]
    waiting.store.proposals.add([NewProposal("cleaning", 1, "x", {"text": "가", "before": "나"}, "why")], AT)
    with pytest.raises(InputError, match="suggestion 7 is not a variant"):
        deciding.card(waiting, 7)
