"""Misspelt words by the analyser's typo model: a word is put right only where the evidence is strong.

The analyser reads a text with the thought that letters may be mistyped (ㅐ for ㅔ, ㅈ for ㅅ, a wrong final consonant).
A word is a find where that explains it with other letters than the plain reading does. Only the letters at fault
change: `join(tokenize(x))` is not x.
"""

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from core.cleaning.analyser import analyser, placeholders
from core.cleaning.spelling.fix import Fix

TYPOS = "basic_with_continual"
SURE = 0.7
_TAGS = ("V", "E", "XS", "J", "NNG", "NNB", "MAG", "XR")
_MOST_LETTERS = 40


def fixes(texts: Sequence[str]) -> list[list[tuple[int, int, Fix]]]:
    """(start, end, what to write) of each word at fault, in order, for each text."""
    if not texts:
        return []
    kiwi = analyser()
    read = kiwi.tokenize(texts, typos=TYPOS, pretokenized=placeholders)
    return [_of_text(kiwi, text, tokens) for text, tokens in zip(texts, read, strict=True)]


def _of_text(kiwi: Any, text: str, tokens: Sequence[Any]) -> list[tuple[int, int, Fix]]:
    if not any(token.typo_cost > 0 for token in tokens):
        return []
    found = ((start, end, _fix(kiwi, text[start:end], start, tokens)) for start, end in _words(text))
    return [(start, end, fix) for start, end, fix in found if fix]


def _words(text: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        spans.append((at, at + len(word)))
        at += len(word)
    return spans


def _fix(kiwi: Any, word: str, start: int, tokens: Sequence[Any]) -> Fix | None:
    inside = [token for token in tokens if start <= token.start and token.end <= start + len(word)]
    faulty = [token for token in inside if token.typo_cost > 0]
    if not faulty or len(word) > _MOST_LETTERS or any(not token.tag.startswith(_TAGS) for token in faulty):
        return None
    right = kiwi.join([(token.form, token.tag) for token in inside])
    changed = _only_at(word, right, [(token.start - start, token.end - start) for token in faulty])
    if changed == word or not _near(word, changed) or ("데" in word and "대" in changed and "대" not in word):
        return None
    plain = kiwi.join([(token.form, token.tag) for token in kiwi.tokenize(word)])
    return None if plain == changed else Fix(word, changed, "오타로 보임", SURE)


def _only_at(word: str, right: str, places: Sequence[tuple[int, int]]) -> str:
    """`word` with the changes of `right` that lie at the places at fault."""
    made, at = "", 0
    for tag, i, j, k, m in SequenceMatcher(None, word, right, autojunk=False).get_opcodes():
        if tag != "equal" and any(i < high and j > low for low, high in places):
            made += word[at:i] + right[k:m]
            at = j
    return made + word[at:]


def _near(word: str, right: str) -> bool:
    """The same number of syllables, and two jamo at most differ."""
    if len(word) != len(right) or " " in right:
        return False
    a, b = unicodedata.normalize("NFD", word), unicodedata.normalize("NFD", right)
    same = sum(block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks())
    return max(len(a), len(b)) - same <= 2
