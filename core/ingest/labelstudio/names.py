"""The scheme of each `from_name` of a project: a person's choice, else its own name, changed by rule if it is none."""

from collections.abc import Mapping

from core.errors import InputError
from core.messages import Message
from core.schemes import usable_name


class SchemeNames:
    """Maps each `from_name` to a scheme, always the same one; `chosen` maps a scheme to its `from_name`."""

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        self._chosen = dict(chosen or {})
        for scheme in self._chosen:
            if usable_name(scheme) != scheme:
                usable = usable_name(scheme)
                raise InputError("{name!r} cannot be the name of a scheme; {usable} can", name=scheme, usable=usable)
        self._schemes = {raw: scheme for scheme, raw in self._chosen.items()}
        self._seen: set[str] = set()
        self._waiting: list[str] = []

    def begin(self) -> None:
        """Start a pass over the file: its notes are given again."""
        self._seen.clear()
        self._waiting.clear()

    def name_of(self, raw: str) -> str:
        """The scheme of `raw`. Two names that would become one scheme are told apart by a number."""
        if raw in self._seen:
            return self._schemes[raw]
        self._seen.add(raw)
        if raw not in self._schemes:
            self._schemes[raw] = self._free(usable_name(raw))
        scheme = self._schemes[raw]
        if scheme != raw and scheme not in self._chosen:
            note = Message("label {name} of the project: its scheme is called {scheme} here", name=raw, scheme=scheme)
            self._waiting.append(note)
        return scheme

    def _free(self, name: str) -> str:
        taken, number, candidate = set(self._schemes.values()), 1, name
        while candidate in taken:
            number += 1
            candidate = f"{name[:60]}-{number}"
        return candidate

    def take_notes(self) -> tuple[str, ...]:
        """The notes on schemes that got another name since the last call."""
        notes = tuple(self._waiting)
        self._waiting.clear()
        return notes

    def check(self) -> None:
        """`InputError` if a chosen name is not in the project; call it after the whole file was read."""
        if missing := [raw for raw in self._chosen.values() if raw not in self._seen]:
            raise InputError(
                "no label {missing} in the project; there are {names}",
                missing=", ".join(missing), names=", ".join(sorted(self._seen)) or "none",
            )  # fmt: skip
