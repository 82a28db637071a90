"""The `pii` step: personal data behind typed placeholders that keep the utterance.

A number is taken for a telephone, resident, account or car number by its shape (also when said digit by digit) and,
where the shape says little, by a word before it; an address needs a unit and a number (regions alone, 강남구, stay); a
name needs a cue and a Korean surname. Precision comes first: 119, 1층, 세 시 and 이 동네 stay. What cannot be told by
rules (a name in passing, an address told piecemeal) is missed: a curator reads on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.cleaning.personal_data import names as pii_names
from core.cleaning.personal_data import numbers, places
from core.cleaning.steps.change import Change, Cleaner, Setting, each, not_one_of
from core.messages import Message, Names, Word

KINDS = ("이메일", "주민번호", "계좌", "전화", "차량", "주소", "이름")


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` gives the spans to mask in a text; `name` is the English word in reasons."""

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
    unknown = [kind for kind in kinds if kind not in KINDS]
    return not_one_of(unknown[0], KINDS) if unknown else ""


SETTINGS = {"kinds": Setting(list(KINDS), _wrong)}


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    kinds = frozenset(settings["kinds"])
    return each(lambda text: clean(text, kinds, least))


def clean(text: str, kinds: frozenset[str] = frozenset(KINDS), least: float = 0.0) -> Change | None:
    """
    >>> clean("제 이름은 김하늘이고요 공일공 일이삼사 오육칠팔이에요").after
    '제 이름은 [이름]이고요 [전화]이에요'
    """
    after, found = _masked(text, kinds, least)
    while (
        found and (more := _masked(after, kinds, least))[1]
    ):  # what a mask uncovers; it ends, for the letters get fewer
        after = more[0]
        found += more[1]
    if not found:
        return None
    names = Names(dict.fromkeys(name for name, _ in found))
    return Change(after, Message("personal data: {names}", names=names), min(confidence for _, confidence in found))


def _masked(text: str, kinds: frozenset[str], least: float) -> tuple[str, list[tuple[str, float]]]:
    """`text` after one look of every rule, and (name, confidence) of what they found."""
    found: list[tuple[str, float]] = []
    for rule in (rule for rule in RULES if rule.kind in kinds):
        spans = [span for span in rule.find(text) if span[2] >= least]
        for start, end, confidence in sorted(spans, reverse=True):
            text = f"{text[:start]}[{rule.kind}]{text[end:]}"
            found.append((rule.name, confidence))
    return text, found


def mask(text: str) -> str:
    """`text` with everything masked that the rules find, for what leaves this machine."""
    change = clean(text)
    return change.after if change else text
