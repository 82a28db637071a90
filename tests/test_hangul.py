"""core.hangul: letters and syllables, compared with the decomposition of Unicode."""

import unicodedata

import pytest

from core.hangul import (
    FINALS,
    FIRST,
    INITIALS,
    LAST,
    VOWELS,
    is_syllable,
    join,
    split,
    syllable_range,
    syllables_ending_in,
)

ALL = [chr(code) for code in range(ord(FIRST), ord(LAST) + 1)]


def test_every_syllable_is_split_as_unicode_does_and_joined_again() -> None:
    assert len(ALL) == 11_172
    for syllable in ALL:
        letters = split(syllable)
        assert letters is not None
        conjoining = unicodedata.normalize("NFD", syllable)
        places = [ord(c) - base for c, base in zip(conjoining, (0x1100, 0x1161, 0x11A7), strict=False)]
        expected = INITIALS[places[0]], VOWELS[places[1]], FINALS[places[2]] if len(places) == 3 else " "
        assert (letters, join(*letters)) == (expected, syllable)


@pytest.mark.parametrize("other", ["a", "1", "ㄱ", "ㅏ", " ", "\u1100", "\uabff", "\ud7a4", "家"])
def test_other_characters_are_not_split(other: str) -> None:
    assert (is_syllable(other), split(other)) == (False, None)


def test_syllables_are_found_by_their_initial_and_their_final() -> None:
    syllables = []
    for initial in INITIALS:
        first, last = syllable_range(initial)
        syllables += [chr(code) for code in range(ord(first), ord(last) + 1)]
        assert {letters[0] for c in (first, last) if (letters := split(c))} == {initial}
    assert syllables == ALL
    assert sorted("".join(syllables_ending_in(final) for final in FINALS)) == ALL
    assert {letters[2] for c in syllables_ending_in("ㅄ") if (letters := split(c))} == {"ㅄ"}
