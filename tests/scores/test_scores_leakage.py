"""core.scores.leakage: the scores are those of the usual evaluation, differences are taken on the same draws."""

import numpy as np
import pytest

from core.errors import NotEnoughData
from core.scores import evaluate
from core.scores.leakage import ScoredRows, measure
from core.scores.multi import evaluate_multi

CODES = ("low", "medium", "high")


def rows(n: int = 240, seed: int = 0, right: float = 0.7, first: int = 0) -> ScoredRows:
    """Rows of groups of four, from group `first` on; a share of about `right` is predicted right."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 3, n)
    guess = np.where(rng.random(n) < right, gold, rng.integers(0, 3, n))
    one_hot = np.eye(3, dtype=bool)
    return ScoredRows(one_hot[gold], one_hot[guess], [f"g{first + i // 4:03}" for i in range(n)])


def test_scores_of_a_model_are_those_of_the_usual_evaluation() -> None:
    own = rows()
    scored = measure({"a": own}, {}, critical=2, resamples=400)["models"]["a"]
    usual = evaluate(own.truth.argmax(axis=1), own.guess.astype(float), own.groups, CODES, resamples=400)
    assert (scored["n"], scored["n_groups"]) == (240, 60)
    for name, expected in (
        ("accuracy", usual["accuracy"]), ("macro_f1", usual["macro_f1"]), ("recall", usual["per_class"][2]["recall"]),
    ):  # fmt: skip
        assert scored[name]["value"] == pytest.approx(expected["value"])
        assert [scored[name][end] for end in ("low", "high")] == pytest.approx(
            [expected[end] for end in ("low", "high")], abs=0.03
        )


def test_rows_of_several_classes_are_right_only_as_a_set() -> None:
    own = rows()
    several = ScoredRows(own.truth | np.eye(3, dtype=bool)[0], own.guess, own.groups)
    scored = measure({"a": several}, {}, resamples=0)["models"]["a"]
    usual = evaluate_multi(several.truth, several.guess.astype(float), own.groups, CODES, resamples=0)
    assert scored["accuracy"]["value"] == pytest.approx(usual["accuracy"]["value"])
    assert scored["macro_f1"]["value"] == pytest.approx(usual["macro_f1"]["value"])
    assert "recall" not in scored


def test_a_model_beside_itself_differs_by_nothing_in_every_draw() -> None:
    both = measure({"a": rows(), "b": rows()}, {"same": ("a", "b")}, resamples=50)
    assert both["differences"]["same"]["accuracy"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_a_difference_is_that_of_the_second_minus_the_first() -> None:
    models = {"weak": rows(right=0.3, seed=1), "strong": rows(right=0.95, seed=2, first=30)}
    measured = measure(models, {"better": ("weak", "strong"), "worse": ("strong", "weak")}, resamples=200)
    scores = {name: measured["models"][name]["accuracy"]["value"] for name in models}
    better = measured["differences"]["better"]["accuracy"]
    assert better["value"] == pytest.approx(scores["strong"] - scores["weak"])
    assert 0.2 < better["low"] < better["value"] < better["high"] < 0.7
    assert measured["differences"]["worse"]["accuracy"]["low"] == pytest.approx(-better["high"])


def test_one_group_has_no_interval_and_no_row_is_an_error() -> None:
    one = ScoredRows(np.eye(3, dtype=bool), np.eye(3, dtype=bool), ["g"] * 3)
    measured = measure({"one": one, "many": rows()}, {"d": ("one", "many")}, resamples=100)
    assert measured["models"]["one"]["accuracy"] == {"value": 1.0, "low": None, "high": None}
    assert measured["models"]["many"]["accuracy"]["low"] is not None
    assert measured["differences"]["d"]["macro_f1"]["low"] is None
    empty = ScoredRows(np.zeros((0, 3), dtype=bool), np.zeros((0, 3), dtype=bool), [])
    with pytest.raises(NotEnoughData, match="nothing to score: none has no test row"):
        measure({"none": empty}, {})
