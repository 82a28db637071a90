"""Keeps in memory what was computed from the store, until the store is written again.

An SQLite database is watched by the times and sizes of its files. A database server has no such files: there every
value is computed anew, so that nobody sees an old one. Pages of several people read these values at the same time.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from core.store import is_settled
from core.workflows.workspace import Workspace

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The last `most` values by key, each valid for one state. An error of `make` is not kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, tuple[object, Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, state: object, make: Callable[[], Value]) -> Value:
        """Return the value of `key`; call `make` if there is none of this `state`. A state that is empty is no state:
        its values are not kept.
        """
        kept = self._values.get(key)
        if state and kept is not None and kept[0] == state:
            return kept[1]
        value = make()
        if state:
            with self._lock:
                self._values[key] = (state, value)
                self._values.move_to_end(key)
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
        return value


class PerState(Kept[Value]):
    """Values that are valid for one state of the store."""

    def of(self, ws: Workspace, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of `key` in this workspace as it is now."""
        trace = ws.store.changes.trace()
        return self.get((ws.settings.database_url, key), trace if is_settled(trace) else None, make)
