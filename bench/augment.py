"""What augmentation makes of 11,823 questions, ours and koeda's side by side: `python -m bench.augment`.

Each operation draws one candidate for each question of ../shared/data/chatbot. koeda stands in a folder of its own or
in the environment: `PYTHONPATH=folder python -m bench.augment`; without it only ours are measured. The figures:

- equal: candidates whose letters are those of the question (marks and spaces for operations on these), among all.
- negation lost: candidates with fewer negations than their question (안, 못, 없, 않, 아니, -지 말), among those of
  questions with one. Counted by a regular expression on the words without marks, not by the guards.
- nonsense: candidates with a new word that no question or answer of the corpus has, and that begins with a particle or
  an ending, has a particle in the wrong form, holds a noun of one syllable that neither the corpus nor the table of
  synonyms writes alone, or that the analyser cannot write again from its own morphemes; where the words that it
  replaces have no such fault. Not counted for dialect and noise, which misspell on purpose.
- leave: candidates that pass the guards, for each question.
- a second: candidates that leave, by a second of processor time, drawing and guards together.
- gain: distinct pairs of neighbouring words in questions and variants together, against those of the questions.
"""

import argparse
import csv
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from bench import results
from bench.chatbot import FILE
from core.augment import AUGMENTERS, Guard, Lexicon
from core.augment.guards import SURFACE
from core.augment.reading import Word, joined, raw_morphemes, read
from core.augment.table import entries
from core.augment.variants import draw
from core.augment.wellformed import NOISY, disagrees
from core.text import letters, words

NEGATION = re.compile(
    r"(?<![가-힣])안(?!색|쪽|면|녕|방|부)(?=\s?[가-힣])|못|없|않|아[니닙닌닐]|지\s?(?:마(?!음)|말(?=[고아자라지]))"
)
REVIEWED = {entry.by for entry in entries()}
MARKS = re.compile(r"[^\w\s]+")
SEED, ALPHA = 0, 0.2


@dataclass
class Tally:
    """Counts of one operation."""

    questions: int = 0
    candidates: int = 0
    equal: int = 0
    negated: int = 0
    negation_lost: int = 0
    nonsense: int = 0
    left: int = 0
    left_negated: int = 0
    left_negation_lost: int = 0
    left_nonsense: int = 0
    seconds: float = 0.0
    made: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


