"""The errors a person can act on.

Every error that a page, the shell or the REST service turns into a message is a `CoreError`; anything else is a bug
and crashes visibly. One bad item in a batch is not an error but a `core.records.Skip` in a `Report`.
An error is made of a template, which is a literal, and its fields: `core.messages` says how they become a sentence.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from core.messages import Message, Names, Word

AudioKind = Literal[
    "unusable", "empty", "not-audio", "truncated", "no-frames", "silent", "non-finite", "too-short", "too-long",
    "too-large", "too-many-channels", "sample-rate", "codec",
]  # fmt: skip


class CoreError(Exception):
    """A failure with a reason and, where there is one, a way out.

    >>> error = InputError("{file}: {n:,} rows are too many", file="a.csv", n=9000)
    >>> str(error), error.message.template
    ('a.csv: 9,000 rows are too many', '{file}: {n:,} rows are too many')
    """

    def __init__(self, template: str = "", /, **fields: Any) -> None:
        self.message = Message(template, **fields)
        super().__init__(self.message)


class InputError(CoreError):
    """What was handed in cannot be used."""


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
    """Too few examples for what was asked."""


class AudioError(InputError):
    """Audio that cannot be used; `reason` is one clause and `kind` says in a code what sort of fault it is."""

    def __init__(self, where: str, reason: str, /, *, kind: AudioKind = "unusable", **fields: Any) -> None:
        self.where, self.reason, self.kind = where, Message(reason, **fields), kind
        super().__init__("{where}: {reason}", where=where, reason=self.reason)


class MissingBackend(CoreError):
    """An optional package is absent; the message holds the command that installs it."""


class StoreError(CoreError):
    """The store refused."""


class NotFound(StoreError):
    """No such record."""


class Conflict(StoreError):
    """The record changed since it was read: read it again, then decide."""


class Stale(Conflict):
    """A decision on an old version: `mine` is what would have been written, `theirs` what stands, with who and when."""

    def __init__(self, template: str, /, mine: Mapping[str, Any], theirs: Mapping[str, Any], **fields: Any) -> None:
        super().__init__(template, **fields)
        self.mine, self.theirs = dict(mine), dict(theirs)


class Unfit(Conflict):
    """A suggestion no longer fits what stands; `reason` is one of `core.store.proposals.fates.Refusal`."""

    def __init__(self, template: str, /, reason: str, **fields: Any) -> None:
        super().__init__(template, **fields)
        self.reason = reason


class CheckpointMismatch(CoreError):
    """Weights, card and data do not belong together."""


class JobFailed(CoreError):
    """A job ended with an error; the message is that error's."""


class Cancelled(Exception):
    """A person asked for a stop; not a failure."""
