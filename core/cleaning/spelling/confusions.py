"""Corrects confusions of words by the reviewed rules of confusions.toml; each rule has a reason and a confidence."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import regex

from core.cleaning.spelling.correction import Correction
from core.hangul import syllables_ending_in

TABLE = Path(__file__).parent / "confusions.toml"
_FINAL = regex.compile(r"\{([ㄱ-ㅎ]?)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `replace(text)` gives the corrected text and the corrections; `confidence` in (0, 1].

    `needs`: the rule can only match a text that has one of these letters; if empty, any text.
    """

    replace: Callable[[str], tuple[str, list[Correction]]]
    confidence: float
    needs: frozenset[str]


def correct_text(text: str, least: float) -> tuple[str, list[Correction]]:
    """`text` after every rule with a confidence of at least `least`, and the corrections in the order of the rules.

    >>> correct_text("할께요 어떻해", 0.5)[0]
    '할게요 어떡해'
    """
    corrections: list[Correction] = []
    letters = frozenset(text)
    for rule in rules():
        if rule.confidence >= least and (not rule.needs or not rule.needs.isdisjoint(letters)):
            text, more = rule.replace(text)
            if more:
                corrections += more
                letters = frozenset(text)
    return text, corrections


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of confusions.toml, in the order in which they are applied."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["rule"]
    return tuple(_rule(row["find"], row["put"], row["why"], row["sure"], row.get("needs", "")) for row in rows)


def _finals(find: str) -> str:
    """Replaces `{ㄹ}` in an expression by the class of all syllables with that final, `{}` by those with no final."""
    return _FINAL.sub(lambda hit: f"[{syllables_ending_in(hit[1] or ' ')}]", find)


def _rule(find: str, put: str, reason: str, confidence: float, needs: str) -> Rule:
    pattern = regex.compile(_finals(find))

    def replace(text: str) -> tuple[str, list[Correction]]:
        pieces, corrections, at = list[str](), list[Correction](), 0
        for hit in pattern.finditer(text):
            right = hit.expand(put)
            if right != hit[0]:
                pieces += [text[at : hit.start()], right]
                at = hit.end()
                corrections.append(Correction(hit[0].strip(), right.strip(), reason, confidence))
        return "".join([*pieces, text[at:]]) if corrections else text, corrections

    return Rule(replace, confidence, frozenset(needs))
