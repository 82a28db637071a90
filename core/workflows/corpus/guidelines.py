"""Guidelines of a scheme: how curators decide, and what belongs to each class, in Markdown with examples.

They are part of the scheme, so its TOML file carries them. A bundled scheme has none; a workspace gives it its own.
Saving needs the guidelines that the person saw: what somebody wrote since is never overwritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import Stale
from core.messages import SchemeName
from core.schemes import Scheme, scheme
from core.schemes.files import with_guidelines
from core.workflows.workspace import Workspace, now


@dataclass(frozen=True, slots=True)
class Guidelines:
    """`text` of the whole scheme, and code -> text of each class that has one; both Markdown."""

    text: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is written."""
        return bool(self.text or self.classes)


def of(name: str) -> Guidelines:
    """Return the guidelines of scheme `name`; `UnknownName` if there is no such scheme."""
    return _of(scheme(name))


def _of(chosen: Scheme) -> Guidelines:
    return Guidelines(chosen.guideline, {x.code: x.guideline for x in chosen.labels if x.guideline})


def written(names: Sequence[str]) -> list[str]:
    """Return the schemes among `names` that have guidelines."""
    return [name for name in names if of(name)]


def save(ws: Workspace, name: str, new: Guidelines, seen: Guidelines, curator: str) -> Scheme:
    """Write the guidelines of scheme `name`, a bundled one too, and return the scheme with them.

    `Stale` with both versions if they differ from `seen` now; `InputError` for a text that cannot be stored.
    """

    def changed(present: Scheme) -> Scheme:
        if (now_there := _of(present)) != seen:
            raise Stale(
                "somebody else changed the guidelines of {name} meanwhile; yours are not saved yet",
                name=SchemeName(name), mine=_document(new), theirs=_document(now_there),
            )  # fmt: skip
        classes = dict.fromkeys((label.code for label in present.labels), "") | dict(new.classes)
        return with_guidelines(present, new.text, classes)

    return ws.store.schemes.put_guidelines(name, changed, curator, now())


def _document(guidelines: Guidelines) -> dict[str, object]:
    return {"text": guidelines.text, "classes": dict(guidelines.classes)}
