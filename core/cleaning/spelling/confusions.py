"""Reviewed confusions (confusions.toml): what is often written for what, with the reason and how sure the rule is."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import regex

from core.cleaning.spelling.fix import Fix
from core.hangul import ending_in

TABLE = Path(__file__).parent / "confusions.toml"
_FINAL = regex.compile(r"\{([ㄱ-ㅎ]?)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """`needs`: letters of which a text must have one, empty for no such thing."""

    replace: Callable[[str], tuple[str, list[Fix]]]
    sure: float
    needs: frozenset[str]


def fixed(text: str, least: float) -> tuple[str, list[Fix]]:
    """`text` after every rule that is at least so sure, and what each did.

    >>> fixed("할께요 어떻해", 0.5)[0]
    '할게요 어떡해'
    """
    found: list[Fix] = []
    letters = frozenset(text)
    for rule in rules():
        if rule.sure >= least and (not rule.needs or not rule.needs.isdisjoint(letters)):
            text, more = rule.replace(text)
            if more:
                found += more
                letters = frozenset(text)
    return text, found


@cache
def rules() -> tuple[Rule, ...]:
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["rule"]
    return tuple(_rule(row["find"], row["put"], row["why"], row["sure"], row.get("needs", "")) for row in rows)


def _finals(find: str) -> str:
    """`{ㄹ}` in an expression is any syllable that ends so, `{}` one that ends in a vowel."""
    return _FINAL.sub(lambda hit: f"[{ending_in(hit[1] or ' ')}]", find)


def _rule(find: str, put: str, why: str, sure: float, needs: str) -> Rule:
    pattern = regex.compile(_finals(find))

    def replace(text: str) -> tuple[str, list[Fix]]:
        pieces, found, at = list[str](), list[Fix](), 0
        for hit in pattern.finditer(text):
            right = hit.expand(put)
            if right != hit[0]:
                pieces += [text[at : hit.start()], right]
                at = hit.end()
                found.append(Fix(hit[0].strip(), right.strip(), why, sure))
        return "".join([*pieces, text[at:]]) if found else text, found

    return Rule(replace, sure, frozenset(needs))
