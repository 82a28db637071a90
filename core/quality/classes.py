"""The check for classes that are too small to split.

A split never cuts a group, so groups are counted, not rows. Counting stops at `FEWEST` groups a class.
"""

from collections.abc import Iterator, Mapping

from core.messages import Message, Names, SchemeName
from core.quality.digests import DigestedUtterance, digest
from core.quality.types import Check, Finding, Fix, class_count
from core.records import ScannedRecording
from core.schemes import SCHEMES, split_codes

FEWEST = 20  # groups of a class: with fewer, a side of 15 % gets none of them more than once in 25 splits
SIDES = 3  # train, validation, test


class SmallClass:
    """One finding for each scheme that has a label somewhere. A class that no item has is too small as well."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._groups: dict[str, dict[str, set[bytes]]] = {}

    def take(self, item: DigestedUtterance | ScannedRecording) -> None:
        if isinstance(item, DigestedUtterance):
            self._add(item.utterance.labels, item.utterance.group)
        else:
            self._add(item.labels, item.key)

    def _add(self, labels: Mapping[str, str], group: str) -> None:
        for scheme, code in labels.items():
            by_class = self._groups.setdefault(scheme, {})
            for class_code in split_codes(code):
                held = by_class.setdefault(class_code, set())
                if len(held) < FEWEST:
                    held.add(digest(group))

    def findings(self) -> list[Finding]:
        findings = []
        for scheme, groups in self._groups.items():
            codes = SCHEMES[scheme].codes if scheme in SCHEMES else tuple(groups)
            small = {code: n for code in codes if (n := len(groups.get(code, ()))) < FEWEST}
            if not small:
                continue
            message = Message(
                "{scheme}: {n} classes with fewer than {least} groups ({classes}); a split may leave them out",
                scheme=SchemeName(scheme), n=len(small), least=FEWEST,
                classes=Names(class_count(scheme, code, n) for code, n in small.items()),
            )  # fmt: skip
            severity = "error" if any(0 < n < SIDES for n in small.values()) else self.check.severity
            findings.append(
                self.check.finding(len(small), (), message, scheme=scheme, numbers=small, severity=severity)
            )
        return findings

    def fixes(self) -> Iterator[Fix]:
        return iter(())
