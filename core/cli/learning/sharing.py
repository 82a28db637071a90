"""The verb that sends a run to a hub. With `--json` it answers:

- `push`: `{"run", "repo", "private", "files": {name: bytes}, "bytes", "address"}`; `address` is "" after `--dry-run`
"""

from dataclasses import asdict
from typing import Annotated

import typer

from core.cli.frame import Json, answering, table


def push(
    run: Annotated[str, typer.Argument(help="A run's id, as `runs list` shows it.")],
    repo: Annotated[str, typer.Argument(help="The repository, OWNER/NAME; it is made if it is not there.")],
    public: Annotated[bool, typer.Option("--public", help="Make a repository that everybody can read.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the files and send nothing.")] = False,
    json: Json = False,
) -> None:
    """Send RUN to a Hugging Face hub, with its model card. No utterance goes along.

    The token is that of HF_TOKEN, the hub that of HF_ENDPOINT (https://huggingface.co). A new repository is private.
    """
    with answering(json) as reply:
        from core.workflows.handover.push import push as send
        from core.workflows.workspace import open_workspace

        delivery = send(open_workspace(), run, repo, private=not public, dry_run=dry_run)
        rows = [(name, f"{size:,}") for name, size in delivery.files.items()]
        kind = "a private repository" if delivery.private else "a repository that everybody can read"
        what = (
            f"nothing was sent; this would go to {delivery.repo}, {kind}" if dry_run else f"sent to {delivery.address}"
        )
        reply.give(asdict(delivery), f"{what}: {delivery.bytes:,} bytes", table("", ("file", "bytes"), rows))
