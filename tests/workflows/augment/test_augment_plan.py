"""core.workflows.augment.plan and .sources: what a plan may say, and how many variants each text is to get."""

import re
from dataclasses import replace
from typing import Any

import pytest
from augment_corpus import DANGER, fill
from store_data import AT

from core.errors import InputError, UnknownName
from core.filters import Filter
from core.records import NewUtterance, RestoredUtterance
from core.store import NewProposal
from core.store.engine import engine_for, writing
from core.store.schema import label
from core.workflows.augment import plan as plans
from core.workflows.augment.plan import KIND, AugmentPlan, checked
from core.workflows.augment.sources import ClassCount, choose
from core.workflows.workspace import Workspace


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"operations": ()}, "name at least one operation: synonym-replacement, "),
        ({"factor": 0.5}, "factor 0.5: it must be 1 to 5, as danger gets at most 4 variants a sentence"),
        ({"factor": 4.5, "per_sentence": 3}, "factor 4.5: it must be 1 to 4, "),
        ({"factor": float("nan")}, "factor nan: it must be 1 to 5"),
        ({"factor": {"danger": 9.0}}, "factor 9: it must be 1 to 5"),
        ({"per_sentence": 5}, "5 variants a sentence: it must be 1 to 4"),
        ({"alpha": 0.0}, "alpha 0: the share of changed words must be 0.01 to 0.5"),
        ({"limit": 0}, "limit 0: at least one text must be drawn"),
        ({"seed": -1}, "seed -1: it must be a whole number from 0"),
    ],
)
def test_a_plan_out_of_range_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        checked(replace(AugmentPlan(), **changed))


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"unknown augmentation 'swop'.*random-swap.*llm"):
        checked(AugmentPlan(operations=("swop",)))
    with pytest.raises(UnknownName, match="fire"):
        checked(AugmentPlan(factor={"fire": 2.0}))
    with pytest.raises(UnknownName, match="weather"):
        checked(AugmentPlan(scheme="weather"))


def test_a_plan_is_the_same_after_it_was_stored() -> None:
    plan = AugmentPlan(
        Filter(text="불", labels={"danger": ("danger",)}), "danger", ("dialect", "llm"), {"danger": 4.5}, True, 0.3, 2,
        7, 11, {"temperature": 0.5},
    )  # fmt: skip
    assert plans.from_document(plans.to_document(plan)) == plan


def test_joined_codes_have_the_highest_factor_of_their_classes() -> None:
    plan = AugmentPlan(factor={"joy": 2.0, "fear": 3.0})
    assert [plan.factor_of(code) for code in ("joy", "joy|fear", "calm|joy", "calm")] == [2.0, 3.0, 2.0, 1.0]
    assert [plan.multiplies(code) for code in ("joy", "calm|joy", "calm")] == [True, True, False]
    assert AugmentPlan(factor=2.0).multiplies("calm")


def test_variants_of_an_import_count_as_present(ws: Workspace) -> None:
    fill(ws, 1, 0)
    source = ws.store.corpus.add_source("old", "exports", "ours", "0", AT)
    copy = NewUtterance("t0+9", "의식이 없어요", "t0", origin="augmented", meta={"operation": "random-deletion"})
    ws.store.transfer.restore(source, [RestoredUtterance(copy, copy.text, parent="t0")], {}, AT)
    assert choose(ws, AugmentPlan(factor=3.0)).classes == (ClassCount("danger", 1, 1, 1),)


def quotas(ws: Workspace, **values: Any) -> dict[str, list[int]]:
    chosen = choose(ws, AugmentPlan(**values))
    by_code: dict[str, list[int]] = {}
    for source in chosen.sources:
        by_code.setdefault(source.code, []).append(source.n)
    return {code: sorted(numbers) for code, numbers in by_code.items()}


def test_a_factor_becomes_a_number_for_each_text(ws: Workspace) -> None:
    fill(ws)
    assert quotas(ws, factor=2.0) == {"danger": [1, 1, 1, 1], "normal": [1, 1]}
    assert quotas(ws, factor=4.5) == {"danger": [3, 3, 4, 4], "normal": [3, 4]}
    assert quotas(ws, factor={"danger": 1.5}) == {"danger": [1, 1]}
    assert quotas(ws, factor=1.0, balance=True) == {"normal": [1, 1]}
    assert quotas(ws, factor=2.0, balance=True) == {"danger": [1, 1, 1, 1], "normal": [3, 3]}
    assert quotas(ws, factor={"danger": 2.0}, balance=True) == {"danger": [1, 1, 1, 1]}
    assert quotas(ws, factor={"normal": 1.0}, balance=True) == {"normal": [1, 1]}
    assert quotas(ws, factor=3.0, balance=True, per_sentence=2) == {"danger": [2, 2, 2, 2], "normal": [2, 2]}
    assert choose(ws, AugmentPlan(factor=4.5)).classes == (
        ClassCount("normal", 2, 0, 7), ClassCount("danger", 4, 0, 14),
    )  # fmt: skip
    drawn = choose(ws, AugmentPlan(factor=2.0, limit=3, seed=5))
    assert (len(drawn.sources), drawn) == (3, choose(ws, AugmentPlan(factor=2.0, limit=3, seed=5)))
    assert quotas(ws, factor=2.0, filter=Filter(text="칼")) == {"danger": [1]}


def test_only_labelled_texts_that_people_said_are_sources(ws: Workspace) -> None:
    first, skipped, disputed, unlabelled = fill(ws, 4, 0)
    ws.store.review.decide(skipped, 0, "ann", AT, skip=True, act="skip")
    with writing(engine_for(ws.settings.database_url)) as connection:
        connection.execute(label.update().where(label.c.target_id == disputed).values(grade="disputed"))
        connection.execute(label.delete().where(label.c.target_id == unlabelled))
    payload = {"text": f"{DANGER[0]} 지금", "before": DANGER[0], "parent": first, "seed": 0, "parameters": {}}
    ws.store.proposals.add([NewProposal(KIND, first, "random-insertion", payload, "why")], AT)
    chosen = choose(ws, AugmentPlan(factor=3.0))
    assert ([(s.id, s.n) for s in chosen.sources], chosen.without_label) == ([(first, 1)], 2)
    ws.store.proposals.decide(1, True, "ann", AT)
    after = choose(ws, AugmentPlan(factor=3.0))
    assert (after.sources, after.classes) == (chosen.sources, (ClassCount("danger", 1, 1, 1),))


def test_texts_that_a_published_split_holds_out_are_no_sources(ws: Workspace) -> None:
    fill(ws)
    plan = AugmentPlan(factor=2.0)
    before = choose(ws, plan)
    trained, tested, validated = (source.id for source in before.sources[:3])
    for number, side in ((trained, "train"), (tested, "test"), (validated, "validation")):
        ws.store.bulk.tag([number], f"split:{side}", "ann", AT)
    after = choose(ws, plan)
    assert {source.id for source in before.sources} - {source.id for source in after.sources} == {tested, validated}
    assert after.without_label == before.without_label + 2
