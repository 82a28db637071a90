"""core.snapshots.arrangements: no group is cut by lineage, random rows keep the sizes of the sides."""

from collections import Counter
from dataclasses import replace

import pytest
from training_corpus import AT, FRACTIONS, danger_items

from core.errors import InputError, NotEnoughData
from core.schemes import DANGER
from core.snapshots.arrangements import arranged, by_lineage, by_rows
from core.snapshots.format import Snapshot, check_trainable, read, write
from core.snapshots.freeze import build
from core.snapshots.items import Items


@pytest.fixture(scope="module")
def frozen() -> Snapshot:
    return build("d1", DANGER, danger_items(80), FRACTIONS, 1, AT)


def variants(items: Items) -> Items:
    """One variant of each item, on no side yet, with a word that no other item has."""
    return Items.of(replace(i, key=f"{i.key}~1", text=f"{i.text} 참말{i.id}번", side="test") for i in items)


def test_variants_follow_their_parent_and_only_to_the_training_side(frozen: Snapshot) -> None:
    items, left_out = by_lineage(frozen.items, variants(frozen.items), reads_text=True)
    side_of = dict(zip(frozen.items.column("group"), frozen.items.column("side"), strict=True))
    added = [item for item in items if "~" in item.key]
    assert left_out == 0
    assert {item.group for item in added} == {group for group, side in side_of.items() if side == "train"}
    assert {(item.side, item.gold) for item in added} == {("train", False)}
    check_trainable(arranged(frozen, "lineage", items, "lineage"))


def test_a_variant_that_says_what_a_held_out_item_says_is_left_out(frozen: Snapshot) -> None:
    held_out = next(item for item in frozen.items if item.side == "test")
    parent = next(item for item in frozen.items if item.side == "train")
    same = replace(parent, key="equal", text=f"{held_out.text}!!")
    near = replace(parent, key="near", text=held_out.text + "요")
    fresh = replace(parent, key="fresh", text="전혀 다른 이야기를 길게 합니다")
    items, left_out = by_lineage(frozen.items, Items.of([same, near, fresh]), reads_text=True)
    assert left_out == 2
    assert set(items.column("key")) - set(frozen.items.column("key")) == {"fresh"}
    every, left_out = by_lineage(frozen.items, Items.of([same, near, fresh]), reads_text=False)
    assert (len(every) - len(frozen.items), left_out) == (3, 0)


def test_random_rows_have_sides_of_the_same_shares_and_cut_groups(frozen: Snapshot) -> None:
    made = variants(frozen.items)
    rows = by_rows(frozen.items, made, 5)
    before, after = (Counter(items.column("side")) for items in (frozen.items, rows))
    assert len(rows) == 2 * len(frozen.items)
    assert all(after[side] == pytest.approx(2 * n, abs=1) for side, n in before.items())
    side_of = dict(zip(rows.column("key"), rows.column("side"), strict=True))
    parted = [key for key in frozen.items.column("key") if side_of[key] != side_of[f"{key}~1"]]
    assert len(parted) > 10, "a variant and its parent may be on two sides: that is the leakage"
    assert by_rows(frozen.items, made, 5) == rows
    assert by_rows(frozen.items, made, 6) != rows


def test_a_machines_label_is_never_held_out_by_random_rows(frozen: Snapshot) -> None:
    silver = {item.key for item in frozen.items if item.side == "train" and item.id % 3 == 0}
    items = Items.of(replace(item, gold=item.key not in silver) for item in frozen.items)
    rows = by_rows(items, items.part(0, 0), 0)
    assert silver
    assert {item.side for item in rows if item.key in silver} == {"train"}
    check_trainable(arranged(frozen, "rows", rows, "rows"))


def test_a_variant_of_a_machine_labelled_row_is_never_held_out_by_random_rows(frozen: Snapshot) -> None:
    items = Items.of(replace(item, gold=item.side != "train" or item.id % 3 > 0) for item in frozen.items)
    rows = by_rows(items, variants(items), 0)  # on the test side until they are arranged
    silver = {item.key for item in items if not item.gold} | {f"{item.key}~1" for item in items if not item.gold}
    assert {(item.side, item.gold) for item in rows if item.key in silver} == {("train", False)}
    assert {item.side for item in rows if "~" in item.key and item.key not in silver} == {"train", "validation", "test"}
    assert len(rows) == 2 * len(items)
    check_trainable(arranged(frozen, "rows", rows, "rows"))


def test_an_arrangement_is_a_snapshot_that_can_be_read_again(frozen: Snapshot, tmp_path: object) -> None:
    rows = arranged(frozen, "rows", by_rows(frozen.items, variants(frozen.items), 0), "rows")
    write(rows, f"{tmp_path}/rows")
    assert read(f"{tmp_path}/rows").items == rows.items
    leaky = arranged(frozen, "rows", rows.items.replaced(text=["불이 났어요"] * len(rows.items)), "lineage")
    with pytest.raises(InputError, match="repeats a held-out text"):
        check_trainable(leaky)


def test_too_few_rows_are_refused(frozen: Snapshot) -> None:
    few = frozen.items[:2].replaced(side=["validation", "test"])
    with pytest.raises(NotEnoughData, match="2 rows are too few for random sides"):
        by_rows(few, few.part(0, 0), 0)
