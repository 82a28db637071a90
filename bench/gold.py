"""The sentences that cleaning is measured on, and the measures that compare a cleaned text with the right one.

`tests/data/cleaning_gold.tsv` holds the text as written (noisy), the right text (clean) and other right readings
(also). Letters are all characters but white space. A gap is a place between two letters that has white space; its
number is the number of letters before it. This file knows no backend; bench/cleaning.py runs them.
"""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein

FILE = Path(__file__).resolve().parents[1] / "tests" / "data" / "cleaning_gold.tsv"
COLUMNS = ("id", "kind", "noisy", "clean", "also", "errors", "note")


@dataclass(frozen=True, slots=True)
class Pair:
    """One row. `errors` counts wrong words and wrong gaps, compared with the nearest accepted text."""

    id: str
    kind: str
    noisy: str
    clean: str
    also: tuple[str, ...]
    errors: int
    note: str

    @property
    def accepted(self) -> tuple[str, ...]:
        return (self.clean, *self.also)


@dataclass(frozen=True, slots=True)
class Tally:
    """Three counts: changes that were `wanted`, changes that were `done`, and changes that are in both (`right`)."""

    right: int = 0
    done: int = 0
    wanted: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.right + other.right, self.done + other.done, self.wanted + other.wanted)

    @property
    def precision(self) -> float:
        return self.right / self.done if self.done else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def f1(self) -> float:
        """The F1 score; 1 if nothing was wanted and nothing was done."""
        return 2 * self.right / (self.done + self.wanted) if self.done + self.wanted else 1.0


def read(path: Path = FILE) -> list[Pair]:
    """All rows of the file; `ValueError` names the first line that has a wrong shape."""
    with path.open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if tuple(head) != COLUMNS:
        raise ValueError(f"{path.name}: the columns are {', '.join(head)}, not {', '.join(COLUMNS)}")
    return [_pair(path.name, number, row) for number, row in enumerate(rows, 2)]


def _pair(name: str, line: int, row: list[str]) -> Pair:
    if len(row) != len(COLUMNS) or not row[5].isdecimal():
        raise ValueError(f"{name}, line {line}: not {len(COLUMNS)} fields with a count of errors: {row}")
    ident, kind, noisy, clean, also, errors, note = row
    return Pair(ident, kind, noisy, clean, tuple(also.split("|")) if also else (), int(errors), note)


def bare(text: str) -> str:
    """The letters of `text`.

    >>> bare("불이  났어요")
    '불이났어요'
    """
    return "".join(text.split())


def gaps(text: str) -> frozenset[int]:
    """The gaps of `text`.

    >>> sorted(gaps("불이 옆집에 났어요"))
    [2, 5]
    """
    ends, at = set(), 0
    for word in text.split():
        ends.add(at := at + len(word))
    return frozenset(ends - {at})


def edits(before: str, after: str) -> Counter[tuple[int, str, str]]:
    """The fewest letter edits from `before` to `after`: (position, letter removed, letter added).

    >>> list(edits("낳았 어요", "나았어요"))
    [(0, '낳', '나')]
    """
    old, new = bare(before), bare(after)
    return Counter(
        (op.src_pos, "" if op.tag == "insert" else old[op.src_pos], "" if op.tag == "delete" else new[op.dest_pos])
        for op in Levenshtein.editops(old, new)
    )


def moved_gaps(text: str, onto: str) -> frozenset[int]:
    """The gaps of `text`, moved to the corresponding letters of `onto`.

    >>> sorted(moved_gaps("불리 났어ㅇㅛ 빨리", "불이 났어요 빨리"))
    [2, 5]
    """
    operations = Levenshtein.editops(bare(text), bare(onto))

    def shifted(gap: int) -> int:
        before = [op.tag for op in operations if op.src_pos < gap]
        return gap + before.count("insert") - before.count("delete")

    return frozenset(shifted(gap) for gap in gaps(text))


def wrong_words(text: str, clean: str) -> frozenset[int]:
    """The positions of the words of `clean` whose letters differ in `text`. White space is ignored.

    >>> sorted(wrong_words("이러면않되요", "이러면 안 돼요"))
    [1, 2]
    """
    owner = [number for number, word in enumerate(clean.split()) for _ in word]
    places = (op.dest_pos - (op.tag == "delete") for op in Levenshtein.editops(bare(text), bare(clean)))
    return frozenset(owner[max(0, min(place, len(owner) - 1))] for place in places)


def count_errors(noisy: str, clean: str) -> int:
    """The number of wrong words plus the number of wrong gaps."""
    return len(wrong_words(noisy, clean)) + len(moved_gaps(noisy, clean) ^ gaps(clean))


def spacing(output: str, clean: str) -> Tally:
    """The tally of gaps: those of `output` against those of `clean`."""
    done, wanted = moved_gaps(output, clean), gaps(clean)
    return Tally(len(done & wanted), len(done), len(wanted))


def lettering(noisy: str, output: str, clean: str) -> Tally:
    """The tally of letter edits: those made to `noisy` against those that it needed."""
    done, wanted = edits(noisy, output), edits(noisy, clean)
    return Tally((done & wanted).total(), done.total(), wanted.total())


def mending(noisy: str, output: str, clean: str) -> Tally:
    """The tally of words: corrected; corrected or broken; wrong at first."""
    before, after = wrong_words(noisy, clean), wrong_words(output, clean)
    return Tally(len(before - after), len(before ^ after), len(before))


def best(measure: Callable[[str], Tally], accepted: tuple[str, ...]) -> Tally:
    """The tally against the accepted text with the highest F1; the first one if several are equal."""
    return max(map(measure, accepted), key=lambda tally: tally.f1)


def exact(output: str, pair: Pair) -> bool:
    """Whether `output` has the same letters and gaps as one of the accepted texts."""
    return " ".join(output.split()) in pair.accepted
