import numpy as np
import pytest

from core.confidence import Rule, accept, apply_temperature, confidence, fit_temperature, margin
from core.errors import InputError, NotEnoughData

PROBS = np.array([[0.80, 0.15, 0.05], [0.75, 0.25, 0.00], [0.74, 0.13, 0.13], [0.40, 0.40, 0.20]])


def test_accept_is_confidence_and_margin() -> None:
    assert confidence(PROBS).tolist() == [0.80, 0.75, 0.74, 0.40]
    assert margin(PROBS) == pytest.approx([0.65, 0.50, 0.61, 0.0])
    assert accept(PROBS, Rule()).tolist() == [True, True, False, False]
    assert accept(PROBS, Rule(confidence=0.5, margin=0.6)).tolist() == [True, False, True, False]
    assert accept(np.empty((0, 3)), Rule()).tolist() == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_thresholds_are_reached_despite_rounding(dtype: type) -> None:
    assert accept(np.array([[0.6, 0.4], [0.4, 0.6]], dtype=dtype), Rule(0.6, 0.2)).tolist() == [True, True]


def test_the_rule_starts_at_75_and_20_and_refuses_nonsense() -> None:
    assert Rule() == Rule(confidence=0.75, margin=0.20)
    with pytest.raises(InputError, match=r"margin 1.2 is not in \[0, 1\]"):
        Rule(margin=1.2)
    with pytest.raises(InputError, match="confidence nan"):
        Rule(confidence=float("nan"))


def test_fit_recovers_the_temperature_that_was_applied() -> None:
    """The labels are drawn from softmax(z), and the logits are 3 z: they are too confident."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4000, 3)) * 2
    true = apply_temperature(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), 1.0)
    gold = (rng.random((4000, 1)) > true.cumsum(axis=1)).sum(axis=1)
    t = fit_temperature(3 * z, gold)
    assert t == pytest.approx(3.0, rel=0.08)
    sure = 3 * z - (3 * z).max(axis=1, keepdims=True)
    logs = sure - np.log(np.exp(sure).sum(axis=1, keepdims=True))
    assert fit_temperature(logs, gold) == pytest.approx(t, rel=1e-3)
    assert confidence(apply_temperature(np.exp(logs), t)).mean() == pytest.approx(
        float((z.argmax(axis=1) == gold).mean()), abs=0.02
    )


def test_a_few_right_answers_do_not_make_certainty() -> None:
    few = np.tile([[4.0, 0.0]], (10, 1))
    sure = confidence(apply_temperature([[0.982, 0.018]], fit_temperature(few, np.zeros(10, dtype=int))))[0]
    assert 0.9 < sure < 0.97


def test_impossible_answers_stay_finite() -> None:
    logs = np.array([[0.0, -np.inf], [0.0, -np.inf], [-np.inf, 0.0]])
    t = fit_temperature(logs, [0, 1, 1])
    assert 1 < t <= 20
    with pytest.raises(NotEnoughData, match="no example to calibrate on"):
        fit_temperature(np.empty((0, 2)), np.empty(0, dtype=int))
    with pytest.raises(InputError, match="gold must be 3 class ids below 2"):
        fit_temperature(logs, [0, 1, 2])


@pytest.mark.parametrize("t", [0.05, 0.5, 1.0, 3.0, 20.0])
def test_temperature_keeps_rows_and_winners(t: float) -> None:
    probs = np.vstack([PROBS[:3], [[1.0, 0.0, 0.0], [1e-300, 1e-12, 1.0]]])
    out = apply_temperature(probs, t)
    assert np.isfinite(out).all()
    assert out.sum(axis=1) == pytest.approx(1.0)
    assert out.argmax(axis=1).tolist() == probs.argmax(axis=1).tolist()
    assert t != 1.0 or out == pytest.approx(probs, abs=1e-9)


@pytest.mark.parametrize("t", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_is_above_0(t: float) -> None:
    with pytest.raises(InputError, match="is not above 0"):
        apply_temperature(PROBS, t)


def test_shapes_are_checked() -> None:
    with pytest.raises(InputError, match=r"got shape \(3,\)"):
        confidence([0.2, 0.3, 0.5])
    with pytest.raises(InputError, match=r"got shape \(2, 1\)"):
        margin([[1.0], [1.0]])
