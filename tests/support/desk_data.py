"""Curators who answer the same utterances blind, made through the store's own doors."""

from core.filters import Filter
from core.records import UNLABELLED
from core.store import Ask
from core.workflows.workspace import Workspace, now

EVER = "9999"


def answer(ws: Workspace, name: str, *, spent_ms: int = 1500, at: str = "", **codes: str) -> None:
    """Each curator in turn answers with his code whatever is shared under the scheme, and remarks that he did."""
    for curator, code in codes.items():
        while ids := _take(ws, name, curator, len(codes)):
            one = ws.store.corpus.utterance(ids[0])
            ws.store.review.decide(one.id, one.version, curator, at or now(), labels={name: code}, spent_ms=spent_ms)
            ws.store.remarks.add(one.id, curator, at or now(), "comment", f"{curator} says so")
            ws.store.leases.release(curator, one.id)


def _take(ws: Workspace, name: str, curator: str, copies: int) -> list[int]:
    wanted = Filter(labels={name: (UNLABELLED,)})
    return ws.store.leases.take(Ask(curator, (name,), wanted, 1, now(), EVER, overlap=1.0, copies=copies))[0]
