"""Postings of first consonants (ㅎㅈ finds 화재), beside those of the letters themselves, in the same table.

A posting is that of two consonants and the gap between them; its followers are the consonants after the second one.
So a query of two consonants reads a bitmap or a few places of each chunk, and a longer one joins groups of three. One
consonant has a posting with its bitmap alone. The letters of these postings are codes above Unicode's last code point.
"""

from collections.abc import Iterator

import numpy as np

from core.hangul import FIRST, INITIALS, LAST, SYLLABLES_PER_INITIAL
from core.store.index.postings import END, Array, ChunkLetters, Posting, held_in, pack, sorted_postings
from core.store.index.query import Ranges

_CODES = 0x110000
_CONSONANTS = np.zeros(1 << 16, np.uint32)  # code point -> number of its first consonant, from 1; 0: it has none
_CONSONANTS[[ord(letter) for letter in INITIALS]] = np.arange(1, len(INITIALS) + 1)
_CONSONANTS[ord(FIRST) : ord(LAST) + 1] = np.repeat(np.arange(1, len(INITIALS) + 1), SYLLABLES_PER_INITIAL)


def code(consonant: int, gap: int = 0, then: int = 0) -> int:
    """Return the code of a consonant, or of two with a gap between them."""
    return _CODES | consonant << 7 | then << 2 | gap


def pair(consonant: int, gaps: frozenset[int], then: int) -> Ranges:
    """Return the codes of two consonants with one of `gaps` between them."""
    return tuple((code(consonant, gap, then), code(consonant, gap, then)) for gap in sorted(gaps))


def postings(chunk: ChunkLetters) -> Iterator[Posting]:
    """Yield the postings of the consonants of one chunk, ascending by code for each kind."""
    if not len(chunk.letters):
        return
    firsts: Array = _CONSONANTS[np.minimum(chunk.letters, 0xFFFF)]
    for consonant in range(1, len(INITIALS) + 1):
        if len(slots := chunk.slots[firsts == consonant]):
            yield Posting(code(consonant), b"", b"", b"", pack(held_in(slots)))
    same = chunk.slots[1:] == chunk.slots[:-1]
    then, after = np.zeros_like(firsts), np.full_like(firsts, END)
    then[:-1][same] = firsts[1:][same]
    after[:-1][same] = firsts[1:][same] << 2 | chunk.gaps[:-1][same]
    codes = _CODES | firsts << 7 | then << 2 | chunk.gaps
    follows = np.full_like(firsts, END)
    follows[:-1] = after[1:]
    two = (firsts > 0) & (then > 0)
    if two.any():
        yield from sorted_postings(codes[two].astype(np.uint32), follows[two], chunk.places()[two])
