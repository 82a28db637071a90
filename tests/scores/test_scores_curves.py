"""core.scores.curves: by hand and against scikit-learn."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.confidence import apply_temperature
from core.scores import evaluate
from core.scores.curves import MOST_POINTS, one_against_rest, reliability


def test_the_curves_of_four_rows_by_hand() -> None:
    """Class b is ranked .9 (right), .8 (wrong), .4 (right), .1 (wrong): 3 of 4 pairs are in order."""
    second = np.array([0.9, 0.8, 0.4, 0.1])
    a, b = one_against_rest([1, 0, 1, 0], np.stack([1 - second, second], axis=1), ("a", "b"))
    assert (b["code"], b["n"], b["share"], b["auc"]) == ("b", 2, 0.5, 0.75)
    assert b["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert b["pr"] == {"recall": [1, 1, 0.5, 0.5, 0], "precision": pytest.approx([0.5, 2 / 3, 0.5, 1, 1])}
    assert b["roc"] == {"fpr": [0, 0, 0.5, 0.5, 1], "tpr": [0, 0.5, 0.5, 1, 1]}
    assert a["auc"] == 0.75


def test_each_class_equals_scikit_learn_and_long_curves_are_thinned() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 3, 2000)
    probs = rng.dirichlet(np.ones(3), 2000)
    rows = one_against_rest(gold, probs, ("a", "b", "c"))
    for k, row in enumerate(rows):
        assert row["auc"] == pytest.approx(roc_auc_score(gold == k, probs[:, k]))
        assert row["average_precision"] == pytest.approx(average_precision_score(gold == k, probs[:, k]))
        assert len(row["pr"]["recall"]) == MOST_POINTS
        assert (row["roc"]["fpr"][0], row["roc"]["fpr"][-1]) == (0, 1)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_a_class_without_example_has_no_curve() -> None:
    rows = one_against_rest([0, 0], [[0.9, 0.1], [0.6, 0.4]], ("a", "b"))
    assert [(row["n"], row["auc"], row["average_precision"]) for row in rows] == [(2, None, None), (0, None, None)]
    assert rows[0]["pr"] == {"recall": [], "precision": []}


def test_reliability_by_hand() -> None:
    """Ten rows have confidence .9 and seven are right. Five have .62 and all are right."""
    probs = [[0.9, 0.1]] * 10 + [[0.62, 0.38]] * 5
    gold = [0] * 7 + [1] * 3 + [0] * 5
    result = reliability(gold, probs, ("a", "b"))
    assert [(row["n"], row["accuracy"], round(row["confidence"], 6)) for row in result["bins"]] == [
        (5, 1.0, 0.62),
        (10, 0.7, 0.9),
    ]
    assert all(row["low"] < row["confidence"] <= row["high"] for row in result["bins"])
    assert result["ece"] == pytest.approx((10 * 0.2 + 5 * 0.38) / 15)
    assert result["ece"] == pytest.approx(evaluate(gold, probs, ["g"] * 15, ("a", "b"), resamples=0)["ece"])


def test_a_temperature_is_taken_back_by_its_inverse() -> None:
    probs = np.random.default_rng(1).dirichlet(np.ones(4), 50)
    assert apply_temperature(apply_temperature(probs, 2.5), 1 / 2.5) == pytest.approx(probs)
