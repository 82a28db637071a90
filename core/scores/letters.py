"""Letter error rate of transcripts against human text: letters that are wrong, missing or too many, for each that is
right.

Spaces, punctuation and case do not count: Korean spacing is a matter of style. The interval is a bootstrap over groups,
since the utterances of a call share a line and a speaker. jiwer counts the edits.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class LetterErrors:
    """`errors` of `letters` in `texts` texts, as `rate` with its 95 % interval from `low` to `high`.

    They are None where there are no letters. A rate can exceed 1: invented letters count too.
    """

    texts: int
    letters: int
    errors: int
    rate: float | None
    low: float | None
    high: float | None


def letters_only(text: str) -> str:
    """The letters and digits of a text.

    >>> letters_only("네, 119 입니다!")
    '네119입니다'
    """
    return "".join(c for c in unicodedata.normalize("NFC", text).casefold() if c.isalnum())


def letter_errors(human: Sequence[str], written: Sequence[str], groups: Sequence[str], seed: int = 0) -> LetterErrors:
    """The letter error rate of the texts `written` against `human`, pair by pair; an empty human text is left out."""
    pairs = [(letters_only(h), letters_only(w), g) for h, w, g in zip(human, written, groups, strict=True)]
    counted = [(len(right), _edits(right, heard), group) for right, heard, group in pairs if right]
    letters, errors = sum(n for n, _, _ in counted), sum(wrong for _, wrong, _ in counted)
    if not counted:
        return LetterErrors(0, 0, 0, None, None, None)
    names = sorted({group for _, _, group in counted})
    table = np.zeros((len(names), 2))
    for n, wrong, group in counted:
        table[names.index(group)] += (n, wrong)
    low, high = _interval(table, seed)
    return LetterErrors(len(counted), letters, errors, errors / letters, low, high)


def _edits(right: str, heard: str) -> int:
    """The least number of letters to replace, leave out or add that makes one of the other."""
    import jiwer

    if not heard:
        return len(right)
    counts = jiwer.process_characters(right, heard)
    return int(counts.substitutions + counts.deletions + counts.insertions)


def _interval(table: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """The 95 % interval of the rate over resampled groups; `table` has letters and errors of each."""
    drawn = np.random.default_rng(seed).integers(0, len(table), (RESAMPLES, len(table)))
    sums = table[drawn].sum(axis=1)
    low, high = np.percentile(sums[:, 1] / sums[:, 0], [2.5, 97.5])
    return float(low), float(high)
