"""Whether the letters of a text can be read by a model of Korean."""

from core.abstention import Code
from core.hangul import is_syllable

LEAST_KOREAN = 0.2  # of the letters; "CCTV 있어요" and "SOS 도와줘" are Korean
_JAMO = ("\u1100", "\u11ff"), ("\u3130", "\u318f"), ("\ua960", "\ua97f"), ("\ud7b0", "\ud7ff")


def unreadable(text: str, korean: bool = True) -> Code | None:
    """Why a text has nothing to judge; None if it has words. With `korean` most of its letters must not be foreign.

    Signs, emoji and letters that stand alone (ㅋㅋㅋ) are no words. A number is one, in any language.

    >>> unreadable("불이 났어요"), unreadable("119"), unreadable("🔥🔥"), unreadable("ㅋㅋㅋ")
    (None, None, 'empty', 'empty')
    >>> unreadable("hello my friend"), unreadable("hello my friend", korean=False)
    ('not_korean', None)
    """
    letters = [char for char in text if char.isalpha() and not is_jamo(char)]
    if not letters:
        return None if any(char.isdecimal() for char in text) else "empty"
    if korean and sum(map(is_syllable, letters)) < LEAST_KOREAN * len(letters):
        return "not_korean"
    return None


def is_jamo(char: str) -> bool:
    """Whether a character is a letter of a syllable, standing alone."""
    return any(first <= char <= last for first, last in _JAMO)
