"""The nouns: what the store hands out and takes in. Plain frozen values, no behaviour that touches a disk.

Times are integers in milliseconds (`_ms`), rates in hertz (`_hz`), instants are UTC ISO 8601 strings (`_at`).
A span is half-open: `[start_ms, end_ms)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["utterance", "recording"]
Side = Literal["train", "validation", "test"]
Purpose = Literal["evaluation", "pool"]  # what a prediction is for: scoring a snapshot, or finding pseudo-labels
Sort = Literal["id", "-id", "length", "-length", "text", "-text", "speaker", "-speaker"]  # "-": backwards
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ProposalState = Literal["open", "accepted", "rejected"]
AnnotationKind = Literal["answer", "settlement", "vote"]
RemarkKind = Literal["comment", "flag", "unflag"]
# What kind of act wrote a Revision. review, skip, settle, restore: a person's, on one utterance. undo: takes another
# Revision back. bulk: one act of a person on many. accept: a suggestion that a person accepted. clean: a step of
# cleaning that applies itself. import: what an export says was decided before.
Act = Literal["review", "skip", "settle", "restore", "undo", "bulk", "accept", "clean", "import"]

UNLABELLED = "-"  # stands in a list of codes for targets that have no label
CAPTION = "caption"  # the origin of texts that recordings share by design, and that nobody said
BY_HAND: tuple[Act, ...] = ("review", "skip", "settle", "restore")
IMPORTED = "import"  # the curator name under which labels of a delivery are kept
SHORTEST_VOICE_MS = 500  # below this a span says too little to be judged by voice (the seeds' rule)


@dataclass(frozen=True, slots=True)
class Source:
    id: int
    name: str
    kind: str
    licence: str
    sha256: str
    added_at: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One audio file. `path` is relative to the workspace, None where only its labels were delivered."""

    id: int
    key: str
    source_id: int
    path: str | None
    sha256: str | None
    duration_ms: int
    sample_rate_hz: int | None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A span of a Recording, or a sentence on its own (then times, speaker and recording_id are None).

    `original` is the text as received and never changes; `text` is the latest Revision's; `version` counts decisions.
    `labels` maps scheme to code; of a multi scheme, to its codes joined by `|` in class order.
    """

    id: int
    key: str
    source_id: int
    recording_id: int | None
    parent_id: int | None
    start_ms: int | None
    end_ms: int | None
    speaker: str | None
    text: str
    original: str
    version: int
    group: str
    voice_usable: bool
    origin: str
    skipped: bool
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Annotation:
    """`code` None withdraws the curator's earlier answer; several classes of a multi scheme are joined by `|`.

    `kind` vote: an answer that was imported and never a label; settlement: it ends a dispute.
    """

    id: int
    scheme: str
    level: Level
    target_id: int
    code: str | None
    curator: str
    at: str
    spent_ms: int | None
    kind: AnnotationKind = "answer"


@dataclass(frozen=True, slots=True)
class Vote:
    """One rater's answer as a delivery tells it: counted for agreement, never a label."""

    scheme: str
    target_id: int
    code: str
    curator: str
    at: str
    spent_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a curator answered last under a scheme and did not take back; `at` and `spent_ms` of that answer."""

    target_id: int
    curator: str
    code: str
    at: str
    spent_ms: int | None
    kind: AnnotationKind


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said about an utterance that decides nothing."""

    id: int
    utterance_id: int
    curator: str
    at: str
    kind: RemarkKind
    text: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One decision on an utterance; `before` and `after` hold only what changed.

    That is `text`, `skipped`, `start_ms`, `end_ms`, `voice_usable` and `labels` (scheme -> {code, grade, by} or None);
    `after` has `answers` (scheme -> code) too where the utterance is answered blind and the label may differ.
    `act` is the kind of act that wrote it, `why` only the reason that a person or a rule gave, "" for none. `bulk_id`
    and `proposal_id` name the bulk action or the suggestion behind it, `restores` the version that was restored.
    """

    id: int
    utterance_id: int
    version: int
    curator: str
    at: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    why: str
    undoes: int | None
    spent_ms: int | None = None
    act: Act = "review"
    bulk_id: int | None = None
    proposal_id: int | None = None
    restores: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A machine's suggestion: augmentation, pseudo-label, cleaning or exclude; `payload` is what it would write.

    `confidence` is 0..1 where its maker has one; `batch` names the run that made it with others.
    """

    id: int
    kind: str
    utterance_id: int
    operation: str
    payload: Mapping[str, Any]
    reason: str
    state: ProposalState
    run_id: str | None
    made_at: str
    decided_by: str | None
    confidence: float | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a Run says of an utterance under a target (a scheme); on the pool there is no `side` and no `gold`."""

    run_id: str
    target: str
    utterance_id: int
    purpose: Purpose
    code: str
    confidence: float
    margin: float
    side: Side | None = None
    gold: str | None = None


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    name: str
    scheme: str
    sha256: str
    created_at: str
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunInfo:
    id: str
    recipe: str
    encoder: str
    scheme: str
    modality: Literal["text", "voice"]
    snapshot: str
    state: JobState
    started_at: str
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """`progress` is free for the job: at least `done`, `total`, `unit`; training adds `history`."""

    id: str
    kind: str
    title: str
    params: Mapping[str, Any]
    state: JobState
    progress: Mapping[str, Any]
    error: str | None
    created_at: str
    updated_at: str
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Skip:
    """One item of a batch that could not be used."""

    where: str
    reason: str


@dataclass(slots=True)
class Report:
    """What a batch did. `added` and `known` count records; `notes` are counted facts that stopped nothing."""

    added: int = 0
    known: int = 0
    skipped: list[Skip] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def note(self, what: str, n: int = 1) -> None:
        self.notes[what] = self.notes.get(what, 0) + n


@dataclass(frozen=True, slots=True)
class NewUtterance:
    """An utterance as a reader delivers it, before the store gives it an id.

    `key` is unique in the workspace and stable between imports; `group` is what a split must not cut.
    """

    key: str
    text: str
    group: str
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: str | None = None
    voice_usable: bool = False
    origin: str = "imported"
    labels: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewRecording:
    """A recording as a reader delivers it; `labels` are recording-level codes by scheme (`disputed`: of which schemes
    they are that), `meta` keeps every field."""

    key: str
    duration_ms: int
    sample_rate_hz: int | None
    path: str | None
    sha256: str | None
    utterances: tuple[NewUtterance, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    disputed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    """An utterance that was in a workspace before, as an export tells it.

    `new.text` is the original, `text` what it was edited to; `silver` and `disputed` name the schemes whose label is of
    that grade; `parent` and `recording` are keys. It is added, so of what is known nothing changes, its tags neither.
    """

    new: NewUtterance
    text: str
    skipped: bool = False
    silver: tuple[str, ...] = ()
    parent: str | None = None
    recording: str | None = None
    tags: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One deed on many utterances, of which `count` changed.

    `what`: {"do": "label", "scheme", "code"} or {"do": "tag" or "untag", "tag"}; with it `already` (were so before) and
    `unfit` (cannot be: no recording to label, or out of the corpus); once undone, `undone` and `since` (decided on
    since, and left as they are).
    """

    id: int
    curator: str
    at: str
    what: Mapping[str, Any]
    count: int
    undone_at: str | None


@dataclass(frozen=True, slots=True)
class SavedView:
    """A state of the Corpus page: URL parameter -> its values."""

    name: str
    query: Mapping[str, Sequence[str]]
    curator: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Said:
    """What an audit reads of an utterance; `labels` are its own, not its recording's."""

    id: int
    recording_id: int | None
    text: str
    group: str
    origin: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """A timed utterance of a `Call`."""

    id: int
    start_ms: int
    end_ms: int
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """What an audit reads of a recording: its `spans` by start."""

    id: int
    key: str
    source_id: int
    path: str | None
    sha256: str | None
    duration_ms: int
    sample_rate_hz: int | None
    spans: tuple[Span, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing: `total` counts all that match."""

    rows: tuple[Utterance, ...]
    total: int
