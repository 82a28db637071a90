"""The verb `progress`, which shows how the work goes on. With `--json` it answers:

- `progress`: `{"work": [{"curator", "scheme": "" for all, "decisions", "spent_ms", "worked_ms", "per_hour",
  "last_day", "classes": {code: n}, "agreed": share}], "schemes": [{"scheme", "targets", "labelled", "gold", "left",
  "classes", "per_day", "hours_left", "finish", "burn_down": [{"day", "done", "left", "projected"}]}], "days":
  [{"curator", "scheme", "day", "decisions", "spent_ms"}], "csv": path or null}`. A share is as in
  `core.cli.review.agreement`
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table
from core.cli.review.agreement import number

if TYPE_CHECKING:
    from core.workflows.review.progress import CuratorWork, Progress


def progress(
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write hours and numbers of decisions by curator, day and scheme to FILE."),
    ] = None,
    json: Json = False,
) -> None:
    """Show how much each curator did, how fast and how well, and when the work will be done."""
    with answering(json) as reply:
        from core.workflows.review.progress import progress as measure_progress
        from core.workflows.review.progress import write_csv
        from core.workflows.workspace import open_workspace

        report = measure_progress(open_workspace())
        if csv is not None:
            write_csv(report.days, csv)
        document = {
            "work": [asdict(row) for row in report.work], "schemes": [asdict(row) for row in report.forecasts],
            "days": [asdict(row) for row in report.days], "csv": None if csv is None else str(csv),
        }  # fmt: skip
        reply.give(document, *_tables(report), *([f"written to {csv}"] if csv else []))


def _tables(report: "Progress") -> Iterator[Any]:
    if not report.work:
        yield "Nobody has decided anything yet."
        return
    head = ("curator", "scheme", "decisions", "hours worked", "on screen", "per hour", "agreed")
    yield table("", head, [_work(row) for row in report.work])
    rows = [
        (x.scheme, x.targets, x.labelled, x.left, f"{x.per_day:.1f}", _short(x.hours_left), x.finish or "–")
        for x in report.forecasts
    ]
    yield table("", ("scheme", "targets", "labelled", "left", "a day", "hours left", "done by"), rows)


def _work(work: "CuratorWork") -> tuple[Any, ...]:
    hours = (f"{ms / 3_600_000:.2f}" for ms in (work.worked_ms, work.spent_ms))
    return (
        work.curator,
        work.scheme or "in all",
        work.decisions,
        *hours,
        _short(work.per_hour),
        number(work.agreed.value),
    )


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
