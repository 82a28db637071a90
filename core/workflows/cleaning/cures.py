"""Cures a fault of one utterance by hand: a person's own text, start or end, as a Revision that can be taken back.

The findings of a check stay as they are until it runs again; `changed_since` says what was changed after it.
"""

from collections.abc import Iterable, Sequence

from core.errors import Conflict, InputError
from core.quality import Finding
from core.records import Revision
from core.workflows.workspace import Workspace, now

LONGEST_TEXT, LONGEST_REASON = 2000, 200


def cure(
    ws: Workspace, item: int, version: int, curator: str, *, text: str | None = None, start_ms: int | None = None,
    end_ms: int | None = None, why: str = "",
) -> Revision:  # fmt: skip
    """Write another text or other times (ms in the recording) of an utterance; None leaves a field as it is.

    `Stale` if somebody decided since `version`; `InputError` if nothing changes or the times are outside the recording.
    """
    now_is = ws.store.corpus.utterance(item)
    words = None if text is None else " ".join(text.split())[:LONGEST_TEXT]
    wanted = ((words, now_is.text), (start_ms, now_is.start_ms), (end_ms, now_is.end_ms))
    if all(value in (None, before) for value, before in wanted):
        raise InputError("nothing was changed: write another text or other times, then save")
    return ws.store.review.decide(
        item, version, curator, now(), text=words, labels={}, skip=None, start_ms=start_ms, end_ms=end_ms,
        act="review", why=why.strip()[:LONGEST_REASON],
    )  # fmt: skip


def take_back(ws: Workspace, revision_id: int, curator: str) -> Revision:
    """Undo a cure. `Conflict` if somebody has decided on the utterance since, or if there is nothing to take back."""
    undone = ws.store.review.undo(curator, now(), revision_id=revision_id)
    if undone is None:
        raise Conflict("there is nothing to take back: it was taken back already, or somebody else wrote it")
    return undone


def changed_since(ws: Workspace, ids: Iterable[int], at: str) -> dict[int, Revision]:
    """The latest standing decision of each utterance since the instant `at`; utterances without one are left out."""
    latest: dict[int, Revision] = {}
    for number in ids:
        revisions = ws.store.review.history(number)
        undone = {revision.undoes for revision in revisions}
        standing = [r for r in revisions if r.at >= at and r.undoes is None and r.id not in undone]
        if standing:
            latest[number] = standing[-1]
    return latest


def utterances_of(ws: Workspace, findings: Sequence[Finding]) -> list[int]:
    """The ids of the utterances that findings name, themselves or by their recording, each once and in order."""
    ids: list[int] = []
    for finding in findings:
        numbers = [number for number in finding.ids if isinstance(number, int)]
        if finding.level == "utterance":
            ids += numbers
        elif finding.level == "recording":
            by_call = ws.store.scan.utterances_of(numbers)
            ids += [item for call in numbers for item in by_call.get(call, ())]
    return list(dict.fromkeys(ids))
