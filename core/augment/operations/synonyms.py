"""Synonym replacement by the reviewed table: nouns, adverbs and stems; particles and endings agree with the word."""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache

from core.augment import negation
from core.augment.operations.styles import is_request
from core.augment.reading import Morpheme, Reading, Word, raw_morphemes, read, rebuilt, text_of
from core.augment.table import ALONE, BESIDE, REQUEST, in_group, synonyms

_NOUNS = ("NNG", "NNP", "NP", "NR")
_BARE = ("NNG", "NNP", "NNB", "XSN", "NP", "SN", "MM")
_MISREAD = ("드세",)  # 드세요 is 들다 and a honorific, and never 드세다
_STEMS = {"VV": "verb", "VA": "adjective"}
_MAKES_STEM = {"XSV": "verb", "XSA": "adjective"}
_HONOURED = ("께", "께서", "께는", "께서는")
_PLAIN = ("엄마", "아빠", "말", "집")  # never with 께 or 께서
# endings of 있다 and of the other adjectives
_OF_EXISTENCE = ("있", "없", "계시", "밌")
_TO_OTHER = {"는": "ᆫ", "는데": "ᆫ데", "는데요": "ᆫ데요", "는지": "ᆫ지", "는가": "ᆫ가", "는가요": "ᆫ가요", "느냐": "냐"}
_TO_EXISTENCE = {"ᆫ": "는", "은": "는", "ᆫ데": "는데", "은데": "는데", "ᆫ데요": "는데요", "은데요": "는데요", "ᆫ지": "는지",
                 "은지": "는지", "ᆫ가": "는가", "은가": "는가", "ᆫ가요": "는가요", "은가요": "는가요"}  # fmt: skip


def replace_synonyms(text: str, dice: random.Random, share: float) -> str:
    """`text` with synonyms for some of its words: `share` of them, and at least one where there is any."""
    reading = read(text)
    places = sites(reading)
    if not places:
        return reading.text
    chosen = dice.sample(places, min(len(places), max(1, round(share * len(reading.words)))))
    items = [word.text for word in reading.words]
    for place in sorted(chosen):
        items[place] = dice.choice(list(alternatives(reading, place)))
    return text_of(items)


@lru_cache(maxsize=4096)
def sites(reading: Reading) -> tuple[int, ...]:
    """The places of words that have a synonym."""
    kept = negation.protected(reading)
    return tuple(
        place
        for place in range(len(reading.words))
        if place not in kept and next(alternatives(reading, place), None) is not None
    )


def alternatives(reading: Reading, place: int) -> Iterator[str]:
    """What may stand for the word at `place`."""
    word = reading.words[place]
    if not word.whole or not word.spoken:
        return
    for morphemes in _replaced(reading.words, place, raw_morphemes(word)):
        if (new := rebuilt(word, morphemes)) is not None and new != word.text:
            yield new


def _replaced(items: Sequence[Word], place: int, own: list[Morpheme]) -> Iterator[list[Morpheme]]:
    form, tag = own[0][0], own[0][1].partition("-")[0]
    tags = [tag.partition("-")[0] for _, tag in own]
    if len(own) > 2 and tag in ("NNG", "XR") and tags[1] in _MAKES_STEM:
        if not (place and _is_bare(items[place - 1])):  # 노후 걱정하다 is a compound
            yield from _stems(_MAKES_STEM[tags[1]], form + own[1][0], own[2:])
    elif tag in _STEMS and len(own) > 1 and tags[1][0] == "E" and form not in _MISREAD:
        yield from _stems(_STEMS[tag], form, own[1:])
    elif len(own) == 1 and form in synonyms("adverb"):
        if form in in_group(ALONE) and _has_noun_beside(items, place):
            return
        if not _is_question(items[place], form, tag) and (form not in in_group(REQUEST) or is_request(items[-1])):
            yield from ([(by, own[0][1])] for by in synonyms("adverb")[form])
    elif tag in _NOUNS and all(t[0] == "J" for t in tags[1:]) and _stands_alone(items, place, form):
        part = "adverb" if tag == "NP" else "noun"
        if form not in synonyms(part):
            return
        honoured = any(f in _HONOURED for f, _ in own[1:])
        for by in synonyms(part)[form]:
            if not (honoured and by in _PLAIN):
                yield [(by, own[0][1]), *own[1:]]


def _stems(part: str, stem: str, rest: list[Morpheme]) -> Iterator[list[Morpheme]]:
    tag = {"verb": "VV", "adjective": "VA"}[part]
    for by in synonyms(part).get(stem, ()):
        yield [(by, tag), *_agreed(stem, by, rest)] if part == "adjective" else [(by, tag), *rest]


def _agreed(stem: str, by: str, rest: list[Morpheme]) -> list[Morpheme]:
    """The endings behind `by`: 있다 takes 는 where other adjectives take 은."""
    old, new = stem.endswith(_OF_EXISTENCE), by.endswith(_OF_EXISTENCE)
    table = _TO_OTHER if old and not new else _TO_EXISTENCE if new and not old else {}
    return [(table.get(form, form), tag) for form, tag in rest]


def _is_question(word: Word, form: str, tag: str) -> bool:
    """Whether a call is more than agreement, such as 네? (pardon?)."""
    return tag == "IC" and form in ("네", "예") and "?" in word.tail


def _is_bare(word: Word) -> bool:
    """Whether a word ends in a noun without a particle."""
    return bool(word.spoken) and word.spoken[-1][1] in ("NNG", "NNP", "NNB", "XSN") and not word.tail


def _has_noun_beside(items: Sequence[Word], place: int) -> bool:
    """Whether a noun without a particle stands before, or any noun behind."""
    before = items[place - 1].spoken if place and not items[place - 1].tail else ()
    behind = items[place + 1].spoken if place + 1 < len(items) and not items[place].tail else ()
    return bool((before and before[-1][1] in _BARE) or (behind and behind[0][1] in _BARE))


def _stands_alone(items: Sequence[Word], place: int, noun: str) -> bool:
    """Whether the noun is no part of a compound that is written with spaces."""
    before = items[place - 1].spoken if place else ()
    own = items[place].spoken
    behind = items[place + 1].spoken if place + 1 < len(items) else ()
    if before and before[-1][1] in _BARE and noun not in in_group(BESIDE) and not items[place - 1].tail:
        return before[-1][1] in ("MM", "NP")
    return not (len(own) == 1 and behind and behind[0][1] in ("NNG", "NNP", "NNB", "XSN") and not items[place].tail)
