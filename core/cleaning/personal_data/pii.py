"""The `pii` step replaces personal data by typed placeholders; the rest of the utterance stays.

Telephone, resident, account and car numbers are recognised by their shape, also when spoken digit by digit; where the
shape is not clear, a word before the number is needed. An address needs a unit and a number (a region alone, 강남구,
stays). A name needs a cue and a Korean surname. Precision comes first: 119, 1층, 세 시 and 이 동네 stay. The rules miss
names without a cue and addresses given in parts, so a curator must still read the text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.cleaning.personal_data import names as pii_names
from core.cleaning.personal_data import numbers, places
from core.cleaning.personal_data.reading import read
from core.cleaning.steps.change import Change, Cleaner, Setting, clean_each, not_one_of
from core.messages import Message, Names, Word

PERSONAL_KINDS = ("이메일", "주민번호", "계좌", "전화", "차량", "주소", "이름")


@dataclass(frozen=True, slots=True)
class Rule:
    """`find(text)` gives the spans to mask as (start, end, confidence). `kind`: placeholder; `name`: for reasons."""

    kind: str
    name: str
    find: Callable[[str], list[tuple[int, int, float]]]


# In this order: a resident or account number is not a telephone number.
RULES = (
    Rule("이메일", Word("e-mail"), numbers.emails),
    Rule("주민번호", Word("resident number"), numbers.residents),
    Rule("계좌", Word("account number"), numbers.accounts),
    Rule("전화", Word("telephone number"), numbers.telephones),
    Rule("차량", Word("car plate"), numbers.plates),
    Rule("주소", Word("address"), places.addresses),
    Rule("이름", Word("name"), pii_names.names),
)


def _wrong(kinds: list[Any]) -> str:
    """A message about the first kind that does not exist, or ""."""
    unknown = [kind for kind in kinds if kind not in PERSONAL_KINDS]
    return not_one_of(unknown[0], PERSONAL_KINDS) if unknown else ""


SETTINGS = {"kinds": Setting(list(PERSONAL_KINDS), _wrong)}


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    """The cleaner of a step: masks data of the chosen kinds that is found with at least the confidence `least`."""
    kinds = frozenset(settings["kinds"])
    return clean_each(lambda text: clean(text, kinds, least))


def clean(text: str, kinds: frozenset[str] = frozenset(PERSONAL_KINDS), least: float = 0.0) -> Change | None:
    """`text` with placeholders for personal data of `kinds`, or None if none is found with the confidence `least`.

    >>> clean("제 이름은 김하늘이고요 공일공 일이삼사 오육칠팔이에요").after
    '제 이름은 [이름]이고요 [전화]이에요'
    """
    hits = _hits(text, kinds, least)
    if not hits:
        return None
    names = Names(dict.fromkeys(hit.rule.name for hit in hits))
    return Change(
        _replaced(text, hits), Message("personal data: {names}", names=names), min(hit.confidence for hit in hits)
    )


def personal_spans(text: str) -> list[tuple[int, int, str]]:
    """(start, end, kind) of the personal data in `text`, in order and without overlaps.

    >>> personal_spans("제 번호는 010—1234—5678이에요")
    [(6, 19, '전화')]
    """
    return [(hit.start, hit.end, hit.rule.kind) for hit in _outermost(_hits(text, frozenset(PERSONAL_KINDS), 0.0))]


@dataclass(frozen=True, slots=True)
class _Hit:
    """Personal data at `text[start:end]`."""

    start: int
    end: int
    rule: Rule
    confidence: float


def _hits(text: str, kinds: frozenset[str], least: float) -> list[_Hit]:
    """What the rules find. A mask may make another match possible, which may contain the mask: such a hit comes later.

    This ends, because each round leaves fewer letters.
    """
    hits: list[_Hit] = []
    masked = _Masked(text)
    rules = [rule for rule in RULES if rule.kind in kinds]
    while len(hits) < len(hits := hits + [hit for rule in rules for hit in masked.apply(rule, least)]):
        pass
    return hits


class _Masked:
    """A text in which spans are replaced one after the other; it knows where each character comes from."""

    def __init__(self, text: str) -> None:
        self._text, self._reading = text, read(text)
        self._starts: list[int] | None = None  # None: nothing is replaced yet
        self._ends: list[int] = []

    def apply(self, rule: Rule, least: float) -> list[_Hit]:
        """Replace what `rule` finds with at least the confidence `least`."""
        reading = self._reading
        spans = [(*reading.span(start, end), sure) for start, end, sure in rule.find(reading.plain) if sure >= least]
        if not spans:
            return []
        hits = [self._replace(start, end, rule, sure) for start, end, sure in sorted(spans, reverse=True)]
        self._reading = read(self._text)
        return hits[::-1]

    def _replace(self, start: int, end: int, rule: Rule, confidence: float) -> _Hit:
        if self._starts is None:
            self._starts, self._ends = list(range(len(self._text))), list(range(1, len(self._text) + 1))
        hit = _Hit(self._starts[start], self._ends[end - 1], rule, confidence)
        name = f"[{rule.kind}]"
        self._text = self._text[:start] + name + self._text[end:]
        self._starts[start:end], self._ends[start:end] = [hit.start] * len(name), [hit.end] * len(name)
        return hit


def _outermost(hits: Sequence[_Hit]) -> list[_Hit]:
    """The hits in order, without those that a later hit contains."""
    outer: list[_Hit] = []
    for hit in reversed(hits):
        if not any(other.start <= hit.start and hit.end <= other.end for other in outer):
            outer.append(hit)
    return sorted(outer, key=lambda hit: hit.start)


def _replaced(text: str, hits: Sequence[_Hit]) -> str:
    """`text` with a placeholder for each hit that no other contains."""
    pieces, at = list[str](), 0
    for hit in _outermost(hits):
        pieces += [text[at : hit.start], f"[{hit.rule.kind}]"]
        at = hit.end
    return "".join([*pieces, text[at:]])


def mask(text: str) -> str:
    """`text` with all personal data masked that the rules find; for texts that leave this machine."""
    change = clean(text)
    return change.after if change else text
