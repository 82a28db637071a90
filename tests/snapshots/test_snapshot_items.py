"""core.snapshots.items: columns that look like a sequence of items."""

import json
from dataclasses import asdict, replace
from hashlib import sha256

import pytest
from training_corpus import danger_items

from core.snapshots import items as module
from core.snapshots.format import content_hash
from core.snapshots.items import Item, Items

MIXED = [
    Item(1, "a", "g", '불\n"이"야 \U0001f525', "danger", 1, "test", False, "a.wav", 0, 1500, "caller", "c1"),
    Item(2, "b", "g2", "", "normal", 0, audio=None, start_ms=None, end_ms=7),
    *danger_items(30),
]


def test_it_is_a_sequence_of_equal_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 7)
    made = Items.of(iter(MIXED))
    assert list(made) == MIXED
    assert made == MIXED
    assert made == Items.of(MIXED)
    assert made != MIXED[:-1]
    assert made != [replace(MIXED[0], text="x"), *MIXED[1:]]
    assert (len(made), made[0], made[-1], list(made[1:3])) == (32, MIXED[0], MIXED[-1], MIXED[1:3])
    assert made.column("start_ms")[:3] == [0, None, None]
    assert [type(value) for value in made.column("end_ms")[:2]] == [int, int]
    assert list(made.take([2, 0])) == [MIXED[2], MIXED[0]]
    assert made.replaced(group=["x"] * 32)[5].group == "x"
    assert list(Items.join(made, made)) == MIXED * 2
    assert Items.of([]) == ()
    with pytest.raises(IndexError):
        made[32]


def test_the_hash_is_that_of_json_lines() -> None:
    """The hash as the first program computed it: snapshots on disk hold it."""
    digest = sha256(json.dumps(["danger", ["normal", "danger"]]).encode())
    for item in sorted(MIXED, key=lambda item: item.key):
        line = {name: value for name, value in sorted(asdict(item).items()) if name not in ("id", "label")}
        digest.update(b"\n" + json.dumps(line).encode())
    assert content_hash("danger", ("normal", "danger"), MIXED[::-1]) == digest.hexdigest()
