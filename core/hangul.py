"""Hangul: syllables, their initials (초성), and the letters (자모) that a syllable is made of.

Letters are compatibility jamo (ㄱ, U+3131), as a keyboard writes them. Syllables are precomposed (가 to 힣); text in
conjoining jamo must pass `core.text.nfc` before.
"""

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"  # the blank: no final consonant
FIRST, LAST = "가", "힣"
OF_AN_INITIAL = len(VOWELS) * len(FINALS)  # syllables that begin with the same initial; they stand side by side


def is_syllable(letter: str) -> bool:
    """Whether one character is a precomposed syllable."""
    return FIRST <= letter <= LAST


def split(syllable: str) -> tuple[str, str, str] | None:
    """Initial, vowel and final of a syllable, the final " " where it has none; None for any other character.

    >>> split("불"), split("가"), split("a")
    (('ㅂ', 'ㅜ', 'ㄹ'), ('ㄱ', 'ㅏ', ' '), None)
    """
    if not is_syllable(syllable):
        return None
    rest, final = divmod(ord(syllable) - ord(FIRST), len(FINALS))
    initial, vowel = divmod(rest, len(VOWELS))
    return INITIALS[initial], VOWELS[vowel], FINALS[final]


def join(initial: str, vowel: str, final: str) -> str:
    """The syllable of these three letters.

    >>> join("ㅂ", "ㅜ", "ㄹ")
    '불'
    """
    place = INITIALS.index(initial) * len(VOWELS) + VOWELS.index(vowel)
    return chr(ord(FIRST) + place * len(FINALS) + FINALS.index(final))


def beginning_with(initial: str) -> tuple[str, str]:
    """The first and the last syllable that begin with an initial.

    >>> beginning_with("ㅎ")
    ('하', '힣')
    """
    first = ord(FIRST) + INITIALS.index(initial) * OF_AN_INITIAL
    return chr(first), chr(first + OF_AN_INITIAL - 1)


def ending_in(final: str) -> str:
    """All syllables that end in a final consonant, or in a vowel where `final` is " ".

    >>> ending_in("ㄹ")[:3], len(ending_in(" "))
    ('갈갤걀', 399)
    """
    return "".join(chr(code) for code in range(ord(FIRST) + FINALS.index(final), ord(LAST) + 1, len(FINALS)))
