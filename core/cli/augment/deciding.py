"""The verbs `augment list`, `accept`, `reject` and `undo`. With `--json` they answer:

- `list`: `{"waiting": n, "operations": [{"operation", "open", "accepted", "rejected", "flagged", "in_corpus"}], "runs":
  [{"run", "at", "curator", "sources", "wanted", "made", "flagged", "refused", "checked_by", "finished_at"}, the latest
  20], "candidates": [{"id", "utterance", "key", "before", "after", "operation", "score": probability of the label or
  null, "judged": class by the run in use or null, "flag", "run"}, the first `--limit`]}`
- `accept`: `{"accepted": n, "rebased": n of these on a text that was changed meanwhile, "anew": 0, "refused": {reason:
  n, now rejected}, "already": n decided before}`
- `reject`: `{"rejected": n}`
- `undo`: `{"opened": n that wait again, "left": n that somebody has decided on since}`
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table

if TYPE_CHECKING:
    from core.workflows.augment.batches import Batch
    from core.workflows.augment.deciding import CandidateCard

RUNS = 20
Wheres = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="KEY=VALUE",
        help="operation=NAME, reason=label-disagreement or reason=- for none, score=0.5- or score=-0.3, batch=RUN, "
        "id=N; may be repeated.",
    ),
]  # fmt: skip
Every = Annotated[bool, typer.Option("--all", help="All that wait.")]


def list_candidates(
    where: Wheres = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many variants to show.")] = 50,
    json: Json = False,
) -> None:
    """Show the variants that wait, with counts by operation and the latest runs."""
    with answering(json) as reply:
        from core.workflows.augment import batches, deciding
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        chosen = deciding.read_where(ws, where or [])
        waiting, statistics = deciding.count(ws, chosen), deciding.statistics(ws, chosen)
        candidates = [_document(card) for card in deciding.page(ws, chosen, limit)]
        operations = [asdict(row) for row in statistics]
        rows = [
            (c["id"], c["operation"], c["before"], c["after"], "" if c["score"] is None else f"{c['score']:.2f}",
             c["flag"])
            for c in candidates
        ]  # fmt: skip
        columns = ("operation", "waiting", "accepted", "rejected", "flagged", "in corpus")
        reply.give(
            {
                "waiting": waiting, "operations": operations,
                "runs": [_run(batch) for batch in batches.every(ws)[:RUNS]], "candidates": candidates,
            },
            f"{waiting:,} variants wait",
            *([table("", columns, [tuple(row.values()) for row in operations])] if operations else []),
            *([table("", ("id", "operation", "text", "variant", "score", "flag"), rows)] if rows else []),
        )  # fmt: skip


def accept_candidates(where: Wheres = None, every: Every = False, json: Json = False) -> None:
    """Accept the variants that --where chooses: they become utterances in the group of their source."""
    _check(where, every)
    with answering(json) as reply:
        from core.workflows.augment import deciding
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        counts = deciding.accept(ws, deciding.read_where(ws, where or []), ws.settings.curator)
        refused = ", ".join(f"{reason}: {n}" for reason, n in counts.refused.items())
        reply.give(
            asdict(counts),
            f"{counts.accepted:,} accepted; `augment undo` takes them back",
            *([f"{counts.changed:,} fit no longer and are rejected ({refused})"] if refused else []),
        )


def reject_candidates(where: Wheres = None, every: Every = False, json: Json = False) -> None:
    """Reject the variants that --where chooses."""
    _check(where, every)
    with answering(json) as reply:
        from core.workflows.augment import deciding
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        n = deciding.reject(ws, deciding.read_where(ws, where or []), ws.settings.curator)
        reply.give({"rejected": n}, f"{n:,} rejected; `augment undo` takes it back")


def undo_candidates(
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="RUN", help="All decisions on one run, whoever decided.")
    ] = None,
    json: Json = False,
) -> None:
    """Take back your latest decision, on one variant or on many at once; they wait again."""
    with answering(json) as reply:
        from core.workflows.augment import deciding
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        who = ws.settings.curator
        undone = deciding.undo(ws, who) if batch is None else deciding.undo_batch(ws, batch, who)
        opened, left = (undone.opened, undone.left) if undone else (0, 0)
        reply.give(
            {"opened": opened, "left": left},
            f"{opened:,} wait again, {left:,} left because somebody decided on them since",
        )


def _check(where: Sequence[str] | None, every: bool) -> None:
    if bool(where) == every:
        raise typer.BadParameter("choose variants by --where KEY=VALUE, or use --all")


def _document(card: "CandidateCard") -> dict[str, Any]:
    proposal = card.proposal
    return {
        "id": proposal.id, "utterance": card.source.id, "key": card.source.key, "before": card.source.text,
        "after": proposal.payload["text"], "operation": proposal.operation, "score": proposal.confidence,
        "judged": card.checked_code, "flag": proposal.flag, "run": proposal.batch,
    }  # fmt: skip


def _run(batch: "Batch") -> dict[str, Any]:
    document = asdict(batch)
    return {"run": document.pop("id")} | {name: value for name, value in document.items() if name != "plan"}
