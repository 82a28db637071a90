"""The verb `overview`: what the workspace holds, what waits for a decision, who works on it. With `--json` it answers:

- `overview`: `{"counts": {"recordings", "utterances", "sentences", "voice_usable", "audio_ms", "sources"}, "curator":
  name or "", "waiting": [{"kind", "scheme": "" for none, "n", "mine": n or null, "since": instant or null, "queued": n
  or null, "overdue": bool}], "failed": [{"id", "kind", "title", "error", "at"}], "team": [{"curator", "today", "week",
  "last_day", "on_screen", "blind", "disputes"}], "next": [step]}`. `mine` is null where a decision is anybody's;
  `queued` is how many utterances the curator has in the queue of Review, null if as many as `n`
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table

if TYPE_CHECKING:
    from core.records import Job
    from core.workflows.overview.summary import Overview
    from core.workflows.overview.team import Workload
    from core.workflows.overview.waiting import Waiting


def overview(
    curator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Count what is this curator's own; the one of the settings.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what the workspace holds, what waits for a decision, and who works on it."""
    with answering(json) as reply:
        from core.workflows.overview.failed import failed
        from core.workflows.overview.summary import overview as summarise
        from core.workflows.overview.team import team
        from core.workflows.workspace import now, open_workspace

        ws, at = open_workspace(), now()
        who = ws.settings.curator if curator is None else curator
        summary, jobs = summarise(ws, who), failed(ws)
        people = team(ws, at, disputes=summary.disputes)
        document = {
            "counts": summary.counts, "curator": who, "waiting": [_document(row, at) for row in summary.waiting],
            "failed": [_failed(job) for job in jobs], "team": [asdict(row) for row in people],
            "next": list(summary.next_steps),
        }  # fmt: skip
        reply.give(document, *_shown(summary, jobs, people, at))


def _document(row: "Waiting", at: str) -> dict[str, Any]:
    from core.workflows.overview.waiting import is_overdue

    return asdict(row) | {"overdue": is_overdue(row, at)}


def _failed(job: "Job") -> dict[str, Any]:
    return {"id": job.id, "kind": job.kind, "title": job.title, "error": job.error, "at": job.updated_at}


def _shown(summary: "Overview", jobs: list["Job"], people: list["Workload"], at: str) -> Iterator[Any]:
    counts = summary.counts
    yield f"{counts['recordings']:,} calls, {counts['utterances']:,} utterances"
    if not summary.waiting:
        yield "Nothing waits for a decision."
    else:
        rows = [_row(row, at) for row in summary.waiting]
        yield table("", ("waits", "scheme", "n", "yours", "days"), rows)
    if jobs:
        yield table("failed jobs", ("id", "kind", "error"), [(job.id, job.kind, job.error or "") for job in jobs])
    if people:
        head = ("curator", "today", "7 days", "on screen", "second answers", "in dispute")
        yield table(
            "", head, [(row.curator, row.today, row.week, row.on_screen, row.blind, row.disputes) for row in people]
        )
    yield f"next: {', '.join(summary.next_steps) or 'nothing'}"


def _row(row: "Waiting", at: str) -> tuple[Any, ...]:
    from core.workflows.overview.waiting import days_waiting

    yours = "anybody's" if row.mine is None else f"{row.mine:,}"
    return row.kind, row.scheme or "–", f"{row.n:,}", yours, "–" if row.since is None else days_waiting(row.since, at)
