"""Errors in the reader's language: one sentence for the kind of error, then the error's own text.

The error's text names file, row, reason and way out; `core.ui.translation` translates it.
"""

from collections.abc import Callable, Mapping

from core.errors import (
    AudioError,
    AudioKind,
    BadRecord,
    CheckpointMismatch,
    Conflict,
    CoreError,
    DiskFull,
    MissingBackend,
    NotEnoughData,
    NotFound,
    StoreAway,
    StoreError,
    UnknownName,
)  # fmt: skip
from core.ui import translation
from core.ui.i18n import N_, _, in_language

AUDIO: Mapping[AudioKind, str] = {
    "unusable": N_("The recording cannot be used."),
    "empty": N_("The file is empty."),
    "not-audio": N_("This is not an audio file that can be read."),
    "truncated": N_("The recording is cut off: part of it is missing."),
    "no-frames": N_("There is no sound in the file."),
    "silent": N_("The recording is silent."),
    "non-finite": N_("The recording holds values that are no sound."),
    "too-short": N_("The recording is too short."),
    "too-long": N_("The recording is too long."),
    "too-large": N_("The file is too large."),
    "too-many-channels": N_("The recording has too many channels."),
    "sample-rate": N_("The sample rate is out of range."),
    "codec": N_("The recording cannot be decoded."),
}
KINDS: tuple[tuple[type[CoreError], str], ...] = (
    (BadRecord, N_("A record cannot be used.")),
    (UnknownName, N_("There is nothing of this name.")),
    (NotEnoughData, N_("There is not enough data for this.")),
    (Conflict, N_("Somebody was faster: look again, then decide.")),
    (NotFound, N_("It is not there.")),
    (DiskFull, N_("The disk is full: nothing was saved.")),
    (StoreAway, N_("The database server does not answer.")),
    (StoreError, N_("The store refused.")),
    (MissingBackend, N_("An optional package is missing.")),
    (CheckpointMismatch, N_("The files of this run do not belong together.")),
    (CoreError, N_("This cannot be done.")),
)


def kind_of_error(error: CoreError) -> str:
    """Return one sentence for the kind of `error`, in the session's language."""
    if isinstance(error, AudioError):
        return _(AUDIO[error.kind])
    return _(next(message for kind, message in KINDS if isinstance(error, kind)))


def explain(error: CoreError) -> str:
    """Return one line of plain text: the kind of the error, then its own text in parentheses."""
    return f"{kind_of_error(error)} ({translation.translate(error.message)})"


def explainer(language: str) -> Callable[[CoreError], str]:
    """Return a function that translates an error into `language`, for answers outside a Streamlit session."""

    def tell(error: CoreError) -> str:
        with in_language(language):
            return translation.translate(error.message)

    return tell
