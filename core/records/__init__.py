"""The records that the store returns and takes. They are plain frozen values; nothing here reads or writes a disk.

Times are integers in milliseconds (`_ms`), rates in hertz (`_hz`), instants are UTC ISO 8601 strings (`_at`).
A span is half-open: `[start_ms, end_ms)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.records.derivation import Derivation as Derivation
from core.records.reports import Clash as Clash
from core.records.reports import Difference as Difference
from core.records.reports import OnClash as OnClash
from core.records.reports import Report as Report
from core.records.reports import Skip as Skip
from core.records.rounds import Audit as Audit
from core.records.rounds import AuditItem as AuditItem
from core.records.rounds import Round as Round
from core.records.rounds import RoundState as RoundState
from core.records.rounds import Weight as Weight
from core.records.scanned import ScannedRecording as ScannedRecording
from core.records.scanned import ScannedSpan as ScannedSpan
from core.records.scanned import ScannedUtterance as ScannedUtterance

Level = Literal["utterance", "recording"]
Side = Literal["train", "validation", "test"]
Purpose = Literal["evaluation", "pool"]  # what a prediction is for: scoring a snapshot, or finding pseudo-labels
Sort = Literal["id", "-id", "length", "-length", "text", "-text", "speaker", "-speaker"]  # "-": backwards
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ProposalState = Literal["open", "accepted", "rejected"]
AnnotationKind = Literal["answer", "settlement", "vote"]
RemarkKind = Literal["comment", "flag", "unflag"]
# The kind of act that wrote a Revision. review, skip, settle, restore: a person's act on one utterance. undo: takes
# another Revision back. bulk: a person's act on many. accept: a suggestion that a person accepted. clean: a step of
# cleaning that applies itself. import: what an export says was decided before.
Act = Literal["review", "skip", "settle", "restore", "undo", "bulk", "accept", "clean", "import"]

UNLABELLED = "-"  # in a list of codes it stands for targets that no person has labelled
CAPTION = "caption"  # the origin of texts that describe a recording: many recordings share one, and nobody spoke it
BY_HAND: tuple[Act, ...] = ("review", "skip", "settle", "restore")
IMPORTED = "import"  # the curator name of labels that came with a delivery
SHORTEST_VOICE_MS = 500  # a shorter span is not judged by voice (a rule of the seed systems)
LONGEST_MS = 24 * 3_600_000  # a later time is a wrong unit, not a place in a recording
TAIL_MS = 100  # an utterance may end this much after its audio, since times in labels are rounded


@dataclass(frozen=True, slots=True)
class Source:
    """Where data came from; `sha256` is the hash of the delivered file or folder."""

    id: int
    name: str
    kind: str
    licence: str
    sha256: str
    added_at: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One audio file. `path` is relative to the workspace, None if only its labels were delivered."""

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
    """A curator's answer for one target under a scheme; `code` None withdraws the curator's earlier answer.

    Several classes of a multi scheme are joined by `|`. A "vote" was imported and is never used as a label; a
    "settlement" ends a dispute.
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
    """One rater's answer that a delivery contains. It counts for agreement and is never used as a label."""

    scheme: str
    target_id: int
    code: str
    curator: str
    at: str
    spent_ms: int | None = None


@dataclass(frozen=True, slots=True)
class StandingAnswer:
    """The latest answer of a curator to one target under a scheme, if the curator did not withdraw it."""

    target_id: int
    curator: str
    code: str
    at: str
    spent_ms: int | None
    kind: AnnotationKind


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment on an utterance, or a flag set or removed. It changes neither the text nor a label."""

    id: int
    utterance_id: int
    curator: str
    at: str
    kind: RemarkKind
    text: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One decision on an utterance; `before` and `after` hold only the fields that changed.

    These can be `text`, `skipped`, `start_ms`, `end_ms`, `voice_usable`, `labels` (scheme -> {code, grade, by} or
    None), and `speaker`, `group`, `recording_id`, `audio` of a delivery. `after` has `answers` if it was blind.
    `act` is the kind of act that wrote the Revision. `why` is the reason that a person or a rule gave, "" for none.
    `undoes` is the id of the Revision that this one takes back. `bulk_id` is the bulk action that wrote it,
    `proposal_id` the suggestion that was accepted, `round_id` the round of pseudo-labels that was accepted or
    withdrawn, and `restores` the version that was restored; None if not so.
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
    round_id: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A machine's suggestion. Its `kind` is augmentation, pseudo-label, cleaning, exclude, delivery or transcript.

    `payload` holds the values that are written if a person accepts it. `confidence` is in [0, 1], or None if the maker
    has no figure. `batch` names the run that made this suggestion together with others. `flag` names what a person
    should look at closely (`label-disagreement`), None if there is nothing.
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
    flag: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """A Run's answer for one utterance under a target (a scheme's name); on the pool `side` and `gold` are None."""

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
    """The store's entry for a snapshot; the Samples themselves are in its folder."""

    name: str
    scheme: str
    sha256: str
    created_at: str
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The store's entry for a run; the model itself is in its folder. `scheme` is that of the first Target."""

    id: str
    recipe: str
    encoder: str
    scheme: str
    modality: Literal["text", "voice", "both"]
    snapshot: str
    state: JobState
    started_at: str
    metrics: Mapping[str, Any]

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes of all its Targets, `scheme` first."""
        return tuple(self.metrics.get("targets", (self.scheme,)))


@dataclass(frozen=True, slots=True)
class Job:
    """Slow background work. `progress` has at least `done`, `total` and `unit`; training adds `history`."""

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
class NewUtterance:
    """An utterance from a delivery, before the store gives it an id.

    `key` is unique in the workspace and the same at each import. A split keeps all utterances of one `group` together.
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
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewRecording:
    """A recording from a delivery, before the store gives it an id.

    `labels` maps scheme to code, for schemes of level "recording". `disputed` names the schemes whose label has the
    grade disputed. `meta` keeps every other field of the delivery.
    """

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
class RestoredUtterance:
    """An utterance that an export from another workspace describes.

    `new.text` is the original text and `text` the edited one. `silver` and `disputed` name the schemes whose label has
    that grade. `parent` and `recording` are keys. The store only adds it: an utterance that the workspace has already
    stays as it is, with its tags.
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
    """One action of a person on many utterances; `count` utterances changed.

    `what` is {"do": "label", "scheme", "code"} or {"do": "tag" or "untag", "tag"}. It has the counts `already`
    (utterances that had it before; of these `same_call`, whose call got the label with another utterance of it) and
    `unfit` (utterances without a recording to label, or out of the corpus; the latter are `out`). Actions of earlier
    versions have no `same_call` and no `out`. An undo adds the counts `undone` and `since` (utterances that were
    decided on after the action, and so stay as they are).
    """

    id: int
    curator: str
    at: str
    what: Mapping[str, Any]
    count: int
    undone_at: str | None


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named state of the Corpus page; `query` maps each URL parameter to its values."""

    name: str
    query: Mapping[str, Sequence[str]]
    curator: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; `total` counts the matching utterances of all pages."""

    rows: tuple[Utterance, ...]
    total: int
