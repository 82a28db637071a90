"""What counts as the same text, which words it has, and how two versions of it differ.

Everything works on Unicode NFC, so that Hangul typed as jamo equals Hangul typed as syllables. Words are what white
space separates; there is no morphological analysis here.
"""

import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

Change = Literal["same", "del", "ins"]
LONGEST = 5000  # a text with more characters is a document: steps that analyse words leave it alone


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def letters(text: str) -> str:
    """The key under which two texts are the same: NFC, casefolded, letters and digits only; "" where there are none.

    >>> letters("불이야!! Help me") == letters("불 이야, HELP me")
    True
    """
    return nfc("".join(c for c in nfc(nfc(text).casefold()) if c.isalnum()))


def words(text: str) -> list[str]:
    return nfc(text).split()


def word_diff(a: str, b: str) -> list[tuple[Change, str]]:
    """What turns `a` into `b`: runs of words, joined by one space; a replacement is a `del`, then an `ins`.

    The `same` and `del` runs spell `a`, the `same` and `ins` runs spell `b`; differences in the kind of white space
    or in Unicode normalisation do not show.

    >>> word_diff("불이 낫어요 여기", "불이 났어요 여기")
    [('same', '불이'), ('del', '낫어요'), ('ins', '났어요'), ('same', '여기')]
    """
    return list(_changes(words(a), words(b)))


def _changes(old: list[str], new: list[str]) -> Iterator[tuple[Change, str]]:
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", " ".join(old[i:j])
            continue
        if i < j:
            yield "del", " ".join(old[i:j])
        if k < m:
            yield "ins", " ".join(new[k:m])


def rebased(before: str, after: str, current: str) -> str | None:
    """`current` with what turned `before` into `after`; None where both changed the same place.

    For the curator who accepts a suggestion after refusing an earlier one, or after typing.

    >>> rebased("불이  낫어요 ㅋㅋㅋㅋ", "불이  났어요 ㅋㅋㅋㅋ", "불이 낫어요 ㅋㅋ")
    '불이 났어요 ㅋㅋ'
    >>> rebased("낫어요", "났어요", "나았어요") is None
    True
    """
    if current == before:
        return after
    if max(len(before), len(after), len(current)) > LONGEST:
        return None
    mine, theirs = _edits(before, current), _edits(before, after)
    if any(_touch(a, b) for a in mine for b in theirs):
        return None
    made = before
    for start, end, text in sorted({*mine, *theirs}, reverse=True):
        made = made[:start] + text + made[end:]
    return made


def _edits(old: str, new: str) -> list[tuple[int, int, str]]:
    """(start, end, text) of each changed stretch of `old`."""
    found = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(i, j, new[k:m]) for tag, i, j, k, m in found if tag != "equal"]


def _touch(a: tuple[int, int, str], b: tuple[int, int, str]) -> bool:
    return a != b and a[0] <= b[1] and b[0] <= a[1]
