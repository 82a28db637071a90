import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text import letters, nfc, word_diff, words

KOREAN = st.text(alphabet="화재가나요불 \t\nㅎㅋ!?aB1😀" + unicodedata.normalize("NFD", "각"), max_size=30)


def test_nfc_composes_jamo() -> None:
    assert nfc(unicodedata.normalize("NFD", "불이야")) == "불이야"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("불이야!!", "불이야"),
        (" Help ME 119 ", "helpme119"),
        ("ㅋㅋ 장난", "ㅋㅋ장난"),
        ("?!😀", ""),
        (unicodedata.normalize("NFD", "연기 나요"), "연기나요"),
        ("불\u200b이\ufeff야", "불이야"),
    ],
)
def test_letters(text: str, key: str) -> None:
    assert letters(text) == key


@settings(deadline=None)
@given(st.text(max_size=30))
def test_letters_is_a_key(text: str) -> None:
    key = letters(text)
    assert letters(key) == key
    assert letters(unicodedata.normalize("NFD", text)) == key
    assert all(c.isalnum() for c in key)


def test_word_diff_names_what_changed() -> None:
    assert word_diff("불 났어요", "불 났어요") == [("same", "불 났어요")]
    assert word_diff("", "불 났어요") == [("ins", "불 났어요")]
    assert word_diff("저기 불 났어요", "불 났습니다 지금") == [
        ("del", "저기"), ("same", "불"), ("del", "났어요"), ("ins", "났습니다 지금"),
    ]  # fmt: skip
    assert word_diff("", " ") == []


@settings(deadline=None)
@given(KOREAN, KOREAN)
def test_word_diff_spells_both_texts(a: str, b: str) -> None:
    parts = word_diff(a, b)
    assert " ".join(t for kind, t in parts if kind != "ins").split() == words(a)
    assert " ".join(t for kind, t in parts if kind != "del").split() == words(b)
