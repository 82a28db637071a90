"""The verb `embed`. With `--json` it answers:

- `embed`: `{"vectors": path, "table": path, "rows": n, "skipped": [{"row", "reason"}] (the first 100), "left_out": n}`
"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.frame import Json, answering, progress_bar, table

MOST_SHOWN = 100


def embed(
    file: Annotated[Path, typer.Argument(help="A table with a column of audio files: CSV, TSV, JSONL, XLSX, Parquet.")],
    out: Annotated[
        Path, typer.Argument(help="The file of vectors, .npy; the rows they belong to come beside it, .csv.")
    ],
    audio: Annotated[
        str, typer.Option(metavar="COL", help="The column of the audio file: its path or stem, beside FILE.")
    ],
    encoder: Annotated[str, typer.Option(help="whisper-base, or the folder or hub id of a wav2vec2.")] = "whisper-base",
    start: Annotated[str, typer.Option(metavar="COL", help="The column of the start, in ms.")] = "",
    end: Annotated[str, typer.Option(metavar="COL", help="The column of the end, in ms.")] = "",
    precision: Annotated[
        str, typer.Option(help="Of a wav2vec2: float32, bf16, int8, or auto, the fastest here that keeps the vectors.")
    ] = "auto",
    json: Json = False,
) -> None:
    """Write one vector for each voice of a table, in the order of its rows. Rows without usable audio are left out."""
    if out.suffix != ".npy":
        raise typer.BadParameter("OUT must end in .npy")
    with answering(json) as reply:
        from core.workflows.models.embeddings import AudioColumns, export_embeddings

        with progress_bar("embed") as show_progress:
            report = export_embeddings(
                file, out, encoder, AudioColumns(audio, start, end), lambda done, n: show_progress("rows", done, n),
                precision=precision,
            )  # fmt: skip
        skipped = [{"row": skip.where, "reason": str(skip.reason)} for skip in report.skipped[:MOST_SHOWN]]
        beside = out.with_suffix(".csv")
        document = {
            "vectors": str(out),
            "table": str(beside),
            "rows": report.added,
            "skipped": skipped,
            "left_out": len(report.skipped),
        }
        shown: list[object] = [
            f"{report.added} vectors in {out}, their rows in {beside}; {len(report.skipped)} left out"
        ]
        if skipped:
            shown.append(table("left out", ("row", "reason"), [(s["row"], s["reason"]) for s in skipped]))
        reply.give(document, *shown)
