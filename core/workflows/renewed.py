"""A value that is made from the store and kept in memory until the database is written again.

A request reads it without a query: an SQLite database is watched by the times and sizes of its files. A database server
has no such files; there the value is made again after `PATIENCE_S`.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from core.store import is_settled
from core.workflows.workspace import Workspace

PATIENCE_S = 2.0
WORKSPACES = 4

Value = TypeVar("Value")


class Renewed(Generic[Value]):
    """`of(ws)` is `make(ws)`, made again only if the store may have changed. An error of `make` is not kept."""

    def __init__(self, make: Callable[[Workspace], Value]) -> None:
        self._make = make
        self._kept: OrderedDict[str, tuple[object, Value]] = OrderedDict()

    def of(self, ws: Workspace) -> Value:
        trace = ws.store.changes.trace()
        stamp: object = trace or int(time.monotonic() / PATIENCE_S)
        kept = self._kept.get(ws.settings.database_url)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        value = self._make(ws)
        if not trace or is_settled(trace):
            self._kept[ws.settings.database_url] = (stamp, value)
            while len(self._kept) > WORKSPACES:
                self._kept.popitem(last=False)
        return value
