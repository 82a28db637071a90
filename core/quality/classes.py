"""Classes too small to split: a side gets whole groups, so groups are counted, and only as far as it matters."""

from collections.abc import Iterator, Mapping

from core.messages import Message, Names, SchemeName
from core.quality.marks import Marked, digest
from core.quality.types import Check, Finding, Fix, counted
from core.records import Call
from core.schemes import SCHEMES, parts

FEWEST = 20  # groups of a class: with fewer, 15 % of them are more than once in 25 times nobody
SIDES = 3


class SmallClass:
    """One finding a scheme that labels anything; a class without any label is too small as well."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._groups: dict[str, dict[str, set[bytes]]] = {}

    def take(self, item: Marked | Call) -> None:
        if isinstance(item, Marked):
            self._add(item.said.labels, item.said.group)
        else:
            self._add(item.labels, item.key)

    def _add(self, labels: Mapping[str, str], group: str) -> None:
        for scheme, code in labels.items():
            own = self._groups.setdefault(scheme, {})
            for one in parts(code):
                held = own.setdefault(one, set())
                if len(held) < FEWEST:
                    held.add(digest(group))

    def findings(self) -> list[Finding]:
        found = []
        for scheme, groups in self._groups.items():
            codes = SCHEMES[scheme].codes if scheme in SCHEMES else tuple(groups)
            small = {code: n for code in codes if (n := len(groups.get(code, ()))) < FEWEST}
            if not small:
                continue
            message = Message(
                "{scheme}: {n} classes with fewer than {least} groups ({classes}); a split may leave them out",
                scheme=SchemeName(scheme), n=len(small), least=FEWEST,
                classes=Names(counted(scheme, code, n) for code, n in small.items()),
            )  # fmt: skip
            severity = "error" if any(0 < n < SIDES for n in small.values()) else self.check.severity
            found.append(self.check.finding(len(small), (), message, scheme=scheme, numbers=small, severity=severity))
        return found

    def fixes(self) -> Iterator[Fix]:
        return iter(())
