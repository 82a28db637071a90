"""The verb `pseudo-label thresholds RUN`: what thresholds keep of the predictions of a run. With `--json` it answers:

`{"run_id", "target", "total", "thresholds", "source": "audit", "test" or null, "represented", "changed": predictions
for a text that was corrected since, left out, "now": {"kept", "coverage", "precision": {"value", "low", "high", "n"},
"confidence", "raw"}, "seed": the same for .75 and .20,
"classes": [{"code", "limit", "margin", "total", "kept", "kept_by_seed", "gold", "precision", "confidence", "raw"}],
"curves": {"confidence": 101 limits, "margin", "kept": {class: 101 counts}, "coverage", "expected", "raw", "precision",
"low", "high", "n"}}`; `confidence` is the mean confidence of what is kept, `raw` the same without calibration.
"""

from typing import Annotated

import typer

from core.cli.frame import Json, answering, table
from core.cli.learning.pseudo_labels.options import Confidence, Margin, Run, Target, asked


def thresholds(
    run: Run,
    target: Target = None,
    thresholds: Annotated[
        str,
        typer.Option(
            metavar="MODE|JSON",
            help='fixed, flexmatch, freematch, top-k, entropy, or JSON with its numbers: {"mode": "top-k", "k": 500}.',
        ),
    ] = "fixed",
    confidence: Confidence = 0.75,
    margin: Margin = 0.20,
    json: Json = False,
) -> None:
    """Show how many predictions thresholds keep, of which classes, and how right these are as far as is known."""
    with answering(json) as reply:
        from core.workflows.pseudo_labels import view as views
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        name, given = asked(ws, run, target, thresholds, confidence, margin)
        seen = views.view(ws, run, name, given)
        columns = ("class", "limit", "kept", "of", "with .75/.20", "estimated precision", "items", "confidence",
                   "uncalibrated", "gold")  # fmt: skip
        rows = [
            (row.code, "" if row.limit is None else f"{row.limit:.3f}", f"{row.kept:,}", f"{row.total:,}",
             f"{row.kept_by_seed:,}", _share(row.precision), f"{row.precision.n:,}", _number(row.confidence),
             _number(row.raw), f"{row.gold:,}")
            for row in seen.classes
        ]  # fmt: skip
        source = {"audit": "the audit", "test": "the run's test side", None: "nothing: audit a sample"}[seen.source]
        reply.give(
            {"run_id": run, "target": name} | views.as_json(seen),
            f"{seen.now.kept:,} of {seen.total:,} predictions stay ({seen.now.coverage:.1%}); "
            f"estimated precision {_share(seen.now.precision)}, from {source}",
            table("", columns, rows),
        )


def _share(share: object) -> str:
    value, low, high = (getattr(share, name) for name in ("value", "low", "high"))
    return "–" if value is None else f"{value:.3f} ({low:.3f} – {high:.3f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
