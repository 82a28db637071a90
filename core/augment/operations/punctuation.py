"""Punctuation insertion (AEDA): marks between phrases, each a word of its own. Every letter stays."""

import random

from core.augment.operations.swap import phrases
from core.augment.reading import read
from core.text import words

MARKS = (".", ";", "?", ":", "!", ",")


def insert_punctuation(text: str, dice: random.Random, share: float) -> str:
    """`text` with at least one mark, and at most `share` x the number of words; one phrase alone stays as it is."""
    items = words(text)
    places = [phrase.start for phrase in phrases(read(text)) if 0 < phrase.start < len(items)]
    if not places:
        return " ".join(items)
    most = min(len(places), max(1, int(share * len(items))))
    gaps = set(dice.sample(places, dice.randint(1, most)))
    return " ".join(f"{dice.choice(MARKS)} {word}" if i in gaps else word for i, word in enumerate(items))
