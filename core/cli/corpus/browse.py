"""The verbs `ingest aihub119`, `search` and `snapshot create`. With `--json` they answer:

- `ingest aihub119`: the document of `ingest audio` (`core.cli.imports.corpora`); it counts calls
- `search`: `{"query", "total", "utterances": [{"id", "key", "text", "original", "labels": {scheme: code}, "start_ms",
  "end_ms", "speaker", "recording_id", "version", ...}]}`, at most `--limit` of `total`, in the order of their ids
- `snapshot create`: `{"name", "scheme", "sha256", "created_at", "counts": {"n", "gold", "sides": {side: {code: n}},
  "report"}}`. With several schemes "scheme" and "sides" are those of the first, "counts" also holds "schemes":
  [scheme] and "targets": {scheme: {"n", "gold", "sides"}}, and "report" "targets": {scheme: {"left_out": {reason: n},
  "masked_conflicts", "masked_not_gold", "conflicts", "groups", "groups_by_side"}}. With `--unit call` "counts" also
  holds "unit".
"""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Filters, Json, answering, filter_pairs, table
from core.cli.imports.corpora import OnClashOption, run_import
from core.records import SnapshotInfo

MOST_COLUMNS = 10  # of classes; more stand one below the other

if TYPE_CHECKING:
    from core.workflows.imports.report import ImportResult, Progress
    from core.workflows.workspace import Workspace


def ingest_aihub119(
    paths: Annotated[list[Path], typer.Argument(help="Zips, extracted folders, single regions; several at once.")],
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML or JSON file: our fields and the keys of these labels.")
    ] = None,
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import AI Hub 119 calls. Known calls are compared; files that cannot be used are named in rejects.csv."""

    def run(ws: "Workspace", progress: "Progress") -> "ImportResult":
        from core.workflows.imports.aihub119 import ingest_aihub119

        return ingest_aihub119(ws, paths, progress, mapping=mapping, on_clash=on_clash)

    run_import(run, "calls", "calls", json)


def search(
    text: Annotated[str, typer.Argument(help="Any part of the text, or its initials (초성).")],
    filter: Filters = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The most utterances to show.")] = 20,
    json: Json = False,
) -> None:
    """Find utterances whose text contains TEXT and that match every --filter."""
    _utf8(text)
    filters = filter_pairs(filter)
    with answering(json) as reply:
        from core.workflows.corpus.browse import first_matches, read_filter
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        page = first_matches(ws, read_filter(ws, [f"text={text}", *filters]), limit)
        rows = [(u.id, u.key, u.text, ", ".join(f"{k}={v}" for k, v in u.labels.items())) for u in page.rows]
        reply.give(
            {"query": text, "total": page.total, "utterances": [asdict(u) for u in page.rows]},
            table("", ("id", "key", "text", "labels"), rows) if rows else "",
            f"{len(rows)} of {page.total} utterances that contain {text!r}",
        )


class Inputs(StrEnum):
    """What the models of a snapshot read."""

    text = "text"
    voice = "voice"
    both = "both"


class Conflicts(StrEnum):
    """What freezing does with equal texts of different classes."""

    keep = "keep"
    drop = "drop"
    majority = "majority"


class Official(StrEnum):
    """What freezing does with items that repeat across the sides of a published split."""

    keep = "keep"
    clean = "clean"


class Unit(StrEnum):
    """What an item of a snapshot is."""

    utterance = "utterance"
    call = "call"


def create_snapshot(
    name: Annotated[str, typer.Argument(help="The snapshot's name.")],
    scheme: Annotated[
        list[str], typer.Option(help="The scheme whose labels are frozen; repeat it for a snapshot of several schemes.")
    ],
    split: Annotated[str, typer.Option(help="Train/validation/test in percent, by group.")] = "70/15/15",
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
    inputs: Annotated[Inputs, typer.Option(help="What the models will read; what leaks depends on it.")] = Inputs.text,
    conflicts: Annotated[
        Conflicts, typer.Option(help="What to do with equal texts of different classes.")
    ] = Conflicts.keep,
    official: Annotated[
        Official | None,
        typer.Option(help="Take the published split: keep its repeats for a score as published, or clean them out."),
    ] = None,
    unit: Annotated[
        Unit, typer.Option(help="An item is an utterance, or a whole call: its turns joined, who spoke marked.")
    ] = Unit.utterance,
    sides_of: Annotated[
        str | None,
        typer.Option(metavar="SNAPSHOT", help="Keep its sides, for the student of a teacher trained on it."),
    ] = None,
    json: Json = False,
) -> None:
    """Freeze all items that have a label under a scheme, or under several, for training."""
    with answering(json) as reply:
        from core.workflows.snapshots import snapshot
        from core.workflows.workspace import open_workspace

        info = snapshot.create(
            open_workspace(), name, scheme, split, seed, inputs=inputs.value, conflicts=conflicts.value,
            official=None if official is None else official.value, unit=unit.value,
            sides_of=sides_of,
        )  # fmt: skip
        report = info.counts["report"]
        reply.give(
            asdict(info),
            f"snapshot {info.name}: {info.counts['n']} items of {', '.join(scheme)}, SHA-256 {info.sha256[:12]}",
            *_composition(info),
            *(f"note: {line}" for line in snapshot.explained(report)),
        )


def _composition(info: SnapshotInfo) -> list[Any]:
    """A table of groups and classes by side, one for each scheme."""
    report = info.counts["report"]
    parts = info.counts.get("targets", {"": info.counts})
    tables = []
    for name, counts in parts.items():
        sides = counts["sides"]
        groups = (report["targets"][name] if name else report)["groups_by_side"]
        codes = list(next(iter(sides.values())))
        if len(codes) > MOST_COLUMNS:
            rows: list[tuple[Any, ...]] = [("groups", *(groups[side] for side in sides))]
            rows += [(code, *(sides[side][code] for side in sides)) for code in codes]
            tables.append(table(name, ("class", *sides), rows))
        else:
            rows = [(side, groups[side], *(sides[side][code] for code in codes)) for side in sides]
            tables.append(table(name, ("side", "groups", *codes), rows))
    return tables


def _utf8(text: str) -> None:
    """Refuse a text that is not valid UTF-8, as a shell in another encoding passes it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("TEXT is not valid UTF-8") from None
