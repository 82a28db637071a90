"""Verbs about the corpus. `--json` answers:

- `ingest aihub119`: what `ingest audio` answers (`core.cli.imports.corpora`); calls are counted
- `search`: `{"query", "total", "utterances": [{"id", "key", "text", "original", "labels": {scheme: code}, "start_ms",
  "end_ms", "speaker", "recording_id", "version", ...}]}`, at most `--limit` of `total`, by id
- `snapshot create`: `{"name", "scheme", "sha256", "created_at", "counts": {"n", "gold", "sides": {side: {code: n}},
  "report"}}`
"""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Filters, Json, answering, pairs, table
from core.cli.imports.corpora import bring

if TYPE_CHECKING:
    from core.workflows.imports.report import Imported, Progress
    from core.workflows.workspace import Workspace


def ingest_aihub119(
    paths: Annotated[list[Path], typer.Argument(help="Zips, extracted folders, single regions; several at once.")],
    json: Json = False,
) -> None:
    """Import AI Hub 119 calls. Known calls add nothing; what cannot be used is named in rejects.csv."""

    def run(ws: "Workspace", progress: "Progress") -> "Imported":
        from core.workflows.imports.aihub119 import ingest_aihub119

        return ingest_aihub119(ws, paths, progress)

    bring(run, "calls", "calls", json)


def search(
    text: Annotated[str, typer.Argument(help="A part of the text: two syllables, one syllable, anything.")],
    filter: Filters = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most so many.")] = 20,
    json: Json = False,
) -> None:
    """Find utterances whose text contains TEXT; all of every --filter must hold too."""
    _utf8(text)
    given = pairs(filter)
    with answering(json) as reply:
        from core.workflows.corpus.browse import first_matches, read_filter
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        page = first_matches(ws, read_filter(ws, [f"text={text}", *given]), limit)
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


def create_snapshot(
    name: Annotated[str, typer.Argument(help="The snapshot's name.")],
    scheme: Annotated[str, typer.Option(help="Which labels to freeze.")],
    split: Annotated[str, typer.Option(help="Train/validation/test in percent, by group.")] = "70/15/15",
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
    inputs: Annotated[Inputs, typer.Option(help="What the models will read; what leaks depends on it.")] = Inputs.text,
    conflicts: Annotated[
        Conflicts, typer.Option(help="What to do with equal texts of different classes.")
    ] = Conflicts.keep,
    json: Json = False,
) -> None:
    """Freeze everything labelled under a scheme for training."""
    with answering(json) as reply:
        from core.workflows.models import snapshot
        from core.workflows.workspace import open_workspace

        info = snapshot.create(
            open_workspace(), name, scheme, split, seed, inputs=inputs.value, conflicts=conflicts.value
        )
        sides = info.counts["sides"]
        codes = list(next(iter(sides.values())))
        report = info.counts["report"]
        rows = [(side, report["groups_by_side"][side], *(sides[side][code] for code in codes)) for side in sides]
        reply.give(
            asdict(info),
            f"snapshot {info.name}: {info.counts['n']} items of {info.scheme}, SHA-256 {info.sha256[:12]}",
            table("", ("side", "groups", *codes), rows),
            *(f"note: {line}" for line in snapshot.explained(report)),
        )


def _utf8(text: str) -> None:
    """Refuse what no stored text can contain: half a character, from a shell in another encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("TEXT is not valid UTF-8") from None
