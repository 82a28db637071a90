"""Label schemes of the workspace: read from a file or the page, proposed from values of data, confirmed or rejected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.errors import Conflict, InputError, UnknownName
from core.files import write_text
from core.messages import SchemeName, Word
from core.records import Level
from core.schemes import SCHEMES, Kind, Scheme, is_bundled, scheme
from core.schemes.files import Guided, extend_scheme, guided_as, guidelines_of, parse_toml, to_toml
from core.schemes.missing import class_values
from core.store import StoredScheme
from core.workflows.workspace import Workspace, now

TRIES = 100


@dataclass(frozen=True, slots=True)
class SchemeUse:
    """How much a scheme is used here: `counts` holds targets, labelled, gold and one number per class.

    `made` says who made it in this workspace and how often it was changed; None if it is bundled.
    """

    counts: Mapping[str, int]
    made: StoredScheme | None


def use(ws: Workspace, name: str) -> SchemeUse:
    """How scheme `name` is used in this workspace, and who made it."""
    made = {stored.scheme.name: stored for stored in ws.store.schemes.list()}
    return SchemeUse(ws.store.corpus.progress()[name], made.get(name))


def read_file(path: Path) -> Scheme:
    """Read a scheme from a TOML file. `InputError` names the file, the field and the reason."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError("{path}: cannot be read: {reason}", path=path, reason=error.strerror) from error
    return read_bytes(data, path.name)


def read_bytes(data: bytes, where: str) -> Scheme:
    """Like `read_file`, for the content of an uploaded file."""
    try:
        return parse_toml(data.decode("utf-8-sig"), where)
    except UnicodeDecodeError as error:
        raise InputError(
            "{where}: is not UTF-8 (byte {start}); TOML always is", where=where, start=error.start
        ) from error


def save(ws: Workspace, chosen: Scheme, curator: str) -> Scheme:
    """Add `chosen`, or extend the scheme of that name: classes are appended, titles are replaced.

    A scheme that a person wrote is settled, so it becomes active. Guidelines stay where `chosen` has none.
    """
    return ws.store.schemes.put(
        chosen.name, lambda old: replace(_with_guidelines(chosen, old), state="active"), curator, now()
    )


def change(ws: Workspace, chosen: Scheme, curator: str) -> Scheme:
    """Like `save`, but a proposed scheme stays proposed, and guidelines stay (`guidelines.save` changes them)."""
    return ws.store.schemes.put(
        chosen.name,
        lambda old: replace(_with_guidelines(chosen, old, keep=True), state=old.state if old else chosen.state),
        curator,
        now(),
    )


def _with_guidelines(chosen: Scheme, old: Scheme | None, *, keep: bool = False) -> Scheme:
    """Return `chosen` with the guidelines of `old` where it has none itself or, with `keep`, wherever `old` has one."""
    if old is None:
        return chosen
    before = {label.code: label for label in old.labels}
    labels = tuple(_guided(x, before.get(x.code, x), keep=keep) for x in chosen.labels)
    return _guided(replace(chosen, labels=labels), old, keep=keep)


def _guided(chosen: Guided, old: Guided, *, keep: bool) -> Guided:
    """Return `chosen` with its guidelines in both languages, or those of `old`: never one language of each."""
    first, second = (old, chosen) if keep else (chosen, old)
    return guided_as(chosen, first if guidelines_of(first) else second)


def propose(
    ws: Workspace, name: str, values: Iterable[str], *, multi: bool = False, level: Level = "utterance"
) -> Scheme:
    """Find or make a scheme that has a class for every one of `values`; its `parse` reads them.

    It is scheme `name` if it knows all values, or if it is only proposed and can be extended. If there is none, a new
    one is made in state "proposed". If `name` is settled and lacks a value, or is of another kind or level, the same is
    tried with `name-2`, `name-3` ...: only a person extends a settled scheme. With `multi`, `values` are single
    classes. Values that look the same are one class, and values such as `N/A` are none (`core.schemes.missing`).
    """
    classes = class_values(sorted(values) if isinstance(values, set | frozenset) else values)
    if not classes:
        raise InputError("scheme {name}: no value was found to make a class of", name=SchemeName(name))
    kind: Kind = "multi" if multi else "single"
    for number in range(1, TRIES):
        candidate = name if number == 1 else f"{name[:60]}-{number}"
        if is_bundled(candidate):
            if fits(scheme(candidate), kind, level) and knows(scheme(candidate), classes):
                return scheme(candidate)
            continue
        empty = Scheme(candidate, candidate, candidate, level, (), kind=kind, state="proposed")
        try:
            return ws.store.schemes.put(candidate, partial(_grow, empty, classes), ws.settings.curator, now())
        except Conflict:
            continue
    raise InputError(
        "scheme {name}: there are {tries} schemes called so; choose another name", name=SchemeName(name), tries=TRIES
    )


def _grow(empty: Scheme, values: Iterable[str], old: Scheme | None) -> Scheme:
    """The scheme with classes for `values` appended. `Conflict` if it is of another kind or level, or settled without
    them.
    """
    old = old or empty
    if not fits(old, empty.kind, empty.level):
        raise Conflict(
            "scheme {name} is another scheme: {kind}, of the {level}",
            name=SchemeName(old.name),
            kind=Word(old.kind),
            level=Word(old.level),
        )
    if old.state == "proposed":
        return extend_scheme(old, values)
    if not knows(old, values):
        raise Conflict("scheme {name} is settled", name=SchemeName(old.name))
    return old


def fits(chosen: Scheme, kind: Kind, level: Level) -> bool:
    """Whether `chosen` is of that kind and level."""
    return (chosen.kind, chosen.level) == (kind, level)


def knows(chosen: Scheme, values: Iterable[str]) -> bool:
    """Whether `chosen` has a class for every one of `values`."""
    return all(chosen.find(value) for value in values)


def confirm(ws: Workspace, name: str, curator: str) -> Scheme:
    """Settle a proposed scheme: from now on snapshots and training can use it."""
    return ws.store.schemes.put(name, lambda old: _settled(name, old), curator, now())


def _settled(name: str, old: Scheme | None) -> Scheme:
    """The scheme as active. `UnknownName` if there is none, `InputError` if it is settled already."""
    if old is None:
        raise UnknownName("scheme of this workspace", name, [n for n in SCHEMES if not is_bundled(n)])
    if old.state == "active":
        raise InputError("scheme {name} is settled already", name=SchemeName(name))
    return replace(old, state="active")


def reject(ws: Workspace, name: str, curator: str) -> int:
    """Remove a proposed scheme and withdraw the labels that came with its data; returns the number of targets that lose
    one.
    """
    if is_bundled(name):
        raise Conflict("scheme {name!r} comes with Gwidama and stays", name=SchemeName(name))
    return ws.store.schemes.reject(name, curator, now())


def trainable(name: str) -> Scheme:
    """The scheme `name`. `InputError` with a way out if it cannot be trained, since it is only proposed."""
    chosen = scheme(name)
    if chosen.state == "proposed":
        raise InputError(
            "scheme {name} is only proposed: look at its classes and confirm it on the Schemes page "
            "or with `python -m core schemes confirm {code}`",
            name=SchemeName(name),
            code=name,
        )
    return chosen


def write_file(name: str, path: Path) -> Scheme:
    """Write the scheme `name` as TOML; `read_file` reads the same scheme back."""
    chosen = scheme(name)
    try:
        write_text(path, to_toml(chosen))
    except OSError as error:
        raise InputError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    return chosen
