"""The workspace's schemes: added from a file or the page, proposed from found values, confirmed or rejected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.errors import Conflict, InputError, UnknownName
from core.files import write_text
from core.messages import SchemeName, Word
from core.records import Level
from core.schemes import SCHEMES, Kind, Scheme, is_bundled, scheme, tidy
from core.schemes.files import grown, parse_toml, to_toml
from core.store import Kept
from core.workflows.workspace import Workspace, now

TRIES = 100


@dataclass(frozen=True, slots=True)
class SchemeUse:
    """How a scheme is used here: `counts` holds targets, labelled, gold and one number a class.

    `made` says who made it in this workspace and how often it was changed; None where it is bundled.
    """

    counts: Mapping[str, int]
    made: Kept | None


def use(ws: Workspace, name: str) -> SchemeUse:
    """How scheme `name` is used in this workspace, and where it came from."""
    made = {kept.scheme.name: kept for kept in ws.store.schemes.list()}
    return SchemeUse(ws.store.corpus.progress()[name], made.get(name))


def read_file(path: Path) -> Scheme:
    """The scheme in a TOML file; `InputError` names file, field and reason."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError("{path}: cannot be read: {reason}", path=path, reason=error.strerror) from error
    return read_bytes(data, path.name)


def read_bytes(data: bytes, where: str) -> Scheme:
    """The same for an uploaded file."""
    try:
        return parse_toml(data.decode("utf-8-sig"), where)
    except UnicodeDecodeError as error:
        raise InputError(
            "{where}: is not UTF-8 (byte {start}); TOML always is", where=where, start=error.start
        ) from error


def save(ws: Workspace, chosen: Scheme, curator: str) -> Scheme:
    """Add `chosen`, or let the workspace's scheme of that name grow into it: classes appended, titles renamed.

    What a person wrote down is settled: a proposed scheme becomes active.
    """
    return ws.store.schemes.put(chosen.name, lambda old: replace(chosen, state="active"), curator, now())


def change(ws: Workspace, chosen: Scheme, curator: str) -> Scheme:
    """Like `save`, for a scheme that is there: a proposed one stays proposed."""
    return ws.store.schemes.put(
        chosen.name, lambda old: replace(chosen, state=old.state if old else chosen.state), curator, now()
    )


def propose(
    ws: Workspace, name: str, values: Iterable[str], *, multi: bool = False, level: Level = "utterance"
) -> Scheme:
    """A scheme that has a class for every one of `values`, as found in data; its `parse` reads them.

    Scheme `name` itself where it knows them all, or where it is only proposed and may grow. Where there is none, a new
    one in state "proposed". Where `name` is settled and lacks a value, or is of another kind or level, the same with
    `name-2`, `name-3` ...: a settled scheme never grows without a person. Of `multi`, `values` are single classes.
    """
    found = [v for v in (sorted(values) if isinstance(values, set | frozenset) else values) if v.strip()]
    if not found:
        raise InputError("scheme {name}: no value was found to make a class of", name=SchemeName(name))
    kind: Kind = "multi" if multi else "single"
    for number in range(1, TRIES):
        wanted = name if number == 1 else f"{name[:60]}-{number}"
        if is_bundled(wanted):
            if fits(scheme(wanted), kind, level) and knows(scheme(wanted), found):
                return scheme(wanted)
            continue
        empty = Scheme(wanted, wanted, wanted, level, (), kind=kind, state="proposed")
        try:
            return ws.store.schemes.put(wanted, partial(_grow, empty, found), ws.settings.curator, now())
        except Conflict:
            continue
    raise InputError(
        "scheme {name}: there are {tries} schemes called so; choose another name", name=SchemeName(name), tries=TRIES
    )


def _grow(empty: Scheme, values: Iterable[str], old: Scheme | None) -> Scheme:
    old = old or empty
    if not fits(old, empty.kind, empty.level):
        raise Conflict(
            "scheme {name} is another scheme: {kind}, of the {level}",
            name=SchemeName(old.name),
            kind=Word(old.kind),
            level=Word(old.level),
        )
    if old.state == "proposed":
        return grown(old, values)
    if not knows(old, values):
        raise Conflict("scheme {name} is settled", name=SchemeName(old.name))
    return old


def fits(chosen: Scheme, kind: Kind, level: Level) -> bool:
    return (chosen.kind, chosen.level) == (kind, level)


def knows(chosen: Scheme, values: Iterable[str]) -> bool:
    """Whether `chosen` has a class for every one of `values`."""
    return all(tidy(value).casefold() in chosen.spellings for value in values)


def confirm(ws: Workspace, name: str, curator: str) -> Scheme:
    """Settle a proposed scheme: from now on it can be frozen and trained."""
    return ws.store.schemes.put(name, lambda old: _settled(name, old), curator, now())


def _settled(name: str, old: Scheme | None) -> Scheme:
    if old is None:
        raise UnknownName("scheme of this workspace", name, [n for n in SCHEMES if not is_bundled(n)])
    if old.state == "active":
        raise InputError("scheme {name} is settled already", name=SchemeName(name))
    return replace(old, state="active")


def reject(ws: Workspace, name: str, curator: str) -> int:
    """Drop a proposed scheme and withdraw the labels that came with the data; returns of how many targets."""
    if is_bundled(name):
        raise Conflict("scheme {name!r} comes with Gwidama and stays", name=SchemeName(name))
    return ws.store.schemes.reject(name, curator, now())


def trainable(name: str) -> Scheme:
    """The scheme `name` if it may be frozen and trained; `InputError` with the way out where not."""
    found = scheme(name)
    if found.state == "proposed":
        raise InputError(
            "scheme {name} is only proposed: look at its classes and confirm it on the Schemes page "
            "or with `python -m core schemes confirm {code}`",
            name=SchemeName(name),
            code=name,
        )
    if found.kind == "multi":
        raise InputError(
            "scheme {name} gives one target several classes; snapshots and recipes learn single-label schemes only",
            name=SchemeName(name),
        )
    return found


def write_file(name: str, path: Path) -> Scheme:
    """Write the scheme `name` as TOML; the file reads back as the same scheme."""
    found = scheme(name)
    try:
        write_text(path, to_toml(found))
    except OSError as error:
        raise InputError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    return found
