"""What every format writes: one Line per utterance, and the columns of tables.

`COLUMNS` are the columns of CSV and JSONL. After them come the schemes of the workspace, then, if the workspace has
such values, `_silver` (the schemes whose label a machine gave), `_disputed` (the schemes under which curators disagree,
so that the label must not be trained on), both separated by commas, and `_tags` (a JSON list). Parquet and `datasets`
also hold the `FULL` columns. No name of a scheme begins with `_`, so names never collide. A Snapshot has its own
columns, `FROZEN`, since its samples may differ from the utterances as they are now.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.records import Recording
from core.schemes import SCHEMES, Scheme

FIXED = (
    "id", "key", "recording_id", "parent_id", "start_ms", "end_ms", "speaker", "origin", "group", "version",
    "voice_usable", "skipped", "text", "original",
)  # fmt: skip
COLUMNS = (*FIXED, *SCHEMES.bundled)
SILVER, DISPUTED, TAGS = "_silver", "_disputed", "_tags"
FULL = (
    "_parent", "_source", "_licence", "_meta", "_recording", "_recording_ms", "_recording_hz", "_recording_sha256",
    "_recording_meta",
)  # fmt: skip
FROZEN = (
    "id", "key", "recording", "start_ms", "end_ms", "speaker", "group", "text", "scheme", "code", "label", "gold",
    "side",
)  # fmt: skip
INTEGERS = (
    "id",
    "recording_id",
    "parent_id",
    "start_ms",
    "end_ms",
    "version",
    "_recording_ms",
    "_recording_hz",
    "label",
)
BOOLEANS = ("voice_usable", "skipped", "gold")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model predicts for an utterance. `model` is the id of a Run, `confidence` is in [0, 1]."""

    model: str
    scheme: str
    code: str
    confidence: float
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance to write. `values` holds each column by name; `audio` is the recording's file, None without one."""

    values: Mapping[str, Any]
    recording: Recording | None = None
    audio: Path | None = None
    predictions: tuple[Prediction, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written: `columns` by a plain table, `full` by a format that holds everything.

    `frozen` is the scheme of a Snapshot, None for the corpus as it is now; `licences` are the licences of all sources.
    """

    schemes: tuple[Scheme, ...]
    columns: tuple[str, ...]
    full: tuple[str, ...]
    frozen: Scheme | None = None
    licences: tuple[str, ...] = ()


@dataclass(slots=True)
class ExportReport:
    """How many utterances were written; `left_out` counts by reason what the format cannot hold."""

    utterances: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str) -> None:
        """Count one utterance, clip or recording that is left out, by its reason."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def corpus_plan(schemes: Iterable[Scheme], has: Collection[str], licences: Sequence[str]) -> Plan:
    """The plan for utterances as they are now. `schemes` are all schemes of the workspace, the bundled ones first.

    `has`: which of the columns `SILVER`, `DISPUTED`, `TAGS` have any value.
    """
    all_schemes = tuple(schemes)
    own_names = [s.name for s in all_schemes if s.name not in COLUMNS]
    marks = (SILVER, DISPUTED, TAGS)
    columns = (*COLUMNS, *own_names, *(mark for mark in marks if mark in has))
    full = (*COLUMNS, *own_names, *marks, *FULL)
    return Plan(all_schemes, columns, full, None, tuple(licences))


def frozen_plan(scheme: Scheme) -> Plan:
    """The plan for the samples of a Snapshot."""
    return Plan((scheme,), FROZEN, FROZEN, scheme)
