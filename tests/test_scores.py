import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, precision_recall_fscore_support
from statsmodels.stats.proportion import proportion_confint

from core.errors import InputError, NotEnoughData
from core.scores import NEVER_PREDICTED, NO_EXAMPLE, ONE_GROUP, evaluate

CODES = ("low", "medium", "high")


def _made(n: int = 400, k: int = 3, per_group: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, k, n)
    probs = rng.dirichlet(np.ones(k), n) + 0.7 * np.eye(k)[gold]
    return gold, probs / probs.sum(axis=1, keepdims=True), [f"call-{i // per_group}" for i in range(n)]


def test_point_values_equal_scikit_learn() -> None:
    gold, probs, groups = _made()
    guess = probs.argmax(axis=1)
    scores = evaluate(gold, probs, groups, CODES, resamples=50)
    assert scores["accuracy"]["value"] == pytest.approx(accuracy_score(gold, guess))
    assert scores["macro_f1"]["value"] == pytest.approx(f1_score(gold, guess, average="macro"))
    assert scores["weighted_f1"]["value"] == pytest.approx(f1_score(gold, guess, average="weighted"))
    assert scores["log_loss"] == pytest.approx(log_loss(gold, probs))
    assert scores["confusion"] == confusion_matrix(gold, guess).tolist()
    expected = precision_recall_fscore_support(gold, guess)
    for i, row in enumerate(scores["per_class"]):
        assert [row[s]["value"] for s in ("precision", "recall", "f1")] == pytest.approx([e[i] for e in expected[:3]])
        assert (row["code"], row["n"]) == (CODES[i], expected[3][i])
    assert (scores["n"], scores["n_groups"], scores["notes"]) == (400, 80, [])
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=30))
def test_averages_equal_scikit_learn_with_absent_classes(rows: list[tuple[int, int, int]]) -> None:
    gold, guess = [r[0] for r in rows], [r[1] for r in rows]
    present = sorted(set(gold))
    scores = evaluate(gold, np.eye(3)[guess], [str(r[2]) for r in rows], CODES, resamples=20)
    by_hand = f1_score(gold, guess, labels=present, average="macro", zero_division=0)
    assert scores["macro_f1"]["value"] == pytest.approx(by_hand)
    assert scores["weighted_f1"]["value"] == pytest.approx(f1_score(gold, guess, average="weighted", zero_division=0))
    for name in ("accuracy", "macro_f1", "weighted_f1"):
        score = scores[name]
        assert (score["low"] is None) == (scores["n_groups"] == 1)
        assert score["low"] is None or 0 <= score["low"] <= score["high"] <= 1
    json.dumps(scores, allow_nan=False)


def test_a_class_without_example_scores_none_and_says_so() -> None:
    probs = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    scores = evaluate([0, 1, 0], probs, ["a", "b", "c"], CODES, resamples=20)
    none = {"value": None, "low": None, "high": None}
    assert scores["per_class"][2] == {"code": "high", "n": 0, "precision": none, "recall": none, "f1": none}
    assert scores["notes"] == [{"what": NO_EXAMPLE, "classes": ["high"]}]
    assert scores["macro_f1"]["value"] == pytest.approx((2 / 3 + 1) / 2)


def test_a_class_never_predicted_has_no_precision_but_recall_0() -> None:
    scores = evaluate([0, 1], [[0.9, 0.1], [0.6, 0.4]], ["a", "b"], CODES[:2], resamples=20)
    medium = scores["per_class"][1]
    assert (medium["precision"]["value"], medium["recall"]["value"], medium["f1"]["value"]) == (None, 0.0, 0.0)
    assert scores["notes"] == [{"what": NEVER_PREDICTED, "classes": ["medium"]}]


def test_one_group_gives_no_interval() -> None:
    scores = evaluate([0, 1], [[0.9, 0.1], [0.6, 0.4]], ["a", "a"], CODES[:2])
    assert scores["accuracy"] == {"value": 0.5, "low": None, "high": None}
    assert scores["notes"][-1] == {"what": ONE_GROUP, "classes": []}
    assert scores["bootstrap"]["resamples"] == 0


