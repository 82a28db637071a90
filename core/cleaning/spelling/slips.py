"""Words that differ from a word by one slip: a letter that sounds or looks alike, or a spelling by pronunciation."""

from collections.abc import Iterator

from core.hangul import FINALS, INITIALS, join, split


def _alike(pairs: str) -> dict[str, str]:
    """letter -> the letters that are confused with it, from pairs such as "ㄱㄲ"."""
    alike: dict[str, str] = {}
    for pair in pairs.split():
        a, b = pair[0], pair[1]
        alike[a], alike[b] = alike.get(a, "") + b, alike.get(b, "") + a
    return alike


_FIRSTS = _alike("ㄱㄲ ㄱㅋ ㄷㄸ ㄷㅌ ㅂㅃ ㅂㅍ ㅅㅆ ㅈㅉ ㅈㅊ ㄲㅋ ㄸㅌ ㅃㅍ ㅉㅊ")
_MIDDLES = _alike("ㅐㅔ ㅒㅖ ㅖㅔ ㅓㅕ ㅏㅑ ㅙㅚ ㅞㅚ ㅙㅞ ㅗㅛ ㅡㅜ ㅢㅣ ㅢㅡ ㅟㅣ ㅓㅗ ㅘㅏ ㅝㅓ ㅜㅠ ㅗㅡ")
_LASTS = _alike(
    "ㅅㅆ ㄱㄲ ㄴㄵ ㄴㄶ ㄹㄼ ㄹㅀ ㄹㄺ ㅁㄻ ㄷㅅ ㄷㅈ ㅅㅈ ㅈㅊ ㅅㅌ ㄷㅌ ㅂㅍ ㅂㅄ ㅎㅅ"
    " ㅅㅊ ㄱㅋ ㅁㅂ ㄴㅇ ㅆㅎ ㅆㅈ ㅎㄷ ㄱㄳ"
)
_DRAWN_BACK = {"ㅅ": "ㅅㅆ", "ㄹ": "ㄹㅀ", "ㄴ": "ㄴㄶ"}  # 떠러 is 떨어, 이러 may be 잃어


def one_slip_away(word: str) -> list[str]:
    """All words that one slip may have turned into `word`, sorted. Characters that are no Hangul never change.

    >>> "떨어져" in one_slip_away("떠러져"), "계속" in one_slip_away("게속")
    (True, True)
    """
    return sorted({other for at in range(len(word)) for other in _slips_at(word, at)} - {word})


def _slips_at(word: str, at: int) -> Iterator[str]:
    if not (syllable := split(word[at])):
        return
    first, middle, last = syllable
    head, tail = word[:at], word[at + 1 :]
    yield from (head + join(x, middle, last) + tail for x in _FIRSTS.get(first, ""))
    yield from (head + join(first, x, last) + tail for x in _MIDDLES.get(middle, ""))
    yield from (head + join(first, middle, x) + tail for x in _LASTS.get(last, ""))
    if tail and (following := split(tail[0])):
        yield from (head + pair + tail[1:] for pair in _moved(syllable, following))


def _moved(left: tuple[str, str, str], right: tuple[str, str, str]) -> Iterator[str]:
    """The two syllables with the consonant between them moved from one to the other."""
    (a, b, last), (first, c, d) = left, right
    if last == " " and first != "ㅇ" and first in FINALS:
        yield from (join(a, b, x) + join("ㅇ", c, d) for x in _DRAWN_BACK.get(first, first))
    if last not in " ㅇ" and first == "ㅇ" and last in INITIALS:
        yield join(a, b, " ") + join(last, c, d)
    if last != " " and (first == last or (last == "ㅆ" and first == "ㅅ")):
        yield join(a, b, last) + join("ㅇ", c, d)
    if last == "ㅂ" and first in "ㅃㅍ":
        yield join(a, b, " ") + join(first, c, d)
