"""Lineage of augmentations from the store into a snapshot: training only, in the group of the source, or refused."""

from pathlib import Path

import pytest
from store_data import AT, sentences
from workflow_data import import_sentences

from core.errors import InputError
from core.filters import Filter
from core.records import Utterance
from core.schemes import DANGER
from core.snapshots.format import Item, read
from core.store import NewProposal
from core.store.engine import engine_for, writing
from core.store.schema import label, utterance
from core.workflows.augment import deciding
from core.workflows.augment.deciding import Where
from core.workflows.augment.plan import KIND
from core.workflows.snapshots import snapshot
from core.workflows.snapshots.samples import Gathering
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

OTHER = "말끔히 바뀐 전혀 다른 {n}번째 문장입니다"


@pytest.fixture
def derived(ws: Workspace, tmp_path: Path) -> Workspace:
    """Sixty sentences; each has one accepted variant whose text is nothing like it."""
    import_sentences(ws, tmp_path, 60)
    items = [
        NewProposal(KIND, u.id, "llm", {"text": OTHER.format(n=u.id * 7919), "before": u.text, "parent": u.id}, "why")
        for u in ws.store.corpus.every(Filter())
    ]
    ws.store.proposals.add(items, AT)
    assert deciding.accept(ws, Where(), "ann").accepted == 60
    return ws


def frozen(ws: Workspace, name: str) -> dict[str, Item]:
    return {item.key: item for item in read(ws.settings.snapshots / name).items}


def test_variants_stand_in_training_only_with_their_sources(derived: Workspace) -> None:
    snapshot.create(derived, "s1", "danger", "60/20/20", 1)
    items = frozen(derived, "s1")
    variants = [item for key, item in items.items() if "+" in key]
    assert variants
    assert {item.side for item in variants} == {"train"}
    assert {item.gold for item in variants} == {False}
    assert all(items[item.key.partition("+")[0]].side == "train" for item in variants)
    held_out = sum(1 for key, item in items.items() if "+" not in key and item.side != "train")
    report = read(derived.settings.snapshots / "s1").report
    assert (len(variants), report["dropped_not_gold"]) == (60 - held_out, held_out)


def test_a_variant_follows_the_group_that_its_source_has_now(derived: Workspace) -> None:
    first = frozen_groups(derived, "before")
    source = next(key for key in first if "+" not in key)
    home = next(key for key, group in first.items() if "+" not in key and group != first[source])
    number = derived.store.corpus.utterance_ids([source])[source]
    with writing(engine_for(derived.settings.database_url)) as connection:  # as an accepted clash of a delivery does
        connection.execute(utterance.update().where(utterance.c.id == number).values(group=home))
    after = frozen_groups(derived, "after")
    variants = [key for key in after if key.startswith(f"{source}+")]
    assert {after[key] for key in variants} <= {after[source]}
    assert after[source] == after[home]


def frozen_groups(ws: Workspace, name: str) -> dict[str, str]:
    snapshot.create(ws, name, "danger", "98/1/1", 1)
    return {key: item.group for key, item in frozen(ws, name).items()}


def test_tags_that_would_separate_them_are_refused_with_the_rows(derived: Workspace) -> None:
    every = list(derived.store.corpus.every(Filter(origin=("imported",))))
    tags = {"train": every[:40], "validation": every[40:50], "test": every[50:]}
    for side, members in tags.items():
        derived.store.bulk.tag([u.id for u in members], f"split:{side}", "ann", AT)
    assert {i.side for k, i in frozen_official(derived, "s2").items() if "+" in k} == {"train"}
    source = every[50]
    (child,) = [u for u in derived.store.corpus.every(Filter(origin=("augmented",))) if u.parent_id == source.id]
    derived.store.bulk.tag([child.id], "split:train", "ann", AT)
    with pytest.raises(InputError) as refused:
        snapshot.create(derived, "s3", "danger", official="keep")
    assert f"{child.key} is in training and its source {source.key} is on the test side" in str(refused.value)
    assert [info.name for info in snapshot.every(derived)] == ["s2"]


