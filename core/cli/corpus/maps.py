"""The verbs `map make` and `map list`: the corpus as points. With `--json` they answer:

- `map make`: one map, `{"vectors", "method", "made_at", "n": points, "total": utterances that could be drawn, "dims",
  "added": utterances that came since, "edited": texts changed since, "gone": points skipped or taken out since,
  "file": the Parquet file with id, x, y}`
- `map list`: `{"maps": [one map, ...], "vectors": [names], "methods": {name: whether it is installed}}`, the newest map
  first
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, progress_bar, table

if TYPE_CHECKING:
    from core.embedding.map_file import MapInfo
    from core.workflows.workspace import Workspace


def make_map(
    vectors: Annotated[
        str, typer.Option(metavar="NAME", help="What makes texts similar; `map list` shows the names.")
    ] = "hashed-ngram",
    method: Annotated[str, typer.Option(metavar="NAME", help="How points are arranged: pca or umap.")] = "pca",
    json: Json = False,
) -> None:
    """Draw the corpus as points: similar texts lie together. The Map page shows them."""
    with answering(json) as reply:
        from core.workflows.map import making
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("map") as show_progress:
            info = making.make(ws, vectors, method, show_progress)
        document = _document(ws, info)
        reply.give(document, f"{info.n:,} of {info.total:,} utterances as points: {document['file']}")


def list_maps(json: Json = False) -> None:
    """Show the maps of the workspace, and of what others can be made."""
    with answering(json) as reply:
        from core.workflows.map import making, vectors
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        documents, methods = [_document(ws, info) for info in making.maps(ws)], making.methods()
        names = vectors.choices(ws)
        columns = ("vectors", "method", "n", "made_at", "added", "edited", "gone")
        rows = [tuple(str(document[column]) for column in columns) for document in documents]
        reply.give(
            {"maps": documents, "vectors": names, "methods": methods},
            table("", columns, rows) if rows else "There is no map yet: python -m core map make",
            f"vectors: {', '.join(names)}",
            f"methods: {', '.join(name if there else f'{name} (not installed)' for name, there in methods.items())}",
        )


def _document(ws: "Workspace", info: "MapInfo") -> dict[str, Any]:
    from core.workflows.map import making

    age = making.age(ws, info)
    return {
        "vectors": info.vectors, "method": info.method, "made_at": info.made_at, "n": info.n, "total": info.total,
        "dims": info.dims, "added": age.added, "edited": age.edited, "gone": age.gone,
        "file": str(making.file_of(ws, info)),
    }  # fmt: skip
