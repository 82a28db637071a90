"""The review desk: take cards from a queue, decide on them, undo decisions.

`take` leases cards: no other curator gets them until the lease ends. A decision is on disk before the next card shows.
This module keeps nothing between two calls: all state is in the `Desk` and in the store, so any process can serve the
next call of a session. Every returned record can be made JSON by `dataclasses.asdict`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.errors import Conflict, InputError, NotFound, Stale
from core.filters import Filter
from core.records import IMPORTED, Act, Remark, RemarkKind, Revision
from core.schemes import scheme
from core.store import QueueRequest, UtteranceContext
from core.store.review.remarks import flagged
from core.workflows.review import leases, queues
from core.workflows.workspace import Workspace, now

CONTEXT_MS = 2000
AGAIN_AFTER = timedelta(days=1)  # a queue of kind "whole" offers an utterance again this long after a decision
MOST_AT_ONCE = 100
LONGEST_REMARK = 2000
LONGEST_TEXT = 10_000  # characters of a text that a person writes
Clock = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Desk:
    """How one curator reviews: under which schemes, from which queue, and how answers are shared.

    `base` narrows the queue. `overlap` is the share (0..1) of utterances that `wanted` curators answer; with `blind`
    none of them sees the others' answers before answering. `hide_predictions` (no predictions before the decision)
    and `batch` (many cards at once) only change the screen. No queue shows a prediction or a machine's label of what
    waits for a blind answer to an audit, whatever is chosen. `opened_at` is the instant at which the session began.
    `named` is the name of the list that `queues.open_list` stored, for the queue "list".
    """

    curator: str
    schemes: tuple[str, ...]
    queue: str = "unlabelled"
    base: Filter | None = None
    overlap: float = 0.0
    wanted: int = 2
    blind: bool = True
    hide_predictions: bool = True
    batch: bool = False
    opened_at: str = field(default_factory=now)
    named: str = ""

    def __post_init__(self) -> None:
        if not self.schemes or not self.curator:
            raise InputError("a desk needs a curator and at least one scheme")
        if not 0 <= self.overlap <= 1 or self.wanted < 2:
            raise InputError("overlap is a share of 0 to 1, answered by at least 2 curators")
        queues.check(self.queue, [scheme(name).name for name in self.schemes])


@dataclass(frozen=True, slots=True)
class CardUtterance:
    """The utterance of a card. Times and `recording_ms` (length of the recording) are None for a sentence."""

    id: int
    version: int
    text: str
    original: str
    start_ms: int | None
    end_ms: int | None
    speaker: str | None
    key: str
    skipped: bool
    recording_id: int | None
    recording_ms: int | None


@dataclass(frozen=True, slots=True)
class Card:
    """One utterance to review, with its surroundings.

    `labels` (scheme -> code) are the present labels; a machine's is left out in a pseudo-label audit, of what waits for
    an audit in any queue, and among what is unlabelled if predictions are hidden. `blind` names the schemes whose
    labels are left out because this curator is to answer blind. `before` and `after` are the texts of the
    neighbouring utterances. `context_url` is the
    audio with up to 2 s more at either side; it begins at `context_start_ms`. `opinions` are the predictions of models,
    {scheme, code, confidence, run} each (the name is a field of the review API). `remarks`: {kind, text, curator, at}.
    `left` counts the utterances in the queue, with this one.
    """

    utterance: CardUtterance
    labels: Mapping[str, str]
    blind: tuple[str, ...]
    before: str
    after: str
    audio_url: str | None
    context_url: str | None
    context_start_ms: int | None
    opinions: tuple[Mapping[str, Any], ...]
    remarks: tuple[Mapping[str, Any], ...]
    flagged: bool
    left: int


def take(ws: Workspace, desk: Desk, n: int = 3, exclude: Sequence[int] = (), clock: Clock = now) -> list[Card]:
    """Lease and return up to `n` next cards, except those in `exclude` (ids that screens of the curator show)."""
    request = replace(_card_request(desk, clock()), n=min(n, MOST_AT_ONCE), on_screen=tuple(exclude))
    ids, left = ws.store.leases.take(request)
    return [_card(desk, context, left) for context in ws.store.cards.of(ids, desk.schemes)]


def decide(
    ws: Workspace,
    desk: Desk,
    item: int,
    version: int,
    labels: Mapping[str, str],
    *,
    text: str | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    skip_reason: str | None = None,
    spent_ms: int | None = None,
    comment: str | None = None,
    at: str | None = None,
) -> Revision:
    """Write one decision and end the lease; the decision is on disk when this returns. `at` is its instant, else now.

    With `skip_reason` (it may be empty) the utterance is skipped and `labels` are not written. Without it the utterance
    is no longer skipped. In the queue of disagreements the labels settle the dispute and `comment` is the reason.
    `Stale` holds both versions if somebody decided since; `InputError` for times outside the recording.

    Idempotent: a client sends a decision again if the response was lost (the server was killed). If the latest revision
    is this same decision by this curator on this version, it is returned and nothing more is written.
    """
    skips = skip_reason is not None
    settles = desk.queue == queues.DISAGREEMENTS and not skips and bool(labels)
    act: Act = "skip" if skips else "settle" if settles else "review"
    why = ((skip_reason if skips else comment if settles else "") or "")[:LONGEST_REMARK]
    remark_text = "" if settles else (comment or "")[:LONGEST_REMARK]
    try:
        return ws.store.review.decide(
            item, version, desk.curator, at or now(), text=text, labels={} if skips else labels, skip=skips,
            start_ms=start_ms, end_ms=end_ms, spent_ms=spent_ms, act=act, why=why,
            comment=remark_text,
        )  # fmt: skip
    except Stale as error:
        if (earlier := _repeated_decision(ws, desk, item, error, act, why, remark_text)) is not None:
            return earlier
        raise _without_blind_labels(ws, desk, item, error) from error


def undo(ws: Workspace, desk: Desk, clock: Clock = now, *, revision: int | None = None) -> Card | None:
    """Undo the curator's latest decision and lease its card; None if there is none left to undo.

    With `revision` (an id) it undoes that decision of the curator. Idempotent: a repeated undo of one revision writes
    nothing more and returns the card again. Bulk actions and accepted proposals are not undone here. `Conflict` if
    somebody decided on the utterance since.
    """
    undone = ws.store.review.undo(desk.curator, clock(), hand_made=True, revision_id=revision)
    if undone is None:
        return None
    request = _card_request(desk, clock())
    ws.store.leases.hold(undone.utterance_id, desk.curator, request.at, request.until)
    return card(ws, desk, undone.utterance_id)


def undo_together(
    ws: Workspace, desk: Desk, revision: int | None = None, clock: Clock = now
) -> tuple[Card | None, int]:
    """Undo a decision with all that the curator decided at the same instant: a page of many is taken back as one.

    Return the card of the first of them and how many were undone; (None, 0) if there is nothing to undo. What somebody
    decided on since stays; `Conflict` if that is so of the decision itself.
    """
    chosen = ws.store.review.latest(desk.curator) if revision is None else revision
    others = [] if chosen is None else ws.store.review.decided_with(chosen, desk.curator)
    first, count = undo(ws, desk, clock, revision=revision), 0
    for other in others:
        with suppress(Conflict):
            first, count = undo(ws, desk, clock, revision=other) or first, count + 1
    return first, count + 1 if first else 0


def card(ws: Workspace, desk: Desk, item: int) -> Card:
    """The card of one utterance, even if another curator has its lease. `NotFound` for an unknown id."""
    return _card(desk, _context(ws, item, desk.schemes), ws.store.leases.left(_card_request(desk, now())))


def latest_decision(ws: Workspace, desk: Desk) -> int | None:
    """The id of the Revision that the curator's next undo would undo; None if there is none left."""
    return ws.store.review.latest(desk.curator)


