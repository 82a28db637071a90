"""Corrects misspelt words by the typo model of the analyser (kiwi), where it is clear that a word is wrong.

The analyser reads a text under the assumption that letters may be mistyped (ㅐ for ㅔ, ㅈ for ㅅ, a wrong final
consonant). A word is corrected if this reading gives other letters than the plain reading. Only the wrong letters
change, because joining all morphemes again would also change other parts of the word.
"""

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from core.cleaning.analyser import analyser, placeholders
from core.cleaning.spelling.correction import Correction

TYPOS = "basic_with_continual"
SURE = 0.7
_TAGS = ("V", "E", "XS", "J", "NNG", "NNB", "MAG", "XR")
_MOST_LETTERS = 40


def corrections(texts: Sequence[str]) -> list[list[tuple[int, int, Correction]]]:
    """For each text, (start, end, correction) of each misspelt word, in order."""
    if not texts:
        return []
    kiwi = analyser()
    readings = kiwi.tokenize(texts, typos=TYPOS, pretokenized=placeholders)
    return [_text_corrections(kiwi, text, tokens) for text, tokens in zip(texts, readings, strict=True)]


def _text_corrections(kiwi: Any, text: str, tokens: Sequence[Any]) -> list[tuple[int, int, Correction]]:
    if not any(token.typo_cost > 0 for token in tokens):
        return []
    candidates = ((start, end, _correction(kiwi, text[start:end], start, tokens)) for start, end in _words(text))
    return [(start, end, correction) for start, end, correction in candidates if correction]


def _words(text: str) -> list[tuple[int, int]]:
    """(start, end) of each word."""
    spans, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        spans.append((at, at + len(word)))
        at += len(word)
    return spans


def _correction(kiwi: Any, word: str, start: int, tokens: Sequence[Any]) -> Correction | None:
    """The correction of `word`, which stands at `start`, by the morphemes with typos; None if it may be right."""
    inside = [token for token in tokens if start <= token.start and token.end <= start + len(word)]
    faulty = [token for token in inside if token.typo_cost > 0]
    if not faulty or len(word) > _MOST_LETTERS or any(not token.tag.startswith(_TAGS) for token in faulty):
        return None
    right = kiwi.join([(token.form, token.tag) for token in inside])
    changed = _only_at(word, right, [(token.start - start, token.end - start) for token in faulty])
    if changed == word or not _near(word, changed) or ("데" in word and "대" in changed and "대" not in word):
        return None
    plain = kiwi.join([(token.form, token.tag) for token in kiwi.tokenize(word)])
    return None if plain == changed else Correction(word, changed, "오타로 보임", SURE)


def _only_at(word: str, right: str, places: Sequence[tuple[int, int]]) -> str:
    """`word` with those changes of `right` that lie at `places`, the (start, end) of the wrong morphemes."""
    result, at = "", 0
    for tag, i, j, k, m in SequenceMatcher(None, word, right, autojunk=False).get_opcodes():
        if tag != "equal" and any(i < high and j > low for low, high in places):
            result += word[at:i] + right[k:m]
            at = j
    return result + word[at:]


def _near(word: str, right: str) -> bool:
    """Whether both have the same number of syllables and differ in at most two jamo."""
    if len(word) != len(right) or " " in right:
        return False
    a, b = unicodedata.normalize("NFD", word), unicodedata.normalize("NFD", right)
    same = sum(block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks())
    return max(len(a), len(b)) - same <= 2
