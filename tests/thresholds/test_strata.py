"""core.thresholds.strata: bands near and far from the threshold, and how a sample is shared among them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.thresholds import Scores, Thresholds, keep
from core.thresholds.strata import allocate, strata


def scores(seed: int, n: int = 300) -> Scores:
    rng = np.random.default_rng(seed)
    return Scores.of(("a", "b", "c"), rng.integers(0, 3, n), rng.random(n), rng.random(n), rng.random(n))


def test_the_bands_lie_around_the_threshold() -> None:
    table = scores(3)
    kept = keep(table, Thresholds(confidence=0.6, margin=0.0))
    for stratum in strata(table, kept):
        mine = np.flatnonzero((table.answers == stratum.answer) & kept)
        sure = table.confidence[stratum.rows]
        if stratum.band == "near":
            assert len(stratum.rows) == -(-len(mine) // 3)
            assert set(stratum.rows) == set(mine[np.argsort(table.confidence[mine])][: len(stratum.rows)])
        elif stratum.band == "below":
            assert not kept[stratum.rows].any()
            dropped = table.confidence[(table.answers == stratum.answer) & ~kept]
            assert np.allclose(np.sort(sure), np.sort(dropped)[-len(sure) :])
    inside = np.concatenate([s.rows for s in strata(table, kept) if s.band != "below"])
    assert sorted(inside.tolist()) == np.flatnonzero(kept).tolist(), "each kept prediction is in one stratum"


def test_an_answer_without_a_class_is_in_no_stratum() -> None:
    members = [[False], [True]]
    table = Scores.of(("a",), [0, 1, 0], [0.9, 0.9, 0.9], [0.8] * 3, [0.1] * 3, members=members)
    assert [s.answer for s in strata(table, np.array([True, True, True]))] == [1]
    assert strata(table, np.zeros(3, bool)) == []


@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from([1.0, 2.0])), min_size=1, max_size=8), st.integers(1, 200)
)
def test_a_sample_is_whole_and_leaves_no_stratum_out(table: list[tuple[int, float]], n: int) -> None:
    sizes, wishes = zip(*table, strict=True)
    drawn = allocate(sizes, wishes, n)
    assert sum(drawn) == min(n, sum(sizes))
    assert all(0 <= d <= size for d, size in zip(drawn, sizes, strict=True))
    assert n < len(sizes) or min(drawn) >= 1
