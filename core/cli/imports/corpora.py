"""Verbs that import corpora, and `run_import`, which every import by batches uses. With `--json` they answer:

`{"added", "known", "notes": {what: n}, "skipped": [{"where", "reason"}], "rejects": path or null, "proposed": [name]}`.
`added` and `known` count recordings, or sentences if there is no audio. `proposed` names the schemes that were made
from new label values; they wait until a person confirms them (`schemes confirm NAME`).

If known keys have other content or got labels, the document also has `{"clashed": n known keys with other content,
"clashes": [{"key", "utterance_id", "recording_id", "where", "differences": [{"field", "before", "after"}]}] (the first
100), "differing": {field: n}, "labels_added": n labels that nobody had given yet, "suggested": n suggestions made of
clashes, "batch": their name or null}`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from core.cli.frame import Json, Reply, answering, progress_bar, table

if TYPE_CHECKING:
    from core.workflows.imports.clashes import Counted
    from core.workflows.imports.report import ImportResult, Progress
    from core.workflows.workspace import Workspace

OnClashOption = Annotated[
    Literal["report", "propose", "source"],
    typer.Option(
        "--on-clash",
        help="A known key with other content: only name it, suggest the change to a curator, or import everything as a "
        "new source.",
    ),
]
Licence = Annotated[str, typer.Option(help="The licence of the data.")]
SourceName = Annotated[str, typer.Option(help="The name of the corpus; by default taken from the path.")]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="[SCHEME:]VALUE=CLASS", help="The class of a label value: 05=angry; 00= for none."),
]
Channels = Annotated[
    str, typer.Option(metavar="A,B", help="Who speaks on each channel: agent,caller. By default they are mixed.")
]


class LabelFrom(StrEnum):
    """Where a `--label` without a field takes its value from."""

    folder = "folder"


class SisterCorpus(StrEnum):
    """A sister corpus of AI Hub 119 that can be imported."""

    situation = "situation"
    elder = "elder"


def ingest_audio(
    paths: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders, zips or files of audio.")],
    pattern: Annotated[str, typer.Option(help="The pattern of the file names: '{digit}_{speaker}_{take}.wav'.")] = "",
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCHEME[=FIELD]", help="A field of the pattern as label; without FIELD, use --label-from."
        ),
    ] = None,
    label_from: Annotated[LabelFrom | None, typer.Option(help="Where a --label without FIELD comes from.")] = None,
    speaker: Annotated[
        str, typer.Option(metavar="FIELD", help="The field that names the speaker; by default `speaker`.")
    ] = "",
    group: Annotated[
        str, typer.Option(metavar="FIELD", help="The field of the group, which no split cuts; by default the speaker.")
    ] = "",
    value_map: MapOption = None,
    channels: Channels = "",
    pcm_hz: Annotated[
        int, typer.Option(min=1000, max=192_000, help="The sampling rate of .pcm files, which have no header.")
    ] = 16_000,
    source: SourceName = "",
    licence: Licence = "not stated",
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import audio files; each file is one utterance. The field `folder` is the folder of the file."""
    labels = _pairs(label or [], "" if label_from is None else label_from.value)
    maps, speakers = value_maps(value_map or []), channel_names(channels)

    def run(ws: "Workspace", progress: "Progress") -> "ImportResult":
        from core.workflows.imports.audio import Rules, ValueMaps, compile_pattern, ingest_audio
        from core.workflows.imports.huggingface import ColumnMapping, has_metadata, ingest_hf

        if not pattern and len(paths) == 1 and has_metadata(paths[0]):
            # an audiofolder: its tables know more than names
            mapping = ColumnMapping(group=group or speaker, labels=labels or None)
            return ingest_hf(ws, str(paths[0]), mapping, "", source, licence, progress, on_clash=on_clash)
        compiled = compile_pattern(pattern) if pattern else None
        rules = Rules(compiled, labels, speaker, group, ValueMaps(maps), speakers, pcm_hz)
        return ingest_audio(ws, paths, rules, source, licence, progress, on_clash=on_clash)

    run_import(run, "files", "recordings", json)


