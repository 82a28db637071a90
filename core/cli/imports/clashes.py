"""The verbs `clashes ...`, which decide on delivered items that differ from known ones. With `--json` they answer:

- `list`: `{"waiting": n, "deliveries": [{"batch", "source", "made_at", "open", "accepted", "rejected"}], "suggestions":
  [{"id", "utterance", "item": key, "changes": "text" | "times" | "speaker" | "labels" | "audio", "differences":
  [{"field", "before", "after"}], "batch"}]}`; `suggestions` are the first `--limit` open ones
- `accept`: `{"accepted": n, "rebased": n of these on a text that was changed meanwhile, "anew", "refused": {reason: n},
  "already": n decided before}`. With `--all`, the refused ones are rejected; by id, they stay open
- `reject`: `{"rejected": n}`
- `undo`: `{"batch", "undone": n, "left": n that somebody has decided on since}`
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table

if TYPE_CHECKING:
    from core.workflows.cleaning.decisions import DecisionCounts
    from core.workflows.imports.clashes import Suggestion
    from core.workflows.workspace import Workspace

Ids = Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Suggestions, as `clashes list` shows.")]
Every = Annotated[bool, typer.Option("--all", help="All that wait, instead of single ones.")]
OfBatch = Annotated[str | None, typer.Option("--batch", metavar="BATCH", help="Only those of this import.")]


def list_clashes(
    batch: OfBatch = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many suggestions to show.")] = 50,
    json: Json = False,
) -> None:
    """Show the suggestions that `--on-clash propose` made and that wait: what is known, and what the delivery has."""
    with answering(json) as reply:
        from core.workflows.imports import clashes
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        deliveries = [
            {"batch": d.name, "source": d.source, "made_at": d.made_at, **d.counts} for d in clashes.batches(ws)
        ]
        suggestions = [_document(row) for row in clashes.page(ws, batch=batch, limit=limit)]
        rows = [
            (doc["id"], doc["item"], part["field"], part["before"], part["after"])
            for doc in suggestions
            for part in doc["differences"]
        ]
        waiting = sum(clashes.counts(ws, batch).values())
        columns = ("batch", "source", "at", "waiting", "accepted", "rejected")
        reply.give(
            {"waiting": waiting, "deliveries": deliveries, "suggestions": suggestions},
            f"{waiting:,} suggestions of deliveries wait",
            *([table("", columns, [tuple(d.values()) for d in deliveries])] if deliveries else []),
            *([table("", ("id", "item", "field", "known", "delivered"), rows)] if rows else []),
        )


def accept_clashes(ids: Ids = None, every: Every = False, batch: OfBatch = None, json: Json = False) -> None:
    """Accept suggestions by ID, or all that wait with --all. What curators decided since is never overwritten."""
    _check(ids, every, batch)
    with answering(json) as reply:
        from core.workflows.imports import clashes
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        who = ws.settings.curator
        counts = clashes.accept_all(ws, who, batch=batch) if every else _accept(ws, ids or [])
        refused = ", ".join(f"{reason}: {n}" for reason, n in counts.refused.items())
        reply.give(
            asdict(counts),
            f"{counts.accepted:,} accepted, {counts.rebased:,} of them on a text that was changed meanwhile",
            *([f"{counts.changed:,} fit no longer ({refused})"] if refused else []),
        )


def reject_clashes(ids: Ids = None, every: Every = False, batch: OfBatch = None, json: Json = False) -> None:
    """Reject suggestions by ID, or all that wait with --all; what is known stays as it is."""
    _check(ids, every, batch)
    with answering(json) as reply:
        from core.workflows.imports import clashes
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        who = ws.settings.curator
        if every:
            n = clashes.reject_all(ws, who, batch=batch)
        else:
            _check_kind(ws, ids or [])
            n = len([clashes.decide(ws, number, False, who) for number in ids or []])
        reply.give({"rejected": n}, f"{n:,} rejected")


def undo_clashes(
    batch: Annotated[str, typer.Argument(help="The delivery, as `clashes list` names it.")], json: Json = False
) -> None:
    """Take back everything that was accepted of one delivery; it waits again."""
    with answering(json) as reply:
        from core.workflows.imports import clashes
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        undone, left = clashes.undo_batch(ws, batch, ws.settings.curator)
        reply.give(
            {"batch": batch, "undone": undone, "left": left},
            f"{undone:,} changes taken back, {left:,} left because somebody decided on them since",
        )


def _accept(ws: "Workspace", ids: Sequence[int]) -> "DecisionCounts":
    """Accept suggestions one by one. One that fits no longer stays open and is counted in `refused`."""
    from core.errors import Unfit
    from core.workflows.cleaning.decisions import DecisionCounts
    from core.workflows.imports import clashes

    _check_kind(ws, ids)
    counts = DecisionCounts()
    for number in ids:
        try:
            clashes.decide(ws, number, True, ws.settings.curator)
            counts += DecisionCounts(accepted=1)
        except Unfit as error:
            counts += DecisionCounts(refused={error.reason: 1})
    return counts


def _check_kind(ws: "Workspace", ids: Sequence[int]) -> None:
    """Raise `InputError` for the id of another kind of suggestion, before anything is decided."""
    from core.errors import InputError
    from core.workflows.cleaning.proposals import card
    from core.workflows.imports.clashes import DELIVERY

    for number in ids:
        if card(ws, number).proposal.kind != DELIVERY:
            raise InputError(
                "suggestion {id} is not of a delivery: python -m core clashes list shows those that are", id=number
            )


def _check(ids: list[int] | None, every: bool, batch: str | None) -> None:
    if bool(ids) == every:
        raise typer.BadParameter("name suggestions by ID, or use --all")
    if batch is not None and not every:
        raise typer.BadParameter("--batch goes with --all")


def _document(row: "Suggestion") -> dict[str, Any]:
    proposal = row.proposal
    return {
        "id": proposal.id, "utterance": proposal.utterance_id, "item": row.utterance.key,
        "changes": proposal.operation, "differences": [asdict(part) for part in row.differences],
        "batch": proposal.batch,
    }  # fmt: skip
