"""The errors that a person can act on.

Pages, the command line and the REST service show the message of a `CoreError`. Any other exception is a bug and crashes
visibly. One bad item in a batch is not an error but a `core.records.Skip` in a `Report`.
An error holds a template, which is a literal, and its fields; `core.messages` makes a sentence of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from core.messages import Message, Names, Word

AudioKind = Literal[
    "unusable", "empty", "not-audio", "truncated", "no-frames", "silent", "non-finite", "too-short", "too-long",
    "too-large", "too-many-channels", "sample-rate", "codec",
]  # fmt: skip


class CoreError(Exception):
    """A failure whose message gives the reason and, if there is one, a way to solve it.

    >>> error = InputError("{file}: {n:,} rows are too many", file="a.csv", n=9000)
    >>> str(error), error.message.template
    ('a.csv: 9,000 rows are too many', '{file}: {n:,} rows are too many')
    """

    def __init__(self, template: str = "", /, **fields: Any) -> None:
        self.message = Message(template, **fields)
        super().__init__(self.message)


class InputError(CoreError):
    """The input cannot be used."""


class UnknownName(InputError):
    """A name that is not in a closed list; the message gives the list."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        names = Names(known) if known else Word("none")
        super().__init__(Message("unknown {kind} {name!r}; known: {known}", kind=Message(kind), name=name, known=names))
        self.kind, self.name, self.known = kind, name, tuple(known)


class BadRecord(InputError):
    """One record of a file is unusable.

    >>> str(BadRecord("calls.json, utterance 3", "ends at {end_ms} ms, before it begins", end_ms=120))
    'calls.json, utterance 3: ends at 120 ms, before it begins'
    """

    def __init__(self, where: str, reason: str, /, **fields: Any) -> None:
        self.where, self.reason = where, Message(reason, **fields)
        super().__init__("{where}: {reason}", where=where, reason=self.reason)


class NotEnoughData(InputError):
    """There are too few examples for the requested operation."""


class AudioError(InputError):
    """The audio cannot be used. `reason` is one clause for people; `kind` is the code of the sort of fault."""

    def __init__(self, where: str, reason: str, /, *, kind: AudioKind = "unusable", **fields: Any) -> None:
        self.where, self.reason, self.kind = where, Message(reason, **fields), kind
        super().__init__("{where}: {reason}", where=where, reason=self.reason)


class MissingBackend(CoreError):
    """An optional package is not installed; the message gives the command that installs it."""


class StoreError(CoreError):
    """The store refused the operation."""


class StoreAway(StoreError):
    """The database server does not answer. It may be back soon."""


class NotFound(StoreError):
    """The record does not exist."""


class Conflict(StoreError):
    """Somebody changed the record after it was read; read it again before deciding."""


class Stale(Conflict):
    """A decision was made on an old version.

    `mine` holds the refused values. `theirs` holds the stored values, and who wrote them when.
    """

    def __init__(self, template: str, /, mine: Mapping[str, Any], theirs: Mapping[str, Any], **fields: Any) -> None:
        super().__init__(template, **fields)
        self.mine, self.theirs = dict(mine), dict(theirs)


class Unfit(Conflict):
    """A suggestion does not fit the stored text or label any more.

    `reason` is one of the values of `core.store.proposals.outcomes.Refusal`.
    """

    def __init__(self, template: str, /, reason: str, **fields: Any) -> None:
        super().__init__(template, **fields)
        self.reason = reason


class DiskFull(StoreError):
    """The disk has no space left. What was written before stays, and nothing is half-written.

    >>> str(DiskFull("notes.json"))
    'the disk is full: notes.json could not be written. What was saved before stays; free some space and try again'
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            Message(
                "the disk is full: {what} could not be written. What was saved before stays; free some space and try "
                "again",
                what=what,
            )
        )


class CheckpointMismatch(CoreError):
    """The weights, the card and the data do not belong together."""


class JobFailed(CoreError):
    """A job ended with an error; the message is the one of that error."""


class Cancelled(Exception):
    """A person cancelled the work; this is not a failure."""
