"""The `repeats` step: laughter, lengthened syllables and marks are cut to what tells as much.

ㅋㅋㅋㅋ and ㅠㅠㅠ keep two, 살려주세요오오오 loses its echo, 아아아아 standing alone keeps two, !!!!! keeps one.
Doubles (아아, 네네, 하하, ㅋㅋ) and digits, spoken ones too (오오오오), stay.
"""

import re
from collections.abc import Mapping
from typing import Any

from core.cleaning.steps.change import Change, Cleaner, Setting, each
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
# The vowel that a syllable ends on when it is drawn out, by the place of its own vowel in Unicode
_DRAWN = dict(zip(VOWELS, "아애아애어에어에오아애에오우어에이우으이이", strict=True))
_ALSO = {"에": "에애", "애": "애에"}  # 돼애애, 네에에: both spellings of one sound


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    keep: int = settings["keep"]
    return each(lambda text: clean(text, keep))


def clean(text: str, keep: int = 2) -> Change | None:
    """
    >>> clean("살려주세요오오오 ㅠㅠㅠㅠ 빨리!!!!!").after
    '살려주세요 ㅠㅠ 빨리!'
    """
    after, reasons = text, []
    for reason, step in ((Word("lengthened syllables"), _echoes), (Word("repeated syllables"), _syllables),
                         (Word("repeated letters"), _jamo), (Word("repeated marks"), _marks)):  # fmt: skip
        if (made := step(after, keep)) != after:
            after = made
            reasons.append(reason)
    return Change(after, Names(reasons), 0.95) if reasons else None


def _jamo(text: str, keep: int) -> str:
    return _JAMO.sub(lambda found: found[1] * min(keep, len(found[0])), text)


def _marks(text: str, keep: int) -> str:
    return _MARK.sub(lambda found: found[1] or ("..." if found[2] else "…"), text)


def _syllables(text: str, keep: int) -> str:
    def shorter(found: re.Match[str]) -> str:
        run, letter = found[0], found[1]
        if letter in _SPOKEN or (len(run) < 4 and letter not in "아어으우에애"):
            return run
        inside = found.start() > 0 and is_syllable(text[found.start() - 1])
        return letter * (1 if inside and letter in "아어으우에애" else min(keep, len(run)))

    return _SYLLABLE.sub(shorter, text)


def _echoes(text: str, keep: int) -> str:
    def without(found: re.Match[str]) -> str:
        letter, echo = found[1], found[2]
        _, vowel, final = split(letter) or ("", "", "")
        drawn = _DRAWN[vowel] if final == " " else ""
        alike = _ALSO.get(drawn, drawn)
        run = len(echo) - len(echo.lstrip(alike)) if drawn else 0
        if run < 2 or letter in _ALSO.get(echo[0], echo[0]) or letter in _SPOKEN:
            return found[0]
        return letter + echo[run:]

    return _ECHO.sub(without, text)
