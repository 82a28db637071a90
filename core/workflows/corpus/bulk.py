"""Bulk actions of the Corpus page: label or tag many utterances at once, and undo such an action as a whole."""

import unicodedata

from core.errors import InputError
from core.messages import Word
from core.records import BulkAction
from core.store.review.bulk import Which
from core.text import nfc
from core.workflows.workspace import Workspace, now

LONGEST = 60  # letters of a tag or of a view's name


def label(
    ws: Workspace, which: Which, scheme: str, code: str, curator: str, *, expected: int | None = None
) -> BulkAction:
    """Set one label on all utterances of `which` (a Filter or ids). Those that have it already are counted, not written
    again. `expected` is the number that the curator was asked about: `Conflict` if the Filter has another number now.
    """
    return ws.store.bulk.label(which, scheme, code, curator, now(), expected=expected)


def tag(
    ws: Workspace, which: Which, name: str, curator: str, *, remove: bool = False, expected: int | None = None
) -> BulkAction:
    """Put a tag on all utterances of `which`, or remove it; `expected` as in `label`."""
    return ws.store.bulk.tag(which, named(name, "tag"), curator, now(), remove=remove, expected=expected)


def undo(ws: Workspace, bulk_id: int, curator: str) -> BulkAction:
    """Undo a bulk action, except where somebody has decided since. `Conflict` if nothing is left to undo."""
    return ws.store.bulk.undo(bulk_id, curator, now())


def latest(ws: Workspace) -> BulkAction | None:
    """The latest bulk action of anybody, undone or not; None if there was none."""
    return ws.store.bulk.latest()


def tags(ws: Workspace) -> list[str]:
    """The tags in use, sorted."""
    return ws.store.bulk.tags()


def named(text: str, kind: str) -> str:
    """Return `text` as the name of a tag or view, its white space tidied; `InputError` if it cannot be a name."""
    name = " ".join(nfc(text).split())
    if not name:
        raise InputError("a {kind} needs a name", kind=Word(kind))
    if len(name) > LONGEST:
        raise InputError(
            "the name of a {kind} has at most {longest} letters; this one has {n}",
            kind=Word(kind),
            longest=LONGEST,
            n=len(name),
        )
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cf") for letter in name):
        raise InputError("the name of a {kind} has no control characters", kind=Word(kind))
    return name
