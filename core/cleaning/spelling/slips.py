"""Words one slip away from a word: letters that sound or look alike, and syllables written as they are said."""

from collections.abc import Iterator

from core.hangul import FINALS, INITIALS, join, split


def _alike(pairs: str) -> dict[str, str]:
    """letter -> the letters that it is taken for."""
    found: dict[str, str] = {}
    for pair in pairs.split():
        a, b = pair[0], pair[1]
        found[a], found[b] = found.get(a, "") + b, found.get(b, "") + a
    return found


_FIRSTS = _alike("ㄱㄲ ㄱㅋ ㄷㄸ ㄷㅌ ㅂㅃ ㅂㅍ ㅅㅆ ㅈㅉ ㅈㅊ ㄲㅋ ㄸㅌ ㅃㅍ ㅉㅊ")
_MIDDLES = _alike("ㅐㅔ ㅒㅖ ㅖㅔ ㅓㅕ ㅏㅑ ㅙㅚ ㅞㅚ ㅙㅞ ㅗㅛ ㅡㅜ ㅢㅣ ㅢㅡ ㅟㅣ ㅓㅗ ㅘㅏ ㅝㅓ ㅜㅠ ㅗㅡ")
_LASTS = _alike(
    "ㅅㅆ ㄱㄲ ㄴㄵ ㄴㄶ ㄹㄼ ㄹㅀ ㄹㄺ ㅁㄻ ㄷㅅ ㄷㅈ ㅅㅈ ㅈㅊ ㅅㅌ ㄷㅌ ㅂㅍ ㅂㅄ ㅎㅅ"
    " ㅅㅊ ㄱㅋ ㅁㅂ ㄴㅇ ㅆㅎ ㅆㅈ ㅎㄷ ㄱㄳ"
)
_DRAWN_BACK = {"ㅅ": "ㅅㅆ", "ㄹ": "ㄹㅀ", "ㄴ": "ㄴㄶ"}  # 떠러 is 떨어, 이러 may be 잃어


def near(word: str) -> list[str]:
    """Other words that a slip may have made `word` of, in order; "" positions that are no Hangul stay.

    >>> "떨어져" in near("떠러져"), "계속" in near("게속")
    (True, True)
    """
    return sorted({made for at in range(len(word)) for made in _at(word, at)} - {word})


def _at(word: str, at: int) -> Iterator[str]:
    if not (one := split(word[at])):
        return
    first, middle, last = one
    head, tail = word[:at], word[at + 1 :]
    yield from (head + join(x, middle, last) + tail for x in _FIRSTS.get(first, ""))
    yield from (head + join(first, x, last) + tail for x in _MIDDLES.get(middle, ""))
    yield from (head + join(first, middle, x) + tail for x in _LASTS.get(last, ""))
    if tail and (two := split(tail[0])):
        yield from (head + pair + tail[1:] for pair in _moved(one, two))


def _moved(one: tuple[str, str, str], two: tuple[str, str, str]) -> Iterator[str]:
    """Two syllables with the consonant between them on the other side."""
    (a, b, last), (first, c, d) = one, two
    if last == " " and first != "ㅇ" and first in FINALS:
        yield from (join(a, b, x) + join("ㅇ", c, d) for x in _DRAWN_BACK.get(first, first))
    if last not in " ㅇ" and first == "ㅇ" and last in INITIALS:
        yield join(a, b, " ") + join(last, c, d)
    if last != " " and (first == last or (last == "ㅆ" and first == "ㅅ")):
        yield join(a, b, last) + join("ㅇ", c, d)
    if last == "ㅂ" and first in "ㅃㅍ":
        yield join(a, b, " ") + join(first, c, d)
