"""The types of the quality checks: `Check`, the `Collector` that it makes, and the `Finding` and `Fix` that come out.

A collector takes each item once, in the order of ids. It remembers digests and numbers, never texts, so that a million
utterances need some tens of megabytes. It reads no store and no disk.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, Protocol

from core.messages import ClassName, Message

Severity = Literal["error", "warning", "info"]
Level = Literal["utterance", "recording", "file", "scheme"]
Reads = Literal["utterance", "recording", "file", "sound"]

MAX_IDS = 1000  # ids that a Finding names; all further ones are only counted
MAX_FACTS = 100_000  # the same for facts: to find one again, the audio must be read again


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` faults of one check. `ids` names the first of them: paths if the level is "file", else database ids.

    `fix`: the check can make Proposals. `scheme`: the label scheme that the fault is about, or "". `numbers`: the
    counts in the message, by name. `details`: for some ids, a text that says what is wrong with that item.
    """

    check: str
    level: Level
    severity: Severity
    count: int
    message: str
    ids: tuple[int | str, ...] = ()
    scheme: str = ""
    fix: bool = False
    numbers: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fix:
    """A change to propose for utterance `id`: exclude it, or rewrite its text if the check has a `rewrite` function.

    `keep` is the id of the utterance that it repeats and that stays in the corpus.
    """

    id: int
    reason: str
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One fault seen on the disk or measured in the audio. `where`: the id of the item, or the path of a file."""

    check: str
    where: int | str
    detail: str = ""


class Collector(Protocol):
    """Takes the items of one pass, then gives the findings, and the fixes for them."""

    def take(self, item: Any) -> None: ...
    def findings(self) -> list[Finding]: ...
    def fixes(self) -> Iterator[Fix]: ...


@dataclass(frozen=True, slots=True)
class Check:
    """A row of `CHECKS`.

    `what`: the message, said after a count. `reads`: the kinds of items that its collector takes. `make`: returns a new
    collector. `fix`: it can make Proposals, each with the text that `rewrite` makes of the old one; without `rewrite`,
    each proposes to exclude the utterance.
    """

    name: str
    what: str
    level: Level
    severity: Severity
    reads: tuple[Reads, ...]
    make: Callable[["Check"], Collector]
    fix: bool = False
    rewrite: Callable[[str], str] | None = None

    def finding(
        self, count: int, ids: Iterable[int | str], message: str = "", *, keep: int = MAX_IDS, **more: Any
    ) -> Finding:
        """A finding of this check that names the first `keep` of `ids`. The default message is `count` and `what`."""
        message = message or Message("{n:,} {what}", n=count, what=Message(self.what))
        more = {"severity": self.severity, "fix": self.fix} | more
        return Finding(self.name, self.level, count=count, message=message, ids=tuple(islice(ids, keep)), **more)


def class_count(scheme: str, code: str, n: int) -> Message:
    """The name of a class and a count, for a message."""
    return Message("{label} {n}", label=ClassName(scheme, code), n=n)


class PredicateCollector:
    """Remembers the ids of the items for which `wrong` is true, and makes one finding of them."""

    def __init__(self, check: Check, wrong: Callable[[Any], bool]) -> None:
        self.check, self._wrong, self._ids = check, wrong, array("q")

    def take(self, item: Any) -> None:
        if self._wrong(item):
            self._ids.append(item.id)

    def findings(self) -> list[Finding]:
        return [self.check.finding(len(self._ids), self._ids)] if self._ids else []

    def fixes(self) -> Iterator[Fix]:
        reason = self.check.what
        return (Fix(item_id, reason) for item_id in self._ids) if self.check.fix else iter(())


class FactCollector:
    """Remembers the facts that belong to its check."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._facts: list[Fact] = []

    def take(self, item: Fact) -> None:
        if item.check == self.check.name:
            self._facts.append(item)

    def findings(self) -> list[Finding]:
        if not self._facts:
            return []
        details = {str(fact.where): fact.detail for fact in self._facts[:MAX_IDS] if fact.detail}
        ids = (fact.where for fact in self._facts)
        return [self.check.finding(len(self._facts), ids, keep=MAX_FACTS, details=details)]

    def fixes(self) -> Iterator[Fix]:
        if self.check.fix:
            yield from (
                Fix(fact.where, fact.detail or self.check.what) for fact in self._facts if isinstance(fact.where, int)
            )
