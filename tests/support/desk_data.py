"""Curators who answer the same utterances blind, made with the store's own methods."""

from core.filters import Filter
from core.records import UNLABELLED
from core.store import QueueRequest
from core.workflows.workspace import Workspace, now

EVER = "9999"


def answer(ws: Workspace, name: str, *, spent_ms: int = 1500, at: str = "", **codes: str) -> None:
    """Let each curator answer all shared utterances of the scheme with a code, and add a comment to each."""
    for curator, code in codes.items():
        while ids := _take(ws, name, curator, len(codes)):
            utterance = ws.store.corpus.utterance(ids[0])
            ws.store.review.decide(
                utterance.id, utterance.version, curator, at or now(), labels={name: code}, spent_ms=spent_ms
            )
            ws.store.remarks.add(utterance.id, curator, at or now(), "comment", f"{curator} says so")
            ws.store.leases.release(curator, utterance.id)


def _take(ws: Workspace, name: str, curator: str, copies: int) -> list[int]:
    wanted = Filter(labels={name: (UNLABELLED,)})
    return ws.store.leases.take(QueueRequest(curator, (name,), wanted, 1, now(), EVER, overlap=1.0, copies=copies))[0]
