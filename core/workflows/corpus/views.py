"""Saved views: states of the Corpus page under a name, stored as the parameters of its URL."""

from collections.abc import Mapping, Sequence

from core.errors import InputError
from core.records import SavedView
from core.workflows.corpus.bulk import named
from core.workflows.workspace import Workspace, now

LARGEST = 10_000  # letters of all values together; a URL cannot be longer either


def save(ws: Workspace, name: str, query: Mapping[str, Sequence[str]], curator: str) -> SavedView:
    """Save `query` under `name`. `Conflict` if a view has that name already, `InputError` if it is too long for
    a URL.
    """
    if sum(len(value) for values in query.values() for value in values) > LARGEST:
        raise InputError("this view is too long for an address; ask for less at once")
    return ws.store.views.save(named(name, "view"), query, curator, now())


def list_views(ws: Workspace) -> list[SavedView]:
    return ws.store.views.list()


def remove(ws: Workspace, name: str) -> None:
    ws.store.views.delete(name)
