"""Hangul: split a syllable into its letters (자모), join letters to a syllable, and find syllables by a letter.

Letters are compatibility jamo (ㄱ, U+3131), as a keyboard writes them. Syllables are precomposed (가 to 힣). Convert
text in conjoining jamo with `core.text.nfc` first.
"""

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"  # the space means: no final consonant
FIRST, LAST = "가", "힣"
SYLLABLES_PER_INITIAL = len(VOWELS) * len(FINALS)  # they are neighbours in Unicode


def is_syllable(letter: str) -> bool:
    """Whether the character `letter` is a precomposed syllable."""
    return FIRST <= letter <= LAST


def split(syllable: str) -> tuple[str, str, str] | None:
    """Return initial, vowel and final of a syllable; the final is " " if there is none. None for other characters.

    >>> split("불"), split("가"), split("a")
    (('ㅂ', 'ㅜ', 'ㄹ'), ('ㄱ', 'ㅏ', ' '), None)
    """
    if not is_syllable(syllable):
        return None
    rest, final = divmod(ord(syllable) - ord(FIRST), len(FINALS))
    initial, vowel = divmod(rest, len(VOWELS))
    return INITIALS[initial], VOWELS[vowel], FINALS[final]


def join(initial: str, vowel: str, final: str) -> str:
    """Return the syllable of an initial, a vowel and a final (" " for none).

    >>> join("ㅂ", "ㅜ", "ㄹ")
    '불'
    """
    place = INITIALS.index(initial) * len(VOWELS) + VOWELS.index(vowel)
    return chr(ord(FIRST) + place * len(FINALS) + FINALS.index(final))


def syllable_range(initial: str) -> tuple[str, str]:
    """Return the first and the last syllable that begin with `initial`.

    >>> syllable_range("ㅎ")
    ('하', '힣')
    """
    first = ord(FIRST) + INITIALS.index(initial) * SYLLABLES_PER_INITIAL
    return chr(first), chr(first + SYLLABLES_PER_INITIAL - 1)


def syllables_ending_in(final: str) -> str:
    """Return all syllables that end in the consonant `final`, or in a vowel if `final` is " ".

    >>> syllables_ending_in("ㄹ")[:3], len(syllables_ending_in(" "))
    ('갈갤걀', 399)
    """
    return "".join(chr(code) for code in range(ord(FIRST) + FINALS.index(final), ord(LAST) + 1, len(FINALS)))
