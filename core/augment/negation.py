"""Negation in a reading: which words negate (안, 못, 없-, -지 않-, 아니-, 말-, 모르-), and what they negate."""

from collections import Counter
from functools import lru_cache

from core.augment.reading import Reading, Word

_STEMS = frozenset(("없", "않", "아니", "말", "못하", "모르", "못되", "없애", "아니하", "관두", "그만두"))
_ADVERBS = frozenset(("안", "못", "아니", "전혀", "결코", "절대", "절대로", "도저히", "별로", "아무도", "아무것"))
_AUXILIARIES = frozenset(("않", "말", "못하", "아니하"))
_NEGATED = frozenset(("VV", "VA", "XSV", "XSA"))
_NOUNS = frozenset(("금지", "불가", "불가능", "부재", "실패", "거부", "거절"))
_PREFIXES = frozenset(("비", "불", "미", "무", "부", "몰"))


def negators(word: Word) -> list[str]:
    """The negations in `word`."""
    found = []
    for form, tag in word.spoken:
        stem = tag in ("VA", "VV", "VX", "VCN") and form in _STEMS
        adverb = tag in ("MAG", "IC") and form in _ADVERBS
        if stem or adverb or (tag == "VCN") or (tag == "XPN" and form in _PREFIXES) or form in _NOUNS:
            found.append(form)
        elif tag in ("VV", "VA", "NNG") and len(form) > 1 and ("없" in form or "못하" in form):
            found.append("없" if "없" in form else "못하")
    return found


@lru_cache(maxsize=4096)
def signature(reading: Reading) -> Counter[str]:
    """The negations of a text with the stem that each negates; two texts with equal signatures say the same of it.

    An adverb (안, 못) negates the next stem, an auxiliary (않, 말, 못하) the stem before it.
    """
    found: Counter[str] = Counter()
    for i, word in enumerate(reading.words):
        for negator in negators(word):
            stem = _negated(reading.words, i, negator)
            found[f"{_kind(negator)} {stem}{_occurrence(reading.words[: max(0, i - 1)], stem)}"] += 1
    return found


@lru_cache(maxsize=4096)
def protected(reading: Reading) -> frozenset[int]:
    """The places of words that negate, and of the words beside them that are negated."""
    places: set[int] = set()
    for i, word in enumerate(reading.words):
        kinds = negators(word)
        if not kinds:
            continue
        places.add(i)
        if any(kind in _ADVERBS for kind in kinds):
            places.add(min(i + 1, len(reading.words) - 1))
        if any(kind in _STEMS for kind in kinds):
            places.add(max(i - 1, 0))
    return frozenset(places)


def _occurrence(before: tuple[Word, ...], stem: str) -> str:
    """Which of several equal stems it is: 약을 안 먹고 밥을 먹었어요."""
    number = sum(form == stem for word in before for form, _ in word.spoken) if stem else 0
    return f" {number}" if number else ""


def _kind(negator: str) -> str:
    return {"아니하": "않", "못되": "못하"}.get(negator, negator)


def _negated(items: tuple[Word, ...], at: int, negator: str) -> str:
    """The stem that the negation in word `at` belongs to; "" where it is a predicate of its own.

    An auxiliary, and 못 after -지 (알지 못해요), negates the stem before it.
    """
    forms = [m for word in items[max(0, at - 1) : at + 3] for m in word.spoken]
    own = len(items[at - 1].spoken) if at else 0
    place = next((k for k in range(own, len(forms)) if forms[k][0] == negator), own)
    before = forms[place - 1][0] in ("지", "질", "진", "ᆯ") if place else False
    if negator in _AUXILIARIES or (negator == "못" and before):
        return next((form for form, tag in reversed(forms[:place]) if tag in _NEGATED or tag == "NNG"), "")
    if negator in _ADVERBS and negator != "아니":
        return next((form for form, tag in forms[place + 1 :] if tag in _NEGATED), "")
    return ""
