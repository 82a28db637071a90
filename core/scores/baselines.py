"""Two trivial models that stand next to every score, so that nobody admires a shortcut.

`majority` answers the most frequent class of the training side. `shortcut` is a tiny logistic regression that reads no
word: only the length and the punctuation of a text, or the duration of a voice. A model that is not clearly better than
both has learned little.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import NotEnoughData

Floats = NDArray[np.float64]
MARKS = ("?", "!", ".", ",", "~", "…")


def surface_features(text: str) -> list[float]:
    """Return what the shortcut reads: letters, words, each of `MARKS`, other punctuation; as log(1 + count).

    >>> [round(math.expm1(x)) for x in surface_features("불이야!! 빨리요?")]
    [10, 2, 1, 2, 0, 0, 0, 0, 0]
    """
    marks = Counter(text)
    others = sum(n for sign, n in marks.items() if sign not in MARKS and unicodedata.category(sign).startswith("P"))
    counts = [len(text), len(text.split()), *(marks[mark] for mark in MARKS), others]
    return [math.log1p(count) for count in counts]


def text_features(texts: Sequence[str]) -> Floats:
    """Return `surface_features` of N texts, (N, 9)."""
    return np.array([surface_features(text) for text in texts], dtype=np.float64).reshape(len(texts), len(MARKS) + 3)


def duration_features(durations_ms: Sequence[int]) -> Floats:
    """Return the duration of N voices and its logarithm, (N, 2)."""
    seconds = np.asarray(durations_ms, dtype=np.float64)[:, None] / 1000
    return np.hstack([seconds, np.log1p(seconds)])


def majority_probs(train_labels: ArrayLike, n: int, classes: int) -> Floats:
    """Return (n, K): all probability on the most frequent class of `train_labels`; of equal ones on the first.

    >>> majority_probs([0, 1, 1], 2, 3).tolist()
    [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    """
    labels = np.asarray(train_labels, dtype=np.int64)
    if not len(labels):
        raise NotEnoughData("a baseline needs training items")
    probs = np.zeros((n, classes))
    probs[:, np.bincount(labels, minlength=classes).argmax()] = 1.0
    return probs


def shortcut_probs(train_features: Floats, train_labels: ArrayLike, features: Floats, classes: int) -> Floats:
    """Return the probabilities (N, K) that the tiny logistic regression gives for `features` (N, F).

    Its classes are weighted evenly, as those of the recipes are. A class without training item has the probability 0.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = np.asarray(train_labels, dtype=np.int64)
    if len(np.unique(labels)) < 2:
        return majority_probs(labels, len(features), classes)
    model: Any = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=500))
    model.fit(train_features, labels)
    probs = np.zeros((len(features), classes))
    probs[:, model.classes_] = model.predict_proba(features)
    return probs


def majority_sets(train_answers: ArrayLike, n: int) -> Floats:
    """Return (n, K) of 0 and 1: the most frequent set of classes in `train_answers` (M, K), for every item.

    Of equally frequent sets the one that occurs first is taken.

    >>> majority_sets([[1, 0], [0, 1], [0, 1]], 2).tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """
    answers = np.asarray(train_answers, dtype=np.int64)
    if not len(answers):
        raise NotEnoughData("a baseline needs training items")
    (best, _), *_ = Counter(map(tuple, answers.tolist())).most_common(1)
    return np.tile(np.array(best, dtype=np.float64), (n, 1))


def shortcut_multi_probs(train_features: Floats, train_answers: ArrayLike, features: Floats) -> Floats:
    """Return the probabilities (N, K) of tiny logistic regressions, one for each class against the rest.

    A class that every training item has, or none, gets the probability 1 or 0.
    """
    answers = np.asarray(train_answers, dtype=np.int64)
    if not len(answers):
        raise NotEnoughData("a baseline needs training items")
    columns = [shortcut_probs(train_features, column, features, 2)[:, 1] for column in answers.T]
    return np.stack(columns, axis=1)
