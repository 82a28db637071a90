"""The errors a person can act on.

Every error that a page, the shell or the REST service turns into a message is a `CoreError`; anything else is a bug
and crashes visibly. One bad item in a batch is not an error but a `core.records.Skip` in a `Report`.
"""

from collections.abc import Mapping
from typing import Any


class CoreError(Exception):
    """A failure with a reason and, where there is one, a way out."""


class InputError(CoreError):
    """What was handed in cannot be used."""


class UnknownName(InputError):
    """A name that is not in a closed list; the message gives the list."""

    def __init__(self, kind: str, name: str, known: tuple[str, ...] | list[str]) -> None:
        super().__init__(f"unknown {kind} {name!r}; known: {', '.join(known) or 'none'}")
        self.kind, self.name, self.known = kind, name, tuple(known)


class BadRecord(InputError):
    """One record of a file is unusable.

    >>> str(BadRecord("calls.json, utterance 3", "endAt <= startAt"))
    'calls.json, utterance 3: endAt <= startAt'
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


class NotEnoughData(InputError):
    """Too few examples for what was asked."""


class AudioError(InputError):
    """Audio that cannot be used; `reason` is one clause."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


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

    def __init__(self, message: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.mine, self.theirs = dict(mine), dict(theirs)


class Unfit(Conflict):
    """A suggestion no longer fits what stands; `reason` is one of `core.store.proposals.fates.Refusal`."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class CheckpointMismatch(CoreError):
    """Weights, card and data do not belong together."""


class JobFailed(CoreError):
    """A job ended with an error; the message is that error's."""


class Cancelled(Exception):
    """A person asked for a stop; not a failure."""
