"""Backends as rows of a visible table: what exists, what is installed, how to load it.

A table is a plain `dict[str, Backend]` beside the code that uses it; its keys fill menus. Nothing is imported before
`load()`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from core.errors import MissingBackend, UnknownName


@dataclass(frozen=True, slots=True)
class Backend:
    """`path` is `package.module:attribute`; `needs` are importable module names; `install` is a shell command."""

    path: str
    needs: tuple[str, ...] = ()
    install: str = ""

    def missing(self) -> tuple[str, ...]:
        """The needed modules that are not installed; imports none of them."""
        return tuple(name for name in self.needs if find_spec(name) is None)

    def installed(self) -> bool:
        return not self.missing()

    def load(self) -> Any:
        """The attribute behind `path`; `MissingBackend` with the command that installs what is absent."""
        if missing := self.missing():
            raise MissingBackend(
                "{path} needs {missing}, which is not installed: {install}",
                path=self.path,
                missing=", ".join(missing),
                install=self.install,
            )
        module, _, attribute = self.path.partition(":")
        return getattr(import_module(module), attribute)


def pick(table: Mapping[str, Backend], name: str, kind: str) -> Any:
    """Load row `name` of `table`; `UnknownName` lists the known names."""
    if name not in table:
        raise UnknownName(kind, name, tuple(table))
    return table[name].load()
