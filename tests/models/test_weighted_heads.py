"""Weights of rows in the linear models: a weight of 2 is the row twice, and a small weight silences a wrong label."""

from typing import Any

import numpy as np
import pytest

from core.models.linear.heads import HeadsConfig, HeadsModel
from core.models.linear.linear_heads import fit_heads, mean_loss
from core.models.linear.ngram import NgramConfig, NgramModel
from core.models.linear.ngram_heads import NgramHeadsConfig, NgramHeadsModel
from core.schemes.target import Target

RNG = np.random.default_rng(3)
N = 60
ONE, MANY = Target("one", ("a", "b", "c")), Target("many", ("x", "y"), "multi")
VECTORS = RNG.normal(size=(N, 4)).astype(np.float32)
ANSWERS: dict[str, Any] = {
    "one": RNG.integers(0, 3, N),
    "many": RNG.integers(0, 2, (N, 2)).astype(np.float32),
}
TWICE = np.where(np.arange(N) % 4 == 0, 2.0, 1.0)


@pytest.mark.parametrize("balanced", [False, True])
def test_a_weight_of_two_is_the_row_twice(balanced: bool) -> None:
    again = np.repeat(np.arange(N), TWICE.astype(int))
    settings: Any = {"c": 1.0, "max_iter": 3000, "balanced": balanced}
    weights = {"one": TWICE, "many": TWICE}
    weighted = fit_heads(VECTORS, ANSWERS, [ONE, MANY], weights=weights, **settings)
    repeated_answers = {name: column[again] for name, column in ANSWERS.items()}
    repeated = fit_heads(VECTORS[again], repeated_answers, [ONE, MANY], **settings)
    for name in ("one", "many"):
        np.testing.assert_allclose(weighted[name].coef, repeated[name].coef, atol=2e-3)
        np.testing.assert_allclose(weighted[name].intercept, repeated[name].intercept, atol=2e-3)
    assert mean_loss(weighted, VECTORS, ANSWERS, weights) == pytest.approx(
        mean_loss(weighted, VECTORS[again], repeated_answers), abs=1e-9
    )


def test_without_weights_the_numbers_are_those_of_weight_one() -> None:
    settings: Any = {"c": 1.0, "max_iter": 300, "balanced": True}
    plain = fit_heads(VECTORS, ANSWERS, [ONE], **settings)["one"]
    other = fit_heads(VECTORS, ANSWERS, [ONE], weights={"many": TWICE}, **settings)["one"]
    np.testing.assert_array_equal(plain.coef, other.coef)
    ones = fit_heads(VECTORS, ANSWERS, [ONE], weights={"one": np.ones(N)}, **settings)["one"]
    np.testing.assert_allclose(plain.coef, ones.coef, atol=1e-6)


WORDS = ("하늘이 맑다", "바람이 분다")
TRUE = np.arange(N) % 2
WRONG = np.arange(N) >= 20  # two thirds carry the other class
GIVEN = {"t": np.where(WRONG, 1 - TRUE, TRUE)}
SIGNS = (np.eye(2, 3)[TRUE] * 4 + RNG.normal(size=(N, 3)) * 0.1).astype(np.float32)
TEXTS = [WORDS[code] for code in TRUE]


@pytest.mark.parametrize(
    ("model", "config", "values"),
    [
        (NgramModel, NgramConfig(), TEXTS),
        (HeadsModel, HeadsConfig(), SIGNS),
        (NgramHeadsModel, NgramHeadsConfig(), {"text": TEXTS, "vector": SIGNS}),
    ],
)
def test_a_small_weight_silences_wrong_labels(model: Any, config: Any, values: Any) -> None:
    target = Target("t", ("a", "b"))
    misled = model.fit(config, values, GIVEN, [target])
    assert (misled.logits(values)["t"].argmax(axis=1) == TRUE).mean() == 0
    guided = model.fit(config, values, GIVEN, [target], {"t": np.where(WRONG, 0.05, 1.0)})
    assert (guided.logits(values)["t"].argmax(axis=1) == TRUE).mean() == 1
    assert guided.loss < misled.loss
