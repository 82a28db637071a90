"""The `repeats` step shortens laughter, lengthened syllables and repeated marks without changing their meaning.

ㅋㅋㅋㅋ and ㅠㅠㅠ keep two letters, and so does 아아아아 as a word of its own; 살려주세요오오오 becomes 살려주세요;
!!!!! keeps one mark. Doubles (아아, 네네, 하하, ㅋㅋ) and digits, also spoken ones (오오오오), are not changed.
"""

import re
from collections.abc import Mapping
from typing import Any

from core.cleaning.steps.change import Change, Cleaner, Setting, clean_each
from core.hangul import VOWELS, is_syllable, split
from core.messages import Message, Names, Word

SETTINGS = {
    "keep": Setting(2, lambda n: "" if 1 <= n <= 5 else Message("{n} is not in 1 to 5", n=n)),
}
_JAMO = re.compile(r"([ㄱ-ㅎㅏ-ㅣ])\1{2,}")
_MARK = re.compile(r"([!?~^;,♡♥ㆍ*])\1{2,}|(\.{4,})|(…{2,})")
_SYLLABLE = re.compile(r"([가-힣])\1{2,}")
_ECHO = re.compile(r"([가-힣])((?:아|어|오|우|으|이|에|애){2,})")
_SPOKEN = frozenset("공영령일이삼사오육륙칠팔구")
# The vowel that lengthens a syllable, for each vowel in the order of Unicode
_DRAWN = dict(zip(VOWELS, "아애아애어에어에오아애에오우어에이우으이이", strict=True))
_ALSO = {"에": "에애", "애": "애에"}  # 돼애애, 네에에: both spellings of one sound


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    """The cleaner of a step; `least` is not used, because every change is equally sure."""
    keep: int = settings["keep"]
    return clean_each(lambda text: clean(text, keep))


def clean(text: str, keep: int = 2) -> Change | None:
    """`text` with shortened repeats; `keep`: how many letters of a repeat stay. None if nothing changes.

    >>> clean("살려주세요오오오 ㅠㅠㅠㅠ 빨리!!!!!").after
    '살려주세요 ㅠㅠ 빨리!'
    """
    after, reasons = text, []
    for reason, step in ((Word("lengthened syllables"), _echoes), (Word("repeated syllables"), _syllables),
                         (Word("repeated letters"), _jamo), (Word("repeated marks"), _marks)):  # fmt: skip
        if (shorter := step(after, keep)) != after:
            after = shorter
            reasons.append(reason)
    return Change(after, Names(reasons), 0.95) if reasons else None


def _jamo(text: str, keep: int) -> str:
    return _JAMO.sub(lambda match: match[1] * min(keep, len(match[0])), text)


def _marks(text: str, keep: int) -> str:
    return _MARK.sub(lambda match: match[1] or ("..." if match[2] else "…"), text)


def _syllables(text: str, keep: int) -> str:
    def shorter(match: re.Match[str]) -> str:
        run, letter = match[0], match[1]
        if letter in _SPOKEN or (len(run) < 4 and letter not in "아어으우에애"):
            return run
        inside = match.start() > 0 and is_syllable(text[match.start() - 1])
        return letter * (1 if inside and letter in "아어으우에애" else min(keep, len(run)))

    return _SYLLABLE.sub(shorter, text)


def _echoes(text: str, keep: int) -> str:
    def without(match: re.Match[str]) -> str:
        letter, echo = match[1], match[2]
        _, vowel, final = split(letter) or ("", "", "")
        drawn = _DRAWN[vowel] if final == " " else ""
        alike = _ALSO.get(drawn, drawn)
        run = len(echo) - len(echo.lstrip(alike)) if drawn else 0
        if run < 2 or letter in _ALSO.get(echo[0], echo[0]) or letter in _SPOKEN:
            return match[0]
        return letter + echo[run:]

    return _ECHO.sub(without, text)