def _macro_f1(gold: np.ndarray, guess: np.ndarray) -> float:
    """The same as scikit-learn's where every class occurs, without its checks, which take a millisecond."""
    table = np.bincount(3 * gold + guess, minlength=9).reshape(3, 3)
    return float((2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))).mean())


def test_the_interval_is_that_of_drawing_groups_one_by_one() -> None:
    gold, probs, groups = _made(n=300, per_group=10)
    scores = evaluate(gold, probs, groups, CODES, resamples=4000)
    names, which = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(7)
    guess = probs.argmax(axis=1)
    assert _macro_f1(gold, guess) == pytest.approx(f1_score(gold, guess, average="macro"))
    macro = []
    for _ in range(600):
        rows = np.concatenate([np.flatnonzero(which == g) for g in rng.integers(0, len(names), len(names))])
        macro.append(_macro_f1(gold[rows], guess[rows]))
    low, high = np.percentile(macro, [2.5, 97.5])
    assert scores["macro_f1"]["low"] == pytest.approx(low, abs=0.012)
    assert scores["macro_f1"]["high"] == pytest.approx(high, abs=0.012)


def test_dependent_rows_widen_the_interval() -> None:
    """All rows of a call are right or wrong together: 10 calls give a wider interval than 200 sentences."""
    gold = np.zeros(200, dtype=int)
    probs = np.repeat(np.array([[0.9, 0.1]] * 7 + [[0.1, 0.9]] * 3), 20, axis=0)
    alone = evaluate(gold, probs, [str(i) for i in range(200)], CODES[:2])["accuracy"]
    calls = evaluate(gold, probs, [str(i // 20) for i in range(200)], CODES[:2])["accuracy"]
    assert alone["value"] == calls["value"] == 0.7
    assert calls["high"] - calls["low"] > 3 * (alone["high"] - alone["low"])
    low, high = proportion_confint(140, 200, method="wilson")
    assert (alone["low"], alone["high"]) == pytest.approx((low, high), abs=0.015)


def test_the_seed_fixes_the_interval_and_row_order_does_not_matter() -> None:
    gold, probs, groups = _made(100)
    order = np.random.default_rng(1).permutation(100)
    again = evaluate(gold[order], probs[order], [groups[i] for i in order], CODES, resamples=100)
    first = evaluate(gold, probs, groups, CODES, resamples=100)
    for name in ("accuracy", "macro_f1", "per_class", "confusion"):
        assert again[name] == first[name]
    assert evaluate(gold, probs, groups, CODES, resamples=100, seed=1)["accuracy"] != first["accuracy"]


def test_blocks_of_resamples_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gold, probs, groups = _made(200)
    whole = evaluate(gold, probs, groups, CODES, resamples=101)
    monkeypatch.setattr("core.scores._CELLS_AT_ONCE", 300)
    assert evaluate(gold, probs, groups, CODES, resamples=101) == whole


def test_ece_by_hand() -> None:
    """Ten rows have confidence .9 and seven are right: |.7 - .9|. Five have .62 and all are right: |1 - .62|."""
    probs = [[0.9, 0.1]] * 10 + [[0.62, 0.38]] * 5
    gold = [0] * 7 + [1] * 3 + [0] * 5
    scores = evaluate(gold, probs, [str(i) for i in range(15)], CODES[:2], resamples=5)
    assert scores["ece"] == pytest.approx((10 * 0.2 + 5 * 0.38) / 15)


@pytest.mark.parametrize(
    ("gold", "probs", "groups", "error", "message"),
    [
        ([], np.empty((0, 2)), [], NotEnoughData, "nothing to score"),
        ([0], [[0.5, 0.5]], ["a", "b"], InputError, "1 gold labels and 2 classes"),
        ([0], [[0.2, 0.3, 0.5]], ["a"], InputError, r"probabilities \(1, 3\)"),
        ([2], [[0.5, 0.5]], ["a"], InputError, "from 0 to 1"),
        ([0.0], [[0.5, 0.5]], ["a"], InputError, "from 0 to 1"),
        ([0], [[0.5, 0.2]], ["a"], InputError, "sum to 1"),
        ([0], [[np.nan, 1.0]], ["a"], InputError, "finite"),
    ],
)
def test_wrong_shapes_and_values_are_refused(
    gold: list[int], probs: object, groups: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        evaluate(gold, np.asarray(probs), groups, CODES[:2])
