"""Pseudo-labels one at a time: what thresholds keep waits at the desk, to be accepted or rejected by key.

The prediction for a call stands at its first turn, as the items of its snapshot do; its label is that of the recording.
An accepted pseudo-label is a silver label; it is never used for validation or test.
"""

import numpy as np

from core.filters import Filter
from core.messages import Message
from core.records import Utterance
from core.schemes import scheme
from core.store import NewProposal
from core.thresholds import Thresholds, keep
from core.workflows.pseudo_labels.pool import Open, open_pool
from core.workflows.snapshots.calls import in_order, transcript
from core.workflows.workspace import Workspace, now

KIND = "pseudo-label"
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


def judged_text(ws: Workspace, scheme_name: str, utterance: Utterance) -> str:
    """What a prediction under the scheme was made from: the text of the utterance, or of its whole call."""
    if scheme(scheme_name).level == "utterance" or utterance.recording_id is None:
        return utterance.text
    turns = ws.store.corpus.every(Filter(recording_id=utterance.recording_id, skipped=False))
    return transcript(in_order(turns)) or utterance.text


def imported_predictions(ws: Workspace) -> int:
    """Number of open proposals from models outside this workspace (Label Studio's predictions)."""
    of_runs = sum(ws.store.proposals.counts(KIND, run.id)["open"] for run in ws.store.ledger.runs())
    return ws.store.proposals.counts(KIND)["open"] - of_runs
