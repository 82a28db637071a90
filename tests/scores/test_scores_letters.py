"""core.scores.letters: counts by hand, an interval over groups, empty texts."""

import pytest

from core.scores.letters import LetterErrors, letter_errors


def test_counts_by_hand() -> None:
    human = ["네, 119입니다.", "불이 났어요", ""]
    result = letter_errors(human, ["네 일일구입니다", "불이 나써요 지금", "없는 말"], ["a", "b", "c"])
    # 119 -> 일일구: three replaced; 났 -> 나, 어 -> 써: two replaced, and two letters too many
    assert (result.texts, result.letters, result.errors) == (2, 12, 7)
    assert result.rate == pytest.approx(7 / 12)
    assert result.low is not None
    assert result.high is not None
    assert result.low <= 7 / 12 <= result.high


def test_spacing_punctuation_and_case_do_not_count() -> None:
    result = letter_errors(["CCTV 앞, 3층!"], ["cctv앞 3 층"], ["a"])
    assert (result.errors, result.rate, result.low, result.high) == (0, 0.0, 0.0, 0.0)


def test_missing_and_invented_letters() -> None:
    assert letter_errors(["여보세요"], [""], ["a"]).rate == 1.0
    assert letter_errors(["네"], ["시청해주셔서 감사합니다"], ["a"]).rate == 11.0
    assert letter_errors([], [], []) == LetterErrors(0, 0, 0, None, None, None)


def test_the_interval_is_over_groups() -> None:
    human, written = ["가나다라마"] * 20, ["가나다라마"] * 10 + ["바사아자차"] * 10
    of_two = letter_errors(human, written, ["a"] * 10 + ["b"] * 10)
    of_many = letter_errors(human, written, [str(n) for n in range(20)])
    assert (of_two.low, of_two.high) == (0.0, 1.0)
    assert of_many.low is not None
    assert 0.2 < of_many.low < 0.5
