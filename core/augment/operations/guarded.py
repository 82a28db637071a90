"""Words that no operation touches, whatever the guards would say: it saves drawings that would be refused anyway."""

from collections.abc import Iterator
from functools import lru_cache

from core.augment import negation
from core.augment.lexicon import GENERAL, Lexicon
from core.augment.reading import Reading, Word


@lru_cache(maxsize=4096)
def kept(reading: Reading) -> frozenset[int]:
    """The places of negations, of what they negate, and of guarded words of danger."""
    return frozenset(negation.protected(reading)) | {i for i, word in enumerate(reading.words) if is_guarded(word)}


@lru_cache(maxsize=16384)
def is_guarded(word: Word) -> bool:
    """Whether the lexicon of danger has a word that `word` holds, or its end changes a label."""
    return bool(Lexicon.of(GENERAL).count([for_lexicon(word)]))


def for_lexicon(word: Word) -> tuple[str, Iterator[str]]:
    """A word and its nouns, stems and adverbs, as `Lexicon.count` asks for them."""
    return word.text, (form for form, tag in word.spoken if tag[0] in "NVXM")
