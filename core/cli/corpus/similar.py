"""The verb `similar`, which finds similar texts. With `--json` it answers:

- `similar`: `{"query": {"id": number or null, "text"}, "utterances": [{"score": cosine of the texts' embeddings, above
  0 and at most 1, "id", "key", "text", "labels", ... as of `search`}]}`, at most `--limit`, the most similar first
"""

from dataclasses import asdict
from typing import Annotated

import typer

from core.cli.frame import Json, answering, progress_bar, table


def similar(
    utterance_id: Annotated[
        int | None, typer.Argument(min=1, max=2**63 - 1, help="An utterance's id, as `search` shows it.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Any text, instead of an utterance of the corpus.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The most utterances to show.")] = 20,
    json: Json = False,
) -> None:
    """Find the utterances that are most similar to an utterance or to a text. The first call builds an index."""
    if (utterance_id is None) == (text is None):
        raise typer.BadParameter("give either an utterance's id or --text T")
    with answering(json) as reply:
        from core.workflows.corpus.browse import utterance
        from core.workflows.corpus.similar import like, like_text
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("index") as show_progress:
            if utterance_id is not None:
                matches = like(
                    ws, utterance_id, limit, progress=lambda done, total: show_progress("texts", done, total)
                )
                query = utterance(ws, utterance_id).text
            else:
                query = text or ""
                matches = like_text(ws, query, limit, progress=lambda done, total: show_progress("texts", done, total))
        rows = [
            (f"{match.score:.2f}", match.utterance.id, match.utterance.key, match.utterance.text) for match in matches
        ]
        reply.give(
            {"query": {"id": utterance_id, "text": query},
             "utterances": [{"score": match.score, **asdict(match.utterance)} for match in matches]},
            f"like: {query}",
            table("", ("score", "id", "key", "text"), rows) if rows else "Nothing is like it.",
        )  # fmt: skip
