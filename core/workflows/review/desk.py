"""A curator at the desk: cards taken from a queue, decisions written before the next card shows, undo to the start.

`take` leases cards: no other curator gets them before the lease has ended, however it ends. Nothing is remembered here
between two calls; what a `Desk` does not say is in the store, so any process can serve the next call of a session.
Every value that leaves is a plain record whose `dataclasses.asdict` is JSON.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.errors import InputError, NotFound, Stale
from core.filters import Filter
from core.records import IMPORTED, Act, Remark, RemarkKind, Revision
from core.schemes import scheme
from core.store import About, Ask
from core.store.review.remarks import flagged
from core.workflows.review import leases, queues
from core.workflows.workspace import Workspace, now

CONTEXT_MS = 2000
AGAIN_AFTER = timedelta(days=1)  # a queue that is not emptied by answering offers again what was decided so long ago
MOST_AT_ONCE = 100
LONGEST_REMARK = 2000
Clock = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Desk:
    """How one curator works: `overlap` is the share (0..1) of utterances that `wanted` curators answer, each `blind`.

    `base` narrows the queue. `hide_opinion` (the models' opinion, until decided) and `batch` (many cards at once) are
    for the screen alone. `opened_at` is when the session began.
    """

    curator: str
    schemes: tuple[str, ...]
    queue: str = "unlabelled"
    base: Filter | None = None
    overlap: float = 0.0
    wanted: int = 2
    blind: bool = True
    hide_opinion: bool = True
    batch: bool = False
    opened_at: str = field(default_factory=now)

    def __post_init__(self) -> None:
        if not self.schemes or not self.curator:
            raise InputError("a desk needs a curator and at least one scheme")
        if not 0 <= self.overlap <= 1 or self.wanted < 2:
            raise InputError("overlap is a share of 0 to 1, answered by at least 2 curators")
        queues.check(self.queue, [scheme(name).name for name in self.schemes])


@dataclass(frozen=True, slots=True)
class Shown:
    """The utterance of a card; times and `recording_ms` (how long the recording is) are None for a sentence."""

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
    """One utterance to judge.

    `labels` (scheme -> code) stand already; those that this curator is to answer blind are left out, and `blind` names
    their schemes. `before` and `after` are what was said around it. `context_url` is the audio from `context_start_ms`
    on, 2 s more at either side, where there is so much. `opinions` of models: {scheme, code, confidence, run}.
    `remarks`: {kind, text, curator, at}. `left`: how many wait in the queue, this one among them.
    """

    utterance: Shown
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
    """Lease and return up to `n` next cards, none of them in `exclude` (what the screen holds already)."""
    ask = replace(_ask(desk, clock()), n=min(n, MOST_AT_ONCE), have=tuple(exclude))
    ids, left = ws.store.leases.take(ask)
    return [_card(desk, one, left) for one in ws.store.cards.about(ids, desk.schemes)]


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
) -> Revision:
    """Write one decision and end the lease; on disk when this returns.

    With `skip_reason` (may be empty) the utterance is skipped and `labels` are not written; without, a skip is taken
    back. In the queue of what annotators disagree on, the labels settle it and `comment` is the reason. `Stale` with
    both versions where somebody decided since, `InputError` for times outside of the recording.

    A decision that is sent again because its answer was lost (the server was killed) is not written again: where the
    latest revision is this very decision, made by this curator on this version, it is the answer.
    """
    skips = skip_reason is not None
    settles = desk.queue == queues.DISAGREEMENTS and not skips and bool(labels)
    act: Act = "skip" if skips else "settle" if settles else "review"
    why = ((skip_reason if skips else comment if settles else "") or "")[:LONGEST_REMARK]
    said = "" if settles else (comment or "")[:LONGEST_REMARK]
    try:
        return ws.store.review.decide(
            item, version, desk.curator, now(), text=text, labels={} if skips else labels, skip=skips,
            start_ms=start_ms, end_ms=end_ms, spent_ms=spent_ms, act=act, why=why,
            comment=said,
        )  # fmt: skip
    except Stale as error:
        if (before := _written(ws, desk, item, error, act, why, said)) is not None:
            return before
        raise _hidden(ws, desk, item, error) from error


def undo(ws: Workspace, desk: Desk, clock: Clock = now, *, revision: int | None = None) -> Card | None:
    """Take back the curator's latest decision that stands, and lease its card; None when there is none left.

    With `revision` that one of the curator's; where it was taken back before (the answer was lost, the server killed),
    nothing is written, and the card is the answer again. Bulk actions and accepted proposals are passed over.
    `Conflict` where somebody has decided on it since.
    """
    undone = ws.store.review.undo(desk.curator, clock(), hand_made=True, revision_id=revision)
    if undone is None:
        return None
    ask = _ask(desk, clock())
    ws.store.leases.hold(undone.utterance_id, desk.curator, ask.at, ask.until)
    return card(ws, desk, undone.utterance_id)


def card(ws: Workspace, desk: Desk, item: int) -> Card:
    """The card of one utterance, whoever has it. `NotFound` for one that is none."""
    return _card(desk, _about(ws, item, desk.schemes), ws.store.leases.left(_ask(desk, now())))


def latest_decision(ws: Workspace, desk: Desk) -> int | None:
    """The id of the Revision that the curator's next undo takes back; None when there is none left."""
    return ws.store.review.latest(desk.curator)


def predictions(ws: Workspace, desk: Desk, item: int) -> tuple[Mapping[str, Any], ...]:
    """What models say of an utterance under the desk's schemes: {scheme, code, confidence, run} each."""
    return _about(ws, item, desk.schemes).guesses


def remark(ws: Workspace, desk: Desk, item: int, kind: RemarkKind, text: str = "") -> None:
    """Add a remark; it is no decision and raises no version. `InputError` for a comment without words."""
    if kind not in ("comment", "flag", "unflag"):
        raise InputError("a remark is a comment, flag or unflag, not {kind!r}", kind=kind)
    if kind == "comment" and not text.strip():
        raise InputError("the comment is empty")
    ws.store.remarks.add(item, desk.curator, now(), kind, text[:LONGEST_REMARK])


def release(ws: Workspace, desk: Desk, items: Collection[int] | None = None) -> None:
    """End the curator's leases of `items`, those of this desk; None: of all his desks."""
    if items is None:
        ws.store.leases.release(desk.curator)
    elif items:
        ws.store.leases.release_these(desk.curator, items)


def history(ws: Workspace, item: int, desk: Desk | None = None) -> list[dict[str, Any]]:
    """What happened to an utterance, oldest first, as received in front.

    Each: {what: "received" | "decision", version, curator, at, before, after, act, why, spent_ms, undoes, undone,
    bulk_id, proposal_id, restores} or, of a remark, {what: "remark", kind, text, curator, at}. Before this desk's
    curator has answered blind, labels that others gave are left out.
    """
    revisions = ws.store.review.history(item)
    undone = {one.undoes for one in revisions}
    about = _about(ws, item, desk.schemes if desk else ())
    hide = _blind(desk, about) if desk else ()
    received = {
        "what": "received", "version": 0, "curator": "", "at": "", "before": {},
        "after": {"text": about.utterance.original}, "act": IMPORTED, "why": "", "spent_ms": None, "undoes": None,
        "undone": False,
    }  # fmt: skip
    found = [_told(one, one.id in undone, hide) for one in revisions]
    found += [{"what": "remark", **_remark(one)} for one in about.remarks]
    return [received, *sorted(found, key=lambda one: str(one["at"]))]


def restore(ws: Workspace, desk: Desk, item: int, version_to_restore: int, seen_version: int) -> Revision:
    """Append the Revision that puts text, times, skip and labels back as they were after `version_to_restore`.

    `Stale` where somebody decided since `seen_version`.
    """
    try:
        return ws.store.review.restore(item, version_to_restore, seen_version, desk.curator, now())
    except Stale as error:
        raise _hidden(ws, desk, item, error) from error


def progress(ws: Workspace, desk: Desk, left: int | None = None) -> dict[str, Any]:
    """{done, left, rate_per_hour} of this session; `left` as a card told it saves counting the queue.

    The rate is that of the time spent on the decisions: pauses do not count.
    """
    done, spent_ms = ws.store.review.pace(desk.curator, desk.opened_at)
    rate = round(done / spent_ms * 3_600_000) if spent_ms else 0
    if left is None:
        left = ws.store.leases.left(_ask(desk, now()))
    return {"done": done, "left": left, "rate_per_hour": rate}


# -- inside


def _ask(desk: Desk, at: str) -> Ask:
    kind = queues.KINDS[desk.queue]
    opened = datetime.fromisoformat(desk.opened_at)
    since = {"emptied": None, "again": desk.opened_at, "whole": (opened - AGAIN_AFTER).isoformat("T", "microseconds")}
    return Ask(
        desk.curator, desk.schemes, queues.wanted(desk.queue, desk.schemes, desk.base), 0, at, leases.ends_at(at),
        queue=queues.name(desk.queue, desk.schemes[0]) if kind == "built" else None,
        disputed=desk.queue == queues.DISAGREEMENTS,
        since=since.get(kind), begun=None if kind == "emptied" else desk.opened_at,
        overlap=desk.overlap, copies=desk.wanted,
        blind=desk.queue not in (queues.DISAGREEMENTS, "skipped"),
    )  # fmt: skip


def _about(ws: Workspace, item: int, schemes: Sequence[str]) -> About:
    found = ws.store.cards.about([item], schemes)
    if not found:
        raise NotFound("no utterance {item}", item=item)
    return found[0]


def _card(desk: Desk, about: About, left: int) -> Card:
    one, blind = about.utterance, _blind(desk, about)
    audio = context = start = None
    if about.has_audio and one.start_ms is not None and one.end_ms is not None:
        # The span stands in the address: other times are other audio, and no cache may confuse them.
        audio = f"/audio/utterance/{one.id}?span={one.start_ms}-{one.end_ms}"
        context, start = f"{audio}&context_ms={CONTEXT_MS}", max(0, one.start_ms - CONTEXT_MS)
    return Card(
        utterance=Shown(
            one.id, one.version, one.text, one.original, one.start_ms, one.end_ms, one.speaker, one.key, one.skipped,
            one.recording_id, about.duration_ms,
        ),
        labels={name: code for name, code in one.labels.items() if name not in blind},
        blind=blind, before=about.before, after=about.after,
        audio_url=audio, context_url=context, context_start_ms=start,
        opinions=about.guesses, remarks=tuple(map(_remark, about.remarks)), flagged=flagged(about.remarks), left=left,
    )  # fmt: skip


def _remark(one: Remark) -> dict[str, Any]:
    return {"kind": one.kind, "text": one.text, "curator": one.curator, "at": one.at}


def _blind(desk: Desk, about: About) -> tuple[str, ...]:
    """The desk's schemes under which this curator is not to see what others answered."""
    if not desk.blind or desk.queue == queues.DISAGREEMENTS:
        return ()
    return tuple(name for name in desk.schemes if name in about.answered and desk.curator not in about.answered[name])


def _told(one: Revision, undone: bool, hide: Sequence[str]) -> dict[str, Any]:
    told = {name: value for name, value in asdict(one).items() if name not in ("id", "utterance_id")}
    for side in ("before", "after"):
        for key in {"labels", "answers"} & told[side].keys():
            kept = {name: value for name, value in told[side][key].items() if name not in hide}
            told[side] = {**told[side], key: kept}
    return {"what": "decision", **told, "undone": undone}


def _hidden(ws: Workspace, desk: Desk, item: int, error: Stale) -> Stale:
    """The error without the labels that this curator is not to see."""
    hide = _blind(desk, _about(ws, item, desk.schemes))
    labels = {name: code for name, code in error.theirs["labels"].items() if name not in hide}
    return Stale(error.message, error.mine, {**error.theirs, "labels": labels})


def _written(ws: Workspace, desk: Desk, item: int, error: Stale, act: Act, why: str, said: str) -> Revision | None:
    """The latest revision, where it is the decision that was refused as stale: it was written before."""
    wanted = dict(error.mine)
    version, answers = wanted.pop("version"), wanted.pop("labels")
    last = next(reversed(ws.store.review.history(item)), None)
    if last is None or (last.version, last.curator, last.act, last.why) != (version + 1, desk.curator, act, why):
        return None
    changed = dict(last.after)
    labels = {name: one and one["code"] for name, one in changed.pop("labels", {}).items()}
    same = labels | changed.pop("answers", {}) == answers and changed.keys() <= wanted.keys()
    # What was asked for and had been so before is not in the revision.
    same = same and all(error.theirs.get(name, value) == value for name, value in wanted.items())
    remarks = {(one.curator, one.text) for one in _about(ws, item, ()).remarks}
    return last if same and (not said.strip() or (desk.curator, said) in remarks) else None
