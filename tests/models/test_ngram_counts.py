"""core.models.linear.ngram_counts: the same n-grams, counts and weights as scikit-learn's own classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from training_corpus import danger_items

from core.models.linear.ngram import MANY, NgramConfig, NgramModel, _words
from core.models.linear.ngram_counts import Vocabulary, count, learn
from core.schemes.target import Target

TWO = [Target("t", ("a", "b"))]

TEXTS = st.lists(st.text("불이나 aB\t!\U0001f525\ud800", max_size=12), min_size=1, max_size=8)


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.integers(1, 3), st.integers(0, 1), st.integers(1, 2), st.sampled_from(["char_wb", "char"]))
def test_counts_are_scikit_learns(texts: list[str], low: int, more: int, least: int, analyzer: str) -> None:
    config = NgramConfig(min_n=low, max_n=low + more, analyzer=analyzer)
    words = _words(config)
    learnt = learn(texts, words, config.min_n, config.max_n, least)
    assert learnt is not None
    grams, counts = learnt
    padded = [" ".join(words(text)) for text in texts] if analyzer == "char_wb" else None
    if padded is None or not grams:
        return
    theirs = CountVectorizer(analyzer=analyzer, ngram_range=(config.min_n, config.max_n), min_df=least, lowercase=False)
    table = theirs.fit_transform(padded)
    assert grams == theirs.get_feature_names_out().tolist()
    np.testing.assert_array_equal(counts.toarray(), table.toarray())
    vocabulary = Vocabulary.of(grams)
    assert vocabulary is not None
    np.testing.assert_array_equal(
        count(texts, words, config.min_n, config.max_n, vocabulary).toarray(), table.toarray()
    )


@pytest.mark.parametrize("sublinear", [True, False])
def test_fitted_vocabulary_and_weights_are_scikit_learns(sublinear: bool) -> None:
    items = danger_items(160)
    texts = [item.text for item in items]
    labels = np.array([int(item.code == "danger") for item in items])
    model = NgramModel.fit(NgramConfig(sublinear_tf=sublinear), texts, {"t": labels}, TWO)
    theirs = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=sublinear).fit(texts)
    assert model.vectorizer.vocabulary_ == theirs.vocabulary_
    np.testing.assert_array_equal(model.vectorizer.idf_, theirs.idf_)
    fresh = [item.text for item in danger_items(MANY + 10, seed=4)]
    np.testing.assert_allclose(model._features(fresh).toarray(), theirs.transform(fresh).toarray(), atol=1e-15)


def test_many_at_once_are_judged_as_few() -> None:
    texts = [item.text for item in danger_items(160)]
    model = NgramModel.fit(NgramConfig(), texts, {"t": np.arange(160) % 2}, TWO)
    few = np.vstack([model.logits(texts[at : at + MANY - 1])["t"] for at in range(0, len(texts), MANY - 1)])
    np.testing.assert_allclose(model.logits(texts)["t"], few, atol=1e-12)


def test_longer_ngrams_are_counted_with_strings() -> None:
    texts = [item.text for item in danger_items(160)]
    assert learn(texts, _words(NgramConfig(max_n=6)), 1, 6, 2) is None
    assert Vocabulary.of(["가나다라마"]) is None
    model = NgramModel.fit(NgramConfig(max_n=6), texts, {"t": np.arange(160) % 2}, TWO)
    assert max(map(len, model.vectorizer.vocabulary_)) == 6
    assert model.logits(texts)["t"].shape == (160, 2)
