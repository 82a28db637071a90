"""heads: what scikit-learn fits, restored bit by bit; classes without a vector; odd arrays are refused."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from core.errors import InputError, NotEnoughData
from core.models.linear.heads import HeadsConfig, HeadsModel
from core.schemes.target import Target

RNG = np.random.default_rng(0)
LABELS = np.arange(90) % 3
CODES = ("a", "b", "c", "d", "e")
VALUES = (RNG.normal(size=(90, 8)) + np.eye(3, 8)[LABELS] * 3).astype(np.float32)


def target(classes: int) -> Target:
    return Target("t", CODES[:classes])


def fit(config: HeadsConfig, values: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> HeadsModel:
    return HeadsModel.fit(config, values, {"t": labels}, [target(classes)])


def logs(model: HeadsModel, values: NDArray[np.float32]) -> NDArray[np.float64]:
    return model.logits(values)["t"]


def test_it_is_scikit_learns_fit() -> None:
    model = fit(HeadsConfig(c=0.5, balanced=False), VALUES, LABELS, 3)
    scaled = StandardScaler().fit(VALUES.astype(np.float64))
    reference = LogisticRegression(C=0.5, max_iter=2000).fit(scaled.transform(VALUES), LABELS)
    np.testing.assert_allclose(
        np.exp(logs(model, VALUES)), reference.predict_proba(scaled.transform(VALUES)), atol=1e-6
    )
    np.testing.assert_allclose(np.exp(logs(model, VALUES)).sum(axis=1), 1)
    assert (logs(model, VALUES).argmax(axis=1) == LABELS).mean() > 0.9


@pytest.mark.parametrize("classes", [3, 5])
def test_loaded_it_says_the_same(classes: int, tmp_path: Path) -> None:
    model = fit(HeadsConfig(), VALUES, LABELS, classes)
    model.save(tmp_path)
    again = HeadsModel.load(tmp_path, [target(classes)], {"c": 0.05, "balanced": True})
    assert (logs(again, VALUES) == logs(model, VALUES)).all()
    assert logs(again, VALUES[:1]).shape == (1, classes)
    assert logs(again, VALUES[:0]).shape == (0, classes)
    with pytest.raises(ValueError, match="do not fit 2 classes"):
        HeadsModel.load(tmp_path, [target(2)], {})


def test_a_class_without_a_vector_is_the_least_likely() -> None:
    model = fit(HeadsConfig(), VALUES, LABELS, 4)
    assert (logs(model, VALUES).argmin(axis=1) == 3).all()


def test_two_classes_and_one() -> None:
    two = LABELS < 2
    model = fit(HeadsConfig(), VALUES[two], LABELS[two], 2)
    assert (logs(model, VALUES[two]).argmax(axis=1) == LABELS[two]).mean() > 0.9
    with pytest.raises(NotEnoughData, match="at least 2 classes, found 1"):
        fit(HeadsConfig(), VALUES[:3], np.zeros(3, np.int64), 2)
    with pytest.raises(InputError, match="c must be above 0"):
        HeadsConfig(c=0)
