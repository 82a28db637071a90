"""Checks of repeated texts: equal text, equal letters, nearly equal text, and equal text with different labels.

The first three compare only sentences without a recording. Two utterances of recordings are no copies because their
words are equal; for recordings, `core.quality.recordings` compares the audio. Labels are compared in recordings
too, but only for texts that are long enough to mean the same in every call.
"""

from collections.abc import Iterator

import numpy as np

from core.messages import Message, Names, SchemeName
from core.quality.copies import Copies
from core.quality.digests import DigestedUtterance, DigestTable, digest
from core.quality.near_duplicates import NearDuplicates
from core.quality.types import MAX_IDS, Check, Finding, Fix, class_count
from core.records import CAPTION

MIN_LETTERS = 8  # shorter texts are equal by chance: 네 is in every call


class SameText:
    """Rows whose text an earlier row has. Blank texts count too: 20 empty rows are 19 repeats."""

    def __init__(self, check: Check) -> None:
        self.check, self._copies = check, Copies()

    def take(self, item: DigestedUtterance) -> None:
        if item.standalone:
            self._copies.add(item)

    def findings(self) -> list[Finding]:
        table = self._copies.texts
        groups = table.groups()
        repeats = groups.repeats
        if not len(repeats):
            return []
        texts = len(np.unique(groups.first[repeats]))
        message = Message("{n:,} rows repeat an earlier text ({texts:,} different texts)", n=len(repeats), texts=texts)
        ids = table.ids[repeats[:MAX_IDS]].tolist()
        return [self.check.finding(len(repeats), ids, message, numbers={"rows": len(repeats), "texts": texts})]

    def fixes(self) -> Iterator[Fix]:
        ids, keepers = self._copies.texts.ids, self._copies.keepers()
        for at in np.flatnonzero(keepers != np.arange(len(keepers))).tolist():
            keep = int(ids[keepers[at]])
            yield Fix(int(ids[at]), Message("the same text as utterance {keep}", keep=keep), keep)


class SameLetters:
    """Rows whose letters an earlier row has, in a text that differs in spacing, marks or case."""

    def __init__(self, check: Check) -> None:
        self.check, self._letters, self._copies = check, DigestTable(), Copies()

    def take(self, item: DigestedUtterance) -> None:
        if item.standalone and item.letters:
            self._letters.add(digest(item.letters), item.id)
            self._copies.add(item)

    def findings(self) -> list[Finding]:
        repeats = self._repeats()
        ids = self._letters.ids[repeats[:MAX_IDS]].tolist()
        return [self.check.finding(len(repeats), ids)] if len(repeats) else []

    def fixes(self) -> Iterator[Fix]:
        ids, first, keepers = self._letters.ids, self._letters.groups().first, self._copies.keepers()
        for at in self._repeats().tolist():
            row, keep = int(ids[keepers[at]]), int(ids[keepers[first[at]]])
            yield Fix(row, Message("the same letters as utterance {keep}, written another way", keep=keep), keep)

    def _repeats(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.setdiff1d(self._letters.groups().repeats, self._copies.texts.groups().repeats, assume_unique=True)


class NearText:
    """Rows that are nearly equal to an earlier row with other letters.

    It keeps the letters of every text: the caller must limit how many it gives.
    """

    def __init__(self, check: Check) -> None:
        self.check, self._near = check, NearDuplicates()

    def take(self, item: DigestedUtterance) -> None:
        if item.standalone and len(item.letters) >= MIN_LETTERS:
            self._near.add(item.letters, item.id)

    def findings(self) -> list[Finding]:
        ids = [item_id for item_id, _ in self._near.pairs()]
        return [self.check.finding(len(ids), ids[:MAX_IDS])] if ids else []

    def fixes(self) -> Iterator[Fix]:
        for item_id, keep in self._near.pairs():
            yield Fix(item_id, Message("nearly the same text as utterance {keep}", keep=keep), keep)


class LabelConflict:
    """Equal texts with different labels: one finding for each scheme. Blank and unlabelled rows are left out."""

    def __init__(self, check: Check) -> None:
        self.check, self._copies = check, Copies()
        self._digests: dict[str, DigestTable] = {}
        self._codes: dict[str, dict[str, int]] = {}

    def take(self, item: DigestedUtterance) -> None:
        if (
            not item.utterance.labels
            or item.blank
            or item.utterance.origin == CAPTION
            or not (item.standalone or len(item.letters) >= MIN_LETTERS)
        ):
            return
        self._copies.add(item)
        for scheme, code in item.utterance.labels.items():
            codes = self._codes.setdefault(scheme, {})
            self._digests.setdefault(scheme, DigestTable()).add(item.text, item.id, codes.setdefault(code, len(codes)))

    def findings(self) -> list[Finding]:
        findings = []
        for scheme, table in self._digests.items():
            groups = self._disagreeing(scheme)
            if not groups:
                continue
            rows, repeats = sum(map(len, groups)), len(table.groups().repeats)
            numbers = {"texts": len(groups), "rows": rows, "labelled": len(table), "repeats": repeats}
            message = Message(
                "{n:,} texts carry different labels of {scheme} ({rows:,} rows); "
                "of {labelled:,} labelled rows, {repeats:,} repeat an earlier text",
                n=len(groups), scheme=SchemeName(scheme), rows=rows, labelled=len(table), repeats=repeats,
            )  # fmt: skip
            ids = (int(table.ids[at]) for group in groups[:MAX_IDS] for at in group)
            findings.append(self.check.finding(len(groups), ids, message, scheme=scheme, numbers=numbers))
        return findings

    def fixes(self) -> Iterator[Fix]:
        """Excludes the copies without the most frequent label, or all if none is; one copy of each text stays."""
        rows, keepers = self._copies.texts.ids, self._copies.keepers()
        for scheme, table in self._digests.items():
            names = list(self._codes[scheme])
            for group in self._disagreeing(scheme):
                codes, counts = np.unique(table.numbers[group], return_counts=True)
                most = counts.max()
                majority = int(codes[counts.argmax()]) if (counts == most).sum() == 1 else -1
                label_counts = zip(codes.tolist(), counts.tolist(), strict=True)
                reason = Message(
                    "copies of this text carry different labels of {scheme}: {counts}",
                    scheme=SchemeName(scheme),
                    counts=Names(class_count(scheme, names[code], n) for code, n in label_counts),
                )
                for at in group:
                    row = int(table.ids[at])
                    keep = int(rows[keepers[np.searchsorted(rows, row)]])
                    if table.numbers[at] != majority and row != keep:
                        yield Fix(row, reason, keep)

    def _disagreeing(self, scheme: str) -> list[list[int]]:
        """The items of each text that has several labels; one list for each text, ordered by its first item."""
        table, groups = self._digests[scheme], self._digests[scheme].groups()
        return sorted(groups.members(group).tolist() for group in groups.mixed(table.numbers))