def ingest_hf(
    where: Annotated[
        str, typer.Argument(metavar="PATH_OR_ID", help="A saved dataset, a Parquet file, or an id on the hub.")
    ],
    text: Annotated[str, typer.Option(metavar="COL", help="The column of the text; guessed by default.")] = "",
    label: Annotated[
        list[str] | None, typer.Option(metavar="SCHEME=COL", help="A label; by default every ClassLabel column.")
    ] = None,
    audio: Annotated[str, typer.Option(metavar="COL", help="The column of the audio; guessed by default.")] = "",
    group: Annotated[str, typer.Option(metavar="COL", help="The column of the group; guessed (speaker_id).")] = "",
    config: Annotated[str, typer.Option(help="The configuration of a dataset on the hub (ko-KR).")] = "",
    source: SourceName = "",
    licence: Licence = "not stated",
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import a Hugging Face dataset: saved on disk, as Parquet, or by its id if the hub can be reached."""
    labels = None if label is None else _pairs(label, "")

    def run(ws: "Workspace", progress: "Progress") -> "ImportResult":
        from core.workflows.imports.huggingface import ColumnMapping, ingest_hf

        columns = ColumnMapping(text, audio, group, labels)
        return ingest_hf(ws, where, columns, config, source, licence, progress, on_clash=on_clash)

    run_import(run, "rows", "rows", json)


def ingest_aihub(
    kind: Annotated[
        SisterCorpus, typer.Argument(help="situation (위급상황 음성/음향) or elder (자유대화 음성, 노인남녀).")
    ],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Zips or folders of label JSONs and audio.")],
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import a sister corpus of AI Hub 119. Tags in texts stay; each of them gets a cleaning suggestion."""

    def run(ws: "Workspace", progress: "Progress") -> "ImportResult":
        from core.workflows.imports.aihub import ingest_aihub

        return ingest_aihub(ws, kind.value, paths, progress, on_clash=on_clash)

    run_import(run, "labels", "recordings", json)


def _pairs(pairs: Sequence[str], default: str) -> Mapping[str, str]:
    """The values of `--label` as {scheme: name}; a SCHEME without a name gets the name `default`."""
    labels: dict[str, str] = {}
    for pair in pairs:
        scheme, _, name = (part.strip() for part in pair.partition("="))
        name = name or ("" if "=" in pair else default)
        if not scheme or not name:
            raise typer.BadParameter(f"--label {pair}: expected SCHEME=NAME, or SCHEME with --label-from folder")
        if scheme in labels:
            raise typer.BadParameter(f"--label {pair}: {scheme} is given twice")
        labels[scheme] = name
    return labels


def value_maps(pairs: Sequence[str]) -> dict[str, dict[str, str]]:
    """The values of `--map` as {scheme, or "" for all: {value: class, "" for no label}}."""
    maps: dict[str, dict[str, str]] = {}
    for pair in pairs:
        written, _, code = (part.strip() for part in pair.rpartition("="))
        scheme, _, value = (part.strip() for part in written.rpartition(":"))
        if not value or "=" not in pair or maps.setdefault(scheme, {}).setdefault(value, code) != code:
            raise typer.BadParameter(f"--map {pair}: expected VALUE=CLASS or SCHEME:VALUE=CLASS, each value once")
    return maps


def channel_names(text: str) -> tuple[str, ...]:
    """The speakers of `--channels`; wrong usage if there is only one, or one twice."""
    names = tuple(name.strip() for name in text.split(",")) if text.strip() else ()
    if names and (len(names) < 2 or not all(names) or len({n.casefold() for n in names}) < len(names)):
        raise typer.BadParameter(f"--channels {text}: expected a different name for each channel, such as agent,caller")
    return names


def run_import(run: Callable[["Workspace", "Progress"], "ImportResult"], unit: str, what: str, json: bool) -> None:
    """Run one import as a verb. The progress bar counts `unit`; the answer counts `what`."""
    with answering(json) as reply:
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("import") as show_progress:
            result = run(ws, lambda n, total: show_progress(unit, n, total))
        _give(reply, result, what)


def _give(reply: Reply, result: "ImportResult", what: str) -> None:
    report, rejects = result.report, None if result.rejects is None else str(result.rejects)
    skipped = [asdict(skip) for skip in report.skipped]
    reply.give(
        {"added": report.added, "known": report.known, "notes": report.notes, "skipped": skipped, "rejects": rejects,
         "proposed": list(result.proposed), **clash_document(report, result.proposals, result.batch)},
        f"{report.added} {what} added, {report.known} known already, {len(skipped)} files or parts not used",
        *clash_lines(report, result.proposals),
        table("", ("found", "n"), list(report.notes.items())),
        *(
            f"proposed scheme {name}: look at it, then python -m core schemes confirm {name}"
            for name in result.proposed
        ),
        *([f"What could not be used, and why: {rejects}"] if rejects else []),
    )  # fmt: skip


def clash_document(counted: "Counted", proposals: int, batch: str | None) -> dict[str, Any]:
    """What `--json` says about known keys with other content; nothing if there is nothing to say."""
    if not (counted.clashed or counted.labels_added):
        return {}
    return {
        "clashed": counted.clashed, "clashes": [asdict(clash) for clash in counted.clashes],
        "differing": counted.differing, "labels_added": counted.labels_added, "suggested": proposals, "batch": batch,
    }  # fmt: skip


def clash_lines(counted: "Counted", proposals: int) -> list[str]:
    """What the command line says about known keys with other content: how many differ and in what."""
    from core.workflows.imports.clashes import summary

    lines = [f"{counted.labels_added:,} labels added that nobody had given yet"] if counted.labels_added else []
    if not counted.clashed:
        return lines
    fields = ", ".join(summary(counted.differing))
    lines.append(f"{counted.clashed:,} known already with other content, left as they are ({fields})")
    if proposals:
        lines.append(f"{proposals:,} of these changes wait as suggestions")
    else:
        lines.append("--on-clash propose suggests the changes to a curator; --on-clash source imports a new source")
    return lines
