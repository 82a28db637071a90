"""core.training.trainer.length_batches: every row once an epoch, little padding, the same order for the same seed."""

import numpy as np

from core.training.trainer.length_batches import LengthSampler

LENGTHS = np.random.default_rng(0).integers(3, 100, 1003)


def order(seed: int, epoch: int) -> list[int]:
    sampler = LengthSampler(LENGTHS, 16, seed)
    sampler.set_epoch(epoch)
    assert len(sampler) == 1003
    return list(sampler)


def padding(rows: list[int]) -> float:
    """Padded length over true length, in batches of 16."""
    batches = [LENGTHS[rows[at : at + 16]] for at in range(0, len(rows), 16)]
    return sum(len(batch) * batch.max() for batch in batches) / LENGTHS.sum()


def test_every_row_comes_once() -> None:
    assert sorted(order(0, 0)) == list(range(1003))


def test_rows_of_like_length_share_a_batch() -> None:
    assert padding(order(0, 0)) < 1.05
    assert padding(list(range(1003))) > 1.8


def test_seed_and_epoch_decide() -> None:
    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_long_batches_do_not_all_come_first() -> None:
    rows = order(0, 0)
    means = [LENGTHS[rows[at : at + 16]].mean() for at in range(0, 1000 - 16, 16)]
    assert abs(np.mean(means[:31]) - np.mean(means[31:])) < 20


def test_no_row() -> None:
    assert list(LengthSampler(np.zeros(0, dtype=np.int64), 16, 0)) == []


def test_each_batch_holds_the_classes_in_proportion() -> None:
    """One class in four has texts that are twice as long; sorted by length alone, half the batches lack a class."""
    rng = np.random.default_rng(1)
    classes = (np.arange(1600) % 4 == 0).astype(np.int64)
    lengths = rng.integers(5, 20, 1600) * (1 + classes)
    batches = np.array(list(LengthSampler(lengths, 16, 0, classes))).reshape(-1, 16)
    assert sorted(batches.ravel().tolist()) == list(range(1600))
    assert {int(classes[rows].sum()) for rows in batches} <= {3, 4, 5}
    alone = np.array(list(LengthSampler(lengths, 16, 0))).reshape(-1, 16)
    assert sum(classes[rows].sum() in (0, 16) for rows in alone) > 20
    spread = [int(np.ptp(lengths[rows][classes[rows] == 0])) for rows in batches]
    assert max(spread) <= 2, "rows of one class in a batch are of like length"


def test_rows_of_one_length_stay_shuffled() -> None:
    classes = np.arange(160) % 2
    order_of = [list(LengthSampler(np.full(160, 7), 16, 0, given)) for given in (classes, None)]
    assert order_of[0] == order_of[1]
