r"""Reads a text as the rules of personal data read it: one form for each sign, with the way back to the original.

Dashes of every kind become "-", full-width and other digits become 0 to 9, invisible characters are left out, white
space becomes one space: `０１０－1234–5678` reads as `010-1234-5678`. The `unicode` step makes no form that reads
otherwise. A span that was found in this form is mapped back, with the invisible characters that belong to it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from core.text import nfc
from core.text.visible import BLANKS

_PLAIN = re.compile(r"[^\x21-\x7e가-힣ㄱ-ㅎㅏ-ㅠㅢㅣ…♥♡ ]|  |^ | $")  # without one of these, a text reads as it stands
# the letters of a syllable in conjoining jamo, or a character with the marks that combine with it
_CLUSTER = re.compile(
    "[\u1100-\u115e\ua960-\ua97c][\u1161-\u11a7\ud7b0-\ud7c6]?[\u11a8-\u11ff\ud7cb-\ud7fb]?[\u0300-\u036f]*"
    "|[가-힣][\u11a8-\u11ff]?[\u0300-\u036f]*|.[\u0300-\u036f]*",
    re.S,
)
_ALIKE = {
    "-": "\u2043\u207b\u208b\u02d7\u2212\u2796\u30fc\uff70\u3161\u2500\u2501\u2013\u2014\u2015\u4e00\u23af\u30a0",
    "~": "\uff5e\u301c\u223c\u223d\u02dc\u3030\u02f7\u2053",
    "·": "\u30fb\uff65\u2022\u2027\u2219\u22c5\u318d\u00b7\u25e6\u2981",
    "/": "\u2044\u2215\u29f8",
    ".": "\u3002\uff61\u2024\ufe52",
    "*": "●○◯◎■□▪▫⬤∗✱✳×✕✖",
    "(": "（〔［﹙❨",
    ")": "）〕］﹚❩",
    "@": "\ufe6b",
    "+": "\ufe62\u2795",
}
_SIGNS = {ord(sign): plain for plain, signs in _ALIKE.items() for sign in signs}
_CIRCLED = ("\u2460\u2468 \u24f5\u24fd \u2776\u277e \u2780\u2788 \u278a\u2792", "\u24ea\u24ff\U0001f10b\U0001f10c")


@dataclass(frozen=True, slots=True)
class Reading:
    """`plain`: the text as the rules read it. Character i of it stands for `source[starts[i]:ends[i]]`."""

    plain: str
    starts: tuple[int, ...] | None = None  # None: every character stands for itself
    ends: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the source that `plain[start:end]` stands for."""
        if self.starts is None or self.ends is None or start >= end:
            return start, end
        return self.starts[start], self.ends[end - 1]


def read(text: str) -> Reading:
    r"""The reading of `text`.

    >>> read("번호 ０１０—1234\u200b—5678").plain
    '번호 010-1234-5678'
    """
    if not _PLAIN.search(text):
        return Reading(text)
    plain, starts, ends = list[str](), list[int](), list[int]()
    for letter, start, end in _spaced(_composed(list(_seen(text)))):
        plain.append(letter)
        starts.append(start)
        ends.append(end)
    return Reading("".join(plain), tuple(starts), tuple(ends))


Letter = tuple[str, int, int]  # with start and end in the source


def _seen(text: str) -> Iterator[Letter]:
    """The characters that a reader sees; one that is not seen belongs to the character before it."""
    waiting: Letter | None = None
    for at, sign in enumerate(text):
        letter = _plain(sign)
        if letter:
            if waiting:
                yield waiting
            waiting = letter, at, at + 1
        elif waiting and waiting[0] != " ":
            waiting = waiting[0], waiting[1], at + 1
    if waiting:
        yield waiting


@cache
def _plain(sign: str) -> str:
    """The plain form of one character; "" if it is invisible."""
    code = ord(sign)
    if code in _SIGNS:
        return _SIGNS[code]
    if code in BLANKS or sign.isspace():
        return " "
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFEE0)
    category = unicodedata.category(sign)
    if category in ("Cc", "Cf", "Cs", "Me") or code == 0x34F or 0xFE00 <= code <= 0xFE0F:
        return ""
    if category == "Pd":
        return "-"
    return _digit(sign) or sign


def _digit(sign: str) -> str:
    """The digit that `sign` is in another script or in a circle; "" if it is none."""
    if (value := unicodedata.decimal(sign, None)) is not None:
        return str(value)
    nines, zeros = _CIRCLED
    if sign in zeros:
        return "0"
    rows = [(pair[0], pair[1]) for pair in nines.split()]
    row = next((low for low, high in rows if low <= sign <= high), None)
    return str(ord(sign) - ord(row) + 1) if row else ""


def _composed(letters: list[Letter]) -> Iterator[Letter]:
    """The letters with conjoining jamo and combining marks joined; a joined letter stands for all of its parts."""
    text = "".join(letter for letter, _, _ in letters)
    if unicodedata.is_normalized("NFC", text):
        yield from letters
        return
    for cluster in _CLUSTER.finditer(text):
        first, last = letters[cluster.start()], letters[cluster.end() - 1]
        yield from ((letter, first[1], last[2]) for letter in nfc(cluster[0]))


def _spaced(letters: Iterator[Letter]) -> Iterator[Letter]:
    """The letters with single spaces, and none at the edges."""
    space: Letter | None = None
    begun = False
    for letter in letters:
        if letter[0] == " ":
            space = (" ", space[1] if space else letter[1], letter[2])
            continue
        if space and begun:
            yield space
        space, begun = None, True
        yield letter
