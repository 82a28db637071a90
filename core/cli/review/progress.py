"""The verb about the work itself. `--json` answers:

- `progress`: `{"work": [{"curator", "scheme": "" for all, "decisions", "spent_ms", "worked_ms", "per_hour",
  "last_day", "classes": {code: n}, "agreed": share}], "schemes": [{"scheme", "targets", "labelled", "gold", "left",
  "classes", "per_day", "hours_left", "finish", "burn_down": [{"day", "done", "left", "projected"}]}], "days":
  [{"curator", "scheme", "day", "decisions", "spent_ms"}], "csv": path or null}`; a share is `core.cli.review.agreement`'s
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table
from core.cli.review.agreement import number

if TYPE_CHECKING:
    from core.workflows.review.progress import Progress, Work


def progress(
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write hours and counts by curator, day and scheme.")
    ] = None,
    json: Json = False,
) -> None:
    """Who did how much, how fast and how well, and when the work will be done."""
    with answering(json) as reply:
        from core.workflows.review.progress import progress as run
        from core.workflows.review.progress import write_csv
        from core.workflows.workspace import open_workspace

        found = run(open_workspace())
        if csv is not None:
            write_csv(found.days, csv)
        document = {
            "work": [asdict(one) for one in found.work], "schemes": [asdict(one) for one in found.courses],
            "days": [asdict(one) for one in found.days], "csv": None if csv is None else str(csv),
        }  # fmt: skip
        reply.give(document, *_told(found), *([f"written to {csv}"] if csv else []))


def _told(found: "Progress") -> Iterator[Any]:
    if not found.work:
        yield "Nobody has decided anything yet."
        return
    head = ("curator", "scheme", "decisions", "hours worked", "on screen", "per hour", "agreed")
    yield table("", head, [_work(one) for one in found.work])
    rows = [
        (x.scheme, x.targets, x.labelled, x.left, f"{x.per_day:.1f}", _short(x.hours_left), x.finish or "–")
        for x in found.courses
    ]
    yield table("", ("scheme", "targets", "labelled", "left", "a day", "hours left", "done by"), rows)


def _work(one: "Work") -> tuple[Any, ...]:
    hours = (f"{ms / 3_600_000:.2f}" for ms in (one.worked_ms, one.spent_ms))
    return one.curator, one.scheme or "in all", one.decisions, *hours, _short(one.per_hour), number(one.agreed.value)


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
