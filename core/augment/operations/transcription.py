"""Transcription noise: what a recogniser or a fast typist does to a sentence, while it stays readable.

A space is lost, a particle is dropped, a word is written as it sounds. The first two are done only where the analyser
still reads the same morphemes; guarded words keep their letters, and negations stay as they are.
"""

import random
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from core.augment import negation
from core.augment.operations.guarded import is_guarded
from core.augment.reading import Reading, Word, read, text_of
from core.hangul import join, split

FILE = Path(__file__).parents[1] / "data" / "confusions.toml"
_DROPPED = frozenset((("을", "JKO"), ("를", "JKO"), ("이", "JKS"), ("가", "JKS")))
_LONGEST_JOINED = 8


def add_noise(text: str, dice: random.Random, share: float) -> str:
    """`text` with noise at `share` of its words, at one at least where it can be."""
    reading = read(text)
    safe = negation.protected(reading)
    places = [i for i, word in enumerate(reading.words) if i not in safe and word.spoken and "+" not in word.text]
    dice.shuffle(places)
    items = [word.text for word in reading.words]
    touched: set[int] = set()
    for place in places:
        if len(touched) >= max(1, round(share * len(items))):
            break
        if not touched & {place - 1, place, place + 1} and (new := _noisy(reading, place, safe, dice)):
            touched.add(place)
            items[place] = new
    return text_of(items).replace("+ ", "") if touched else reading.text


def _noisy(reading: Reading, place: int, safe: frozenset[int], dice: random.Random) -> str:
    """The word at `place` with one kind of noise, or "" if it has none; a word that joins the next ends in "+"."""
    word = reading.words[place]
    heard = [] if is_guarded(word) else _as_heard(word)
    kinds = ["joined", "particle", *("heard" for _ in heard[:1])]
    dice.shuffle(kinds)
    for kind in kinds:
        new = dice.choice(heard) if kind == "heard" else ""
        if kind == "joined":
            new = _joined(reading, place, safe)
        elif kind == "particle":
            new = _without_particle(reading, place)
        if new:
            return new
    return ""


def _joined(reading: Reading, place: int, safe: frozenset[int]) -> str:
    """The word without the space behind it, if both are still read as before."""
    word = reading.words[place]
    if place + 1 >= len(reading.words) or word.tail or reading.words[place + 1].head or place + 1 in safe:
        return ""
    behind = reading.words[place + 1]
    if not _may_run_together(word, behind):
        return ""
    if not 1 < len(behind.bare) <= _LONGEST_JOINED - len(word.text) or is_guarded(word) or is_guarded(behind):
        return ""
    items = [w.text for w in reading.words]
    text = " ".join([*items[:place], items[place] + items[place + 1], *items[place + 2 :]])
    return f"{word.text}+" if _same(read(text), list(reading.morphemes())) else ""


def _may_run_together(word: Word, behind: Word) -> bool:
    """Whether the space is between words that are said in one breath: not behind a clause, not between two nouns."""
    if not behind.spoken or word.spoken[-1][1] in ("IC", "EF"):
        return False
    if word.spoken[-1][1] == "EC":
        return behind.spoken[0][1] == "VX"
    return not (word.spoken[-1][1][0] == "N" and behind.spoken[0][1][0] == "N" and behind.spoken[0][1] != "NNB")


def _without_particle(reading: Reading, place: int) -> str:
    """The word without its particle before a predicate, if the rest is still read as before."""
    word = reading.words[place]
    if place + 1 >= len(reading.words) or len(word.spoken) != 2 or word.spoken[1] not in _DROPPED or word.tail:
        return ""
    behind = reading.words[place + 1]
    if not behind.spoken or behind.spoken[0][1] not in ("VV", "VA", "MAG") or word.spoken[0][1] not in ("NNG", "NNP"):
        return ""
    if len(word.spoken[0][0]) < 2 and not is_guarded(word):
        return ""
    bare = word.bare.removesuffix(word.spoken[1][0])
    text = " ".join(w.text if i != place else word.again(bare) for i, w in enumerate(reading.words))
    before = [m for w in reading.words[:place] for m in w.morphemes]
    left = [*before, word.spoken[0], *(m for w in reading.words[place + 1 :] for m in w.morphemes)]
    return word.again(bare) if bare == word.spoken[0][0] and _same(read(text), left) else ""


def _same(reading: Reading, morphemes: list[tuple[str, str]]) -> bool:
    return [form for form, _ in reading.morphemes()] == [form for form, _ in morphemes]


@lru_cache(maxsize=8192)
def _as_heard(word: Word) -> tuple[str, ...]:
    """The word as it sounds, or with a letter that is easily mistaken."""
    found = [
        word.again(word.bare.replace(right, wrong, 1)) for right, wrong in confusions().items() if right in word.bare
    ]
    if any(tag in ("EP", "VA", "VV", "VX") for _, tag in word.spoken):
        lax = "".join(_lax(letter) for letter in word.bare)
        if lax != word.bare:
            found.append(word.again(lax))
    return tuple(found)


def _lax(letter: str) -> str:
    """The syllable with ㅅ in place of a final ㅆ."""
    parts = split(letter)
    return join(parts[0], parts[1], "ㅅ") if parts is not None and parts[2] == "ㅆ" else letter


@cache
def confusions() -> Mapping[str, str]:
    """How words are written -> how they are heard."""
    return dict(tomllib.loads(FILE.read_text(encoding="utf-8"))["written"])