def predictions(ws: Workspace, desk: Desk, item: int) -> tuple[Mapping[str, Any], ...]:
    """Predictions for an utterance under the desk's schemes: {scheme, code, confidence, run} each; none in an audit."""
    return () if _is_audit(desk) else _context(ws, item, desk.schemes).predictions


def remark(ws: Workspace, desk: Desk, item: int, kind: RemarkKind, text: str = "") -> None:
    """Add a remark. It is not a decision and changes no version. `InputError` for an empty comment."""
    if kind not in ("comment", "flag", "unflag"):
        raise InputError("a remark is a comment, flag or unflag, not {kind!r}", kind=kind)
    if kind == "comment" and not text.strip():
        raise InputError("the comment is empty")
    ws.store.remarks.add(item, desk.curator, now(), kind, text[:LONGEST_REMARK])


def release(ws: Workspace, desk: Desk, items: Collection[int] | None = None) -> None:
    """End the curator's leases of the utterances `items`; with None, all leases of the curator."""
    if items is None:
        ws.store.leases.release(desk.curator)
    elif items:
        ws.store.leases.release_utterances(desk.curator, items)


def history(ws: Workspace, item: int, desk: Desk | None = None) -> list[dict[str, Any]]:
    """What happened to an utterance, oldest first; the first entry is the utterance as received.

    Each entry is {what: "received" | "decision", version, curator, at, before, after, act, why, spent_ms, undoes,
    undone, bulk_id, proposal_id, restores} or {what: "remark", kind, text, curator, at}. If the curator of `desk` is to
    answer blind and has not answered yet, the labels of others are left out, and so are a machine's where its card
    leaves them out.
    """
    revisions = ws.store.review.history(item)
    undone = {revision.undoes for revision in revisions}
    context = _context(ws, item, desk.schemes if desk else ())
    hide = _hidden_schemes(desk, context) if desk else ()
    machine = (*hide, *(desk.schemes if desk and _is_audit(desk) else ()), *context.audited)
    received = {
        "what": "received", "version": 0, "curator": "", "at": "", "before": {},
        "after": {"text": context.utterance.original}, "act": IMPORTED, "why": "", "spent_ms": None, "undoes": None,
        "undone": False,
    }  # fmt: skip
    entries = [
        _decision_entry(revision, revision.id in undone, machine if _of_machine(revision) else hide)
        for revision in revisions
    ]
    entries += [{"what": "remark", **_remark(remark)} for remark in context.remarks]
    return [received, *sorted(entries, key=lambda entry: str(entry["at"]))]


