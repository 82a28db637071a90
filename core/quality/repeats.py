"""Texts that come again: the same text, the same letters, nearly the same; the same text under different labels.

Sentences on their own are compared. What is said in a recording is not a copy because its words are: there the same
audio counts (`core.quality.calls`), and only labels are compared, of texts long enough to mean one thing anywhere.
"""

from collections.abc import Iterator

import numpy as np

from core.messages import Message, Names, SchemeName
from core.quality.marks import Marked, Marks, digest
from core.quality.near import Near
from core.quality.types import KEPT, Check, Finding, Fix, counted
from core.records import CAPTION

MIN_LETTERS = 8  # below this, texts are alike by chance: 네 is in every call


class SameText:
    """Rows whose text came before, blank ones too: 20 empty rows are 19 repeats."""

    def __init__(self, check: Check) -> None:
        self.check, self._marks = check, Marks()

    def take(self, item: Marked) -> None:
        if item.alone:
            self._marks.add(item.text, item.id)

    def findings(self) -> list[Finding]:
        groups = self._marks.groups()
        again = groups.again
        if not len(again):
            return []
        texts = len(np.unique(groups.first[again]))
        message = Message("{n:,} rows repeat an earlier text ({texts:,} different texts)", n=len(again), texts=texts)
        ids = self._marks.ids[again[:KEPT]].tolist()
        return [self.check.finding(len(again), ids, message, numbers={"rows": len(again), "texts": texts})]

    def fixes(self) -> Iterator[Fix]:
        ids, groups = self._marks.ids, self._marks.groups()
        for at in groups.again.tolist():
            keep = int(ids[groups.first[at]])
            yield Fix(int(ids[at]), Message("the same text as utterance {keep}", keep=keep), keep)


class SameLetters:
    """Rows whose letters came before, in a text written another way: spacing, marks, case."""

    def __init__(self, check: Check) -> None:
        self.check, self._letters, self._texts = check, Marks(), Marks()

    def take(self, item: Marked) -> None:
        if item.alone and item.letters:
            self._letters.add(digest(item.letters), item.id)
            self._texts.add(item.text, item.id)

    def findings(self) -> list[Finding]:
        found = self._again()
        ids = self._letters.ids[found[:KEPT]].tolist()
        return [self.check.finding(len(found), ids)] if len(found) else []

    def fixes(self) -> Iterator[Fix]:
        ids, first = self._letters.ids, self._letters.groups().first
        for at in self._again().tolist():
            keep = int(ids[first[at]])
            yield Fix(
                int(ids[at]), Message("the same letters as utterance {keep}, written another way", keep=keep), keep
            )

    def _again(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.setdiff1d(self._letters.groups().again, self._texts.groups().again, assume_unique=True)


class NearText:
    """Rows nearly equal to an earlier one with other letters; holds the letters, so it is bounded by its caller."""

    def __init__(self, check: Check) -> None:
        self.check, self._near = check, Near()

    def take(self, item: Marked) -> None:
        if item.alone and len(item.letters) >= MIN_LETTERS:
            self._near.add(item.letters, item.id)

    def findings(self) -> list[Finding]:
        found = [one for one, _ in self._near.pairs()]
        return [self.check.finding(len(found), found[:KEPT])] if found else []

    def fixes(self) -> Iterator[Fix]:
        for one, keep in self._near.pairs():
            yield Fix(one, Message("nearly the same text as utterance {keep}", keep=keep), keep)


class LabelConflict:
    """Texts that carry different labels under one scheme, a finding each; the unlabelled disagree with nobody."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._marks: dict[str, Marks] = {}
        self._codes: dict[str, dict[str, int]] = {}

    def take(self, item: Marked) -> None:
        if not item.said.labels or item.said.origin == CAPTION or not (item.alone or len(item.letters) >= MIN_LETTERS):
            return
        for scheme, code in item.said.labels.items():
            codes = self._codes.setdefault(scheme, {})
            self._marks.setdefault(scheme, Marks()).add(item.text, item.id, codes.setdefault(code, len(codes)))

    def findings(self) -> list[Finding]:
        found = []
        for scheme, marks in self._marks.items():
            groups = self._disagreeing(scheme)
            if not groups:
                continue
            rows, repeats = sum(map(len, groups)), len(marks.groups().again)
            numbers = {"texts": len(groups), "rows": rows, "labelled": len(marks), "repeats": repeats}
            message = Message(
                "{n:,} texts carry different labels of {scheme} ({rows:,} rows); "
                "of {labelled:,} labelled rows, {repeats:,} repeat an earlier text",
                n=len(groups), scheme=SchemeName(scheme), rows=rows, labelled=len(marks), repeats=repeats,
            )  # fmt: skip
            ids = (int(marks.ids[at]) for group in groups[:KEPT] for at in group)
            found.append(self.check.finding(len(groups), ids, message, scheme=scheme, numbers=numbers))
        return found

    def fixes(self) -> Iterator[Fix]:
        """All but the copies that carry the label of most; where no label has most, all copies."""
        for scheme, marks in self._marks.items():
            names = list(self._codes[scheme])
            for group in self._disagreeing(scheme):
                codes, counts = np.unique(marks.numbers[group], return_counts=True)
                most = counts.max()
                majority = int(codes[counts.argmax()]) if (counts == most).sum() == 1 else -1
                told = zip(codes.tolist(), counts.tolist(), strict=True)
                reason = Message(
                    "copies of this text carry different labels of {scheme}: {counts}",
                    scheme=SchemeName(scheme),
                    counts=Names(counted(scheme, names[code], n) for code, n in told),
                )
                for at in group:
                    if marks.numbers[at] != majority:
                        yield Fix(int(marks.ids[at]), reason)

    def _disagreeing(self, scheme: str) -> list[list[int]]:
        """The items of each text with more than one label, by the first of them."""
        marks, groups = self._marks[scheme], self._marks[scheme].groups()
        if not len(marks):
            return []
        codes = marks.numbers[groups.order]
        lowest, highest = np.minimum.reduceat(codes, groups.starts), np.maximum.reduceat(codes, groups.starts)
        return sorted(groups.members(group).tolist() for group in np.flatnonzero(lowest != highest).tolist())
