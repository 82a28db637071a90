"""What every format writes: one Line an utterance, and the columns that tables have.

`COLUMNS` are those of CSV and JSONL; schemes of the workspace come after them, then `_silver` and `_disputed` (with
commas, the schemes under which a machine gave the label, and those under which curators answered differently, so that
it is nothing to train on) and `_tags` (a JSON list), each where the workspace has such a thing. Parquet and `datasets`
hold the `FULL` columns after those, too; no scheme's name begins with a low line, so they never collide. A Snapshot has
columns of its own, since what it froze is not what the utterances are now.
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
class Opinion:
    """What a model said of an utterance; `confidence` in [0, 1], `model` the id of a Run."""

    model: str
    scheme: str
    code: str
    confidence: float
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Line:
    """`values` holds every column by name. `audio` is the recording's file, None where there is none."""

    values: Mapping[str, Any]
    recording: Recording | None = None
    audio: Path | None = None
    opinions: tuple[Opinion, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written: `columns` of a plain table, `full` of a format that holds everything.

    `frozen` is the scheme of a Snapshot, None for the corpus as it is; `licences` are those of all sources.
    """

    schemes: tuple[Scheme, ...]
    columns: tuple[str, ...]
    full: tuple[str, ...]
    frozen: Scheme | None = None
    licences: tuple[str, ...] = ()


@dataclass(slots=True)
class Written:
    """`utterances` were written; `left_out` counts what the format could not take, by reason."""

    utterances: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, why: str) -> None:
        self.left_out[why] = self.left_out.get(why, 0) + 1


def corpus_plan(schemes: Iterable[Scheme], has: Collection[str], licences: Sequence[str]) -> Plan:
    """Of utterances as they are now; `schemes` are all that the workspace knows, the bundled ones first.

    `has`: which of `SILVER`, `DISPUTED`, `TAGS` there are any of.
    """
    known = tuple(schemes)
    own = [one.name for one in known if one.name not in COLUMNS]
    marks = (SILVER, DISPUTED, TAGS)
    columns = (*COLUMNS, *own, *(mark for mark in marks if mark in has))
    full = (*COLUMNS, *own, *marks, *FULL)
    return Plan(known, columns, full, None, tuple(licences))


def frozen_plan(scheme: Scheme) -> Plan:
    """Of what a Snapshot froze."""
    return Plan((scheme,), FROZEN, FROZEN, scheme)