def restore(ws: Workspace, desk: Desk, item: int, version_to_restore: int, seen_version: int) -> Revision:
    """Append a Revision that sets text, times, skip and labels to what they were after `version_to_restore`.

    `Stale` if somebody decided since `seen_version`.
    """
    try:
        return ws.store.review.restore(item, version_to_restore, seen_version, desk.curator, now())
    except Stale as error:
        raise _without_blind_labels(ws, desk, item, error) from error


def progress(ws: Workspace, desk: Desk, left: int | None = None) -> dict[str, Any]:
    """{done, left, rate_per_hour} of this session. If `left` is given (from a card), the queue is not counted again.

    The rate is per hour spent on decisions; pauses do not count.
    """
    done, spent_ms = ws.store.review.pace(desk.curator, desk.opened_at)
    rate = round(done / spent_ms * 3_600_000) if spent_ms else 0
    if left is None:
        left = ws.store.leases.left(_card_request(desk, now()))
    return {"done": done, "left": left, "rate_per_hour": rate}


# -- inside


def _card_request(desk: Desk, at: str) -> QueueRequest:
    """The request for cards of the desk's queue at the instant `at`; its leases end `LEASE_S` later."""
    kind = queues.KINDS[desk.queue]
    opened = datetime.fromisoformat(desk.opened_at)
    since = {"emptied": None, "again": desk.opened_at, "whole": (opened - AGAIN_AFTER).isoformat("T", "microseconds")}
    return QueueRequest(
        desk.curator, desk.schemes, queues.queue_filter(desk.queue, desk.schemes, desk.base), 0, at, leases.ends_at(at),
        queue=_stored_list(desk) if kind == "built" else None,
        disputed=desk.queue == queues.DISAGREEMENTS,
        since=since.get(kind), started_at=None if kind == "emptied" else desk.opened_at,
        overlap=desk.overlap, copies=desk.wanted,
        blind=desk.queue not in (queues.DISAGREEMENTS, "skipped"),
    )  # fmt: skip


def _stored_list(desk: Desk) -> str:
    """The name in the store of the desk's list."""
    if desk.queue == queues.LIST:
        return queues.stored_name(desk.named)
    return queues.list_key(desk.queue, desk.schemes[0])


def _context(ws: Workspace, item: int, schemes: Sequence[str]) -> UtteranceContext:
    """The utterance `item` with its surroundings; `NotFound` for an unknown id."""
    contexts = ws.store.cards.of([item], schemes)
    if not contexts:
        raise NotFound("no utterance {item}", item=item)
    return contexts[0]


