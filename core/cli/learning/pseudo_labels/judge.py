"""The verb `pseudo-label RUN`, in full `pseudo-label judge RUN`. With `--json` it answers:

`{"run_id", "targets": [scheme], "executor", "candidates": n without a person's label, "known": n of them judged before,
"judged": n new, "skipped": {reason: n of these that could not be judged}, "parts": n files written, "precision": the
type of number that an encoder computed in, null if nothing was new, "seconds", "per_second"}`. With `--queue` it
answers `{"job": id}`. What is killed goes on where it was when the verb is given again: nothing is judged twice.
"""

import time
from typing import Annotated

import typer
from typer.core import TyperGroup

from core.cli.frame import Filters, Json, answering, filter_pairs, progress_bar, table


class JudgingGroup(TyperGroup):
    """The group of verbs `pseudo-label`, where `pseudo-label RUN …` means `pseudo-label judge RUN …`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put `judge` before words that begin with no verb of the group."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["judge", *args]
        return super().parse_args(ctx, args)


def judge(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run that judges: of texts, voices, both, or calls.")],
    filter: Filters = None,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="SCHEME", help="One of the schemes of the run, else all of them; may be repeated."),
    ] = None,
    executor: Annotated[str, typer.Option(metavar="NAME", help="Where it runs: inline, processes, or ray.")] = "inline",
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many workers; by default as many as there are cores.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="The address of a running Ray cluster; by default this machine is one."),
    ] = None,
    precision: Annotated[str, typer.Option(help="auto, float32, bf16 or int8: how an encoder computes.")] = "auto",
    limit: Annotated[int | None, typer.Option(min=1, help="Items at most, the first by id.")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Leave the work to the worker of `serve`.")] = False,
    json: Json = False,
) -> None:
    """Let a run judge what no person has labelled; thresholds, an audit and a curator decide what becomes of it."""
    pairs = filter_pairs(filter)
    with answering(json) as reply:
        from core.workflows.corpus.browse import read_filter
        from core.workflows.pseudo_labels import judge as judging
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        plan = judging.JudgePlan(
            run, read_filter(ws, pairs), tuple(target or ()), executor, workers, address, precision, limit
        )
        if queue:
            job = judging.start(ws, plan)
            reply.give({"job": job}, f"queued: {job}; the Pseudo-label page shows how far it is")
            return
        began_s = time.monotonic()
        with progress_bar("pseudo-label") as show_progress:
            done = judging.run(ws, plan, lambda seen, total: show_progress("judging", seen, total))
        seconds = time.monotonic() - began_s
        rate = done.judged / seconds if seconds else 0.0
        reasons = [(reason, f"{n:,}") for reason, n in done.skipped.items()]
        reply.give(
            done.as_json() | {"seconds": round(seconds, 3), "per_second": round(rate, 1)},
            f"run {run} judged {done.judged:,} of {done.candidates:,} items without a person's label in "
            f"{seconds:.1f} s ({rate:,.1f}/s); {done.known:,} had been judged before",
            *([table("", ("could not be judged", "items"), reasons)] if reasons else []),
        )
