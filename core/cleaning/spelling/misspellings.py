"""Misspellings that are never right (misspellings.toml): found by their letters, without an analyser."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.cleaning.spelling.fix import Fix
from core.hangul import is_syllable

TABLE = Path(__file__).parent / "misspellings.toml"


@dataclass(frozen=True, slots=True)
class Misspelling:
    """`wrong`, where `after` follows it; `starts`, `ends`: only where no Hangul is before, behind."""

    wrong: str
    right: str
    after: str
    starts: bool
    ends: bool
    why: str
    sure: float

    def stands(self, text: str, at: int) -> bool:
        """Whether it is what `text` has at `at`."""
        end = at + len(self.wrong)
        if not text.startswith(self.wrong + self.after, at) or (self.starts and at and is_syllable(text[at - 1])):
            return False
        return not (self.ends and end + len(self.after) < len(text) and is_syllable(text[end + len(self.after)]))


def fixed(text: str, least: float) -> tuple[str, list[Fix]]:
    """`text` with each put right that is at least so sure; the longest first.

    >>> fixed("무르플 꿰메야 되요", 0.5)[0]
    '무릎을 꿰매야 되요'
    """
    pieces, found, done = list[str](), list[Fix](), 0
    known = _by_letter()
    for at, letter in enumerate(text):
        if at < done or letter not in known:
            continue
        hit = next((one for one in known[letter] if one.sure >= least and one.stands(text, at)), None)
        if hit:
            pieces += [text[done:at], hit.right]
            done = at + len(hit.wrong)
            found.append(Fix(hit.wrong, hit.right, hit.why, hit.sure))
    return "".join([*pieces, text[done:]]) if found else text, found


def misspellings() -> list[Misspelling]:
    """The rows of the table, in its order."""
    made = []
    for family in tomllib.loads(TABLE.read_text(encoding="utf-8"))["family"]:
        for line in family["words"].strip().splitlines():
            right, _, wrongs = line.partition(" < ")
            made += [_read(wrong, right.replace("_", " "), family["why"], family["sure"]) for wrong in wrongs.split()]
    return made


def _read(written: str, right: str, why: str, sure: float) -> Misspelling:
    wrong, _, after = written.strip("^$").replace("_", " ").partition("+")
    return Misspelling(wrong, right, after, written.startswith("^"), written.endswith("$"), why, sure)


@cache
def _by_letter() -> dict[str, list[Misspelling]]:
    """First letter -> misspellings, the longest first."""
    found: dict[str, list[Misspelling]] = {}
    for one in sorted(misspellings(), key=lambda one: -len(one.wrong + one.after)):
        found.setdefault(one.wrong[0], []).append(one)
    return found
