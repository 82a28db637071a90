"""Korean particles after a value: a translation writes "{name}을(를)", the reader sees "제안을" or "보기를".

The particle depends on the last sound of the text before it. Korean syllables, digits and most Latin letters tell
that sound. Where they do not (the final "e" of "pipeline" or "male"), both forms stay, as Korean software writes them.
"""

import re
from typing import Any

from core import hangul

# After a consonant and after a vowel; "(으)로" also counts ㄹ as a vowel.
PAIRS = {
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
PARTICLE = re.compile(r"(?:은\(는\)|이\(가\)|을\(를\)|과\(와\)|\(으\)로)")
CLOSING = "'\"`*)]}’”』」》> "
DIGITS = dict(zip("0123456789%", "ㅇㄹ ㅁ  ㄱㄹㄹ  ", strict=True))  # 영 일 이 삼 사 오 육 칠 팔 구, 퍼센트
LETTERS = {"l": "ㄹ", "m": "ㅁ", "n": "ㄴ", **dict.fromkeys("adfhijosuvwxyz", " ")}
NAMES_OF_LETTERS = {"L": "ㄹ", "M": "ㅁ", "N": "ㄴ", "R": "ㄹ"}
ABBREVIATION = re.compile(r"(?<![A-Za-z])[A-Z]{1,5}$")


class Template(str):
    """A Korean translation with particles: `format` fills its fields and then chooses the particles."""

    def format(self, *args: Any, **fields: Any) -> str:
        return chosen(super().format(*args, **fields))


def template(text: str) -> str:
    """Return `text` as a `Template` if it has a particle to choose; else `text` itself."""
    return Template(text) if "(" in text and PARTICLE.search(text) else text


def chosen(text: str) -> str:
    """Return `text` with one form of each particle whose sound before it is known.

    >>> chosen("제안을(를), 'a.csv'이(가), 보기을(를), 스냅샷 3(으)로, pipeline은(는)")
    "제안을, 'a.csv'가, 보기를, 스냅샷 3으로, pipeline은(는)"
    """
    return PARTICLE.sub(lambda found: _particle(found.group(), last_sound(text[: found.start()])), text)


def last_sound(text: str) -> str:
    """Return the final consonant of the last word of `text`, " " if it ends in a vowel, "" if nobody can tell.

    >>> last_sound("라벨"), last_sound("보기’"), last_sound("JSON"), last_sound("v10"), last_sound("male")
    ('ㄹ', ' ', 'ㄴ', 'ㅇ', '')
    """
    word = text.rstrip(CLOSING)
    if not word:
        return ""
    if syllable := hangul.split(word[-1]):
        return syllable[2]
    if ABBREVIATION.search(word):
        return NAMES_OF_LETTERS.get(word[-1], " ")
    return DIGITS.get(word[-1], "") or LETTERS.get(word[-1].lower(), "")


def _particle(both: str, sound: str) -> str:
    after_consonant, after_vowel = PAIRS[both]
    if not sound:
        return both
    return after_vowel if sound == " " or (sound == "ㄹ" and both == "(으)로") else after_consonant
