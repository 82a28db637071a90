"""Which utterances a published split holds out: nothing is made from them, and no language model is shown them."""

from collections.abc import Sequence

from core.split import PUBLISHED
from core.workflows.workspace import Workspace

_HELD_OUT = frozenset({f"{PUBLISHED}validation", f"{PUBLISHED}test"})


def held_out(ws: Workspace, ids: Sequence[int]) -> set[int]:
    """The utterances of `ids` that the publisher of the data put on the validation or test side."""
    tags = ws.store.bulk.tags_of(ids)
    return {number for number, of_one in tags.items() if not _HELD_OUT.isdisjoint(of_one)}
