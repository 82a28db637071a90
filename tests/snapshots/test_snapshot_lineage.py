"""core.snapshots.lineage: a derived item follows its source, and a snapshot that would separate them is refused."""

import random
from dataclasses import replace

import pytest
from training_corpus import AT, FRACTIONS, danger_items

from core.errors import InputError
from core.schemes import DANGER
from core.snapshots.format import Item, Snapshot
from core.snapshots.freeze import build
from core.snapshots.lineage import Lineage, Lineages, merge_with_sources

LONG = "거실 창문 아래에서 연기가 계속 올라오고 있어요"
NEAR = "거실 창문 아래에서 연기가 계속 올라오고 있어요 지금"


def freeze(items: list[Item], lineages: Lineages, **more: object) -> Snapshot:
    return build("s", DANGER, items, FRACTIONS, 1, AT, lineages=lineages, **more)  # type: ignore[arg-type]


def child_of(source: Item, text: str, **changed: object) -> Item:
    values: dict[str, object] = {"id": source.id + 9000, "key": f"{source.key}+1", "text": text, "gold": False}
    return replace(source, **(values | changed))  # type: ignore[arg-type]


def sides(snapshot: Snapshot) -> dict[str, str]:
    return {item.key: item.side for item in snapshot.items}


def groups(snapshot: Snapshot) -> dict[str, str]:
    return {item.key: item.group for item in snapshot.items}


def test_derived_items_are_only_in_training_beside_their_source() -> None:
    items = danger_items(120)
    children = [child_of(item, f"{item.text} 여기요 {item.key}") for item in items]
    lineages = {child.key: Lineage((item.key,), (item.text,)) for child, item in zip(children, items, strict=True)}
    placed = sides(freeze(items + children, lineages))
    assert {placed[child.key] for child in children if child.key in placed} == {"train"}
    for child, item in zip(children, items, strict=True):
        assert (child.key in placed) == (placed[item.key] == "train")


