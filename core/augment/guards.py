"""Guards: reasons for which a candidate may not leave the generator. Candidates of all makers pass the same."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from core.augment import frames, negation, wellformed, wording
from core.augment.known import Known
from core.augment.lexicon import Lexicon
from core.augment.nouns import keeps_nouns, keeps_numbers
from core.augment.operations.guarded import for_lexicon
from core.augment.reading import Reading, read
from core.augment.wellformed import LANGUAGE_MODEL
from core.messages import Message
from core.text import letters, words
from core.text.near_duplicates import nearly_equal

REASONS: dict[str, Message] = {
    "equal": Message("equal or nearly equal to its source"),
    "exists": Message("equal or nearly equal to another utterance"),
    "negation": Message("a negation was lost or gained"),
    "danger-word": Message("a guarded word was lost or gained"),
    "key-noun": Message("a noun of the source was lost"),
    "length": Message("much shorter or longer than its source"),
    "morphemes": Message("not well-formed Korean"),
    "wording": Message("words that its source does not vouch for"),
    "language": Message("not Korean"),
    "label-disagreement": Message("the run in use gives it another label"),
}
SURFACE = frozenset(("punctuation-insertion", "koeda-aeda", "transcription-noise"))  # all of them keep the words
NEAR_SOURCE = 0.95  # similarity of 3-grams at which a variant is as good as its source
_SHORTEST, _LONGEST, _FEW = 0.5, 1.8, 4  # shares of the source's letters, and letters that never count as too many
_LEAST_LETTERS = 2
_HANGUL = re.compile(r"[가-힣]")
_FOREIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0400-\u04ff\u0600-\u06ff\u0e00-\u0e7f]")
_SIGNS = re.compile(r"\d(?:[\d.,:]*\d)?|\[[가-힣]+\]")  # numbers and placeholders, as they are written
_LEAST_HANGUL = 0.6


@dataclass(frozen=True, slots=True)
class Guard:
    """Guards of a Scheme: its `lexicon`, and the index of the utterances that exist already, if there is one.

    >>> Guard(Lexicon.of("danger")).reasons("숨을 안 쉬어요", "숨을 쉬어요", "koeda-rd")
    ('negation', 'wording')
    """

    lexicon: Lexicon
    existing: Known | None = None

    def reasons(self, source: str, text: str, operation: str) -> tuple[str, ...]:
        """The codes of the reasons against `text` as a variant of `source`; empty if it may leave.

        "label-disagreement" is never among them: the workflow flags it, and it refuses nothing.
        """
        if same(source, text, operation):
            return ("equal",)
        if operation in SURFACE and _words_only(source) == _words_only(text):
            if _SIGNS.findall(source) != _SIGNS.findall(text):
                return ("key-noun",)
            return ("exists",) if self._exists(source, text, operation) else ()
        return tuple(self._against(source, text, operation))

    def _against(self, source: str, text: str, operation: str) -> Iterable[str]:
        if not _is_long_enough(source, text):
            yield "length"
        if not _is_korean(source, text):
            yield "language"
        old, new = read(source), read(text)
        if negation.signature(old) != negation.signature(new):
            yield "negation"
        framed = operation != LANGUAGE_MODEL or frames.agree(old, new)
        if guarded_words(self.lexicon, old) != guarded_words(self.lexicon, new) or not framed:
            yield "danger-word"
        share = 0.5 if operation == LANGUAGE_MODEL else 1.0  # it writes anew, so half of the nouns must stay
        if not (keeps_numbers(old, new) and keeps_nouns(old, text, share)):
            yield "key-noun"
        if wellformed.faults(old, new, operation):
            yield "morphemes"
        if operation not in wellformed.NOISY and operation != LANGUAGE_MODEL and wording.faults(old, new, operation):
            yield "wording"
        if self._exists(source, text, operation):
            yield "exists"

    def _exists(self, source: str, text: str, operation: str) -> bool:
        return self.existing is not None and self.existing.holds(text, source, surface=operation in SURFACE)


def same(source: str, text: str, operation: str) -> bool:
    """Whether `text` is equal or nearly equal to `source`: marks and spaces count for operations on them only."""
    if operation in SURFACE:
        return words(source) == words(text)
    old, new = letters(source), letters(text)
    return old == new or nearly_equal(old, new, NEAR_SOURCE)


def _words_only(text: str) -> list[str]:
    """The words of a text without marks."""
    return [word for item in words(text) if (word := letters(item))]


@lru_cache(maxsize=4096)
def guarded_words(lexicon: Lexicon, reading: Reading) -> Counter[str]:
    """How often each guarded word occurs in a text."""
    return lexicon.count(map(for_lexicon, reading.words))


def _is_long_enough(source: str, text: str) -> bool:
    old, new = len(letters(source)), len(letters(text))
    return new >= max(_LEAST_LETTERS, _SHORTEST * old) and (new <= _LONGEST * old or new - old <= _FEW)


@lru_cache(maxsize=4096)
def _hangul_share(text: str) -> float:
    signs = letters(text)
    return len(_HANGUL.findall(signs)) / len(signs) if signs else 0.0


def _is_korean(source: str, text: str) -> bool:
    foreign = Counter(_FOREIGN.findall(text)) - Counter(_FOREIGN.findall(source))
    return not foreign and _hangul_share(text) >= min(_LEAST_HANGUL, _hangul_share(source) * 0.8)
