"""The verb `pseudo-label export RUN`: predictions in the columns of the seed. With `--json` it answers:

`{"run_id", "target", "file", "n"}`; the file has the columns `id, user_input, orig_emotion, pred_emotion, pred_conf,
pred_margin`.
"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.frame import Json, answering, progress_bar
from core.cli.learning.pseudo_labels.options import Confidence, Margin, Run, Target


def export(
    run: Run,
    to: Annotated[Path, typer.Option(help="The CSV file.")],
    target: Target = None,
    thresholds: Annotated[
        str | None,
        typer.Option(metavar="MODE|JSON", help="Only what these keep; as `pseudo-label thresholds` takes them."),
    ] = None,
    confidence: Confidence = 0.75,
    margin: Margin = 0.20,
    json: Json = False,
) -> None:
    """Write the predictions of a run as the seed did: text, label of people, predicted class, confidence, margin."""
    with answering(json) as reply:
        from core.thresholds import parse_thresholds
        from core.workflows.pseudo_labels import published
        from core.workflows.pseudo_labels import view as views
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        name = views.target_of(ws, run, target)
        kept = None if thresholds is None else parse_thresholds(thresholds, confidence, margin)
        with progress_bar("export") as show_progress:
            n = published.export(ws, run, to, name, kept, lambda done, total: show_progress("rows", done, total))
        reply.give({"run_id": run, "target": name, "file": str(to), "n": n}, f"{n:,} predictions of {run} in {to}")
