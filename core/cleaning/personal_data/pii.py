"""The `pii` step replaces personal data by typed placeholders; the rest of the utterance stays.

Telephone, resident, account and car numbers are recognised by their shape, also when spoken digit by digit; where the
shape is not clear, a word before the number is needed. An address needs a unit and a number (a region alone, 강남구,
stays). A name needs a cue and a Korean surname. Precision comes first: 119, 1층, 세 시 and 이 동네 stay. The rules miss
names without a cue and addresses given in parts, so a curator must still read the text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.cleaning.personal_data import names as pii_names
from core.cleaning.personal_data import numbers, places
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
    after, masked = _masked(text, kinds, least)
    # A mask may make another match possible. This ends, because each round leaves fewer letters.
    while masked and (more := _masked(after, kinds, least))[1]:
        after = more[0]
        masked += more[1]
    if not masked:
        return None
    names = Names(dict.fromkeys(name for name, _ in masked))
    return Change(after, Message("personal data: {names}", names=names), min(confidence for _, confidence in masked))


def _masked(text: str, kinds: frozenset[str], least: float) -> tuple[str, list[tuple[str, float]]]:
    """`text` after each rule was applied once, and (name of the rule, confidence) of each masked span."""
    masked: list[tuple[str, float]] = []
    for rule in (rule for rule in RULES if rule.kind in kinds):
        spans = [span for span in rule.find(text) if span[2] >= least]
        for start, end, confidence in sorted(spans, reverse=True):
            text = f"{text[:start]}[{rule.kind}]{text[end:]}"
            masked.append((rule.name, confidence))
    return text, masked


def mask(text: str) -> str:
    """`text` with all personal data masked that the rules find; for texts that leave this machine."""
    change = clean(text)
    return change.after if change else text
