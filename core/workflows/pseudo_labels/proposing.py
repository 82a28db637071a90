"""Suggestions for the desk: what thresholds keep, to be accepted or rejected one at a time by key."""

import numpy as np

from core.messages import Message
from core.store import NewProposal
from core.thresholds import Thresholds, keep
from core.workflows.pseudo_labels.pool import Open, open_pool
from core.workflows.pseudo_labels.pseudo_label import KIND
from core.workflows.workspace import Workspace, now

MOST = 5_000  # nobody decides more one by one


def propose(ws: Workspace, run_id: str, target: str, thresholds: Thresholds, most: int = MOST) -> int:
    """Make a Proposal of each prediction that `thresholds` keep and that has no label; of more than `most`, of the
    least sure. Returns the number of new ones.
    """
    opened = open_pool(ws, run_id, target)
    silver = ws.store.corpus.labelled(opened.pool.target.level, target, ("silver",))
    rows = np.flatnonzero(keep(opened.scores, thresholds) & ~np.isin(opened.ids, silver))
    if len(rows) > most:
        rows = np.sort(rows[np.argsort(opened.scores.confidence[rows], kind="stable")[:most]])
    items = _proposals(opened, rows, run_id, target)
    return ws.store.proposals.add(items, now()) if items else 0


def _proposals(opened: Open, rows: np.ndarray, run_id: str, target: str) -> list[NewProposal]:
    scores, made = opened.scores, []
    for row, code in zip(rows.tolist(), opened.codes(rows), strict=True):
        confidence, margin, raw = (
            round(float(column[row]), 4) for column in (scores.confidence, scores.margin, scores.raw_confidence)
        )
        payload = {"scheme": target, "code": code, "confidence": confidence, "margin": margin, "raw_confidence": raw}
        reason = Message(
            "confidence {confidence:.2f}, margin {margin:.2f}: the thresholds keep it",
            confidence=confidence, margin=margin,
        )  # fmt: skip
        made.append(NewProposal(KIND, int(opened.ids[row]), f"pseudo-label by {run_id}", payload, reason, run_id))
    return made
