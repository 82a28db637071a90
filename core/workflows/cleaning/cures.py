"""Cures a fault of one utterance by hand: a person's own text, start or end, as a Revision that can be taken back.

The findings of a check stay as they are until it runs again; `changed_since` says what was changed after it.
"""

from collections.abc import Iterable, Sequence

from core.errors import Conflict, InputError
from core.quality import Finding
from core.records import Revision
from core.text import nfc
from core.workflows.review.desk import LONGEST_TEXT
from core.workflows.workspace import Workspace, now

LONGEST_REASON = 200
CURED = frozenset({"text", "start_ms", "end_ms", "voice_usable"})  # the last follows from the times


def cure(
    ws: Workspace, item: int, version: int, curator: str, *, text: str | None = None, start_ms: int | None = None,
    end_ms: int | None = None, why: str = "",
) -> Revision:  # fmt: skip
    """Write another text or other times (ms in the recording) of an utterance; None leaves a field as it is.

    The text is stored as it is typed, as the desk stores it. `Stale` if somebody decided since `version`; `InputError`
    if nothing changes, if the text is empty or too long, or if the times are outside the recording.
    """
    now_is = ws.store.corpus.utterance(item)
    words = None if text is None or nfc(text) == now_is.text else nfc(text)
    wanted = ((words, now_is.text), (start_ms, now_is.start_ms), (end_ms, now_is.end_ms))
    if all(value in (None, before) for value, before in wanted):
        raise InputError("nothing was changed: write another text or other times, then save")
    if words is not None and not words.strip():
        raise InputError("the text is empty")
    if words is not None and len(words) > LONGEST_TEXT:
        raise InputError(
            "the text has {n:,} characters; at most {longest:,} can be saved", n=len(words), longest=LONGEST_TEXT
        )
    return ws.store.review.decide(
        item, version, curator, now(), text=words, labels={}, skip=None, start_ms=start_ms, end_ms=end_ms,
        act="review", why=why.strip()[:LONGEST_REASON],
    )  # fmt: skip


def take_back(ws: Workspace, item: int, revision_id: int, curator: str) -> Revision:
    """Undo a cure of `curator` on the utterance `item`; a repeated call changes nothing more.

    `Conflict` if the Revision is somebody else's or no cure, or if somebody has decided on the utterance since.
    """
    revision = next((entry for entry in ws.store.review.history(item) if entry.id == revision_id), None)
    if revision is not None and revision.curator != curator:
        raise Conflict("this was changed by {who}; only {who} can take it back", who=revision.curator)
    undone = None
    if revision is not None and is_cure(revision):
        undone = ws.store.review.undo(curator, now(), revision_id=revision_id)
    if undone is None:
        raise Conflict("there is nothing to take back here: this is no text and no time that was cured")
    return undone


def is_cure(revision: Revision) -> bool:
    """Return whether a Revision is a cure: text or times by hand and nothing else. The desk notes the time spent."""
    return revision.act == "review" and revision.spent_ms is None and set(revision.after) <= CURED


def changed_since(ws: Workspace, ids: Iterable[int], at: str) -> dict[int, Revision]:
    """The latest standing Revision of text or times of each utterance since the instant `at` (UTC, ISO 8601).

    Utterances without one are left out; all are if `at` is "", since nothing was checked then.
    """
    latest: dict[int, Revision] = {}
    for number in ids if at else ():
        revisions = ws.store.review.history(number)
        undone = {revision.undoes for revision in revisions}
        standing = [r for r in revisions if r.at >= at and r.undoes is None and r.id not in undone]
        if changed := [revision for revision in standing if CURED & set(revision.after)]:
            latest[number] = changed[-1]
    return latest


def size(finding: Finding) -> int:
    """How many items a finding is about; its `ids` name the first of them. Conflicts of labels are counted by text."""
    return finding.numbers.get("rows", finding.count) if finding.check == "label-conflict" else finding.count


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
