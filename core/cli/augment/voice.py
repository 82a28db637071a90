"""The verb `augment voice`, which makes changed copies of voices. With `--json` it answers:

- `augment voice`: `{"batch", "sources": n clips, "added": n new copies, "known": n made before, "refused": {code: n
  copies}, "left_out": {code: n utterances}, "skipped": [{"utterance", "reason"}]}`
- `augment voice --dry-run`: `{"sources", "copies": n at most, "seconds": of sound, "left_out"}`; nothing is written
- `augment voice --list`: `{"batches": [{"batch", "made_at", "by", "operations": {name: n}, "taken_out": n}]}`
- `augment voice --undo BATCH`: `{"batch", "undone": n, "left": n that somebody has decided on since,
  "audio_kept": n files of copies taken back that a snapshot reads}`
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Filters, Json, Reply, answering, filter_pairs, progress_bar, table

if TYPE_CHECKING:
    from core.workflows.augment.voice import VoicePlan
    from core.workflows.workspace import Workspace


def augment_voice(
    filter: Filters = None,
    operations: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Such as speed=0.9..1.1,telephone+noise=10..20: commas between alternatives, + between what one copy "
            "gets. Known: speed, pitch, gain, telephone, noise, reverberation, specaugment; by default each alone.",
        ),
    ] = None,
    per: Annotated[int, typer.Option(metavar="N", help="Copies of each clip.")] = 1,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Copy at most so many clips, drawn by chance.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same copies.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count clips and copies; write nothing.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show the batches of copies that were made.")] = False,
    undo: Annotated[str | None, typer.Option(metavar="BATCH", help="Take back all copies of a batch.")] = None,
    json: Json = False,
) -> None:
    """Make changed copies of labelled voices as recordings; snapshots hold them beside their clip, in training only."""
    pairs = filter_pairs(filter)
    if (undo is not None or list_) and (pairs or operations or dry_run or limit or (undo is not None and list_)):
        raise typer.BadParameter("--undo and --list take no plan")
    with answering(json) as reply:
        from core.workflows.augment.voice import DEFAULT, VoicePlan
        from core.workflows.corpus.browse import read_filter
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        if undo is not None:
            _undo(reply, ws, undo)
        elif list_:
            _list(reply, ws)
        else:
            plan = VoicePlan(read_filter(ws, pairs), operations or DEFAULT, per, limit, seed)
            (_preview if dry_run else _copy)(reply, ws, plan)


def _copy(reply: Reply, ws: "Workspace", plan: "VoicePlan") -> None:
    from core.workflows.augment import voice

    with progress_bar("augment") as show_progress:
        result = voice.run(ws, plan, ws.settings.curator, progress=show_progress)
    skipped = [{"utterance": skip.where, "reason": str(skip.reason)} for skip in result.skipped]
    reply.give(
        {
            "batch": result.batch, "sources": result.sources, "added": result.added, "known": result.known,
            "refused": dict(result.refused), "left_out": dict(result.left_out), "skipped": skipped,
        },
        f"batch {result.batch}: {result.added:,} copies of {result.sources:,} clips, {result.known:,} known; take them "
        f"back with --undo {result.batch}",
        *_counted(result.refused, "refused copies"),
        *_counted(result.left_out, "utterances left out"),
        *(f"left out: {skip['utterance']}: {skip['reason']}" for skip in skipped[:5]),
    )  # fmt: skip


def _preview(reply: Reply, ws: "Workspace", plan: "VoicePlan") -> None:
    from core.workflows.augment import voice

    seen = voice.preview(ws, plan, heard=0)
    reply.give(
        {"sources": seen.sources, "copies": seen.copies, "seconds": seen.seconds, "left_out": dict(seen.left_out)},
        f"{seen.sources:,} clips give at most {seen.copies:,} copies, {seen.seconds:,} s of sound; nothing was written",
        *_counted(seen.left_out, "utterances left out"),
    )


def _list(reply: Reply, ws: "Workspace") -> None:
    from core.workflows.augment import voice

    batches: list[dict[str, Any]] = [
        {"batch": b.id, "made_at": b.made_at, "by": b.by, "operations": b.operations, "taken_out": b.taken_out}
        for b in voice.batches(ws)
    ]
    rows = [(*list(b.values())[:3], ", ".join(f"{k} {n:,}" for k, n in b["operations"].items()), b["taken_out"])
            for b in batches]  # fmt: skip
    shown = table("", ("batch", "made", "by", "copies", "taken out"), rows) if rows else "No copy was made yet."
    reply.give({"batches": batches}, shown)


def _undo(reply: Reply, ws: "Workspace", batch: str) -> None:
    from core.workflows.augment import voice

    taken = voice.undo(ws, batch)
    reply.give(
        {"batch": batch, "undone": taken.undone, "left": taken.left, "audio_kept": taken.audio_kept},
        f"{taken.undone:,} copies taken back, {taken.left:,} left because somebody decided on them since; "
        f"{taken.audio_kept:,} audio files kept because a snapshot reads them",
    )


def _counted(counts: Any, title: str) -> list[Any]:
    """A table of codes in words; nothing where nothing was counted."""
    from core.workflows.augment import voice

    return [table(title, ("reason", "n"), [(voice.reason(code), n) for code, n in counts.items()])] if counts else []
