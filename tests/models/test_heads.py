"""core.models.heads: what scikit-learn fits, restored bit by bit; classes without a vector; odd arrays are refused."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from core.errors import InputError, NotEnoughData
from core.models.heads import HeadsConfig, HeadsModel

RNG = np.random.default_rng(0)
LABELS = np.arange(90) % 3
VALUES = (RNG.normal(size=(90, 8)) + np.eye(3, 8)[LABELS] * 3).astype(np.float32)


def test_it_is_scikit_learns_fit() -> None:
    model = HeadsModel.fit(HeadsConfig(c=0.5, balanced=False), VALUES, LABELS, 3)
    scaled = StandardScaler().fit(VALUES.astype(np.float64))
    reference = LogisticRegression(C=0.5, max_iter=2000).fit(scaled.transform(VALUES), LABELS)
    np.testing.assert_allclose(
        np.exp(model.log_probs(VALUES)), reference.predict_proba(scaled.transform(VALUES)), atol=1e-6
    )
    np.testing.assert_allclose(np.exp(model.log_probs(VALUES)).sum(axis=1), 1)
    assert (model.log_probs(VALUES).argmax(axis=1) == LABELS).mean() > 0.9


@pytest.mark.parametrize("classes", [3, 5])
def test_restored_it_says_the_same(classes: int) -> None:
    model = HeadsModel.fit(HeadsConfig(), VALUES, LABELS, classes)
    again = HeadsModel.restore({"c": 0.05, "balanced": True}, model.arrays(), classes)
    assert (again.log_probs(VALUES) == model.log_probs(VALUES)).all()
    assert again.log_probs(VALUES[:1]).shape == (1, classes)
    assert again.log_probs(VALUES[:0]).shape == (0, classes)
    with pytest.raises(ValueError, match="do not fit 2 classes"):
        HeadsModel.restore({}, model.arrays(), 2)


def test_a_class_without_a_vector_is_the_least_likely() -> None:
    model = HeadsModel.fit(HeadsConfig(), VALUES, LABELS, 4)
    assert (model.log_probs(VALUES).argmin(axis=1) == 3).all()


def test_two_classes_and_one() -> None:
    two = LABELS < 2
    model = HeadsModel.fit(HeadsConfig(), VALUES[two], LABELS[two], 2)
    assert (model.log_probs(VALUES[two]).argmax(axis=1) == LABELS[two]).mean() > 0.9
    with pytest.raises(NotEnoughData, match="at least 2 classes, found 1"):
        HeadsModel.fit(HeadsConfig(), VALUES[:3], np.zeros(3, np.int64), 2)
    with pytest.raises(InputError, match="c must be above 0"):
        HeadsConfig(c=0)
