"""core.thresholds.strata: bands near and far from the threshold, and how a sample is shared among them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.thresholds import Scores, Thresholds, keep
from core.thresholds.strata import RARE, WISHES, allocate, merged, strata


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


def test_rare_answers_share_a_stratum_so_that_every_prediction_can_be_drawn() -> None:
    rng = np.random.default_rng(0)
    members = np.unique(rng.random((4000, 10)) < 0.25, axis=0)
    members = members[members.any(axis=1)]
    n, names = 5000, [f"c{at}" for at in range(10)]
    answers, sure = rng.integers(0, len(members), n), rng.random(n)
    table = Scores.of(names, answers, sure, sure, 1 - sure, members=members)
    kept = keep(table, Thresholds())
    every = strata(table, kept)
    made = merged(every, 200)
    assert len(every) > 1000
    assert len(made) <= 100
    assert sorted(row for s in made for row in s.rows) == sorted(row for s in every for row in s.rows)
    assert {s.band for s in made if s.answer == RARE} == set(WISHES)
    drawn = allocate([len(s.rows) for s in made], [WISHES[s.band] for s in made], 200)
    assert min(drawn) >= 1, "each prediction has a chance"
    assert sum(drawn) == 200
    few = strata(scores(3), keep(scores(3), Thresholds(confidence=0.6, margin=0.0)))
    assert merged(few, 200) == few


def test_the_seed_breaks_ties() -> None:
    chosen = {tuple(np.flatnonzero(allocate([5] * 20, [1.0] * 20, 5, seed))) for seed in range(10)}
    assert len(chosen) > 1
    assert any(19 in some or 18 in some for some in chosen), "late classes have a chance"
