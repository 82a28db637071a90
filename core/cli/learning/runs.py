"""Verbs about runs that exist, and about what can be trained. With `--json` they answer:

- `runs use`: `{"run", "scheme", "modality", "chosen_by", "chosen_at"}`
- `export-run`: `{"run", "file", "sha256", "bytes", "files": {name: bytes}}`
- `import-run`: `{"run", "scheme", "modality", "snapshot", "state": "added" | "known", "scheme_state": "known" |
  "proposed"}`
- `recipes`: `{"recipes": [{"recipe", "source", "modality", "inputs", "targets", "schemes", "unit", "speakers",
  "default_encoder", "usual_encoder", "any_encoder", "encoders": [{"encoder", "architecture", "checkpoint", "installed",
  "available", "install", "settings": [{"name", "type", "default", "meaning"}] or null}], "default_preset", "presets":
  [{"preset", "settings": {architecture: {setting: value}}}]}], "errors": [sentence]}`; no scheme means any; `errors`
  tells of files in the workspace's folder `recipes` that cannot be used
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.frame import Json, Reply, answering, table

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
    path: Annotated[
        str,
        typer.Argument(metavar="PATH_OR_ID", help="A zip of `export-run`, a run's folder, or a published classifier."),
    ],
    scheme: Annotated[str | None, typer.Option(help="Of a published classifier: the scheme that it answers.")] = None,
    snapshot: Annotated[
        str | None, typer.Option(help="Of a published classifier: the snapshot that calibrates and tests it.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="THEIRS=OURS", help="What one of its labels means; may be repeated.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting of it.")] = None,
    json: Json = False,
) -> None:
    """Add a run of another workspace, or a published classifier of transformers. It predicts here.

    A published classifier is a folder (or a hub id in the cache) with config.json and safetensors.
    """
    pairs, settings = _pairs("--label", label), _pairs("--set", set_)
    with answering(json) as reply:
        from core.workflows.handover.imports import import_run as bring_in
        from core.workflows.workspace import open_workspace

        if scheme is not None or snapshot is not None:
            _published(reply, path, scheme, snapshot, pairs, settings)
            return
        imported = bring_in(open_workspace(), Path(path))
        info = imported.run
        lines = [f"run {info.id} is {imported.state}: it predicts {info.scheme} by {info.modality}"]
        if imported.state == "added":
            lines.append(f"its snapshot {info.snapshot} is not here, so its scores cannot be followed to utterances")
            lines.append(f"to let it serve: python -m core runs use {info.id}")
        if imported.scheme == "proposed":
            lines.append(
                f"scheme {info.scheme} came along and is proposed: python -m core schemes confirm {info.scheme}"
            )
        reply.give(
            {
                "run": info.id, "scheme": info.scheme, "modality": info.modality, "snapshot": info.snapshot,
                "state": imported.state, "scheme_state": imported.scheme,
            },
            *lines,
        )  # fmt: skip


def _published(
    reply: Reply,
    path: str,
    scheme: str | None,
    snapshot: str | None,
    labels: dict[str, str],
    settings: dict[str, str],
) -> None:
    from core.workflows.handover.published import import_published
    from core.workflows.workspace import open_workspace

    if scheme is None or snapshot is None:
        raise typer.BadParameter("a published classifier needs both --scheme and --snapshot")
    info = import_published(open_workspace(), path, scheme, snapshot, labels, settings)
    test = info.metrics["test"]
    reply.give(
        {
            "run": info.id, "scheme": info.scheme, "modality": info.modality, "snapshot": info.snapshot,
            "state": "added", "scheme_state": "known",
        },
        f"run {info.id} is added: it predicts {info.scheme} by {info.modality}",
        f"macro-F1 {test['macro_f1']['value']:.3f} on the test side of {info.snapshot} (n = {test['n']}); whether its "
        "makers trained on these items is not known",
    )  # fmt: skip


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given or ()]
    if wrong := next((pair[0] for pair in pairs if not (pair[0] and pair[1] and pair[2])), None):
        raise typer.BadParameter(f"{option} {wrong}: expected NAME=VALUE")
    return {theirs: ours for theirs, _, ours in pairs}


def recipes(json: Json = False) -> None:
    """Show what can be trained: recipes, their encoders and presets, and what each setting means."""
    with answering(json) as reply:
        from core.workflows.models.recipes import broken, described

        documents, errors = described(), broken()
        columns = ("recipe", "reads", "targets", "learns", "speakers", "encoders (* usual)", "presets")
        rows = [
            (r["recipe"], " and ".join(r["inputs"]), ", ".join(r["targets"]) or "any", ", ".join(r["schemes"]) or "any",
             ", ".join(r["speakers"]) or "all", "\n".join(_encoders(r)), "\n".join(_presets(r)))
            for r in documents
        ]  # fmt: skip
        shown = [table("", columns, rows), *errors, *_presets_shown(documents), *_settings(documents)]
        reply.give({"recipes": documents, "errors": errors}, *shown)


def _encoders(recipe: dict[str, Any]) -> list[str]:
    lines = [_encoder(recipe, encoder) for encoder in recipe["encoders"]]
    return [*lines, f"OWNER/NAME or FOLDER ({recipe['any_encoder']})"] if recipe["any_encoder"] else lines


def _encoder(recipe: dict[str, Any], encoder: dict[str, Any]) -> str:
    mark = " *" if encoder["encoder"] == recipe["usual_encoder"] else ""
    state = "" if encoder["installed"] else f" (not installed: {encoder['install']})"
    return f"{encoder['encoder']}{mark}{state or ('' if encoder['available'] else ' (weights not here)')}"


def _presets(recipe: dict[str, Any]) -> list[str]:
    return [preset["preset"] for preset in recipe["presets"]]


def _presets_shown(known: list[dict[str, Any]]) -> list[Any]:
    """One table with the values of every preset that has some."""
    rows = [
        (
            recipe["recipe"],
            preset["preset"],
            architecture,
            " ".join(f"{name}={value}" for name, value in values.items()),
        )
        for recipe in known
        for preset in recipe["presets"]
        for architecture, values in preset["settings"].items()
    ]
    return [table("", ("recipe", "preset", "for", "settings"), rows)] if rows else []


def _settings(known: list[dict[str, Any]]) -> list[Any]:
    """One table of settings for each installed encoder, named by the recipes that share it."""
    tables: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
    for recipe in known:
        for encoder in recipe["encoders"]:
            rows = [(s["name"], s["type"], s["default"], s["meaning"]) for s in encoder["settings"] or ()]
            tables.setdefault(f"{encoder['encoder']}{rows}", ([encoder["encoder"]], rows))[0].append(recipe["recipe"])
    columns = ("setting", "type", "default", "meaning")
    return [table(f"{names[0]} ({', '.join(names[1:])})", columns, rows) for names, rows in tables.values() if rows]
