"""What cleaning steps share about the words of a text: their diff, placeholders, edits carried over."""

import re
from difflib import SequenceMatcher

from core.text import word_diff as diff

__all__ = ["LONGEST", "PLACEHOLDER", "diff", "readable", "rebased"]

LONGEST = 5000  # a text with more characters is a document: steps that analyse words leave it alone
PLACEHOLDER = re.compile(r"\[[가-힣]{1,10}\]")  # [전화], [주소], and the masks that corpora come with


def readable(text: str) -> bool:
    """Whether an analyser of words may see `text`: something in it, not endless, no lone surrogate."""
    if not text.strip() or len(text) > LONGEST:
        return False
    return not any("\ud800" <= c <= "\udfff" for c in text)


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
