"""The verb `ingest annotations`. With `--json` it answers as every import does; see `core.cli.imports.corpora`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Json
from core.cli.imports.corpora import (
    Channels,
    Licence,
    MapOption,
    OnClashOption,
    SourceName,
    channel_names,
    run_import,
    value_maps,
)

if TYPE_CHECKING:
    from core.workflows.imports.report import ImportResult, Progress
    from core.workflows.workspace import Workspace


def ingest_annotations(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Folders, zips or files of annotations, with their audio.")
    ],
    tier: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=TIER",
            help="What a tier holds: text=TIER, speaker=TIER or SCHEME=TIER; by default each tier is a speaker.",
        ),
    ] = None,
    value_map: MapOption = None,
    channels: Channels = "",
    audio_folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the audio is, if not beside the annotations.")
    ] = None,
    source: SourceName = "",
    licence: Licence = "not stated",
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import TextGrid, EAF, SRT, VTT, SAMI, Audacity labels and Whisper JSON: texts with times, and their audio."""
    names, maps = channel_names(channels), value_maps(value_map or [])

    def run(ws: "Workspace", progress: "Progress") -> "ImportResult":
        from core.workflows.imports.annotations import Rules, ValueMaps, ingest_annotations, parse_roles

        rules = Rules(parse_roles(tier or []), names, audio_folder, ValueMaps(maps))
        return ingest_annotations(ws, paths, rules, source, licence, progress, on_clash=on_clash)

    run_import(run, "files", "recordings", json)
