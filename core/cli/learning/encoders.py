"""Verbs about pretrained encoders. With `--json` they answer:

- `models prune`: `{"model", "folder", "kind", "texts", "tokens_before", "tokens_after", "bytes_before", "bytes_after"}`
"""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.frame import Json, answering


def prune(
    model: Annotated[str, typer.Argument(help="The folder of a Hugging Face model, or a hub id in the cache.")],
    out: Annotated[Path, typer.Argument(help="The new folder.")],
    corpus: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Texts, one a line, or a CSV; may be repeated.")
    ] = None,
    workspace: Annotated[bool, typer.Option("--workspace", help="Take the workspace's texts too.")] = False,
    json: Json = False,
) -> None:
    """Drop the tokens of MODEL that a corpus never uses, and their embeddings; its texts keep their pieces.

    Fast tokenizers of the kinds WordPiece, Unigram and BPE can be pruned. Single characters stay, so that any text can
    be spelled.
    """
    with answering(json) as reply:
        from core.workflows.models.prune import prune as run
        from core.workflows.workspace import open_workspace

        pruned = run(model, out, corpus or [], open_workspace() if workspace else None)
        reply.give(
            pruned,
            f"{pruned['folder']}: {pruned['tokens_after']:,} of {pruned['tokens_before']:,} tokens ({pruned['kind']}), "
            f"{pruned['bytes_after']:,} of {pruned['bytes_before']:,} bytes",
            f"{pruned['texts']:,} texts are cut into the same pieces as before",
        )
