import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from training_corpus import TELLING, danger_items, sentence

from core.errors import InputError, NotEnoughData
from core.models.linear.ngram import NgramConfig, NgramModel, placed_ngrams
from core.schemes.target import Target


def target(classes: int) -> Target:
    return Target("t", tuple(f"c{k}" for k in range(classes)))


def fit(config: NgramConfig, texts: Sequence[str], labels: NDArray[np.int64], classes: int) -> NgramModel:
    return NgramModel.fit(config, texts, {"t": labels}, [target(classes)])


def logs(model: NgramModel, texts: Sequence[str]) -> NDArray[np.float64]:
    return model.logits(texts)["t"]


def fitted(classes: int = 2, **settings: object) -> NgramModel:
    items = danger_items(160)
    labels = np.array([int(i.code == "danger") for i in items])
    return fit(NgramConfig(**settings), [i.text for i in items], labels, classes)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="불이났어요 aB\t!", max_size=20), st.integers(1, 2), st.integers(0, 2))
def test_ngrams_are_scikit_learns(text: str, low: int, more: int) -> None:
    config = NgramConfig(min_n=low, max_n=low + more)
    theirs = CountVectorizer(analyzer="char_wb", ngram_range=(low, low + more)).build_analyzer()(text)
    assert sorted(gram for gram, _, _ in placed_ngrams(text, config)) == sorted(theirs)


@pytest.mark.parametrize("analyzer", ["char_wb", "char"])
def test_spans_point_at_the_ngram(analyzer: str) -> None:
    text = "  불이 났어요, 119 CALL İstanbul"
    for gram, start, end in placed_ngrams(text, NgramConfig(analyzer=analyzer)):
        inner = text[start:end]
        assert gram.strip() == "".join(c.lower() if len(c.lower()) == 1 else c for c in inner).strip()


def test_learns_the_telling_word_and_meets_unseen_text() -> None:
    model = fitted()
    fresh = danger_items(100, seed=99)
    guess = logs(model, [i.text for i in fresh]).argmax(axis=1)
    assert np.mean(guess == [int(i.code == "danger") for i in fresh]) > 0.9
    odd = logs(model, ["", "\u3042\u3044", "🔥"])
    assert np.isfinite(odd).all()
    np.testing.assert_allclose(np.exp(odd).sum(axis=1), 1)


def test_one_at_a_time_equals_all_at_once() -> None:
    model = fitted()
    texts = [i.text for i in danger_items(20, seed=3)]
    together = logs(model, texts)
    assert together.shape == (20, 2)
    np.testing.assert_allclose(np.vstack([logs(model, [t]) for t in texts]), together, atol=1e-9)
    assert logs(model, []).shape == (0, 2)


@pytest.mark.parametrize("sublinear", [True, False])
def test_loaded_model_is_the_same(sublinear: bool, tmp_path: Path) -> None:
    model = fitted(sublinear_tf=sublinear, analyzer="char")
    model.save(tmp_path)
    again = NgramModel.load(tmp_path, [target(2)], {"sublinear_tf": sublinear, "analyzer": "char"})
    texts = ["불이 났어요", "", *(i.text for i in danger_items(30, seed=5))]
    np.testing.assert_array_equal(logs(again, texts), logs(model, texts))
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
        assert array.dtype != object


def test_loading_refuses_arrays_of_another_shape() -> None:
    arrays = fitted().arrays()
    with pytest.raises(ValueError, match="do not fit 3 classes"):
        NgramModel.of_arrays({}, arrays, [target(3)])


def test_the_arrays_of_an_old_run_give_the_same_model() -> None:
    model = fitted()
    arrays = {name.removesuffix(".t"): array for name, array in model.arrays().items()}
    old = NgramModel.restore({}, arrays, target(2))
    np.testing.assert_array_equal(logs(old, ["불이 났어요"]), logs(model, ["불이 났어요"]))


