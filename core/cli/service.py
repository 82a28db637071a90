"""Verbs about the installation. `--json` answers:

- `demo`: `{"calls", "utterances", "rejects", "runs": [id]}`: how much was added, and the finished runs
- `serve`: `{"url"}`, printed before serving begins; then nothing more until it is stopped
- `doctor`: `{"ready": bool, "findings": [{"what", "state": "ok" | "absent" | "broken", "detail"}]}`
"""

from dataclasses import asdict
from typing import Annotated

import typer

from core.cli.frame import Json, answering, progress_bar, table


def demo(context: typer.Context, json: Json = False) -> None:
    """Build the demo workspace: import the bundled corpus, train the default models. Skips what is there."""
    with answering(json) as reply:
        from core.workflows.demo import build
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("demo") as tell:
            made = build(ws, lambda what, share: tell(what, round(100 * share), 100))
        reply.give(
            made,
            f"added: {made['calls']} calls, {made['utterances']} sentences; not used: {made['rejects']} files or parts",
            *(f"run {run}" for run in made["runs"]),
            f"next: {context.find_root().info_name} serve",
        )


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; loopback by default.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
    json: Json = False,
) -> None:
    """Start the dashboard, the REST service and the job worker; Ctrl-C stops them."""
    code = 0
    with answering(json) as reply:
        from core.settings import settings
        from core.web.serve import serve as run

        def ready(address: str) -> None:
            reply.give({"url": address}, f"귀담아 Gwidama: {address}")
            reply.send()

        chosen = settings()
        code = run(host or chosen.host, chosen.port if port is None else port, ready)
    raise typer.Exit(code)


def doctor(json: Json = False) -> None:
    """Is this machine ready? Fails if anything needed is broken."""
    with answering(json) as reply:
        from core.settings import settings
        from core.workflows.doctor import check

        found = check(settings())
        broken = [finding.what for finding in found if finding.state == "broken"]
        reply.give(
            {"ready": not broken, "findings": [asdict(finding) for finding in found]},
            table("", ("what", "state", "detail"), [(f.what, f.state, f.detail) for f in found]),
        )
        if broken:
            reply.complain(f"broken: {', '.join(broken)}")
