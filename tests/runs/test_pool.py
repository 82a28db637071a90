"""core.runs.pool and core.runs.shards: parts join to a mapped table, the newest row of an item counts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fake_runs import fake_run
from numpy.typing import NDArray

from core.confidence import best_answer, calibrated
from core.errors import CheckpointMismatch, UnknownName
from core.runs.card import Calibration, write_card
from core.runs.pool import answered, measures, pool_version, read_pool, uncalibrated
from core.runs.predictions import add_pool, read_probabilities
from core.runs.shards import DIGEST, ID, PROBS, SKIPPED, Shards, as_column, digest
from core.schemes.target import Target

DANGER = Target("danger", ("normal", "danger"))
MOOD = Target("mood", ("joy", "fear", "anger"), "multi")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run with a single target and a multi-label one, and no weights."""
    card = fake_run("r1", (0.5, 0.5)).card
    calibrations = {
        name: Calibration("temperature", heat, "validation", 9, 0, 0) for name, heat in (("danger", 2.0), ("mood", 1.5))
    }
    folder = tmp_path / "r1"
    folder.mkdir()
    write_card(folder, replace(card, targets=(DANGER, MOOD), calibrations=calibrations))
    return folder


def part(ids: list[int], columns: dict[str, Any], skipped: list[str | None] | None = None) -> pa.RecordBatch:
    """A block as the job writes it; None in a table of probabilities is an item that has a label for the target."""
    reasons = skipped or [None] * len(ids)
    values: dict[str, Any] = {
        ID: pa.array(ids, pa.int64()), DIGEST: pa.array([digest(str(number)) for number in ids], pa.uint64()),
        SKIPPED: pa.array(reasons, pa.string()),
    }  # fmt: skip
    for name, rows in columns.items():
        width = next(len(row) for row in rows if row is not None)
        there = np.array([row is not None for row in rows])
        table = np.array([row if row is not None else [np.nan] * width for row in rows])
        values[PROBS + name] = as_column(table, there)
    return pa.RecordBatch.from_pydict(values)


def floats(values: Any) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def test_parts_join_and_the_newest_row_of_an_item_counts(run: Path) -> None:
    add_pool(run, "danger", [9, 1], np.array([[0.25, 0.75], [0.5, 0.5]]))  # by an earlier version
    shards = Shards(run)
    assert shards.append(part([4, 1], {"danger": [[0.9, 0.1], [0.8, 0.2]]})) == 0
    assert shards.append(part([7, 4, 2], {"danger": [[0.4, 0.6], [0.3, 0.7], None]})) == 1
    pool = read_pool(run, "danger")
    assert pool.ids.tolist() == [1, 4, 7, 9]
    assert pool.codes == ("normal", "danger")
    assert pool.answers.tolist() == [0, 1, 1, 1]
    np.testing.assert_array_equal(pool.probs, floats([[0.8, 0.2], [0.3, 0.7], [0.4, 0.6], [0.25, 0.75]]))
    np.testing.assert_allclose(pool.confidence, [0.8, 0.7, 0.6, 0.75], rtol=1e-6)
    np.testing.assert_allclose(pool.margin, [0.6, 0.4, 0.2, 0.5], rtol=1e-6)
    np.testing.assert_allclose(pool.raw_confidence, [16 / 17, 49 / 58, 36 / 52, 9 / 10], rtol=1e-5)
    assert isinstance(pool.probs, np.memmap)
    assert pool.answers.dtype == np.uint16
    assert [column.dtype for column in (pool.ids, pool.confidence, pool.entropy)] == [np.int64, np.float32, np.float32]
    assert pool.take(pool.confidence > 0.72).ids.tolist() == [1, 9]
    assert len(read_pool(run, "mood")) == 0


def test_a_new_part_makes_a_new_table_and_the_old_one_goes(run: Path) -> None:
    shards = Shards(run)
    shards.append(part([1], {"danger": [[0.9, 0.1]]}))
    first, version = read_pool(run, "danger"), pool_version(run)
    assert pool_version(run) == version
    shards.append(part([2], {"danger": [[0.2, 0.8]]}))
    assert pool_version(run) != version
    assert read_pool(run, "danger").ids.tolist() == [1, 2]
    assert first.ids.tolist() == [1], "who has the old table reads on"
    assert len(list((run / "pool/tables").iterdir())) == 1