def test_several_targets_share_the_ngrams_and_a_missing_answer_is_masked() -> None:
    items = danger_items(80)
    texts, labels = [i.text for i in items], np.array([int(i.code == "danger") for i in items])
    half = np.where(np.arange(80) < 40, labels, -1)
    mood = Target("mood", ("calm", "afraid"), "multi")
    answers = {"t": half, "mood": mood.answers(["afraid" if label else "calm" for label in labels])}
    model = NgramModel.fit(NgramConfig(), texts, answers, [target(2), mood])
    alone = fit(NgramConfig(), texts[:40], labels[:40], 2)
    both = model.logits(texts)
    assert (both["t"].argmax(axis=1) == labels).mean() > 0.9
    assert both["t"].shape == alone.logits(texts)["t"].shape
    assert ((mood.probabilities(both["mood"])[:, 1] > 0.5) == labels).mean() > 0.9
    with pytest.raises(NotEnoughData, match="at least 2 classes, found 1"):
        NgramModel.fit(NgramConfig(), texts, answers | {"t": np.where(labels == 1, -1, 0)}, [target(2), mood])


def test_a_class_without_texts_keeps_its_column() -> None:
    items = danger_items(60)
    labels = np.array([2 * int(i.code == "danger") for i in items])
    model = fit(NgramConfig(), [i.text for i in items], labels, 4)
    probs = np.exp(logs(model, [i.text for i in items]))
    assert probs.shape == (60, 4)
    assert np.isfinite(probs).all()
    assert (probs[:, [1, 3]] < 0.05).all()
    assert set(probs.argmax(axis=1)) == {0, 2}


def test_two_classes_match_scikit_learns_own_probabilities() -> None:
    from sklearn.linear_model import LogisticRegression

    items = danger_items(80)
    labels = np.array([int(i.code == "danger") for i in items])
    model = fit(NgramConfig(), [i.text for i in items], labels, 2)
    features = model.vectorizer.transform([i.text for i in items])
    theirs = LogisticRegression(C=5.0, max_iter=1000, class_weight="balanced").fit(features, labels)
    np.testing.assert_allclose(np.exp(logs(model, [i.text for i in items])), theirs.predict_proba(features), atol=1e-6)


def test_explain_finds_the_planted_word_and_where_it_stands() -> None:
    model = fitted()
    text = sentence(random.Random(7), TELLING["danger"])
    contributions = model.explain(text, "t", 1)
    assert contributions[0].text in TELLING["danger"]
    assert len(contributions[0].text) >= 3
    assert contributions[0].weight > 0
    assert all(text[a:b] == part.text for part in contributions for a, b in part.spans)
    assert [abs(e.weight) for e in contributions] == sorted((abs(e.weight) for e in contributions), reverse=True)
    against = model.explain(text, "t", 0)
    assert against[0].text == contributions[0].text
    assert against[0].weight == pytest.approx(-contributions[0].weight)


def test_explain_joins_equal_runs_and_keeps_silent_where_nothing_speaks() -> None:
    model = fitted()
    twice = model.explain("쓰러졌어요 쓰러졌어요", "t", 1)
    assert len(twice[0].spans) == 2
    assert model.explain("", "t", 1) == []
    assert model.explain("zzz", "t", 1) == []
    assert len(model.explain(sentence(random.Random(1), "쓰러졌어요"), "t", 1, top=2)) <= 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"min_n": 3, "max_n": 2}, "min_n 3"), ({"analyzer": "word"}, "analyzer 'word'"), ({"c": 0.0}, "c must be")],
)
def test_configuration_is_checked(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        NgramConfig(**settings)  # type: ignore[arg-type]


def test_too_little_to_learn_from() -> None:
    with pytest.raises(NotEnoughData, match="at least 2 classes, found 1"):
        fit(NgramConfig(), ["가", "나"], np.array([1, 1]), 2)
    with pytest.raises(NotEnoughData, match="lower min_df"):
        fit(NgramConfig(min_df=5, min_n=2), ["가나", "다라"], np.array([0, 1]), 2)
