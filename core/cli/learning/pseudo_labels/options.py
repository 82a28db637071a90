"""The options that several commands `pseudo-label …` take: the run, its scheme, and thresholds."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.thresholds import Thresholds
    from core.workflows.workspace import Workspace

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run that has judged: see `pseudo-label judge`.")]
Target = Annotated[str | None, typer.Option(metavar="SCHEME", help="A scheme of the run, else its first.")]
Mode = Annotated[
    str,
    typer.Option(metavar="MODE|JSON", help="As in `pseudo-label thresholds`: fixed, flexmatch, …, or JSON."),
]
Confidence = Annotated[float, typer.Option(help="Least confidence of a pseudo-label.")]
Margin = Annotated[float, typer.Option(help="Least distance to the second class.")]


def asked(
    ws: "Workspace", run: str, target: str | None, thresholds: str, confidence: float, margin: float
) -> tuple[str, "Thresholds"]:
    """Return the scheme of the run and the thresholds that a command line names."""
    from core.thresholds import parse_thresholds
    from core.workflows.pseudo_labels.view import target_of

    return target_of(ws, run, target), parse_thresholds(thresholds, confidence, margin)
