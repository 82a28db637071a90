"""core.snapshots.weights: silver answers that count less, in the folder and the hash; nothing changes without them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from training_corpus import AT, FRACTIONS, danger_items

from core.errors import CheckpointMismatch, InputError
from core.schemes import DANGER, Label, Scheme
from core.snapshots.answers import Further
from core.snapshots.format import Item, Snapshot, content_hash, read, write
from core.snapshots.freeze import build
from core.snapshots.items import Items
from core.snapshots.sides import with_known_sides
from core.snapshots.weights import check_weights, weight_columns, weights_of

TONE = Scheme("tone", "어조", "Tone", "utterance", tuple(Label(c, c, c, "", "#000000") for c in ("calm", "loud")))


def items(n: int = 120) -> list[Item]:
    """Each third item is silver."""
    return [replace(item, gold=number % 3 > 0) for number, item in enumerate(danger_items(n))]


def frozen(weight: float | None = 0.25, **more: object) -> Snapshot:
    """All items have the weight, gold ones too, which must not be used there."""
    given = {} if weight is None else {"danger": {item.key: weight for item in items()}}
    return build("w", DANGER, items(), FRACTIONS, 1, AT, weights=given, **more)  # type: ignore[arg-type]


def test_only_silver_answers_on_the_training_side_have_a_weight() -> None:
    made = frozen()
    weights = weights_of(made.items, "danger")
    assert weights is not None
    rows = list(zip(made.items.column("gold"), made.items.column("side"), weights, strict=True))
    assert {(gold, side, weight) for gold, side, weight in rows if not gold} == {(False, "train", 0.25)}
    assert {weight for gold, _, weight in rows if gold} == {1.0}
    silver = sum(not gold for gold, *_ in rows)
    assert made.report["weights"] == {"danger": {"n": silver, "least": 0.25, "most": 1.0}}
    assert silver > 10


def test_a_snapshot_without_weights_is_the_one_of_before() -> None:
    plain, ones = frozen(None), frozen(1.0)
    assert plain.items == ones.items
    assert plain.sha256 == ones.sha256 == content_hash("danger", DANGER.codes, [*plain.items])
    assert (weight_columns(ones.items), weights_of(ones.items, "danger")) == ([], None)
    assert "weights" not in ones.report


def test_weights_are_hashed_and_come_back_from_the_disk(tmp_path: Path) -> None:
    made = frozen()
    assert len({made.sha256, frozen(None).sha256, frozen(0.5).sha256}) == 3
    write(made, tmp_path / "w")
    again = read(tmp_path / "w")
    assert again.items == made.items
    np.testing.assert_array_equal(weights_of(again.items, "danger"), weights_of(made.items, "danger"))
    table = pq.ParquetFile(tmp_path / "w" / "items.parquet").read()
    other = pa.array([1.0] * len(table), pa.float64())
    pq.write_table(table.set_column(table.schema.get_field_index("weight"), "weight", other),
                   tmp_path / "w" / "items.parquet")  # fmt: skip
    with pytest.raises(CheckpointMismatch, match="its items are not those that were frozen"):
        read(tmp_path / "w")


def test_a_weight_belongs_to_one_target() -> None:
    answers = {item.key: (TONE.codes[number % 2], number % 5 > 0) for number, item in enumerate(items())}
    given = {"danger": dict.fromkeys(answers, 0.25), "tone": dict.fromkeys(answers, 0.5)}
    made = build("w", DANGER, items(), FRACTIONS, 1, AT, further=[Further(TONE, answers)], weights=given)
    assert weight_columns(made.items) == ["weight", "weight:tone"]
    golds = {"danger": made.items.column("gold"), "tone": made.items.column("gold:tone")}
    for name, weight in (("danger", 0.25), ("tone", 0.5)):
        column = weights_of(made.items, name)
        assert column is not None
        silver = [
            not gold and side == "train" and code is not None
            for gold, side, code in zip(golds[name], made.items.column("side"), made.answers(name), strict=True)
        ]
        np.testing.assert_array_equal(column, np.where(silver, weight, 1.0))
        view = made.under(name)
        seen = weights_of(view.items, name)
        assert seen is not None
        assert dict(zip(view.items.column("key"), seen, strict=True)) == {
            key: w for key, w, code in zip(made.items.column("key"), column, made.answers(name), strict=True) if code
        }


def test_parts_without_weights_count_one_beside_parts_with_them() -> None:
    with_weights, plain = frozen().items, Items.of(items(6))
    for joined, first in ((Items.join(with_weights, plain), 0), (Items.join(plain, with_weights), len(with_weights))):
        column = weights_of(joined, "danger")
        assert column is not None
        assert len(joined) == len(with_weights) + 6
        assert column[first and -len(with_weights) :].min() == 0.25
        assert (column[len(with_weights) :] if not first else column[:6]).tolist() == [1.0] * 6


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_cannot_be_is_refused(weight: float) -> None:
    with pytest.raises(InputError, match=r"weight .* is not a finite number above 0"):
        frozen(weight)
    made = frozen()
    broken = made.items.replaced(weight=[weight] * len(made.items))
    with pytest.raises(CheckpointMismatch, match="snapshot w: a weight is not a finite number above 0"):
        check_weights("w", broken)


def test_a_weight_on_a_held_out_side_is_refused() -> None:
    made = frozen()
    with pytest.raises(CheckpointMismatch, match="an item of validation or test has a weight"):
        check_weights("w", made.items.replaced(weight=[0.5] * len(made.items)))


def test_a_group_keeps_the_side_that_one_of_its_items_has_already() -> None:
    rows = [("a", "g", "test"), ("b", "g", "test"), ("c", "h", "train"), ("d", "h", "train"), ("e", "i", "validation")]
    made = Items.of([Item(n, key, group, "", "danger", 1, side) for n, (key, group, side) in enumerate(rows)])  # type: ignore[arg-type]
    known = {"a": "validation", "c": "test", "d": "train", "x": "test"}
    assert with_known_sides(made, known).column("side") == [  # type: ignore[arg-type]
        "validation", "validation", "train", "train", "validation",
    ]  # fmt: skip
