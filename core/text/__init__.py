"""Compare texts: a key for equal texts, the words of a text, and the differences of two versions.

All functions work on Unicode NFC, so that Hangul typed as jamo equals Hangul typed as syllables. White space separates
words; there is no morphological analysis here.
"""

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

Change = Literal["same", "del", "ins"]
_NO_LETTERS = re.compile(r"[\W_]+")  # what str.isalnum() refuses
LONGEST = 5000  # characters; steps that analyse words do not process a longer text


def nfc(text: str) -> str:
    """Return `text` in Unicode NFC: Hangul as precomposed syllables."""
    return unicodedata.normalize("NFC", text)


def letters(text: str) -> str:
    """Return the letters and digits of `text`, in NFC and case folded; texts with equal `letters` count as the same.

    >>> letters("불이야!! Help me") == letters("불 이야, HELP me")
    True
    """
    return nfc(_NO_LETTERS.sub("", nfc(nfc(text).casefold())))


def words(text: str) -> list[str]:
    """Return the words of `text`, in NFC."""
    return nfc(text).split()


def word_diff(a: str, b: str) -> list[tuple[Change, str]]:
    """Return the changes that turn `a` into `b`, as runs of words; one space joins the words of a run.

    A replacement is a `del`, then an `ins`. The `same` and `del` runs together are `a`, the `same` and `ins` runs are
    `b`. Differences in the kind of white space or in Unicode normalisation are ignored.

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


def rebase(before: str, after: str, current: str) -> str | None:
    """Apply the change from `before` to `after` to `current`; return None if `current` differs at the same place.

    A curator may edit a text after a suggestion was made for it. With this the suggestion can still be accepted.

    >>> rebase("불이  낫어요 ㅋㅋㅋㅋ", "불이  났어요 ㅋㅋㅋㅋ", "불이 낫어요 ㅋㅋ")
    '불이 났어요 ㅋㅋ'
    >>> rebase("낫어요", "났어요", "나았어요") is None
    True
    """
    if current == before:
        return after
    if max(len(before), len(after), len(current)) > LONGEST:
        return None
    made, suggested = _edits(before, current), _edits(before, after)
    if any(_touch(a, b) for a in made for b in suggested):
        return None
    result = before
    for start, end, text in sorted({*made, *suggested}, reverse=True):
        result = result[:start] + text + result[end:]
    return result


def _edits(old: str, new: str) -> list[tuple[int, int, str]]:
    """Return (start, end, replacement) of each changed span of `old`."""
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(i, j, new[k:m]) for tag, i, j, k, m in opcodes if tag != "equal"]


def _touch(a: tuple[int, int, str], b: tuple[int, int, str]) -> bool:
    return a != b and a[0] <= b[1] and b[0] <= a[1]
