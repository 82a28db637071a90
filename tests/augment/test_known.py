"""core.augment.known: an utterance that exists already is found, equal or nearly equal, among many."""

import random

import pytest

from core.augment.known import Known
from core.text import letters
from core.text.near_duplicates import nearly_equal

TEXT = "거실에 불이 크게 났어요 빨리 와 주세요"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TEXT, True),
        ("거실에 불이 크게 났어요!! 빨리 와주세요", True),
        ("거실에 불이 크게 났어요 얼른 와 주세요", False),
        ("저기 거실에 불이 크게 났어요 빨리 와 주세요", True),
        ("마당에 개가 있어요", False),
    ],
)
def test_equal_letters_and_near_texts_are_found(text: str, found: bool) -> None:
    assert Known([TEXT, "전혀 다른 문장입니다"]).holds(text, "부엌에 연기가 나요", surface=False) is found


def test_its_own_source_and_what_is_near_it_are_no_obstacle() -> None:
    known = Known([TEXT])
    assert not known.holds("저기 " + TEXT, TEXT, surface=False)
    assert not known.holds(TEXT.replace("빨리", "빨리 ,"), TEXT, surface=True)
    assert known.holds(TEXT, TEXT, surface=True)


def test_a_text_that_was_added_is_found() -> None:
    known = Known()
    assert not known.holds(TEXT, "", surface=False)
    known.add(TEXT)
    known.add(TEXT)
    assert known.holds(TEXT + "!", "", surface=False)
    assert len(known) == 1


def test_no_near_text_is_missed() -> None:
    dice = random.Random(4)
    stock = [
        "거실",
        "부엌",
        "할머니",
        "연기",
        "불",
        "났어요",
        "쓰러졌어요",
        "지금",
        "빨리",
        "와 주세요",
        "계단",
        "사람",
    ]
    texts = [" ".join(dice.choices(stock, k=dice.randint(4, 8))) for _ in range(300)]
    known = Known(texts[:200])
    for text in texts[200:]:
        near = any(nearly_equal(letters(other), letters(text)) for other in texts[:200])
        assert known.holds(text, "아무 상관 없는 글", surface=False) is near
