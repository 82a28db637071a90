"""Verbs about the keys of the REST service. With `--json` they answer:

- `keys add`: `{"name", "key", "prefix", "scopes", "per_minute", "created_at", "created_by"}`; only here `key` is shown
- `keys list`: `{"keys": [{"name", "prefix", "scopes", "per_minute", "created_at", "created_by", "revoked_at",
  "revoked_by"}]}`; a `per_minute` of null is no limit, a `revoked_at` of null is a key in use
- `keys revoke`: one element of the `keys` of `keys list`
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table

if TYPE_CHECKING:
    from core.workflows.service.keys import ApiKey

Name = Annotated[str, typer.Argument(help="The key's name: for whom or what it is.")]


def add_key(
    name: Name,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it opens: predict, read (runs, schemes), metrics, media (sound, exports); may be repeated. "
            "predict and read by default."
        ),
    ] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="The most requests in a minute; no limit without.")
    ] = None,
    json: Json = False,
) -> None:
    """Add a key of the REST service and print it. Once there is a key, every caller needs one."""
    with answering(json) as reply:
        from core.workflows.service import keys
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        key, secret = keys.add(ws, name, scope or (), per_minute, ws.settings.curator)
        fields = _document(key)
        del fields["revoked_at"], fields["revoked_by"]
        reply.give(
            fields | {"key": secret},
            f"key {key.name} for {', '.join(key.scopes)}; it is shown only now:",
            secret,
        )


def list_keys(json: Json = False) -> None:
    """Show the keys of the REST service, without the keys themselves."""
    with answering(json) as reply:
        from core.workflows.service import keys
        from core.workflows.workspace import open_workspace

        found = keys.every(open_workspace())
        rows = [
            (key.name, f"{key.prefix}…", ", ".join(key.scopes), key.per_minute, key.created_at[:10], key.created_by,
             (key.revoked_at or "")[:10])
            for key in found
        ]  # fmt: skip
        columns = ("name", "key", "opens", "a minute", "added", "by", "revoked")
        reply.give(
            {"keys": [_document(key) for key in found]},
            table("", columns, rows) if rows else "no key yet: whoever reaches the server may ask it",
        )


def revoke_key(name: Name, json: Json = False) -> None:
    """Revoke a key: it opens nothing from the next request on, with PostgreSQL within 2 seconds."""
    with answering(json) as reply:
        from core.workflows.service import keys
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        key = keys.revoke(ws, name, ws.settings.curator)
        reply.give(_document(key), f"key {key.name} opens nothing any more")


def _document(key: "ApiKey") -> dict[str, Any]:
    names = ("name", "prefix", "scopes", "per_minute", "created_at", "created_by", "revoked_at", "revoked_by")
    return {name: getattr(key, name) for name in names} | {"scopes": list(key.scopes)}