def test_of_several_classes_the_combinations_that_occur_are_the_codes(run: Path) -> None:
    rows = [[0.9, 0.8, 0.1], [0.2, 0.3, 0.4], [0.1, 0.7, 0.6], [0.9, 0.8, 0.2], [0.6, 0.1, 0.1]]
    Shards(run).append(part([5, 6, 7, 8, 9], {"mood": rows}))
    pool = read_pool(run, "mood")
    assert pool.codes == ("", "joy", "joy|fear", "fear|anger")
    assert [pool.codes[answer] for answer in pool.answers] == ["joy|fear", "", "fear|anger", "joy|fear", "joy"]
    assert pool.members.tolist() == [[False] * 3, [True, False, False], [True, True, False], [False, True, True]]
    for number, row in enumerate(rows):
        code, confidence, margin = best_answer(MOOD, row)
        assert pool.codes[pool.answers[number]] == code
        assert (pool.confidence[number], pool.margin[number]) == pytest.approx((confidence, margin), abs=1e-6)


def test_what_could_not_be_judged_is_known_and_has_no_prediction(run: Path) -> None:
    shards = Shards(run)
    shards.append(part([1, 2], {"danger": [[0.9, 0.1], [0.2, 0.8]]}))
    shards.append(part([2, 3, 4], {"danger": [None, [0.1, 0.9], None]}, ["no text", None, None]))
    known = shards.known("danger")
    assert known.ids.tolist() == [1, 2, 3], "4 has a label"
    assert known.has_one(3, digest("3"))
    assert not known.has_one(3, digest("another text"))
    assert not known.has_one(4, digest("4"))
    assert read_pool(run, "danger").ids.tolist() == [1, 3], "the text of 2 is gone"
    assert read_probabilities(run, "pool", "danger").ids.tolist() == [1, 3]
    assert shards.known("mood").ids.tolist() == []


def test_the_cursor_tells_which_parts_the_database_lacks(run: Path) -> None:
    shards = Shards(run)
    for number in range(3):
        shards.append(part([number], {"danger": [[0.5, 0.5]]}))
    assert [number for number, _ in shards.unstored()] == [0, 1, 2]
    shards.mark_stored(1)
    assert [number for number, _ in Shards(run).unstored()] == [0, 2], "it jumps over no part"
    shards.mark_stored(0)
    assert [number for number, _ in Shards(run).unstored()] == [2]
    shards.mark_stored(2)
    assert [number for number, _ in Shards(run).unstored()] == []


def test_the_measures_are_those_of_single_rows() -> None:
    rng = np.random.default_rng(0)
    for target, logits in ((DANGER, rng.normal(size=(40, 2)) * 3), (MOOD, rng.normal(size=(40, 3)) * 3)):
        probs = calibrated(target, logits, 1.7)
        np.testing.assert_allclose(uncalibrated(target, probs, 1.7), target.probabilities(logits), atol=1e-6)
        expected = [best_answer(target, row) for row in probs]
        assert [code for code, *_ in answered(target, probs)] == [code for code, *_ in expected]
        np.testing.assert_allclose(np.array(answered(target, probs))[:, 1:].astype(float), [e[1:] for e in expected])
    one = Target("three", ("a", "b", "c"))
    assert measures(one, np.full((1, 3), 1 / 3), 1.0)[3][0] == pytest.approx(1)
    assert measures(one, np.array([[1.0, 0.0, 0.0]]), 1.0)[3][0] == 0
    assert measures(MOOD, np.array([[0.5, 1.0, 0.0]]), 1.0)[3][0] == pytest.approx(1 / 3)


def test_a_damaged_part_and_an_unknown_target_are_named(run: Path) -> None:
    with pytest.raises(UnknownName, match="unknown target 'urgency'; known: danger, mood"):
        read_pool(run, "urgency")
    Shards(run).append(part([1], {"danger": [[0.9, 0.1]]}))
    (run / "pool/part-000000.parquet").write_bytes(b"damaged")
    with pytest.raises(CheckpointMismatch, match=r"run r1: part-000000\.parquet cannot be read"):
        read_pool(run, "danger")
