"""Verbs about label schemes. With `--json` they answer:

- `schemes list`: `{"schemes": [one scheme, ...]}`, the bundled ones first; one scheme is `{"name", "ko", "en", "level",
  "labels": [{"code", "ko", "en", "key", "color"}], "kind": "single" | "multi", "state": "active" | "proposed",
  "bundled": bool, "critical": code or "", "ordinal": bool, "aliases": {spelling: code}}`
- `schemes add`, `schemes confirm`, `schemes export`: the scheme; `export` adds `"file"`
- `schemes reject`: `{"name", "withdrawn": n}`, n labels
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table

if TYPE_CHECKING:
    from core.schemes import Scheme

Name = Annotated[str, typer.Argument(help="The scheme's name, as `schemes list` shows it.")]


def list_schemes(json: Json = False) -> None:
    """Show the label schemes and their classes, in order."""
    with answering(json) as reply:
        from core.schemes import SCHEMES
        from core.workflows.workspace import open_workspace

        open_workspace()  # this reads the workspace's own schemes too
        schemes = list(SCHEMES.values())
        rows = [(s.name, s.ko, s.level, _properties(s), _classes(s)) for s in schemes]
        reply.give(
            {"schemes": [_document(s) for s in schemes]},
            table("", ("scheme", "이름", "level", "", "classes"), rows),
        )


def add_scheme(file: Annotated[Path, typer.Argument(help="A scheme as TOML.")], json: Json = False) -> None:
    """Add the scheme in FILE to the workspace; append the new classes of FILE if the scheme exists already."""
    with answering(json) as reply:
        from core.workflows.corpus import schemes as label_schemes
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        scheme = label_schemes.save(ws, label_schemes.read_file(file), ws.settings.curator)
        reply.give(_document(scheme), f"scheme {scheme.name}: {_classes(scheme)}")


def confirm_scheme(name: Name, json: Json = False) -> None:
    """Confirm a proposed scheme, so that snapshots and training can use it."""
    with answering(json) as reply:
        from core.workflows.corpus import schemes as label_schemes
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        scheme = label_schemes.confirm(ws, name, ws.settings.curator)
        reply.give(_document(scheme), f"scheme {scheme.name} is settled: {_classes(scheme)}")


def reject_scheme(name: Name, json: Json = False) -> None:
    """Delete a proposed scheme, and withdraw its labels that came with the data."""
    with answering(json) as reply:
        from core.workflows.corpus import schemes as label_schemes
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        n = label_schemes.reject(ws, name, ws.settings.curator)
        reply.give({"name": name, "withdrawn": n}, f"scheme {name} is dropped, {n} labels withdrawn")


def export_scheme(
    name: Name, file: Annotated[Path, typer.Argument(help="Where to write it, as TOML.")], json: Json = False
) -> None:
    """Write the scheme NAME as TOML; `schemes add` reads it in another workspace."""
    with answering(json) as reply:
        from core.workflows.corpus import schemes as label_schemes
        from core.workflows.workspace import open_workspace

        open_workspace()
        scheme = label_schemes.write_file(name, file)
        reply.give(_document(scheme) | {"file": str(file)}, f"scheme {name} written to {file}")


def _document(s: "Scheme") -> dict[str, Any]:
    from core.workflows.service.lists import scheme_document

    return scheme_document(s)


def _properties(s: "Scheme") -> str:
    facts = (("multi", s.kind == "multi"), ("ordinal", s.ordinal), ("proposed", s.state == "proposed"))
    return ", ".join(word for word, true in facts if true)


def _classes(s: "Scheme") -> str:
    return ", ".join(f"{x.code} ({x.ko})" for x in s.labels)
