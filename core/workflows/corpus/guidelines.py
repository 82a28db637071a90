"""Guidelines of a scheme: how curators decide, and what belongs to each class, in Markdown with examples.

They are part of the scheme, so its TOML file carries them. A bundled scheme comes with some in Korean and in English; a
workspace may write its own in their place. Saving needs the guidelines that the person saw: what somebody wrote since
is never overwritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import InputError, Stale
from core.messages import SchemeName
from core.schemes import SCHEMES, Label, Scheme, scheme
from core.schemes.files import guided_as, guidelines_of, with_guidelines
from core.workflows.workspace import Workspace, now


@dataclass(frozen=True, slots=True)
class Guidelines:
    """`text` of the whole scheme, and code -> text of each class that has one; both Markdown."""

    text: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is written."""
        return bool(self.text or self.classes)


def of(name: str, language: str = "ko") -> Guidelines:
    """Return the guidelines of scheme `name` for a reader of `language`; `UnknownName` if there is no such scheme."""
    return _of(scheme(name), language)


def _of(chosen: Scheme, language: str) -> Guidelines:
    return Guidelines(chosen.guide(language), {x.code: text for x in chosen.labels if (text := x.guide(language))})


def written(names: Sequence[str]) -> list[str]:
    """Return the schemes among `names` that have guidelines."""
    return [name for name in names if of(name)]


def save(
    ws: Workspace, name: str, new: Guidelines, seen: Guidelines, curator: str, language: str = "ko"
) -> Scheme:  # fmt: skip
    """Write the guidelines of scheme `name` that a reader of `language` sees, and return the scheme with them.

    What the other language has of its own stays. `Stale` with both versions if they differ from `seen` now;
    `InputError` for a text that cannot be stored.
    """

    def changed(present: Scheme) -> Scheme:
        if (now_there := _of(present, language)) != seen:
            raise Stale(
                "somebody else changed the guidelines of {name} meanwhile; yours are not saved yet",
                name=SchemeName(name), mine=_document(new), theirs=_document(now_there),
            )  # fmt: skip
        classes = dict.fromkeys((label.code for label in present.labels), "") | dict(new.classes)
        return with_guidelines(present, new.text, classes, language)

    return ws.store.schemes.put_guidelines(name, changed, curator, now())


def offered(name: str) -> int:
    """Return how many texts of scheme `name` are empty in this workspace and come with the program."""
    bundled = SCHEMES.bundled.get(name)
    return _n_empty(scheme(name), bundled) if bundled else 0


def take_over(ws: Workspace, name: str, curator: str) -> Scheme:
    """Fill the empty guidelines of a bundled scheme with those that come with the program; the others stay.

    `InputError` if there is nothing to fill.
    """

    def filled(present: Scheme) -> Scheme:
        bundled = SCHEMES.bundled.get(name)
        if bundled is None or not _n_empty(present, bundled):
            raise InputError("scheme {name}: no guideline is empty that comes with Gwidama", name=SchemeName(name))
        labels = tuple(x if guidelines_of(x) else guided_as(x, bundled.label(x.code)) for x in present.labels)
        whole = present if guidelines_of(present) else guided_as(present, bundled)
        return replace(whole, labels=labels)

    return ws.store.schemes.put_guidelines(name, filled, curator, now())


def _n_empty(present: Scheme, bundled: Scheme) -> int:
    pairs: list[tuple[Scheme | Label, Scheme | Label]] = [(present, bundled)]
    pairs += [(x, bundled.label(x.code)) for x in present.labels]
    return sum(not guidelines_of(own) and bool(guidelines_of(theirs)) for own, theirs in pairs)


def _document(guidelines: Guidelines) -> dict[str, object]:
    return {"text": guidelines.text, "classes": dict(guidelines.classes)}