class Corpus:
    """The words of all questions and answers, and which of one syllable stand alone."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.words = {letters(word) for text in texts for word in words(text)}

    def nonsense(self, source: str, text: str) -> bool:
        """Whether `text` has more words that are no words than `source` has in their places; see the head."""
        old, new = read(source).words, read(text).words
        both = {letters(word.text) for word in old} & {letters(word.text) for word in new}
        fresh = [word for word in new if (bare := letters(word.text)) and bare not in both and bare not in self.words]
        return sum(map(self._is_no_word, fresh)) > sum(
            self._is_no_word(word) for word in old if letters(word.text) not in both
        )

    def _is_no_word(self, word: Word) -> bool:
        if not word.spoken:
            return True
        first = word.spoken[0][1]
        if (
            first[0] in "JE"
            or first in ("XSN", "XSV", "XSA", "VCP")
            or any(disagrees(*two) for two in pairwise(word.spoken))
        ):
            return True
        alone = [form for form, tag in word.spoken if tag in ("NNG", "XR") and len(form) == 1]
        if any(form not in self.words and form not in REVIEWED for form in alone):
            return True
        written = joined(tuple(raw_morphemes(word))).replace(" ", "")  # it writes 언젭니까 for 언제입니까
        return written != word.bare and not word.bare.endswith(("입니다", "입니까"))


def measure(name: str, questions: list[str], corpus: Corpus, guard: Guard) -> Tally:
    """Draw one candidate of the operation for each question, and ask the guards."""
    tally = Tally(questions=len(questions))
    for question in questions:
        source = " ".join(words(question))
        began = time.process_time()
        candidate = draw(name, source, SEED, ALPHA, 0, AUGMENTERS)
        idle = candidate == source and not name.startswith("koeda")  # ours says so where it cannot act
        reasons = () if idle else guard.reasons(source, candidate, name)
        tally.seconds += time.process_time() - began
        if not idle:
            _count(tally, source, candidate, name, corpus, reasons)
    return tally


def _count(tally: Tally, source: str, text: str, name: str, corpus: Corpus, reasons: tuple[str, ...]) -> None:
    tally.candidates += 1
    tally.refused.update(reasons)
    same = words(source) == words(text) if name in SURFACE else letters(source) == letters(text)
    before, after = negations(source), negations(text)
    nonsense = name not in NOISY and not same and corpus.nonsense(source, text)
    tally.equal += same
    tally.negated += before > 0
    tally.negation_lost += after < before
    tally.nonsense += nonsense
    if not reasons:
        tally.left += 1
        tally.left_negated += before > 0
        tally.left_negation_lost += after < before
        tally.left_nonsense += nonsense
        tally.made.append(text)


def negations(text: str) -> int:
    """How many negations a text has; marks between its words do not count."""
    return len(NEGATION.findall(" ".join(words(MARKS.sub(" ", text)))))


def gain(questions: list[str], made: list[str]) -> float:
    """How many more distinct pairs of neighbouring words there are with the variants."""
    old = {pair for text in questions for pair in pairwise(words(text))}
    return len(old | {pair for text in made for pair in pairwise(words(text))}) / len(old) - 1


def shown(tally: Tally, questions: list[str]) -> str:
    """The figures of one operation, in the order of the heading."""
    all_of, negated = max(1, tally.candidates), max(1, tally.negated)
    drawn = f"{tally.equal / all_of:.1%} / {tally.negation_lost / negated:.1%} / {tally.nonsense / all_of:.1%}"
    lost = tally.left_negation_lost / max(1, tally.left_negated)
    left = f"{lost:.1%} / {tally.left_nonsense / max(1, tally.left):.1%}"
    rate = tally.left / max(tally.seconds, 1e-9)
    return f"{drawn}; {left}; {tally.left / tally.questions:.2f}; {rate:,.0f}; {gain(questions, tally.made):+.1%}"


def together(tallies: list[Tally]) -> Tally:
    """The sums of several operations."""
    total = Tally(questions=tallies[0].questions)
    for tally in tallies:
        for name in vars(total).keys() - {"questions"}:
            setattr(total, name, getattr(total, name) + getattr(tally, name))
    return total


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, default=0, help="only so many, in the order of the file; 0: all")
    asked = parser.parse_args()
    if not FILE.is_file():
        sys.exit(f"{FILE} is missing; it holds the chatbot's questions")
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    corpus = Corpus(row[column] for row in rows for column in ("Q", "A"))
    questions = [row["Q"] for row in rows]
    if asked.questions:
        questions = questions[:: max(1, len(questions) // asked.questions)][: asked.questions]
    guard = Guard(Lexicon.of("danger"))
    names = [name for name, backend in AUGMENTERS.items() if backend.installed()]
    for name in names:  # what is loaded once counts for none
        guard.reasons(questions[0], draw(name, questions[0], SEED, ALPHA, 0, AUGMENTERS), name)
    tallies = {}
    for name in names:
        tallies[name] = measure(name, questions, corpus, guard)
        print(f"{name}: {shown(tallies[name], questions)}; refused {dict(tallies[name].refused)}", flush=True)
    table = []
    for title in ("ours", "koeda"):
        group = [name for name in names if name.startswith("koeda") == (title == "koeda")]
        if group:
            total = together([tallies[name] for name in group])
            table.append((f"{title}, all {len(group)} operations", shown(total, questions)))
            table += [(name, shown(tallies[name], questions)) for name in group]
    note = (
        f"{len(questions):,} questions, one candidate of each operation for each, alpha {ALPHA}. As drawn: equal to "
        "the question / negation lost / nonsense fragments; after the guards: negation lost / nonsense fragments; "
        "variants a question that leave; variants a second of processor time; gain of distinct word pairs. The head of "
        "bench/augment.py defines each. The seed's script, for comparison: 56% / 43% / 10%, without guards."
    )
    results.write("Augmentation: what leaves the guards", "python -m bench.augment", table, note)


if __name__ == "__main__":
    main()
