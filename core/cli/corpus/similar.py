"""The verb for more of the same. `--json` answers:

- `similar`: `{"query": {"id": number or null, "text"}, "utterances": [{"score": cosine of the texts' embeddings, above
  0 and at most 1, "id", "key", "text", "labels", ... as of `search`}]}`, at most `--limit`, the most alike first
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
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Show at most so many.")] = 20,
    json: Json = False,
) -> None:
    """Find the utterances most like one of the corpus, or like a text. The first time builds an index."""
    if (utterance_id is None) == (text is None):
        raise typer.BadParameter("give either an utterance's id or --text T")
    with answering(json) as reply:
        from core.workflows.corpus.browse import utterance
        from core.workflows.corpus.similar import like, like_text
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("index") as tell:
            if utterance_id is not None:
                found = like(ws, utterance_id, limit, progress=lambda done, total: tell("texts", done, total))
                asked = utterance(ws, utterance_id).text
            else:
                asked = text or ""
                found = like_text(ws, asked, limit, progress=lambda done, total: tell("texts", done, total))
        rows = [(f"{one.score:.2f}", one.utterance.id, one.utterance.key, one.utterance.text) for one in found]
        reply.give(
            {"query": {"id": utterance_id, "text": asked},
             "utterances": [{"score": one.score, **asdict(one.utterance)} for one in found]},
            f"like: {asked}",
            table("", ("score", "id", "key", "text"), rows) if rows else "Nothing is like it.",
        )  # fmt: skip
