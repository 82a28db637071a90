"""Stores the answers of a project's annotators as votes, so that agreement can be measured and disputes be settled."""

from collections.abc import Callable, Mapping, Sequence

from core.ingest.exports.rows import ExportedRow
from core.records import Vote
from core.workflows.imports.exports.call_answers import Reading, Ref
from core.workflows.workspace import Workspace, now

ReadingOf = Callable[[str], Reading | None]  # the scheme of a name in the file, None if it cannot be used


def store_votes(
    ws: Workspace, rows: Sequence[ExportedRow], recordings: Mapping[Ref, str], of_row: ReadingOf, of_call: ReadingOf
) -> int:
    """Store the votes of `rows`, whose utterances are in the store; return how many are new.

    `recordings` maps a reference in the file to the key of its recording. `of_row` and `of_call` return the scheme of
    a vote about an utterance and about a whole recording.
    """
    voted = [row for row in rows if row.votes]
    if not voted:
        return 0
    utterances = ws.store.corpus.utterance_ids([row.new.key for row in voted])
    keys = {recordings[row.recording] for row in voted if row.recording is not None}
    calls = {key: call.id for key, call in ws.store.transfer.recordings_by_key(keys).items()}
    votes, at = [], now()
    for row in voted:
        call = calls.get(recordings[row.recording]) if row.recording is not None else None
        targets = {"utterance": utterances.get(row.new.key), "recording": call}
        for vote in row.votes:
            known = (of_call if vote.of_recording else of_row)(vote.scheme)
            target = None if known is None else targets[known[0].level]
            if known is not None and target is not None and (code := known[1](vote.value)):
                votes.append(Vote(known[0].name, target, code, vote.curator, at))
    return ws.store.review.add_votes(votes)
