"""A sentence as words of morphemes. A changed word is joined again from its morphemes, so that endings and particles
agree; the other words keep every sign of the text. `Reading`s of the last texts are kept.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.cleaning.analyser import analyser, placeholders
from core.text import words

Morpheme = tuple[str, str]  # form, and tag of the analyser without the mark of irregular verbs
LONGEST = 600  # letters; an operation leaves a longer text as it is
_TAIL = re.compile(r"[^\w\[\]]*\Z")
_HEAD = re.compile(r"[^\w\[\]]*")
_LETTER = re.compile(r"[가-힣]")


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A word of a text: `bare` without the marks `head` and `tail` around it, `spoken` the morphemes without marks.

    `whole` means that no morpheme leaves it; `raw_tags` tell how a stem is inflected.
    """

    text: str
    morphemes: tuple[Morpheme, ...]
    raw_tags: tuple[str, ...]
    whole: bool
    spoken: tuple[Morpheme, ...] = ()
    head: str = ""
    bare: str = ""
    tail: str = ""

    def again(self, bare: str) -> str:
        """The word with `bare` in place of its letters; the marks around it stay."""
        return f"{self.head}{bare}{self.tail}"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A text, its words, and the analyser's score of the whole (a logarithm; higher is likelier)."""

    text: str
    words: tuple[Word, ...]
    score: float

    def morphemes(self) -> Iterator[Morpheme]:
        """All morphemes of the text in their order."""
        for word in self.words:
            yield from word.morphemes


@lru_cache(maxsize=8192)
def read(text: str) -> Reading:
    """The reading of `text`; its words are those between white space."""
    items = words(text)
    text = " ".join(items)
    if not text or len(text) > LONGEST or any("\ud800" <= c <= "\udfff" for c in text):
        return Reading(text, tuple(_word(item, (), False) for item in items), 0.0)
    tokens, score = analyser().analyze(text, top_n=1, pretokenized=placeholders(text))[0]
    ends, at = [], 0
    for item in items:
        at += len(item) + 1
        ends.append(at - 1)
    held: list[list[tuple[str, str, str]]] = [[] for _ in items]
    broken: set[int] = set()
    place = 0
    for token in tokens:
        while token.start >= ends[place] and place < len(ends) - 1:
            place += 1
        if token.start + token.len > ends[place]:
            broken |= {place, min(place + 1, len(items) - 1)}
        held[place].append((token.form, token.tag.partition("-")[0], token.tag))
    made = [_word(item, parts, i not in broken) for i, (item, parts) in enumerate(zip(items, held, strict=True))]
    return Reading(text, tuple(made), float(score))


def _word(text: str, parts: Sequence[tuple[str, str, str]], whole: bool) -> Word:
    morphemes = tuple((form, tag) for form, tag, _ in parts)
    spoken = tuple(morpheme for morpheme in morphemes if not is_mark(morpheme[1]))
    head = _HEAD.match(text)[0]  # type: ignore[index]
    tail = "" if head == text else _TAIL.search(text)[0]  # type: ignore[index]
    return Word(
        text,
        morphemes,
        tuple(raw for *_, raw in parts),
        whole,
        spoken,
        head,
        text[len(head) : len(text) - len(tail)],
        tail,
    )


@lru_cache(maxsize=65536)
def joined(morphemes: tuple[Morpheme, ...]) -> str:
    """The morphemes as they are written together: stems inflected, particles in the form that the noun asks for."""
    return str(analyser().join(morphemes))


def rebuilt(word: Word, morphemes: Sequence[Morpheme]) -> str | None:
    """`word` with other morphemes; None where its own morphemes do not give the word again.

    A word in which spaces were left out (안돼, 와주세요) is written without them again.
    """
    raw = tuple(raw_morphemes(word))
    if not word.whole or not raw or not morphemes:
        return None
    own = joined(raw)
    if own != word.bare and own.replace(" ", "") != word.bare:
        return None
    new = joined(tuple(morphemes))
    new = new if own == word.bare and " " not in new else new.replace(" ", "") if own != word.bare else ""
    return word.again(new) if _LETTER.search(new) else None


def raw_morphemes(word: Word) -> list[Morpheme]:
    """The spoken morphemes with the tags that say how a stem is inflected."""
    pairs = zip(word.morphemes, word.raw_tags, strict=True)
    return [(form, raw) for (form, tag), raw in pairs if not is_mark(tag)]


def is_mark(tag: str) -> bool:
    """Whether a morpheme is a mark of punctuation or a sign, no word."""
    return tag in ("SF", "SP", "SS", "SSO", "SSC", "SE", "SO", "SW")


def text_of(items: Sequence[str]) -> str:
    """The words joined by single spaces; words that became empty are left out."""
    return " ".join(item for item in items if item)
