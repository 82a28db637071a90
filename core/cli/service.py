"""Verbs about the installation. With `--json` they answer:

- `demo`: `{"calls", "utterances", "rejects", "runs": [id]}`: the numbers of added items, and the finished runs
- `serve`: `{"url"}`, printed before the server answers; nothing more is printed until it is stopped
- `migrate-to`: `{"tables": {name: rows}}`
- `doctor`: `{"ready": bool, "findings": [{"what", "state": "ok" | "absent" | "broken", "detail"}]}`
"""

from dataclasses import asdict
from typing import Annotated

import typer

from core.cli.frame import Json, answering, progress_bar, table


def demo(context: typer.Context, json: Json = False) -> None:
    """Build the demo workspace: import the bundled corpus and train the default models. Skips steps that are done."""
    with answering(json) as reply:
        from core.workflows.demo import build
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("demo") as show_progress:
            summary = build(ws, lambda what, share: show_progress(what, round(100 * share), 100))
        reply.give(
            summary,
            f"added: {summary['calls']} calls, {summary['utterances']} sentences; "
            f"not used: {summary['rejects']} files or parts",
            *(f"run {run}" for run in summary["runs"]),
            f"next: {context.find_root().info_name} serve",
        )


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; loopback by default.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
    api_only: Annotated[bool, typer.Option("--api-only", help="The REST service alone, without pages.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes of the service, with --api-only.")] = 1,
    json: Json = False,
) -> None:
    """Start the dashboard, the REST service and the job worker; Ctrl-C stops them."""
    if workers > 1 and not api_only:
        raise typer.BadParameter("--workers needs --api-only: the dashboard is one process")
    code = 0
    with answering(json) as reply:
        from core.settings import settings

        def ready(address: str) -> None:
            reply.give({"url": address}, f"귀담아 Gwidama: {address}")
            reply.send()

        configured = settings()
        where = host or configured.host, configured.port if port is None else port
        if api_only:
            from core.web.service.processes.alone import serve_alone

            code = serve_alone(*where, workers, ready)
        else:
            from core.web.serve import serve as run_server

            code = run_server(*where, ready)
    raise typer.Exit(code)


def migrate_to(
    url: Annotated[str, typer.Argument(metavar="URL", help="postgresql://user@host/database; the database is empty.")],
    json: Json = False,
) -> None:
    """Copy the workspace's SQLite database to PostgreSQL and check every row. Stop the server first."""
    with answering(json) as reply:
        from core.workflows.moving import move_to
        from core.workflows.workspace import open_workspace

        with progress_bar("migrate-to") as show_progress:
            counts = move_to(open_workspace(), url, show_progress)
        reply.give(
            {"tables": counts},
            table("", ("table", "rows"), [(name, n) for name, n in counts.items() if n]),
            "every row was read back and compared; from now on set GWIDAMA_DATABASE_URL to this database",
        )


def doctor(json: Json = False) -> None:
    """Check whether this machine is ready. Fails if a needed part is broken."""
    with answering(json) as reply:
        from core.settings import settings
        from core.workflows.doctor import check

        findings = check(settings())
        broken = [finding.what for finding in findings if finding.state == "broken"]
        reply.give(
            {"ready": not broken, "findings": [asdict(finding) for finding in findings]},
            table("", ("what", "state", "detail"), [(f.what, f.state, f.detail) for f in findings]),
        )
        if broken:
            reply.complain(f"broken: {', '.join(broken)}")
