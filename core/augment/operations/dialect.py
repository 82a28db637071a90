"""Dialect: endings of sentences as a region speaks them, and the words that everybody there uses."""

import random
from collections.abc import Iterator

from core.augment import negation
from core.augment.operations.styles import asks, ends
from core.augment.reading import Reading, Word, raw_morphemes, read, rebuilt, text_of
from core.augment.words_of_dialect import Dialect, dialects

_WHOLE = ("MAG", "VA", "IC")  # words that are exchanged with their ending: 어떻게


def speak_dialect(text: str, dice: random.Random, share: float) -> str:
    """`text` in a dialect that changes something in it; all its endings change, and some of its words."""
    reading = read(text)
    order = list(dialects())
    dice.shuffle(order)
    for dialect in order:
        if (changed := _spoken(reading, dialect, dice, share)) != reading.text:
            return changed
    return reading.text


def _spoken(reading: Reading, dialect: Dialect, dice: random.Random, share: float) -> str:
    items = [word.text for word in reading.words]
    changed = dict(_ends(reading, dialect))
    if all(changed[place] != items[place] for place in changed):  # all of its sentences, or only words
        items = [changed.get(place, item) for place, item in enumerate(items)]
    kept = negation.protected(reading)
    chances = [0.5 + share for _ in reading.words]
    for place, word in enumerate(reading.words):
        if place not in kept and items[place] == word.text and dice.random() < chances[place]:
            items[place] = _word(word, dialect)
    return text_of(items)


def _ends(reading: Reading, dialect: Dialect) -> Iterator[tuple[int, str]]:
    """(place, word with the ending of the region) of each sentence."""
    for place, stem, ending in ends(reading):
        past = any(tag == "EP" and form in ("었", "겠") for form, tag in stem)
        told = ending in dialect.ask_only and not asks(reading, place)
        yield place, reading.words[place].text if told else _ended(reading.words[place], dialect, ending, past)


def _ended(word: Word, dialect: Dialect, ending: str, past: bool) -> str:
    """The word with the ending of the region; as it is where the region says the same, or asks with another ending."""
    old, _, new = (dialect.endings.get(ending) or (dialect.past.get(ending, "") if past else "")).partition(">")
    if not old or not word.bare.endswith(old) or ("?" in word.tail and ending in dialect.tell_only):
        return word.text
    return word.again(word.bare.removesuffix(old) + new)


def _word(word: Word, dialect: Dialect) -> str:
    if word.spoken and word.spoken[0][1] in _WHOLE and word.bare in dialect.words:
        return word.again(dialect.words[word.bare])
    morphemes = raw_morphemes(word)
    if not morphemes or morphemes[0][0] not in dialect.words or any(tag[0] != "J" for _, tag in morphemes[1:]):
        return word.text
    if morphemes[0][1] in ("VA", "VV", "MAG") or any(form in ("께", "께서") for form, _ in morphemes):
        return word.text
    changed = [(dialect.words[morphemes[0][0]], morphemes[0][1]), *morphemes[1:]]
    return rebuilt(word, changed) or word.text