def frozen_official(ws: Workspace, name: str) -> dict[str, Item]:
    snapshot.create(ws, name, "danger", official="keep")
    return frozen(ws, name)


def test_a_skipped_source_still_counts_for_its_variant(derived: Workspace) -> None:
    """The text of a source that is left out itself joins its variant with near-equal sentences."""
    groups = frozen_groups(derived, "s4")
    source = next(u for u in derived.store.corpus.every(Filter(origin=("imported",))) if f"{u.key}+{u.id}" in groups)
    other = next(u for u in derived.store.corpus.every(Filter(origin=("imported",))) if u.id != source.id)
    derived.store.review.decide(other.id, 0, "bob", AT, text=f"{source.text} !!")
    derived.store.review.decide(source.id, 0, "bob", AT, skip=True, act="skip")
    after = frozen_groups(derived, "s5")
    child = next(key for key in after if key.startswith(f"{source.key}+"))
    assert source.key not in after
    assert after[child] == after[other.key]


def test_a_variant_has_the_answer_that_its_source_has_now(derived: Workspace) -> None:
    """The label that it copied is out of date as soon as a person decides on its source."""
    sources = list(derived.store.corpus.every(Filter(origin=("imported",))))
    danger = [u for u in sources if u.labels["danger"] == "danger"]
    relabelled, disputed, own = danger[:3]
    derived.store.review.decide(relabelled.id, 0, "bob", AT, labels={"danger": "normal"})
    child = variant_of(derived, own)
    derived.store.review.decide(child.id, child.version, "bob", AT, labels={"danger": "normal"})
    grade(derived, disputed.id, "disputed")
    gathering = gathered(derived)
    codes = {item.key: item.code for item in gathering.items()}
    assert (codes[relabelled.key], codes[variant_of(derived, relabelled).key]) == ("normal", "normal")
    assert codes.keys().isdisjoint((disputed.key, variant_of(derived, disputed).key))
    assert gathering.masked == {"danger": {"disputed": 2}}
    assert (codes[own.key], codes[child.key]) == ("danger", "normal"), "a person answered the variant itself"


def test_a_variant_of_a_source_that_was_disputed_has_its_label_after_that(ws: Workspace) -> None:
    (source,) = sentences(ws.store, "거실에서 연기가 나요", labels={"danger": "danger"})
    grade(ws, source, "disputed")
    payload = {"text": OTHER.format(n=1), "before": "거실에서 연기가 나요", "parent": source}
    ws.store.proposals.add([NewProposal(KIND, source, "llm", payload, "why")], AT)
    assert deciding.accept(ws, Where(), "ann").accepted == 1
    assert list(gathered(ws).items()) == []
    grade(ws, source, "gold")
    assert [(item.code, item.gold) for item in gathered(ws).items()] == [("danger", True), ("danger", False)]
    withdraw(ws, source)
    gathering = gathered(ws)
    assert list(gathering.items()) == []
    assert gathering.masked == {"danger": {}}, "no copy of a label, so nothing is left out"


def test_a_variant_whose_source_has_no_label_any_more_is_counted(derived: Workspace) -> None:
    source = next(iter(derived.store.corpus.every(Filter(origin=("imported",)))))
    withdraw(derived, source.id)
    gathering = gathered(derived)
    keys = {item.key for item in gathering.items()}
    assert keys.isdisjoint((source.key, variant_of(derived, source).key))
    assert gathering.masked == {"danger": {"source without a label": 1}}


def gathered(ws: Workspace) -> Gathering:
    return Gathering(ws, [DANGER], "text", False, "utterance")


def variant_of(ws: Workspace, source: Utterance) -> Utterance:
    return next(u for u in ws.store.corpus.every(Filter(origin=("augmented",))) if u.parent_id == source.id)


def grade(ws: Workspace, number: int, value: str) -> None:
    """What blind answers that differ, or their settlement, do to a label."""
    with writing(engine_for(ws.settings.database_url)) as connection:
        connection.execute(label.update().where(label.c.target_id == number).values(grade=value))


def withdraw(ws: Workspace, number: int) -> None:
    with writing(engine_for(ws.settings.database_url)) as connection:
        connection.execute(label.delete().where(label.c.target_id == number))
