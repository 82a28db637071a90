"""Backends: optional implementations that are listed in a table and imported only when they are used.

A table is a plain `dict[str, Backend]` in the module that uses it; its keys fill menus. Only `load()` imports the code
of a backend.
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
        """Return the needed modules that are not installed. This imports none of them."""
        return tuple(name for name in self.needs if find_spec(name) is None)

    def installed(self) -> bool:
        """Whether all needed modules are installed."""
        return not self.missing()

    def load(self) -> Any:
        """Import and return the attribute that `path` names; `MissingBackend` if a needed module is not installed."""
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
    """Load the backend `name` of `table`; `UnknownName` if `table` does not have that name."""
    if name not in table:
        raise UnknownName(kind, name, tuple(table))
    return table[name].load()
