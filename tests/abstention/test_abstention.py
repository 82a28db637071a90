"""core.abstention: letters, familiarity and sets of classes; arrays and texts only."""

import numpy as np
import pytest

from core.abstention import CODES, Code, conformal, familiar, reason
from core.abstention.script import unreadable
from core.messages import ClassName, Message, Names
from core.schemes.target import Target

DANGER = Target("danger", ("normal", "danger"))
URGENCY = Target("urgency", ("low", "medium", "high"))
MOOD = Target("mood", ("joy", "fear", "calm"), "multi")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("불이 났어요", None), ("119", None), ("여기 CCTV 있어요", None), ("SOS 도와줘", None), ("help 불", None),
        ("응", None),
        ("🔥🔥", "empty"), (".", "empty"), ("ㅋㅋㅋ", "empty"), ("ㅠㅠ!!", "empty"), ("", "empty"),
        ("  ♥ ㅇㅋ", "empty"),
        ("hello my friend", "not_korean"), ("助けて", "not_korean"), ("пожар в доме", "not_korean"),
        ("Hello, is this 119? 네", "not_korean"),
    ],
)  # fmt: skip
def test_what_has_no_word_of_korean_is_not_read(text: str, code: Code | None) -> None:
    assert unreadable(text) == code
    assert unreadable(text, korean=False) == (code if code == "empty" else None)


def test_every_code_has_a_sentence_and_an_undecided_one_names_the_classes() -> None:
    sentences = [reason(code) for code in CODES]
    assert len(set(sentences)) == len(CODES) == 7
    named = reason("undecided", classes=Names([ClassName("danger", "normal"), ClassName("danger", "danger")]))
    assert (named, named.template) == (
        "these classes are not told apart: normal, danger", "these classes are not told apart: {classes}",
    )  # fmt: skip
    assert all(isinstance(sentence, Message) for sentence in sentences)


def test_a_fitted_threshold_keeps_its_level_on_new_items() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(80):
        probs = rng.dirichlet([1, 1, 1], 120)
        gold = np.array([rng.choice(3, p=p) for p in probs])
        right = probs[np.arange(120), gold]
        threshold = conformal.fitted_threshold(right[:60])
        assert threshold is not None
        covered.append((right[60:] >= threshold).mean())
    assert 0.89 < np.mean(covered) < 0.93


def test_too_few_items_fit_no_threshold() -> None:
    assert conformal.fitted_threshold([]) is None
    assert conformal.fitted_threshold([0.5] * 8) is None
    assert conformal.fitted_threshold([0.5] * 9) == 0.5


@pytest.mark.parametrize(
    ("target", "row", "threshold", "fits"),
    [
        (URGENCY, (0.33, 0.33, 0.34), None, ("high", "low", "medium")),
        (URGENCY, (0.33, 0.33, 0.34), 0.9, ("high", "low", "medium")),
        (URGENCY, (0.33, 0.33, 0.34), 0.335, ("high", "low", "medium")),
        (URGENCY, (0.1, 0.2, 0.7), 0.3, ("high",)),
        (URGENCY, (0.1, 0.2, 0.7), 0.15, ("high", "medium")),
        (DANGER, (0.52, 0.48), 0.5, ("normal", "danger")),
        (DANGER, (0.52, 0.48), 0.97, ("normal", "danger")),
        (DANGER, (0.6, 0.4), 0.5, ("normal",)),
        (DANGER, (0.6, 0.4), 0.97, ("normal", "danger")),
        (DANGER, (0.05, 0.95), 0.97, ("danger",)),
        (DANGER, (0.38, 0.62), 0.31, ("danger", "normal")),
    ],
)  # fmt: skip
def test_chance_is_no_answer(
    target: Target, row: tuple[float, ...], threshold: float | None, fits: tuple[str, ...]
) -> None:
    assert conformal.prediction_set(target, row, threshold) == fits
    assert conformal.undecided(target, row, fits) == (len(fits) > 1)


def test_of_several_labels_each_is_yes_no_or_undecided() -> None:
    for row, fits, open_question in [
        ((0.9, 0.2, 0.1), ("joy",), False),
        ((0.9, 0.48, 0.1), ("joy", "fear"), True),
        ((0.1, 0.2, 0.1), (), False),
        ((0.9, 0.8, 0.1), ("joy", "fear"), False),
    ]:
        assert conformal.prediction_set(MOOD, row, None) == fits
        assert conformal.undecided(MOOD, row, fits) == open_question


def test_the_right_probability_of_several_labels_is_that_of_the_worst_answer() -> None:
    assert conformal.right_probabilities(MOOD, [[0.9, 0.7, 0.2]], ["joy|fear"]).tolist() == [0.7]
    assert conformal.right_probabilities(MOOD, [[0.9, 0.7, 0.2]], ["joy"]).tolist() == pytest.approx([0.3])
    assert conformal.right_probabilities(URGENCY, [[0.1, 0.2, 0.7]], ["low"]).tolist() == [0.1]


def test_how_new_a_text_is() -> None:
    known = familiar.known_pairs(["불이 났어요", "사람이 쓰러졌어요"])
    assert familiar.new_share("불이 났어요", known) == 0
    assert familiar.new_share("주식 시장", known) == 1
    assert 0 < familiar.new_share("불이 꺼졌어요", known) < 0.5
    assert familiar.new_share("", known) == 0
    assert familiar.from_array(familiar.as_array(known)) == known
    assert familiar.from_array(familiar.as_array(frozenset())) == frozenset()
    assert familiar.pairs_of_grams(["불", " 불", "불이 "]) == {" 불", "불이", "이 "}
    with pytest.raises(ValueError, match=r"not of shape \(3,\)"):
        familiar.from_array(np.zeros(3, np.uint32))


def test_the_familiar_share_follows_the_validation_side_within_bounds() -> None:
    assert familiar.fitted_share([0.0] * 50) == familiar.STRICTEST
    assert familiar.fitted_share([1.0] * 50) == familiar.LOOSEST
    assert familiar.fitted_share([0.6] * 50) == pytest.approx(0.6)
    assert familiar.fitted_share([]) == familiar.UNKNOWN
    assert familiar.fitted_distance([1.0, 2.0]) == pytest.approx(2.4875)
    assert familiar.fitted_distance([]) is None
