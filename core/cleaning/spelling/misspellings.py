"""Corrects the misspellings of misspellings.toml, which are wrong in every context; no analyser is needed."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.cleaning.spelling.correction import Correction
from core.hangul import is_syllable

TABLE = Path(__file__).parent / "misspellings.toml"


@dataclass(frozen=True, slots=True)
class Misspelling:
    """`wrong` should be `right` where `after` follows it; `confidence` in (0, 1], `reason` in Korean.

    `starts`: only if no Hangul stands before it. `ends`: only if no Hangul follows.
    """

    wrong: str
    right: str
    after: str
    starts: bool
    ends: bool
    reason: str
    confidence: float

    def stands(self, text: str, at: int) -> bool:
        """Whether `text` has this misspelling at place `at`."""
        end = at + len(self.wrong)
        if not text.startswith(self.wrong + self.after, at) or (self.starts and at and is_syllable(text[at - 1])):
            return False
        return not (self.ends and end + len(self.after) < len(text) and is_syllable(text[end + len(self.after)]))


def correct_text(text: str, least: float) -> tuple[str, list[Correction]]:
    """`text` without the misspellings with a confidence of at least `least`, and the corrections in order.

    Where several match, the longest is corrected.

    >>> correct_text("무르플 꿰메야 되요", 0.5)[0]
    '무릎을 꿰매야 되요'
    """
    pieces, corrections, done = list[str](), list[Correction](), 0
    known = _by_letter()
    for at, letter in enumerate(text):
        if at < done or letter not in known:
            continue
        hit = next((row for row in known[letter] if row.confidence >= least and row.stands(text, at)), None)
        if hit:
            pieces += [text[done:at], hit.right]
            done = at + len(hit.wrong)
            corrections.append(Correction(hit.wrong, hit.right, hit.reason, hit.confidence))
    return "".join([*pieces, text[done:]]) if corrections else text, corrections


def misspellings() -> list[Misspelling]:
    """The rows of the table, in its order."""
    rows = []
    for family in tomllib.loads(TABLE.read_text(encoding="utf-8"))["family"]:
        for line in family["words"].strip().splitlines():
            right, _, wrongs = line.partition(" < ")
            rows += [_read(wrong, right.replace("_", " "), family["why"], family["sure"]) for wrong in wrongs.split()]
    return rows


def _read(written: str, right: str, reason: str, confidence: float) -> Misspelling:
    wrong, _, after = written.strip("^$").replace("_", " ").partition("+")
    return Misspelling(wrong, right, after, written.startswith("^"), written.endswith("$"), reason, confidence)


@cache
def _by_letter() -> dict[str, list[Misspelling]]:
    """First letter -> its misspellings, the longest first."""
    by_letter: dict[str, list[Misspelling]] = {}
    for row in sorted(misspellings(), key=lambda row: -len(row.wrong + row.after)):
        by_letter.setdefault(row.wrong[0], []).append(row)
    return by_letter
