"""What an import did, the same for every format, and as JSON: a job keeps it, so that a reload still shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.messages import Message, message_from_json, message_to_json
from core.records import Clash, Difference
from core.workflows.imports.clashes import SHOWN_CLASHES
from core.workflows.imports.report import ImportResult
from core.workflows.imports.tables.table import TableImport
from core.workflows.workspace import Workspace

SHOWN_SKIPS = 100


@dataclass(frozen=True, slots=True)
class SkippedPart:
    """A file, or a row of a table, that could not be used, and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class MissingSound:
    """A recording whose audio was not found, why, and the files that its name may mean."""

    name: str
    reason: str
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did. `read` are the rows, calls or files that it read; `added`, `known` and `clashed` count items.

    `skipped` are the first parts that could not be used, `rejected` counts all, `rejects` is the file that lists them,
    relative to the workspace ("" for none). `sentences` say how rows were grouped, `notes` what else is remarkable,
    each with its number. `proposed` are schemes that wait for a person; `proposals` counts the suggestions in `batch`.
    """

    source: str
    read: int
    added: int
    known: int
    clashed: int
    rejected: int
    labels_added: int
    sentences: tuple[str, ...]
    notes: tuple[tuple[str, int], ...]
    skipped: tuple[SkippedPart, ...]
    rejects: str
    proposed: tuple[str, ...]
    clashes: tuple[Clash, ...]
    differing: Mapping[str, int]
    proposals: int
    batch: str | None
    missing: tuple[MissingSound, ...] = ()


def of_result(ws: Workspace, result: ImportResult, source: str) -> Outcome:
    """The outcome of an import by batches; `source` is the name of the corpus."""
    report = result.report
    n_skipped = len(report.skipped)
    return Outcome(
        source, report.added + report.known + report.clashed, report.added, report.known, report.clashed,
        n_skipped, report.labels_added, (), tuple(report.notes.items()),
        tuple(SkippedPart(skip.where, skip.reason) for skip in report.skipped[:SHOWN_SKIPS]),
        _inside(ws, result.rejects), result.proposed, tuple(report.clashes[:SHOWN_CLASHES]), dict(report.differing),
        result.proposals, result.batch,
    )  # fmt: skip


def of_table(ws: Workspace, result: TableImport, proposed: Sequence[str]) -> Outcome:
    """The outcome of a table, counted in rows; `proposed` are those of its schemes that wait for a person."""
    return Outcome(
        result.source, result.rows, result.added, result.known, result.clashed, result.rejected, result.labels_added,
        tuple(result.grouping.sentences()), tuple(result.notes.items()),
        tuple(SkippedPart(Message("row {n}", n=f"{row.row:,}"), row.reason) for row in result.skipped),
        _inside(ws, result.rejects), tuple(proposed), tuple(result.clashes[:SHOWN_CLASHES]), dict(result.differing),
        result.proposals, result.batch,
        tuple(MissingSound(sound.name, sound.reason, tuple(sound.near)) for sound in result.audio_missing),
    )  # fmt: skip


def _inside(ws: Workspace, path: Path | None) -> str:
    """The path of a file relative to the workspace; "" for none."""
    home = ws.settings.home
    if path is None:
        return ""
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.name


def to_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON; messages keep their template and fields."""
    return {
        "source": outcome.source, "read": outcome.read, "added": outcome.added, "known": outcome.known,
        "clashed": outcome.clashed, "rejected": outcome.rejected, "labels_added": outcome.labels_added,
        "sentences": [message_to_json(text) for text in outcome.sentences],
        "notes": [[message_to_json(text), n] for text, n in outcome.notes],
        "skipped": [[message_to_json(part.where), message_to_json(part.reason)] for part in outcome.skipped],
        "rejects": outcome.rejects, "proposed": list(outcome.proposed),
        "clashes": [_clash_to_json(clash) for clash in outcome.clashes],
        "differing": dict(outcome.differing), "proposals": outcome.proposals, "batch": outcome.batch,
        "missing": [[sound.name, message_to_json(sound.reason), list(sound.near)] for sound in outcome.missing],
    }  # fmt: skip


def from_json(document: Mapping[str, Any]) -> Outcome:
    """The outcome that `to_json` was given."""
    messages = message_from_json
    values = dict(document) | {
        "sentences": tuple(messages(text) for text in document["sentences"]),
        "notes": tuple((messages(text), int(n)) for text, n in document["notes"]),
        "skipped": tuple(SkippedPart(messages(where), messages(reason)) for where, reason in document["skipped"]),
        "proposed": tuple(document["proposed"]),
        "clashes": tuple(_clash_from_json(clash) for clash in document["clashes"]),
        "missing": tuple(MissingSound(name, messages(reason), tuple(near)) for name, reason, near in
                         document["missing"]),
    }  # fmt: skip
    return Outcome(**values)


def _clash_to_json(clash: Clash) -> dict[str, Any]:
    return {
        "key": clash.key, "utterance_id": clash.utterance_id, "recording_id": clash.recording_id,
        "where": message_to_json(clash.where), "differences": [asdict(part) for part in clash.differences],
    }  # fmt: skip


def _clash_from_json(document: Mapping[str, Any]) -> Clash:
    return Clash(
        document["key"], document["utterance_id"], document["recording_id"], message_from_json(document["where"]),
        tuple(Difference(**part) for part in document["differences"]),
    )  # fmt: skip
