"""What copies of voices are made of: the plan of a run, and the clips that it takes.

A source is a labelled utterance with a usable voice that was imported, and that no published split holds out. Other
utterances are counted by a code of `LEFT_OUT`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core import filters
from core.audio.augmentation import DEFAULT, read_operations
from core.errors import InputError
from core.filters import Filter
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, Utterance
from core.schemes import SCHEMES, Scheme
from core.workflows.augment.published import held_out
from core.workflows.augment.sources import drawn
from core.workflows.workspace import Workspace

MOST = 20  # copies of one clip
LEFT_OUT: dict[str, Message] = {
    "copy": Message("a variant itself"),
    "no-voice": Message("no audio that can be judged by voice"),
    "short": Message("shorter than {least} ms", least=SHORTEST_VOICE_MS),
    "no-label": Message("no label that a copy may have"),
    "held-out": Message("held out by its published split"),
}


@dataclass(frozen=True, slots=True)
class VoicePlan:
    """What to make: `per` copies of each clip of `filter`, by `operations` in turn, as a person writes them.

    `limit`: at most so many clips, drawn with `seed`. `InputError` for a value out of range, `UnknownName` for an
    unknown transform.
    """

    filter: Filter = field(default_factory=Filter)
    operations: str = DEFAULT
    per: int = 1
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        read_operations(self.operations)
        if not 1 <= self.per <= MOST:
            raise InputError("{n} copies of a clip: it must be 1 to {most}", n=self.per, most=MOST)
        if self.limit is not None and self.limit < 1:
            raise InputError("limit {limit}: at least one clip must be drawn", limit=self.limit)
        if not 0 <= self.seed < 2**63:
            raise InputError("seed {seed}: it must be a whole number from 0 to 2**63 - 1", seed=self.seed)


def to_document(plan: VoicePlan) -> dict[str, Any]:
    """The plan as JSON can hold it."""
    return {"filter": filters.to_document(plan.filter), "operations": plan.operations, "per": plan.per,
            "limit": plan.limit, "seed": plan.seed}  # fmt: skip


def from_document(document: Mapping[str, Any]) -> VoicePlan:
    """The plan that `to_document` was given."""
    return VoicePlan(**dict(document) | {"filter": filters.from_document(document["filter"])})


def choose(ws: Workspace, plan: VoicePlan) -> tuple[list[Utterance], Counter[str]]:
    """The clips to copy, by id, and how many utterances of the filter are none, by reason."""
    matching = list(ws.store.corpus.every(replace(plan.filter, skipped=False)))
    hidden, usable = held_out(ws, [utterance.id for utterance in matching]), _Usable(ws)
    audio = {recording.id for recording in ws.store.corpus.recordings() if recording.path is not None}
    sources, left_out = list[Utterance](), Counter[str]()
    for utterance in matching:
        if (code := _reason(utterance, audio, hidden, usable)) is None:
            sources.append(utterance)
        else:
            left_out[code] += 1
    return drawn(sources, plan.limit, f"{plan.seed}\x1fvoices"), left_out


def _reason(utterance: Utterance, audio: set[int], hidden: set[int], usable: "_Usable") -> str | None:
    """Why an utterance is no source; None if it is one."""
    if utterance.origin == "augmented" or utterance.parent_id is not None:
        return "copy"
    if not utterance.voice_usable or utterance.end_ms is None or utterance.recording_id not in audio:
        return "no-voice"
    if duration_ms(utterance) < SHORTEST_VOICE_MS:
        return "short"
    if not usable.has_label(utterance):
        return "no-label"
    return "held-out" if utterance.id in hidden else None


class _Usable:
    """Says whether a snapshot would use a label. Grades are read when a scheme first occurs."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._grades: dict[str, dict[int, tuple[str, str]]] = {}

    def has_label(self, utterance: Utterance) -> bool:
        """Whether a label is usable: a disputed label is not, nor that of a call for the call-taker's words."""
        return any(self._usable(utterance, SCHEMES[name]) for name in utterance.labels if name in SCHEMES)

    def _usable(self, utterance: Utterance, scheme: Scheme) -> bool:
        if scheme.level == "recording" and utterance.speaker == "taker":
            return False
        if scheme.name not in self._grades:
            self._grades[scheme.name] = self._ws.store.corpus.grades(scheme.level, scheme.name)
        target = utterance.id if scheme.level == "utterance" else utterance.recording_id
        _, grade = self._grades[scheme.name].get(target or 0, ("", "disputed"))
        return grade != "disputed"


def duration_ms(utterance: Utterance) -> int:
    return (utterance.end_ms or 0) - (utterance.start_ms or 0)
