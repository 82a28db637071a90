"""core.snapshots.conflicts: equal texts of different classes are counted always, and kept, dropped or outvoted."""

from training_corpus import danger_items

from core.snapshots.conflicts import ConflictCounts, settle_conflicts
from core.snapshots.format import Item


def item(number: int, text: str, code: str) -> Item:
    return Item(number, f"k{number}", f"g{number}", text, code)


ITEMS = [
    item(0, "불이 났어요", "danger"), item(1, "불이 났어요!", "danger"), item(2, "불이  났어요", "normal"),
    item(3, "배고파요", "normal"), item(4, "배고파요.", "danger"), item(5, "안녕하세요", "normal"),
    item(6, "", "normal"), item(7, "", "danger"),
]  # fmt: skip


def test_each_way() -> None:
    found = ConflictCounts(texts=2, rows=5)
    assert settle_conflicts(ITEMS, "keep") == (ITEMS, found)
    assert settle_conflicts(ITEMS, "drop") == ([ITEMS[5], ITEMS[6], ITEMS[7]], found)
    assert settle_conflicts(ITEMS, "majority") == ([ITEMS[0], ITEMS[1], ITEMS[5], ITEMS[6], ITEMS[7]], found)


def test_nothing_to_settle() -> None:
    items = danger_items(40)
    assert settle_conflicts(items, "drop") == (items, ConflictCounts())
