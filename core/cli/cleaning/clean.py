"""The verb that cleans by suggestion. `--json` answers:

- `clean`: `{"run", "utterances": n, "steps": [{"step", "open", "accepted": applied by itself, "rejected"}],
  "left_out": {step: why}, "applied": {"accepted", "rebased": of these, on a text that another step had changed, "anew":
  made anew and waiting, "refused": {reason: n}, "already": decided before}}`; suggestions that were made before are
  not made again
- `clean --dry-run`: `{"utterances", "steps": [{"step", "found": n, "samples": [{"id", "before", "after": null where
  the utterance would be left out, "reason", "confidence"}, the first 20]}], "left_out"}`; nothing is written
- `clean --undo RUN`: `{"run", "undone": n, "left": n, because somebody decided on them since}`
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
        typer.Option(metavar="FILE", help="A cleaning plan (TOML); else the workspace's, else the bundled."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and show samples; write nothing.")] = False,
    filter: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="As the Corpus page: text, speaker, origin, chars=10-50, any scheme."),
    ] = None,
    undo: Annotated[str | None, typer.Option(metavar="RUN", help="Take back all that a run wrote.")] = None,
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
        chosen = read(plan) if plan is not None else clean_plan.load(ws)
        (_look if dry_run else _run)(reply, ws, chosen, read_filter(ws, filter or []))


def _run(reply: Reply, ws: "Workspace", plan: "Plan", wanted: "Filter") -> None:
    from core.workflows.cleaning import run as work

    with progress_bar("clean") as tell:
        done = work.run(ws, plan, wanted, ws.settings.curator, progress=tell)
    none = {"open": 0, "accepted": 0, "rejected": 0}
    steps = [
        {"step": step.name, **done.steps.get(step.name, none)}
        for step in plan.steps
        if step.name not in done.run.left_out
    ]
    answer = {"run": done.run.id, "utterances": done.run.utterances, "steps": steps, "left_out": done.run.left_out}
    answer["applied"] = asdict(done.applied)
    reply.give(
        answer,
        f"run {done.run.id}: {done.run.utterances:,} utterances; take it back with --undo {done.run.id}",
        table("", ("step", "waiting", "applied itself", "fit no more"), [tuple(row.values()) for row in steps]),
        *(f"left out: {name}: {why}" for name, why in done.run.left_out.items()),
    )


def _look(reply: Reply, ws: "Workspace", plan: "Plan", wanted: "Filter") -> None:
    from core.workflows.cleaning import run as work

    with progress_bar("clean") as tell:
        seen = work.look(ws, plan, wanted, progress=tell)
    steps = [
        {
            "step": name, "found": n,
            "samples": [
                {"id": one.utterance_id, "before": one.before, "after": one.after, "reason": one.reason,
                 "confidence": one.confidence}
                for one in seen.samples[name]
            ],
        }
        for name, n in seen.found.items()
    ]  # fmt: skip
    rows = [
        (name, one.utterance_id, one.before, "" if one.after is None else one.after, one.reason)
        for name in seen.found
        for one in seen.samples[name][:SHOWN]
    ]
    reply.give(
        {"utterances": seen.utterances, "steps": steps, "left_out": dict(seen.left_out)},
        f"{seen.utterances:,} utterances looked at; nothing was written",
        table("", ("step", "found"), list(seen.found.items())),
        *([table("", ("step", "utterance", "text", "would be", "why"), rows)] if rows else []),
        *(f"left out: {name}: {why}" for name, why in seen.left_out.items()),
    )


def _undo(reply: Reply, ws: "Workspace", run_id: str) -> None:
    from core.workflows.cleaning import run as work

    undone, left = work.undo(ws, run_id, ws.settings.curator)
    reply.give(
        {"run": run_id, "undone": undone, "left": left},
        f"{undone:,} changes taken back, {left:,} left because somebody decided on them since",
    )