def _card(desk: Desk, context: UtteranceContext, left: int) -> Card:
    utterance, blind, hidden = context.utterance, _blind_schemes(desk, context), _hidden_schemes(desk, context)
    audio = wider = start = None
    if context.has_audio and utterance.start_ms is not None and utterance.end_ms is not None:
        # The address holds the span, so that a cache never plays the audio of earlier times.
        audio = f"/audio/utterance/{utterance.id}?span={utterance.start_ms}-{utterance.end_ms}"
        wider, start = f"{audio}&context_ms={CONTEXT_MS}", max(0, utterance.start_ms - CONTEXT_MS)
    return Card(
        utterance=CardUtterance(
            utterance.id, utterance.version, utterance.text, utterance.original, utterance.start_ms, utterance.end_ms,
            utterance.speaker, utterance.key, utterance.skipped, utterance.recording_id, context.duration_ms,
        ),
        labels={name: code for name, code in utterance.labels.items() if name not in hidden},
        blind=blind, before=context.before, after=context.after,
        audio_url=audio, context_url=wider, context_start_ms=start,
        opinions=() if _is_audit(desk) else context.predictions, remarks=tuple(map(_remark, context.remarks)),
        flagged=flagged(context.remarks), left=left,
    )  # fmt: skip


def _remark(remark: Remark) -> dict[str, Any]:
    return {"kind": remark.kind, "text": remark.text, "curator": remark.curator, "at": remark.at}


def _blind_schemes(desk: Desk, context: UtteranceContext) -> tuple[str, ...]:
    """The desk's schemes under which this curator must not see the answers of others yet."""
    if not desk.blind or desk.queue == queues.DISAGREEMENTS:
        return ()
    return tuple(
        name for name in desk.schemes if name in context.answered and desk.curator not in context.answered[name]
    )


def _is_audit(desk: Desk) -> bool:
    return desk.queue == queues.PSEUDO_LABEL_AUDIT


def _of_machine(revision: Revision) -> bool:
    """Whether a revision writes a machine's label, or takes one back."""
    return revision.round_id is not None or revision.act == "accept"


def _hidden_schemes(desk: Desk, context: UtteranceContext) -> tuple[str, ...]:
    """The schemes whose label the curator must not see before the decision: those of others, and a machine's."""
    if _is_audit(desk):
        return (*_blind_schemes(desk, context), *context.silver, *context.audited)
    hides = desk.queue == "unlabelled" and desk.hide_predictions
    machine = (name for name in context.silver if hides or name in context.audited)
    return (*_blind_schemes(desk, context), *machine)


def _decision_entry(revision: Revision, undone: bool, hide: Sequence[str]) -> dict[str, Any]:
    """The history entry of a revision, without the labels under the schemes `hide`."""
    entry = {name: value for name, value in asdict(revision).items() if name not in ("id", "utterance_id")}
    for end in ("before", "after"):
        for key in {"labels", "answers"} & entry[end].keys():
            visible = {name: value for name, value in entry[end][key].items() if name not in hide}
            entry[end] = {**entry[end], key: visible}
    return {"what": "decision", **entry, "undone": undone}


def _without_blind_labels(ws: Workspace, desk: Desk, item: int, error: Stale) -> Stale:
    """The error without the labels that this curator must not see yet."""
    hide = _hidden_schemes(desk, _context(ws, item, desk.schemes))
    labels = {name: code for name, code in error.theirs["labels"].items() if name not in hide}
    return Stale(error.message, error.mine, {**error.theirs, "labels": labels})


def _repeated_decision(
    ws: Workspace, desk: Desk, item: int, error: Stale, act: Act, why: str, remark_text: str
) -> Revision | None:
    """The latest revision if it is the decision that `error` refused, written before; else None."""
    requested = dict(error.mine)
    version, answers = requested.pop("version"), requested.pop("labels")
    last = next(reversed(ws.store.review.history(item)), None)
    if last is None or (last.version, last.curator, last.act, last.why) != (version + 1, desk.curator, act, why):
        return None
    changed = dict(last.after)
    labels = {name: label and label["code"] for name, label in changed.pop("labels", {}).items()}
    same = labels | changed.pop("answers", {}) == answers and changed.keys() <= requested.keys()
    # A revision holds only what changed: the rest of the request must equal the present state.
    same = same and all(error.theirs.get(name, value) == value for name, value in requested.items())
    remarks = {(remark.curator, remark.text) for remark in _context(ws, item, ()).remarks}
    return last if same and (not remark_text.strip() or (desk.curator, remark_text) in remarks) else None
