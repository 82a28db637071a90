"""Looks at the beginning of a JSON document and decides in which form it holds its rows.

The forms are a list of objects somewhere in it, objects one after the other, a single object, a list of lists, and what
pandas writes with `orient`: split, index, columns, and columns as lists.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from core.errors import InputError
from core.ingest.tables import names
from core.ingest.tables.guess import named_text
from core.ingest.tables.readers.encoding import open_text
from core.ingest.tables.readers.objects import events
from core.ingest.tables.types import File

Form = Literal["objects", "grid", "split", "index", "columns", "lists"]
_LOOK_EVENTS = 200_000
_LOOK_KEYS = 20


@dataclass(slots=True)
class Outline:
    """`lists` are the paths of lists of objects as `a.b`, `grids` those of lists of lists; "" is the document itself.

    `keys` maps a key of the first top-level object to the kind of its value; `inner` are the keys of the first of these
    values that are objects. `tops` counts top-level values.
    """

    top: str = ""
    tops: int = 0
    lists: list[str] = field(default_factory=list)
    grids: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    inner: dict[str, list[str]] = field(default_factory=dict)

    @property
    def choices(self) -> list[str]:
        """The lists of objects that are no part of another list; if there are none, the first list."""
        return [path for path in self.lists if "item" not in path.split(".")] or self.lists[:1]


@dataclass(frozen=True, slots=True)
class RowForm:
    """How the rows stand in the document: the form, and the path of the list."""

    form: Form
    path: str = ""


def look(file: File, encoding: str, nan: bool) -> Outline:
    """The outline of the document; `InputError` if it is no JSON."""
    outline = Outline()
    before, top_key = ("", ""), None
    with open_text(file, encoding) as text:
        try:
            for path, event, value in islice(events.parsed(text, file.name, nan), _LOOK_EVENTS):
                if path == "" and event in ("start_map", "start_array"):
                    outline.tops += 1
                    outline.top = outline.top or event
                if before[1] == "start_array" and event in ("start_map", "start_array"):
                    paths = outline.lists if event == "start_map" else outline.grids
                    if before[0] not in paths:
                        paths.append(before[0])
                if outline.top == "start_array" and (outline.lists or outline.grids or path == "item"):
                    break
                if outline.tops == 1:
                    top_key = _note_key(outline, path, event, value, top_key)
                before = (path, event)
        except events.BROKEN as error:
            if not outline.lists:
                message = "{file}: is not JSON: {error}"
                raise InputError(message, file=file.name, error=events.reason(error)) from error
    return outline


def _note_key(outline: Outline, path: str, event: str, value: object, top_key: str | None) -> str | None:
    """Note a key of the top-level object, or of an object in it; returns the key that the next event belongs to."""
    if path == "" and event == "map_key":
        return str(value)
    if top_key is not None and path == top_key and top_key not in outline.keys:
        outline.keys[top_key] = event
    elif event == "map_key" and path == top_key and len(outline.inner) <= _LOOK_KEYS:
        outline.inner.setdefault(top_key, []).append(str(value))
    return top_key


def form_of(outline: Outline, file: File, wanted: Sequence[str]) -> RowForm:
    """The form of the document. `InputError` if it holds no rows."""
    if outline.top == "start_array":
        if outline.grids and not outline.lists:
            return RowForm("grid")
        if outline.lists:
            return RowForm("objects")
        raise InputError("{file}: holds no list of objects", file=file.name)
    if outline.top == "start_map" and (oriented := _oriented(outline, wanted)):
        return oriented
    if outline.choices:
        return RowForm(
            "objects", "data" if "schema" in outline.keys and "data" in outline.choices else outline.choices[0]
        )
    if outline.top == "start_map" and (outline.tops > 1 or set(outline.keys.values()) - {"start_map", "start_array"}):
        return RowForm("objects", ".")
    raise InputError("{file}: holds no list of objects", file=file.name)


def _oriented(outline: Outline, wanted: Sequence[str]) -> RowForm | None:
    kinds = set(outline.keys.values())
    if {"columns", "data"} <= outline.keys.keys() and "data" in outline.grids and "columns" not in outline.lists:
        return RowForm("split")
    if outline.tops > 1:
        return None
    if kinds == {"start_map"}:
        return _of_objects(outline, wanted)
    if kinds == {"start_array"} and not outline.choices:
        if len(outline.keys) == 1 and outline.grids and not _holds(list(outline.keys), wanted):
            return RowForm("grid", next(iter(outline.keys)))
        return RowForm("lists")
    return None


def _of_objects(outline: Outline, wanted: Sequence[str]) -> RowForm | None:
    """index or columns if every value of the document is an object and they have the same keys, else None."""
    sets = [set(keys) for keys in outline.inner.values()]
    if not sets:
        return None
    shared, every = set.intersection(*sets), set.union(*sets)
    if wanted:
        if _holds(list(every), wanted):
            return RowForm("index")
        return RowForm("columns") if _holds(list(outline.keys), wanted) else None
    if 2 * len(shared) < len(every):
        return None
    if all(re.fullmatch(r"\d+", key) for key in every) or (named_text(outline.keys) and not named_text(every)):
        return RowForm("columns")
    numbered = all(re.fullmatch(r"\d+", key) for key in outline.keys)
    return RowForm("index") if numbered or len(outline.keys) > 1 else None


def _holds(columns: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether `columns` has every wanted name; a dotted name is looked up by its first part."""
    return bool(wanted) and names.holds(columns, [name.partition(".")[0] for name in wanted])
