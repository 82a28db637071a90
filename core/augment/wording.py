"""Wording: every word of a variant must be vouched for by its source, and every word of the source accounted for.

A word is vouched for by a word of the source with the same stem, or with a synonym of the table, and with the same
particles and endings; a subject or object may lose its particle, and a change of register its last ending. What is left
over of the source must be a word that a sentence can do without. Phrases stay whole and in their clause. So a synonym
of another sense (`전` becomes `앞니`), half a word, moved endings, and words in any order are found.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from core.augment.nouns import synonyms_of
from core.augment.operations.deletion import droppable
from core.augment.operations.insertion import FILLERS
from core.augment.operations.swap import phrases
from core.augment.reading import Morpheme, Reading, Word

REGISTER = "register-change"
_DROPPED = (("이", "J"), ("을", "J"))
_FORMS = {  # forms that a noun or a stem asks for -> one of them
    "가": "이", "를": "을", "ᆯ": "을", "는": "은", "ᆫ": "은", "와": "과", "로": "으로", "랑": "이랑", "나": "이나",
    "야": "아", "ᆫ데": "는데", "은데": "는데", "ᆫ데요": "는데요", "은데요": "는데요", "ᆫ지": "는지", "은지": "는지",
    "ᆫ가": "는가", "은가": "는가", "아": "어", "아서": "어서", "았": "었", "아요": "어요", "습니다": "ᆸ니다",
    "니까": "으니까", "면": "으면", "을까": "ᆯ까", "을까요": "ᆯ까요", "을게": "ᆯ게", "을게요": "ᆯ게요",
    "러": "으러", "려고": "으려고", "며": "으며",
}  # fmt: skip
_PERSONS = {"저": "나", "저희": "우리"}


def faults(source: Reading, new: Reading, operation: str) -> tuple[str, ...]:
    """ "stranger", "lost" and "order", as far as they apply."""
    left = Counter(word.bare for word in source.words if word.bare)
    fresh: list[Word] = []
    for word in new.words:
        if not word.bare:
            continue
        if left[word.bare]:
            left[word.bare] -= 1
        else:
            fresh.append(word)
    missing = _missing(source, left)
    speaks = operation == REGISTER
    strangers = [word for word in fresh if not _vouched(word, source, missing, speaks) and word.bare not in FILLERS]
    free = set(droppable(source))
    found = ["stranger"] if strangers else []
    found += ["lost"] if any(place not in free for place in missing) else []
    found += ["order"] if not fresh and not _in_order(source, new) else []
    return tuple(found)


def _missing(source: Reading, left: Counter[str]) -> list[int]:
    """The places of words of the source that the variant does not have; of equal words, those that can go."""
    rest, places, free = Counter(left), [], droppable(source)
    for place in [*free, *(place for place in range(len(source.words)) if place not in free)]:
        if rest[source.words[place].bare] > 0 and source.words[place].bare:
            rest[source.words[place].bare] -= 1
            places.append(place)
    return places


def _vouched(word: Word, source: Reading, missing: list[int], speaks: bool) -> bool:
    """Whether one of the missing words has the same stem and grammar; it is missing no longer."""
    for place in missing:
        old = source.words[place]
        same = _same_stems(old, word) and _same_grammar(grammar(old.spoken), grammar(word.spoken), speaks)
        same = same and _same_build(old.spoken, word.spoken) and (speaks or _same_forms(old.spoken, word.spoken))
        if same or word.bare in synonyms_of(old.bare):
            missing.remove(place)
            return True
    return False


def _same_forms(old: Sequence[Morpheme], new: Sequence[Morpheme]) -> bool:
    """Whether particles have the same form behind the same stem; only another stem asks for another form."""
    if stem(old) != stem(new):
        return True
    if tuple(old) == tuple(new):
        return False  # the same morphemes, written in another way: 나란, 나이란
    forms = ["".join(form for form, tag in items if tag[0] in "JE") for items in (old, new)]
    return forms[0].startswith(forms[1])


def _same_build(old: Sequence[Morpheme], new: Sequence[Morpheme]) -> bool:
    """Whether stems and grammar follow each other in the same way; the last particle may be missing."""
    runs = [[key for key, _ in groupby(tag[0] in "JE" for _, tag in items)] for items in (old, new)]
    return runs[0] == runs[1] or runs[0][:-1] == runs[1]


def _same_grammar(old: list[Morpheme], new: list[Morpheme], speaks: bool) -> bool:
    if _written(old) == _written(new) or (speaks and _without_last(old) == _without_last(new)):
        return True
    return bool(old) and old[-1] in _DROPPED and old[:-1] == new


def _written(items: list[Morpheme]) -> str:
    """Particles and endings in a row: the analyser cuts 더라고요 once so and once so."""
    return "".join(form for form, _ in items)


def _without_last(items: list[Morpheme]) -> list[Morpheme]:
    """Particles and endings before those that show to whom one speaks."""
    items = items[:-1] if items and items[-1][0] == "요" else items
    return items[:-1] if items and items[-1][1] in ("EF", "EC") else items


def grammar(morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """The particles and endings of a word, each in one form for all nouns and stems.

    >>> grammar((("라이트", "NNG"), ("가", "JKS"))) == grammar((("불", "NNG"), ("이", "JKS")))
    True
    """
    return [(_FORMS.get(form, form), "J" if tag[0] == "J" else tag) for form, tag in morphemes if tag[0] in "JE"]


def _same_stems(old: Word, new: Word) -> bool:
    before, after = stem(old.spoken), stem(new.spoken)
    return before == after or after in synonyms_of(before)


def stem(morphemes: Sequence[Morpheme]) -> str:
    """What carries the meaning of a word; `I` is one form.

    >>> stem((("연락", "NNG"), ("하", "XSV"), ("었", "EP"), ("어", "EF"))), stem((("저", "NP"), ("는", "JX")))
    ('연락하', '나')
    """
    return "".join(_PERSONS.get(form, form) if tag == "NP" else form for form, tag in morphemes if tag[0] not in "JE")


def _in_order(source: Reading, new: Reading) -> bool:
    """Whether the phrases of the source are whole, and those that are not free are where they were."""
    order = [word.bare for word in new.words if word.bare]
    parts = [[word.bare for word in source.words[phrase.start : phrase.end] if word.bare] for phrase in phrases(source)]
    kinds = [phrase.kind for phrase in phrases(source)]
    if [word for part in parts for word in part] == order or len(order) < sum(map(len, parts)):
        return True
    at, used = 0, []
    while at < len(order):
        for number, part in enumerate(parts):
            if number not in used and part and order[at : at + len(part)] == part:
                used.append(number)
                at += len(part)
                break
        else:
            return False
    clause = [sum(kind in ("fixed", "predicate") for kind in kinds[:place]) for place in range(len(kinds))]
    return all(
        clause[number] == clause[place] and (kinds[number] not in ("fixed", "predicate") or number == place)
        for place, number in enumerate(used)
    )
