"""core.training.trainer.losses: class weights and label smoothing together, masked answers, several Targets."""

from typing import Any

import numpy as np
import pytest
import torch

from core.errors import NotEnoughData
from core.schemes.target import Target
from core.training.trainer.config import TrainingConfig
from core.training.trainer.losses import Loss, class_weights, positive_weights, weight_key

URGENCY = Target("urgency", ("low", "medium", "high"))
MOOD = Target("mood", ("joy", "fear"), "multi")
NAN = float("nan")


def loss_of(target: Target, answers: Any, logits: Any, batch: Any = None, **settings: Any) -> float:
    """The loss of a batch (all rows by default) of one Target."""
    column = np.asarray(answers, dtype=np.float32 if target.multi else np.int64)
    made = Loss([target], {target.name: column}, TrainingConfig(**settings))
    rows = torch.from_numpy(column if batch is None else column[batch])
    return float(made({target.name: torch.tensor(logits)}, {target.name: rows}))


def test_weights_and_smoothing_together_equal_the_sum_by_hand() -> None:
    answers = [0, 0, 0, 1]  # class 2 has no row: its weight is 0
    logits = np.array([[2.0, 0.5, -1.0], [0.0, 0.3, 0.1], [1.0, -1.0, 0.0], [0.2, 0.9, 0.4]])
    weights = np.array([4 / (2 * 3), 4 / (2 * 1), 0])
    np.testing.assert_allclose(class_weights(np.array(answers), 3), weights, rtol=1e-6)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    smooth = 0.1
    total = norm = 0.0
    for row, answer in zip(logs, answers, strict=True):
        truth = np.full(3, smooth / 3)
        truth[answer] += 1 - smooth
        total -= float((weights * truth * row).sum())
        norm += weights[answer]
    assert loss_of(URGENCY, answers, logits, label_smoothing=0.1) == pytest.approx(total / norm, abs=1e-6)


def test_without_weights_it_is_the_plain_mean() -> None:
    logits = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -(logs[0, 0] + logs[1, 2] + logs[2, 1]) / 3
    assert loss_of(URGENCY, [0, 2, 1], logits, class_weights=False) == pytest.approx(expected, abs=1e-6)


def test_an_item_without_an_answer_adds_nothing() -> None:
    logits = np.array([[2.0, 0.0, 0.0], [9.0, -9.0, 0.0], [0.0, 3.0, 0.0]])
    assert loss_of(URGENCY, [0, -1, 1], logits) == pytest.approx(loss_of(URGENCY, [0, 1], logits[[0, 2]]), abs=1e-6)
    many = np.array([[1.0, -1.0], [8.0, 8.0], [0.5, 2.0]])
    full = [[1, 0], [NAN, NAN], [0, 1]]
    assert loss_of(MOOD, full, many) == pytest.approx(loss_of(MOOD, [[1, 0], [0, 1]], many[[0, 2]]), abs=1e-6)


@pytest.mark.parametrize(("target", "answers"), [(URGENCY, [0, 1, -1]), (MOOD, [[1, 0], [0, 1], [NAN, NAN]])])
def test_a_batch_without_an_answer_has_loss_zero_and_a_gradient(target: Target, answers: Any) -> None:
    column = np.array(answers, dtype=np.float32 if target.multi else np.int64)
    made = Loss([target], {target.name: column}, TrainingConfig())
    logits = torch.ones(1, len(target.codes), requires_grad=True)
    loss = made({target.name: logits}, {target.name: torch.from_numpy(column[2:])})
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_several_classes_by_hand() -> None:
    answers = np.array([[1, 0], [0, 0], [0, 1], [0, 0]], dtype=np.float32)
    np.testing.assert_allclose(positive_weights(answers), [3, 3])
    logits = np.array([[0.3, -1.0], [0.2, 0.0], [-0.4, 0.8], [1.0, -2.0]])
    truth = answers * 0.8 + 0.1
    probabilities = 1 / (1 + np.exp(-logits))
    expected = -(3 * truth * np.log(probabilities) + (1 - truth) * np.log(1 - probabilities)).mean()
    assert loss_of(MOOD, answers, logits, label_smoothing=0.2) == pytest.approx(expected, abs=1e-6)
    rare = np.zeros((100, 1), dtype=np.float32)
    rare[0] = 1
    assert positive_weights(rare).tolist() == [10]
    assert positive_weights(1 - rare).tolist() == [1]


def test_targets_add_up_with_their_weights() -> None:
    answers = {"urgency": np.array([0, 1]), "mood": np.array([[1, 0], [0, 1]], dtype=np.float32)}
    outputs = {"urgency": torch.randn(2, 3), "mood": torch.randn(2, 2)}
    labels = {name: torch.from_numpy(column) for name, column in answers.items()}

    def loss(weights: str) -> float:
        made = Loss([URGENCY, MOOD], answers, TrainingConfig(target_weights=weights))
        return float(made(outputs, labels))

    assert loss("urgency=.6,mood=.4") == pytest.approx(
        0.6 * loss("urgency=1,mood=0") + 0.4 * loss("urgency=0,mood=1"), abs=1e-6
    )
    assert loss("") == pytest.approx(loss("urgency=1,mood=1"), abs=1e-6)


@pytest.mark.parametrize(
    ("target", "answers", "n"), [(URGENCY, [1, 1, -1], 1), (URGENCY, [-1, -1], 0), (MOOD, [[0, 0], [NAN, NAN]], 0)]
)
def test_fewer_than_two_classes_are_not_enough(target: Target, answers: Any, n: int) -> None:
    column = np.array(answers, dtype=np.float32 if target.multi else np.int64)
    with pytest.raises(
        NotEnoughData, match=f"target {target.name}: training needs items of at least 2 classes, found {n}"
    ):
        Loss([target], {target.name: column}, TrainingConfig())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(("target", "answers"), [(URGENCY, [0, 1, 2, 0]), (MOOD, [[1, 0], [0, 1], [1, 1], [0, 0]])])
def test_the_gradient_of_an_item_grows_with_its_weight(target: Target, answers: Any, smoothing: float) -> None:
    column = np.asarray(answers, dtype=np.float32 if target.multi else np.int64)
    made = Loss([target], {target.name: column}, TrainingConfig(label_smoothing=smoothing))
    gradients = []
    for weights in (None, torch.tensor([1.0, 0.5, 0.1, 2.0])):
        logits = torch.arange(4 * len(target.codes), dtype=torch.float32).reshape(4, -1).sin().requires_grad_()
        labels = {target.name: torch.from_numpy(column)}
        made(
            {target.name: logits}, labels if weights is None else {**labels, weight_key(target.name): weights}
        ).backward()
        assert logits.grad is not None
        gradients.append(logits.grad.numpy())
    np.testing.assert_allclose(gradients[1], gradients[0] * [[1.0], [0.5], [0.1], [2.0]], rtol=1e-5)


def test_classes_are_balanced_by_the_weights_of_their_items() -> None:
    counted = np.array([1.0, 1.0, 0.5, 0.5])
    np.testing.assert_allclose(class_weights(np.array([0, 0, 1, 1]), 3, counted), [3 / 4, 3 / 2, 0], rtol=1e-6)
    table = np.array([[1, 0], [0, 1], [0, 0], [0, 0]], dtype=np.float32)
    np.testing.assert_allclose(positive_weights(table, counted), [2, 2], rtol=1e-6)
    np.testing.assert_allclose(positive_weights(table, np.ones(4)), positive_weights(table), rtol=1e-6)
