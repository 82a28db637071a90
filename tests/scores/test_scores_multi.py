"""core.scores.multi: equal to scikit-learn, intervals over groups, thresholds, and inputs that do not fit."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from core.errors import InputError, NotEnoughData
from core.scores import NEVER_PREDICTED, NO_EXAMPLE, ONE_GROUP
from core.scores.multi import best_thresholds, evaluate_multi

CODES = ("joy", "anger", "fear", "calm")


def _made(n: int = 300, k: int = 4, per_group: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    answers = rng.random((n, k)) < np.linspace(0.5, 0.15, k)
    probs = np.clip(0.55 * answers + rng.random((n, k)) * 0.6, 0, 1)
    return answers.astype(np.int64), probs, [f"call-{i // per_group}" for i in range(n)]


def test_point_values_equal_scikit_learn() -> None:
    answers, probs, groups = _made()
    guess = (probs >= 0.5).astype(int)
    scores = evaluate_multi(answers, probs, groups, CODES, resamples=50)
    assert scores["accuracy"]["value"] == pytest.approx(accuracy_score(answers, guess))
    for name in ("macro", "micro", "weighted"):
        assert scores[f"{name}_f1"]["value"] == pytest.approx(f1_score(answers, guess, average=name))
    expected = precision_recall_fscore_support(answers, guess)
    for k, row in enumerate(scores["per_class"]):
        assert [row[s]["value"] for s in ("precision", "recall", "f1")] == pytest.approx([e[k] for e in expected[:3]])
        assert (row["code"], row["n"], row["threshold"]) == (CODES[k], expected[3][k], 0.5)
    assert (scores["n"], scores["n_groups"], scores["notes"]) == (300, 60, [])
    assert scores["labels"]["true"] == pytest.approx(answers.sum(axis=1).mean())
    for name in ("accuracy", "macro_f1", "micro_f1", "weighted_f1"):
        assert scores[name]["low"] < scores[name]["value"] < scores[name]["high"]
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 3)), min_size=1, max_size=30))
def test_averages_equal_scikit_learn_with_absent_classes(rows: list[tuple[int, int, int]]) -> None:
    answers = np.array([[row[0] >> k & 1 for k in range(3)] for row in rows])
    guess = np.array([[row[1] >> k & 1 for k in range(3)] for row in rows])
    scores = evaluate_multi(answers, guess.astype(float), [str(row[2]) for row in rows], CODES[:3], resamples=20)
    present = np.flatnonzero(answers.any(axis=0))
    if len(present):
        by_hand = f1_score(answers, guess, labels=present, average="macro", zero_division=0)
        assert scores["macro_f1"]["value"] == pytest.approx(by_hand)
    else:
        assert scores["macro_f1"]["value"] is None
    if answers.any() or guess.any():
        micro = f1_score(answers, guess, average="micro", zero_division=0)
        assert scores["micro_f1"]["value"] == pytest.approx(micro)
    assert scores["accuracy"]["value"] == pytest.approx((answers == guess).all(axis=1).mean())
    json.dumps(scores, allow_nan=False)


def test_the_interval_is_that_of_drawing_groups_one_by_one() -> None:
    answers, probs, groups = _made(n=120)
    scores = evaluate_multi(answers, probs, groups, CODES, resamples=4000, seed=3)
    rng = np.random.default_rng(9)
    names = sorted(set(groups))
    rows = {name: [i for i, group in enumerate(groups) if group == name] for name in names}
    guess = (probs >= 0.5).astype(int)
    drawn = []
    for _ in range(1500):
        at = [i for name in rng.choice(names, len(names)) for i in rows[name]]
        drawn.append(2 * (answers[at] & guess[at]).sum() / (answers[at].sum() + guess[at].sum()))
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert scores["micro_f1"]["low"] == pytest.approx(low, abs=0.012)
    assert scores["micro_f1"]["high"] == pytest.approx(high, abs=0.012)


def test_dependent_rows_widen_the_interval_and_one_group_has_none() -> None:
    answers, probs, _ = _made(n=60)
    answers, probs = np.repeat(answers, 5, axis=0), np.repeat(probs, 5, axis=0)
    apart = evaluate_multi(answers, probs, [str(i) for i in range(300)], CODES)["micro_f1"]
    together = evaluate_multi(answers, probs, [str(i // 5) for i in range(300)], CODES)["micro_f1"]
    assert together["high"] - together["low"] > 1.5 * (apart["high"] - apart["low"])
    alone = evaluate_multi(answers, probs, ["g"] * 300, CODES)
    assert (alone["micro_f1"]["low"], alone["bootstrap"]["resamples"]) == (None, 0)
    assert {"what": ONE_GROUP, "classes": []} in alone["notes"]


def test_a_class_without_example_scores_none_and_one_never_predicted_zero() -> None:
    scores = evaluate_multi([[1, 1, 0], [0, 1, 0]], [[0.9, 0.1, 0.8], [0.2, 0.1, 0.2]], ["a", "b"], CODES[:3])
    none = {"value": None, "low": None, "high": None}
    assert scores["per_class"][2] == {
        "code": "fear", "n": 0, "threshold": 0.5, "precision": none, "recall": none, "f1": none,
    }  # fmt: skip
    assert scores["per_class"][1]["precision"] == none
    assert scores["per_class"][1]["f1"]["value"] == 0
    assert scores["macro_f1"]["value"] == pytest.approx(0.5)
    assert scores["notes"] == [
        {"what": NO_EXAMPLE, "classes": ["fear"]},
        {"what": NEVER_PREDICTED, "classes": ["anger"]},
    ]


def test_thresholds_are_the_best_on_the_items_they_were_chosen_on() -> None:
    answers, probs, groups = _made()
    probs = probs * np.array([0.4, 0.7, 1.0, 0.5])
    limits = best_thresholds(answers, probs)
    fixed = evaluate_multi(answers, probs, groups, CODES, resamples=0)
    tuned = evaluate_multi(answers, probs, groups, CODES, thresholds=limits, resamples=0)
    for k, row in enumerate(tuned["per_class"]):
        guesses = probs[:, k] >= np.unique(probs[:, k])[:, None]
        tried = 2 * (guesses & (answers[:, k] == 1)).sum(axis=1) / (guesses.sum(axis=1) + answers[:, k].sum())
        assert row["f1"]["value"] == pytest.approx(max(tried))
    assert tuned["macro_f1"]["value"] > fixed["macro_f1"]["value"] + 0.1
    assert best_thresholds([[0], [0]], [[0.3], [0.2]]).tolist() == [0.5]


def test_calibration_is_measured_over_all_single_answers() -> None:
    rng = np.random.default_rng(0)
    probs = rng.random((4000, 3))
    answers = rng.random((4000, 3)) < probs
    groups = [str(i) for i in range(4000)]
    assert evaluate_multi(answers, probs, groups, CODES[:3], resamples=0)["ece"] < 0.02
    assert evaluate_multi(answers, probs**4, groups, CODES[:3], resamples=0)["ece"] > 0.2


@pytest.mark.parametrize(
    ("answers", "probs", "thresholds", "message"),
    [
        ([[1, 0]], [[0.5, 0.5, 0.5]], None, r"answers \(1, 2\) and probabilities \(1, 3\) must both be 1 rows of 2"),
        ([[1, 2]], [[0.5, 0.5]], None, "answers must be 0 or 1"),
        ([[1, float("nan")]], [[0.5, 0.5]], None, "leave out the items without an answer"),
        ([[1, 0]], [[0.5, 1.5]], None, "from 0 to 1"),
        ([[1, 0]], [[0.5, float("nan")]], None, "must be finite"),
        ([[1, 0]], [[0.5, 0.5]], [0.5], r"expected 2 thresholds, one a class, found \(1,\)"),
    ],
)
def test_what_does_not_fit_is_refused(answers: list, probs: list, thresholds: list | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate_multi(answers, probs, ["a"], CODES[:2], thresholds=thresholds)


def test_nothing_to_score() -> None:
    with pytest.raises(NotEnoughData, match="nothing to score"):
        evaluate_multi(np.zeros((0, 2)), np.zeros((0, 2)), [], CODES[:2])
