"""What a check is, what it takes in, what it finds, and what it would do about it.

A collector sees each item once, in the order of ids, and remembers digests and numbers, never texts, so that a million
utterances cost some tens of megabytes. It reads no store and no disk.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, Protocol

from core.messages import ClassName, Message

Severity = Literal["error", "warning", "info"]
Level = Literal["utterance", "recording", "file", "scheme"]
Reads = Literal["said", "call", "file", "sound"]

KEPT = 1000  # ids that a Finding names; the rest is counted
MOST_FACTS = 100_000  # the same for facts, which nobody finds again without listening again


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` faults at `level`, of which `ids` names the first (paths where the level is a file, else ids).

    `fix` says whether the check can offer Proposals. `scheme` is set where one is concerned; `numbers` are what the
    message tells, `details` say what was wrong with an id, where the check has more than its name to say.
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
    """Leave utterance `id` out (or mend it: `Check.mend`), for `reason`; `keep` is the one that stays in its place."""

    id: int
    reason: str
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """What looking at the disk or listening told of a recording, an utterance or a file."""

    check: str
    where: int | str
    detail: str = ""


class Collector(Protocol):
    def take(self, item: Any) -> None: ...
    def findings(self) -> list[Finding]: ...
    def fixes(self) -> Iterator[Fix]: ...


@dataclass(frozen=True, slots=True)
class Check:
    """A row of `CHECKS`: `what` one says of a fault, what it reads, and how its collector is made.

    `fix`: it can offer Proposals. With `mend` they are a cleaner text each, else to leave the utterance out.
    """

    name: str
    what: str
    level: Level
    severity: Severity
    reads: tuple[Reads, ...]
    make: Callable[["Check"], Collector]
    fix: bool = False
    mend: Callable[[str], str] | None = None

    def finding(
        self, count: int, ids: Iterable[int | str], message: str = "", *, keep: int = KEPT, **more: Any
    ) -> Finding:
        """A finding of this check, which names `keep` of the `ids`; without a message, count and `what`."""
        told = message or Message("{n:,} {what}", n=count, what=Message(self.what))
        more = {"severity": self.severity, "fix": self.fix} | more
        return Finding(self.name, self.level, count=count, message=told, ids=tuple(islice(ids, keep)), **more)


def counted(scheme: str, code: str, n: int) -> Message:
    """A class and how many there are of it."""
    return Message("{label} {n}", label=ClassName(scheme, code), n=n)


class Listed:
    """Remembers the ids that `wrong` is true of; one finding."""

    def __init__(self, check: Check, wrong: Callable[[Any], bool]) -> None:
        self.check, self._wrong, self._ids = check, wrong, array("q")

    def take(self, item: Any) -> None:
        if self._wrong(item):
            self._ids.append(item.id)

    def findings(self) -> list[Finding]:
        return [self.check.finding(len(self._ids), self._ids)] if self._ids else []

    def fixes(self) -> Iterator[Fix]:
        reason = self.check.what
        return (Fix(one, reason) for one in self._ids) if self.check.fix else iter(())


class Facts:
    """Remembers the facts of its check."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._found: list[Fact] = []

    def take(self, item: Fact) -> None:
        if item.check == self.check.name:
            self._found.append(item)

    def findings(self) -> list[Finding]:
        if not self._found:
            return []
        details = {str(one.where): one.detail for one in self._found[:KEPT] if one.detail}
        ids = (one.where for one in self._found)
        return [self.check.finding(len(self._found), ids, keep=MOST_FACTS, details=details)]

    def fixes(self) -> Iterator[Fix]:
        if self.check.fix:
            yield from (
                Fix(one.where, one.detail or self.check.what) for one in self._found if isinstance(one.where, int)
            )
