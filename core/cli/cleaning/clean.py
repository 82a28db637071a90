"""The verb `clean`, which makes suggestions for cleaner texts. With `--json` it answers:

- `clean`: `{"run", "utterances": n, "steps": [{"step", "open", "accepted": n applied by themselves,
  "rejected"}], "left_out": {step: reason}, "applied": {"accepted": n, "rebased": n of these whose text another step had
  changed, "anew": n made again and waiting, "refused": {reason: n}, "already": n decided before}}`. A suggestion that
  was made before is not made again
- `clean --dry-run`: `{"utterances", "steps": [{"step", "found": n, "samples": [{"id", "before", "after": null where
  the utterance would be left out, "reason", "confidence"}, the first 20]}], "left_out"}`; nothing is written
- `clean --undo RUN`: `{"run", "undone": n, "left": n that somebody has decided on since}`
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Json, Reply, answering, progress_bar, table

if TYPE_CHECKING:
    from core.cleaning import Plan
    from core.filters import Filter
    from core.workflows.workspace import Workspace

SHOWN = 3


def clean(
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A cleaning plan (TOML); by default the workspace's, else the bundled one."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count suggestions and show samples; write nothing.")
    ] = False,
    filter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="The filters of the Corpus page: text, speaker, origin, chars=10-50, any scheme."
        ),
    ] = None,
    undo: Annotated[str | None, typer.Option(metavar="RUN", help="Take back all changes of a cleaning run.")] = None,
    json: Json = False,
) -> None:
    """Suggest cleaner texts for a curator to accept: tags, laughter, spacing, spelling, personal data, copies."""
    for pair in filter or ():
        if "=" not in pair:
            raise typer.BadParameter(f"--filter {pair}: expected KEY=VALUE")
    if undo is not None and (plan is not None or dry_run or filter):
        raise typer.BadParameter("--undo takes no plan, filter or --dry-run")
    with answering(json) as reply:
        from core.cleaning import read
        from core.workflows.cleaning import plan as clean_plan
        from core.workflows.corpus.browse import read_filter
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        if undo is not None:
            _undo(reply, ws, undo)
            return
        chosen_plan = read(plan) if plan is not None else clean_plan.load(ws)
        (_preview if dry_run else _suggest)(reply, ws, chosen_plan, read_filter(ws, filter or []))


def _suggest(reply: Reply, ws: "Workspace", plan: "Plan", wanted: "Filter") -> None:
    from core.workflows.cleaning import run as cleaning_runs

    with progress_bar("clean") as show_progress:
        result = cleaning_runs.run(ws, plan, wanted, ws.settings.curator, progress=show_progress)
    no_proposals = {"open": 0, "accepted": 0, "rejected": 0}
    steps = [
        {"step": step.name, **result.steps.get(step.name, no_proposals)}
        for step in plan.steps
        if step.name not in result.run.left_out
    ]
    answer = {
        "run": result.run.id,
        "utterances": result.run.utterances,
        "steps": steps,
        "left_out": result.run.left_out,
    }
    answer["applied"] = asdict(result.applied)
    reply.give(
        answer,
        f"run {result.run.id}: {result.run.utterances:,} utterances; take it back with --undo {result.run.id}",
        table("", ("step", "waiting", "applied itself", "fit no more"), [tuple(row.values()) for row in steps]),
        *(f"left out: {name}: {why}" for name, why in result.run.left_out.items()),
    )


def _preview(reply: Reply, ws: "Workspace", plan: "Plan", wanted: "Filter") -> None:
    from core.workflows.cleaning import run as cleaning_runs

    with progress_bar("clean") as show_progress:
        preview = cleaning_runs.preview(ws, plan, wanted, progress=show_progress)
    steps = [
        {
            "step": name, "found": n,
            "samples": [
                {"id": sample.utterance_id, "before": sample.before, "after": sample.after, "reason": sample.reason,
                 "confidence": sample.confidence}
                for sample in preview.samples[name]
            ],
        }
        for name, n in preview.counts.items()
    ]  # fmt: skip
    rows = [
        (name, sample.utterance_id, sample.before, "" if sample.after is None else sample.after, sample.reason)
        for name in preview.counts
        for sample in preview.samples[name][:SHOWN]
    ]
    reply.give(
        {"utterances": preview.utterances, "steps": steps, "left_out": dict(preview.left_out)},
        f"{preview.utterances:,} utterances looked at; nothing was written",
        table("", ("step", "found"), list(preview.counts.items())),
        *([table("", ("step", "utterance", "text", "would be", "why"), rows)] if rows else []),
        *(f"left out: {name}: {why}" for name, why in preview.left_out.items()),
    )


def _undo(reply: Reply, ws: "Workspace", run_id: str) -> None:
    from core.workflows.cleaning import run as cleaning_runs

    undone, left = cleaning_runs.undo(ws, run_id, ws.settings.curator)
    reply.give(
        {"run": run_id, "undone": undone, "left": left},
        f"{undone:,} changes taken back, {left:,} left because somebody decided on them since",
    )
