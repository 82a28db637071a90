"""The verb `runs tensorboard`. With `--json` it answers `{"folder", "runs": {run: points}}`."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.frame import Json, answering


def tensorboard(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs, as `runs list` shows them.")],
    to: Annotated[Path, typer.Option(help="The new folder.")],
    json: Json = False,
) -> None:
    """Write the curves of RUNs for TensorBoard: `tensorboard --logdir FOLDER` shows them."""
    with answering(json) as reply:
        from core.workflows.models.curves import to_tensorboard
        from core.workflows.workspace import open_workspace

        points = to_tensorboard(open_workspace(), runs, to)
        lines = [f"{run}: {n} points" for run, n in points.items()]
        reply.give({"folder": str(to), "runs": points}, *lines, f"tensorboard --logdir {to}")
