"""Verbs about runs that exist, and about what can be trained. With `--json` they answer:

- `runs use`: `{"run", "scheme", "modality", "chosen_by", "chosen_at"}`
- `export-run`: `{"run", "file", "sha256", "bytes", "files": {name: bytes}}`
- `import-run`: `{"run", "scheme", "modality", "snapshot", "state": "added" | "known", "scheme_state": "known" |
  "proposed"}`
- `recipes`: `{"recipes": [{"recipe", "modality", "inputs", "schemes", "speakers", "default_encoder", "encoders":
  [{"encoder", "installed", "install", "settings": [{"name", "type", "default", "meaning"}] or null}]}]}`; no scheme
  means any
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.frame import Json, answering, table

Run = Annotated[str, typer.Argument(help="A run's id, as `runs list` shows it.")]


def use_run(run: Run, json: Json = False) -> None:
    """Let RUN serve its scheme from now on, in place of the run that did."""
    with answering(json) as reply:
        from core.workflows.models import in_use
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        choice = in_use.use(ws, run, ws.settings.curator)
        reply.give(
            {
                "run": choice.run_id, "scheme": choice.scheme, "modality": choice.modality,
                "chosen_by": choice.chosen_by, "chosen_at": choice.chosen_at,
            },
            f"run {choice.run_id} serves {choice.scheme} by {choice.modality} from now on",
        )  # fmt: skip


def export_run(
    run: Run, file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="Where to write.")], json: Json = False
) -> None:
    """Write RUN to a zip that another workspace can import. No utterance goes along."""
    with answering(json) as reply:
        from core.workflows.handover.export import export_run as write
        from core.workflows.workspace import open_workspace

        written = write(open_workspace(), run, file)
        rows = [(name, f"{size:,}") for name, size in written["files"].items()]
        reply.give(written, f"{written['file']}: {written['bytes']:,} bytes", table("", ("file", "bytes"), rows))


def import_run(
    path: Annotated[Path, typer.Argument(help="A zip that `export-run` wrote, or the folder of a run.")],
    json: Json = False,
) -> None:
    """Add a run of another workspace. It predicts here; its snapshot is not here."""
    with answering(json) as reply:
        from core.workflows.handover.imports import import_run as bring_in
        from core.workflows.workspace import open_workspace

        done = bring_in(open_workspace(), path)
        info = done.run
        lines = [f"run {info.id} is {done.state}: it predicts {info.scheme} by {info.modality}"]
        if done.state == "added":
            lines.append(f"its snapshot {info.snapshot} is not here, so its scores cannot be followed to utterances")
            lines.append(f"to let it serve: python -m core runs use {info.id}")
        if done.scheme == "proposed":
            lines.append(
                f"scheme {info.scheme} came along and is proposed: python -m core schemes confirm {info.scheme}"
            )
        reply.give(
            {
                "run": info.id, "scheme": info.scheme, "modality": info.modality, "snapshot": info.snapshot,
                "state": done.state, "scheme_state": done.scheme,
            },
            *lines,
        )  # fmt: skip


def recipes(json: Json = False) -> None:
    """Show what can be trained: recipes, their encoders, and what each setting means."""
    with answering(json) as reply:
        from core.workflows.models.recipes import described

        known = described()
        columns = ("recipe", "reads", "schemes", "speakers", "encoders (* default)")
        rows = [
            (r["recipe"], r["modality"], ", ".join(r["schemes"]) or "any", ", ".join(r["speakers"]) or "all",
             "\n".join(_encoder(r, e) for e in r["encoders"]))
            for r in known
        ]  # fmt: skip
        reply.give({"recipes": known}, table("", columns, rows), *_settings(known))


def _encoder(recipe: dict[str, Any], encoder: dict[str, Any]) -> str:
    mark = " *" if encoder["encoder"] == recipe["default_encoder"] else ""
    state = "" if encoder["installed"] else f" (not installed: {encoder['install']})"
    return f"{encoder['encoder']}{mark}{state}"


def _settings(known: list[dict[str, Any]]) -> list[Any]:
    """One table of settings for each installed encoder, named by the recipes that share it."""
    tables: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
    for recipe in known:
        for encoder in recipe["encoders"]:
            rows = [(s["name"], s["type"], s["default"], s["meaning"]) for s in encoder["settings"] or ()]
            tables.setdefault(f"{encoder['encoder']}{rows}", ([encoder["encoder"]], rows))[0].append(recipe["recipe"])
    columns = ("setting", "type", "default", "meaning")
    return [table(f"{names[0]} ({', '.join(names[1:])})", columns, rows) for names, rows in tables.values() if rows]
