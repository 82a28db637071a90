"""core.scores.paired: by hand, against statsmodels and scipy, and against drawing groups one by one."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score
from statsmodels.stats.contingency_tables import mcnemar as reference

from core.errors import InputError, NotEnoughData
from core.scores.paired import EXACT_BELOW, compare, mcnemar


def rights(both: int, lost: int, won: int, neither: int) -> tuple[list[bool], list[bool]]:
    first = [True] * (both + lost) + [False] * (won + neither)
    second = [True] * both + [False] * lost + [True] * won + [False] * neither
    return first, second


def test_mcnemar_by_hand() -> None:
    """Six items changed, one of them for the worse: p = 2 (C(6,0) + C(6,1)) / 2^6 = 14 / 64."""
    result = mcnemar(*rights(both=10, lost=1, won=5, neither=2))
    assert result == {
        "both_right": 10, "right_to_wrong": 1, "wrong_to_right": 5, "both_wrong": 2, "statistic": 1.0,
        "p_value": pytest.approx(14 / 64), "exact": True,
    }  # fmt: skip
    assert result["p_value"] == pytest.approx(binomtest(1, 6).pvalue)


def test_mcnemar_with_many_changes_is_the_corrected_chi_square() -> None:
    """(|30 - 10| - 1)^2 / 40 = 9.025."""
    result = mcnemar(*rights(both=100, lost=30, won=10, neither=5))
    assert (result["exact"], result["statistic"]) == (False, pytest.approx(9.025))
    assert result["p_value"] == pytest.approx(reference([[100, 30], [10, 5]], exact=False).pvalue)
    assert mcnemar(*rights(9, EXACT_BELOW - 1, 0, 0))["exact"]
    assert not mcnemar(*rights(9, EXACT_BELOW, 0, 0))["exact"]


def test_two_equal_models_have_p_1() -> None:
    assert mcnemar(*rights(3, 0, 0, 2))["p_value"] == 1.0


def test_the_difference_by_hand() -> None:
    """First: 2 of 4 right. Second: 3 of 4. Macro-F1 of the first is (1/2 + 1/2) / 2, of the second (2/3 + 4/5) / 2."""
    result = compare([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 1], list("abcd"), 2, resamples=50)
    assert (result["n"], result["n_groups"]) == (4, 4)
    assert (result["accuracy"]["first"], result["accuracy"]["second"]) == (0.5, 0.75)
    assert result["accuracy"]["difference"]["value"] == pytest.approx(0.25)
    assert result["macro_f1"]["difference"]["value"] == pytest.approx((2 / 3 + 4 / 5) / 2 - 0.5)
    low, high = (result["accuracy"]["difference"][end] for end in ("low", "high"))
    assert low <= 0.25 <= high


def test_a_model_against_itself_differs_by_0_in_every_draw() -> None:
    gold, guess = [0, 1, 0, 1, 1, 0], [0, 1, 1, 1, 0, 0]
    result = compare(gold, guess, guess, list("aabbcc"), 2, resamples=50)
    assert result["macro_f1"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}


@pytest.mark.slow
def test_the_interval_is_that_of_drawing_groups_one_by_one() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 3, 300)
    first, second = (np.where(rng.random(300) < share, gold, rng.integers(0, 3, 300)) for share in (0.5, 0.7))
    groups = np.repeat(np.arange(60), 5)
    result = compare(gold, first, second, [str(g) for g in groups], 3, resamples=4000)
    drawn = []
    for _ in range(800):
        rows = np.concatenate([np.flatnonzero(groups == g) for g in rng.integers(0, 60, 60)])
        drawn.append(
            f1_score(gold[rows], second[rows], average="macro") - f1_score(gold[rows], first[rows], average="macro")
        )
    difference = result["macro_f1"]["difference"]
    assert (difference["low"], difference["high"]) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.015)


def test_one_group_gives_no_interval() -> None:
    assert compare([0, 1], [0, 0], [0, 1], ["a", "a"], 2)["accuracy"]["difference"] == {
        "value": 0.5, "low": None, "high": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (([], [], [], [], 2), NotEnoughData, "share no item"),
        (([0], [0, 1], [0], ["a"], 2), InputError, "expected 1 class ids from 0 to 1"),
        (([0], [2], [0], ["a"], 2), InputError, "expected 1 class ids from 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compare(*given)
