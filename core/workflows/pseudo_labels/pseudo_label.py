"""Pseudo-labels one at a time: what a run judged, and what waits at the desk for a curator.

A run judges utterances, or whole calls if it was trained on them. The prediction for a call stands at its first turn,
as the items of its snapshot do; its label is that of the recording. An accepted pseudo-label is a silver label; it is
never used for validation or test.
"""

from core.filters import Filter
from core.records import Utterance
from core.schemes import scheme
from core.workflows.pseudo_labels import judge as judging
from core.workflows.pseudo_labels.candidates import ANY
from core.workflows.pseudo_labels.candidates import judging_runs as judging_runs
from core.workflows.snapshots.calls import in_order, transcript
from core.workflows.workspace import Workspace

KIND = "pseudo-label"


def judge(ws: Workspace, run_id: str, limit: int = 5000) -> int:
    """Let a run judge at most `limit` unlabelled utterances, or calls where it was trained on whole calls.

    Returns the number of those that have a prediction now; that for a call stands at its first turn. `InputError` for
    a run of a recording scheme that was trained on single utterances.
    """
    done = judging.run(ws, judging.JudgePlan(run_id, limit=limit, closed_by=ANY))
    return done.candidates


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