def test_derived_items_move_no_group() -> None:
    items = danger_items(60)
    before = sides(freeze(items, {}))
    children = [
        child_of(item, f"{item.text} 여기요 {item.key} {n}", id=9000 + 10 * item.id + n, key=f"{item.key}+{n}")
        for item in items[: len(items) // 3]
        for n in range(4)
    ]
    lineages = {child.key: Lineage((child.key.partition("+")[0],)) for child in children}
    after = sides(freeze(items + children, lineages))
    assert {key: side for key, side in after.items() if key not in lineages} == before
    assert {after[key] for key in lineages.keys() & after.keys()} == {"train"}


def test_the_text_of_a_source_that_is_not_frozen_joins_groups() -> None:
    other = "말끔히 바뀐 전혀 다른 문장입니다"
    keys, texts, own = ["t", "p+1"], [NEAR, other], ["t", "p"]
    assert merge_with_sources(own, texts, keys, {}) == own
    for said in (LONG, f"  {LONG}!"):
        assert merge_with_sources(own, texts, keys, {"p+1": Lineage(("p",), (said,))}) == ["p", "p"]
    in_a_call = merge_with_sources(own, [NEAR, ""], keys, {"p+1": Lineage(("p",), (LONG,))})
    assert in_a_call == own


def test_a_source_in_a_call_that_repeats_a_held_out_text_takes_its_child_along() -> None:
    """Turns of calls are not merged; what repeats a held-out turn is left out of training."""
    items = [replace(item, recording=item.group) for item in danger_items(200)]
    held_out = next(item for item in freeze(items, {}).items if item.side == "test" and len(item.text) > 12)
    other = next(item for item in freeze(items, {}).items if item.side == "train")
    absent = replace(other, key="p", text=f"{held_out.text} 네", id=700)
    child = child_of(absent, "말끔히 바뀐 전혀 다른 문장입니다", id=701)
    assert sides(freeze([*items, child], {}))[child.key] == "train"
    made = freeze([*items, child], {child.key: Lineage(("p",), (absent.text,))})
    assert child.key not in sides(made)
    assert made.report["dropped_repeats"] == freeze(items, {}).report["dropped_repeats"] + 1


def test_a_short_source_that_is_equal_to_a_held_out_text_counts_too() -> None:
    items = danger_items(200)
    held_out = next(item for item in freeze(items, {}).items if item.side == "test")
    short = [replace(item, text="불이야") if item.key == held_out.key else item for item in items]
    other = next(item for item in freeze(short, {}).items if item.side == "train")
    child = child_of(other, "불이야 빨리요 여기", key="c", id=702)
    assert sides(freeze([*short, child], {}))["c"] == "train"
    assert "c" not in sides(freeze([*short, child], {"c": Lineage(("p",), ("불이야!",))}))


def test_a_published_split_that_separates_them_is_refused_with_the_rows() -> None:
    items = [
        replace(item, side="train" if n % 3 else "test" if n % 2 else "validation")
        for n, item in enumerate(danger_items(30))
    ]
    source = next(item for item in items if item.side == "test")
    child = child_of(source, "말끔히 바뀐 전혀 다른 문장입니다", side="train")
    lineages = {child.key: Lineage((source.key,), (source.text,))}
    with pytest.raises(InputError) as refused:
        freeze([*items, child], lineages, official="keep")
    assert str(refused.value) == (
        f"snapshot s: 1 derived items would leak: {child.key} is in training and its source {source.key} is on the "
        "test side. A derived item belongs to training, with its source: give both the same split tag, or reject it on "
        "the Augment page"
    )
    assert child.key not in sides(freeze([*items, child], lineages, official="clean"))


def test_a_derived_item_that_claims_to_be_gold_is_refused_outside_training() -> None:
    items = danger_items(60)
    held_out = next(item for item in freeze(items, {}).items if item.side == "validation")
    child = child_of(held_out, f"{held_out.text} 여기요", gold=True)
    with pytest.raises(InputError, match=rf"{child.key.replace('+', '.')} is on the (validation|test) side"):
        freeze([*items, child], {child.key: Lineage((held_out.key,), (held_out.text,))})


def test_what_was_written_from_a_held_out_example_is_left_out() -> None:
    items = danger_items(60)
    placed = sides(freeze(items, {}))
    source = next(item for item in items if placed[item.key] == "train")
    child = child_of(source, "말끔히 바뀐 전혀 다른 문장입니다")
    for side, stays in (("train", True), ("test", False), ("validation", False)):
        shown = next(key for key, on in placed.items() if on == side and key != source.key)
        made = freeze([*items, child], {child.key: Lineage((source.key,), (source.text,), (shown, "elsewhere"))})
        assert (child.key in sides(made)) == stays


def test_a_split_as_published_loses_what_was_written_from_its_held_out_items() -> None:
    items = [
        replace(item, side="train" if n % 3 else "test" if n % 2 else "validation")
        for n, item in enumerate(danger_items(60))
    ]
    source, shown = items[1], next(item for item in items if item.side == "test")
    texts = ("말끔히 바뀐 전혀 다른 문장입니다", "내일 저녁에 시장에서 만나요", "고양이가 담장 위에서 자네요")
    children = [child_of(source, text, key=f"c{n}", id=800 + n) for n, text in enumerate(texts)]
    children[1] = replace(children[1], group="absent")
    lineages = {
        "c0": Lineage((source.key,), (), (shown.key,)),
        "c1": Lineage(("absent",), (f"{shown.text}!",)),
        "c2": Lineage((source.key,), (), ("absent",)),
    }
    made = freeze([*items, *children], lineages, official="keep")
    assert sides(made).keys() & lineages.keys() == {"c2"}
    assert len(made.items) == len(items) + 1
    assert made.report["dropped_repeats"] == 2
    plain = freeze(items, {}, official="keep")
    assert (made.report["official"], plain.report["dropped_repeats"]) == (plain.report["official"], 0)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_derived_from_what_no_group_is_cut(seed: int) -> None:
    """Variants of variants, repeated texts, calls, examples: nothing derived is beside its held-out kin."""
    rng = random.Random(seed)
    items = danger_items(80, seed)
    items += [
        replace(item, id=item.id + 300, key=f"{item.key}b", group=f"{item.key}b") for item in rng.sample(items, 8)
    ]
    family = {item.key: item for item in items}
    lineages: dict[str, Lineage] = {}
    for number in range(120):
        source = rng.choice(list(family.values()))
        text = rng.choice([f"{source.text} 네", rng.choice(items).text, f"{number} 번째 말끔히 바뀐 문장입니다"])
        child = child_of(source, text, id=1000 + number, key=f"c{number}")
        above = lineages.get(source.key, Lineage(()))
        shown = tuple(item.key for item in rng.sample(items, rng.randrange(2)))
        family[child.key] = child
        lineages[child.key] = Lineage((source.key, *above.keys), (source.text, *above.texts), shown)
    every = list(family.values())
    if seed % 2:
        every = [replace(item, recording=item.group) for item in every]
    rng.shuffle(every)
    made = {item.key: item for item in freeze(every, lineages).items}
    sides_of: dict[str, set[str]] = {}
    for item in made.values():
        sides_of.setdefault(item.group, set()).add(item.side)
    assert {len(on) for on in sides_of.values()} == {1}
    held_out = {key: item for key, item in made.items() if item.side != "train"}
    texts = {"".join(item.text.split()) for item in held_out.values()}
    for key in lineages.keys() & made.keys():
        assert made[key].side == "train"
        assert held_out.keys().isdisjoint((*lineages[key].keys, *lineages[key].shown))
        assert texts.isdisjoint("".join(text.split()) for text in lineages[key].texts)
