"""core.snapshots.students: pseudo-labels come beside the items of a snapshot, and move none of them."""

from core.records import Side
from core.snapshots.items import Item, Items
from core.snapshots.students import with_pseudo_labels


def item(key: str, text: str, side: Side = "train", group: str = "", gold: bool = True) -> Item:
    return Item(
        id=len(key), key=key, group=group or key, text=text, code="danger", label=1, gold=gold, side=side,
    )  # fmt: skip


BASE = Items.of(
    [item("a", "부엌에 불이 났어요"), item("b", "책을 조용히 읽어요", "test"), item("c", "물이 넘쳐요", "validation")]
)


def test_pseudo_labels_stand_in_training_and_the_rest_stays_as_it_was() -> None:
    fresh = Items.of([*BASE, item("p", "지하에 연기가 나요", "test", gold=True), item("q", "모르는 문장입니다")])
    made, left_out = with_pseudo_labels(BASE, fresh, ["p"], reads_text=True)
    assert made[:3] == BASE
    assert [(one.key, one.side, one.gold) for one in made[3:]] == [("p", "train", False)]
    assert left_out == 0


def test_what_belongs_to_a_held_out_item_is_left_out() -> None:
    fresh = Items.of(
        [
            item("b", "책을 조용히 읽어요", group="call 1"), item("turn", "같은 통화의 다른 말", group="call 1"),
            item("near", "책을 조용히 읽어요!"), item("old", "다른 문장이에요", group="b"),
            item("far", "옥상에 사람이 있어요"),
        ]
    )  # fmt: skip
    made, left_out = with_pseudo_labels(BASE, fresh, ["turn", "near", "old", "far", "a"], reads_text=True)
    assert (made[3:].column("key"), left_out) == (["far"], 3)
    made, left_out = with_pseudo_labels(BASE, fresh, ["near"], reads_text=False)
    assert (made[3:].column("key"), left_out) == (["near"], 0)  # equal words are no leak where the voice alone is read


def test_what_belongs_to_a_gold_set_is_left_out_too() -> None:
    gold = Items.of([item("g", "옥상에 사람이 있어요", group="call 9")])
    fresh = Items.of(
        [
            item("near", "옥상에 사람이 있어요!"),
            item("turn", "같은 통화의 다른 말", group="call 9"),
            item("p", "다른 말이에요"),
        ]
    )
    made, left_out = with_pseudo_labels(BASE, fresh, ["near", "turn", "p"], True, gold)
    assert (made[3:].column("key"), left_out) == (["p"], 2)
