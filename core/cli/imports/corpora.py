"""Verbs that bring foreign corpora in, and what every import by batches shares. All of them answer with `--json`:

`{"added", "known", "notes": {what: n}, "skipped": [{"where", "reason"}], "rejects": path or null, "proposed": [name]}`.
`added` and `known` count recordings, and sentences where there is no audio; `proposed` are schemes made from the label
values found, which wait for a person (`schemes confirm NAME`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Json, Reply, answering, progress_bar, table

if TYPE_CHECKING:
    from core.workflows.imports.report import Imported, Progress
    from core.workflows.workspace import Workspace

Licence = Annotated[str, typer.Option(help="The licence the data came under.")]
SourceName = Annotated[str, typer.Option(help="What to call the corpus; by default after the path.")]


class LabelFrom(StrEnum):
    folder = "folder"


class Sister(StrEnum):
    situation = "situation"
    elder = "elder"


def ingest_audio(
    paths: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders, zips or files of audio.")],
    pattern: Annotated[str, typer.Option(help="What names tell: '{digit}_{speaker}_{take}.wav'.")] = "",
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="SCHEME[=FIELD]", help="A field of the pattern as label; alone with --label-from."),
    ] = None,
    label_from: Annotated[LabelFrom | None, typer.Option(help="Where a --label without a field is.")] = None,
    speaker: Annotated[str, typer.Option(metavar="FIELD", help="Who speaks; a field `speaker` is by itself.")] = "",
    group: Annotated[str, typer.Option(metavar="FIELD", help="What no split cuts; the speaker if not given.")] = "",
    source: SourceName = "",
    licence: Licence = "not stated",
    json: Json = False,
) -> None:
    """Import audio: one file, one utterance. The field `folder` is the folder that a file lies in."""
    labels = _pairs(label or [], "" if label_from is None else label_from.value)

    def run(ws: "Workspace", progress: "Progress") -> "Imported":
        from core.workflows.imports.audio import Rules, compile_pattern, ingest_audio

        rules = Rules(compile_pattern(pattern) if pattern else None, labels, speaker, group)
        return ingest_audio(ws, paths, rules, source, licence, progress)

    bring(run, "files", "recordings", json)


def ingest_hf(
    where: Annotated[str, typer.Argument(metavar="PATH_OR_ID", help="A saved dataset, a Parquet file, or a hub's id.")],
    text: Annotated[str, typer.Option(metavar="COL", help="The column with the text; guessed.")] = "",
    label: Annotated[
        list[str] | None, typer.Option(metavar="SCHEME=COL", help="A label; every ClassLabel if not given.")
    ] = None,
    audio: Annotated[str, typer.Option(metavar="COL", help="The column with the audio; guessed.")] = "",
    group: Annotated[str, typer.Option(metavar="COL", help="What a split must not cut; guessed (speaker_id).")] = "",
    config: Annotated[str, typer.Option(help="Of a hub's dataset: which configuration (ko-KR).")] = "",
    source: SourceName = "",
    licence: Licence = "not stated",
    json: Json = False,
) -> None:
    """Import a Hugging Face dataset: saved on disk, as Parquet, or by its id where a hub can be reached."""
    labels = None if label is None else _pairs(label, "")

    def run(ws: "Workspace", progress: "Progress") -> "Imported":
        from core.workflows.imports.huggingface import Mapped, ingest_hf

        return ingest_hf(ws, where, Mapped(text, audio, group, labels), config, source, licence, progress)

    bring(run, "rows", "rows", json)


def ingest_sister(
    kind: Annotated[Sister, typer.Argument(help="situation (위급상황 음성/음향) or elder (자유대화 음성, 노인남녀).")],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Zips or folders of label JSONs and audio.")],
    json: Json = False,
) -> None:
    """Import a sister corpus of AI Hub 119. Tags in texts stay and get a cleaning suggestion each."""

    def run(ws: "Workspace", progress: "Progress") -> "Imported":
        from core.workflows.imports.sister import ingest_sister

        return ingest_sister(ws, kind.value, paths, progress)

    bring(run, "labels", "recordings", json)


def _pairs(given: Sequence[str], otherwise: str) -> Mapping[str, str]:
    """`SCHEME=NAME` as scheme -> name; a SCHEME alone means `otherwise`."""
    found: dict[str, str] = {}
    for one in given:
        scheme, _, name = (part.strip() for part in one.partition("="))
        name = name or ("" if "=" in one else otherwise)
        if not scheme or not name:
            raise typer.BadParameter(f"--label {one}: expected SCHEME=NAME, or SCHEME with --label-from folder")
        if scheme in found:
            raise typer.BadParameter(f"--label {one}: {scheme} is given twice")
        found[scheme] = name
    return found


def bring(run: Callable[["Workspace", "Progress"], "Imported"], unit: str, what: str, json: bool) -> None:
    """One import as a verb: a bar that counts `unit`, then what it did, in `what`."""
    with answering(json) as reply:
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("import") as tell:
            done = run(ws, lambda n, total: tell(unit, n, total))
        _give(reply, done, what)


def _give(reply: Reply, done: "Imported", what: str) -> None:
    report, rejects = done.report, None if done.rejects is None else str(done.rejects)
    skipped = [asdict(skip) for skip in report.skipped]
    reply.give(
        {"added": report.added, "known": report.known, "notes": report.notes, "skipped": skipped, "rejects": rejects,
         "proposed": list(done.proposed)},
        f"{report.added} {what} added, {report.known} known already, {len(skipped)} files or parts not used",
        table("", ("found", "n"), list(report.notes.items())),
        *(f"proposed scheme {name}: look at it, then python -m core schemes confirm {name}" for name in done.proposed),
        *([f"What could not be used, and why: {rejects}"] if rejects else []),
    )  # fmt: skip
