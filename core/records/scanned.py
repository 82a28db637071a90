"""The records that an audit of the corpus reads: of each utterance and recording, only the fields that checks need.

They are part of `core.records`, which names them too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ScannedUtterance:
    """The fields of an utterance that a quality audit reads; `labels` does not include those of its recording.

    `sides`: the sides of a published split that its tags name.
    """

    id: int
    recording_id: int | None
    text: str
    group: str
    origin: str
    labels: Mapping[str, str] = field(default_factory=dict)
    source_id: int = 0
    sides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScannedSpan:
    """The span of one utterance of a `ScannedRecording`."""

    id: int
    start_ms: int
    end_ms: int
    speaker: str | None


@dataclass(frozen=True, slots=True)
class ScannedRecording:
    """The fields of a recording that a quality audit reads; `spans` are ordered by start.

    `sides`: the sides of a published split that the tags of its utterances name.
    """

    id: int
    key: str
    source_id: int
    path: str | None
    sha256: str | None
    duration_ms: int
    sample_rate_hz: int | None
    spans: tuple[ScannedSpan, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    sides: tuple[str, ...] = ()
