"""The verb `augment`, which makes variants of labelled texts for a curator to accept. With `--json` it answers:

- `augment`: `{"run", "sources": n texts, "wanted": n, "made": n new, "flagged": n with another label by the run in use,
  "refused": {reason: n}, "checked_by": run or null, "classes": [{"code", "texts", "present": n variants so far,
  "wanted"}]}`. Variants that wait or were accepted count, so a repeated run makes no more
- `augment --dry-run`: the same without "run", with "tried": n texts, "by_operation": {operation: n} and "samples":
  [{"id", "key", "label", "before", "after", "operation", "score": probability of the label or null, "flag"}, the first
  20 of each operation]; nothing is written, and no language model is asked
- `augment --estimate`: `{"requests", "kept": n answered before, "masked": n with personal data, "tokens",
  "tokens_at_most", "cost": null without prices, "cost_at_most", "most_tokens", "most_cost", "fits", "host", "model"}`:
  what a language model would cost; nothing is sent
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Filters, Json, Reply, answering, filter_pairs, progress_bar, table

if TYPE_CHECKING:
    from core.workflows.augment.making import Candidate
    from core.workflows.augment.plan import AugmentPlan
    from core.workflows.augment.sources import ClassCount
    from core.workflows.workspace import Workspace

SAMPLES, SHOWN = 20, 3


def augment(
    context: typer.Context,
    filter: Filters = None,
    operations: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...", help="What makes the variants: names with commas, or `all` that are installed; `llm`."
        ),
    ] = None,
    factor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N|CLASS=N", help="How many times as many texts there are afterwards, 1 to 5; may be repeated."
        ),
    ] = None,
    balance: Annotated[
        bool, typer.Option("--balance", help="Give every class as many texts as the largest one has afterwards.")
    ] = False,
    scheme: Annotated[str, typer.Option(help="The scheme whose classes are multiplied.")] = "danger",
    alpha: Annotated[float, typer.Option(help="The share of the words that is changed.")] = 0.2,
    per_sentence: Annotated[int, typer.Option(help="Variants of one text at most.")] = 4,
    limit: Annotated[int | None, typer.Option(help="Texts at most, drawn at random.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same variants.")] = 0,
    temperature: Annotated[float | None, typer.Option(help="How freely a language model writes, 0 to 2.")] = None,
    examples: Annotated[
        int | None, typer.Option(help="Sentences of the class that a language model is shown, 0 to 20.")
    ] = None,
    most_cost: Annotated[
        float | None, typer.Option(help="What a language model may cost at most; GWIDAMA_LLM_CAP otherwise.")
    ] = None,
    most_tokens: Annotated[
        int | None, typer.Option(help="Tokens that a language model may use at most; 0: no limit.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count variants and show samples; write nothing.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what the language model would cost; send nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Make variants of labelled texts, which wait for a curator; `augment list` shows them, `accept` takes them."""
    if context.invoked_subcommand is not None:
        return
    pairs, factors = filter_pairs(filter), _factors(factor or ())
    if not (factors or balance):
        raise typer.BadParameter("name --factor, such as --factor 4.5, or --balance")
    with answering(json) as reply:
        from core.workflows.augment.plan import DEFAULT_OPERATIONS, AugmentPlan
        from core.workflows.corpus.browse import read_filter
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        plan = AugmentPlan(
            read_filter(ws, pairs), scheme, _operations(operations or []) or DEFAULT_OPERATIONS,
            _factor(scheme, factors), balance, alpha, per_sentence, limit, seed,
            _given(temperature=temperature, examples=examples, most_cost=most_cost, most_tokens=most_tokens),
        )  # fmt: skip
        (_estimate if estimate else _preview if dry_run else _make)(reply, ws, plan)


def _given(**options: float | None) -> dict[str, float]:
    """The options of a language model that were given; a wrong value is an error here."""
    from core.workflows.augment.llm import Options

    given = {name: value for name, value in options.items() if value is not None}
    Options.from_dict(given)
    return given


def _make(reply: Reply, ws: "Workspace", plan: "AugmentPlan") -> None:
    from core.workflows.augment import run
    from core.workflows.augment.plan import checked
    from core.workflows.augment.sources import choose

    with progress_bar("augment") as show_progress:
        chosen = choose(ws, checked(plan))
        batch = run.run(ws, plan, ws.settings.curator, chosen=chosen, progress=show_progress)
    answer = {
        "run": batch.id, "sources": batch.sources, "wanted": batch.wanted, "made": batch.made,
        "flagged": batch.flagged, "refused": dict(batch.refused), "checked_by": batch.checked_by,
        "classes": [asdict(row) for row in chosen.classes],
    }  # fmt: skip
    reply.give(
        answer,
        f"run {batch.id}: {batch.made:,} of {batch.wanted:,} variants wait; `augment list` shows them",
        _class_table(chosen.classes),
        *_refusals(batch.refused),
        _check_line(batch.checked_by, batch.flagged),
    )


def _preview(reply: Reply, ws: "Workspace", plan: "AugmentPlan") -> None:
    from core.workflows.augment import run

    with progress_bar("augment") as show_progress:
        seen = run.preview(ws, plan, progress=show_progress)
    samples = [_sample(candidate) for candidate in _first_of_each(seen.candidates, SAMPLES)]
    answer = {
        "sources": seen.sources, "wanted": seen.wanted, "tried": seen.looked_at, "made": len(seen.candidates),
        "flagged": seen.flagged, "refused": dict(seen.refused), "checked_by": seen.checked_by,
        "classes": [asdict(row) for row in seen.classes], "by_operation": seen.by_operation, "samples": samples,
    }  # fmt: skip
    shown = [_sample(candidate) for candidate in _first_of_each(seen.candidates, SHOWN)]
    rows = [(s["operation"], s["key"], s["before"], s["after"], _number(s["score"]), s["flag"]) for s in shown]
    columns = ("operation", "item", "text", "variant", "score", "flag")
    reply.give(
        answer,
        f"{len(seen.candidates):,} of {seen.wanted:,} variants could be made of {seen.looked_at:,} texts; nothing was "
        "written",
        _class_table(seen.classes),
        *([table("", columns, rows)] if rows else []),
        *_refusals(seen.refused),
        _check_line(seen.checked_by, seen.flagged),
    )


def _estimate(reply: Reply, ws: "Workspace", plan: "AugmentPlan") -> None:
    from core.workflows.augment import run

    cost, _ = run.estimate(ws, plan)
    price = "no prices are set" if cost.cost is None else f"about {cost.cost:.4f}, at most {cost.cost_at_most:.4f}"
    reply.give(
        asdict(cost),
        f"{cost.requests:,} requests, {cost.kept:,} of them answered before; {cost.masked:,} texts with personal data "
        "are masked",
        f"about {cost.tokens:,} tokens, at most {cost.tokens_at_most:,}; {price}",
        "within the limits of a run" if cost.fits else "more than the limits of a run: it would stop on the way",
    )


def _operations(given: Sequence[str]) -> tuple[str, ...]:
    """The names of `--operations`; `all` stands for those that are installed."""
    from core.workflows.augment.plan import operations

    names = [name.strip() for words in given for name in words.split(",") if name.strip()]
    every = [known for name in names for known in (operations() if name == "all" else (name,))]
    return tuple(dict.fromkeys(every))


def _factors(given: Sequence[str]) -> dict[str, float]:
    """The values of `--factor` by class; "" stands for all classes. A value without sense is wrong usage."""
    factors: dict[str, float] = {}
    for word in given:
        code, _, number = word.rpartition("=")
        try:
            factors[code] = float(number)
        except ValueError:
            raise typer.BadParameter(f"--factor {word}: expected a number such as 4.5, or CLASS=4.5") from None
    if "" in factors and len(factors) > 1:
        raise typer.BadParameter("--factor takes one number for all classes, or one for each CLASS=N")
    return factors


def _factor(scheme_name: str, factors: Mapping[str, float]) -> float | dict[str, float]:
    from core.schemes import scheme

    if not factors:
        return 1.0
    return factors[""] if "" in factors else {scheme(scheme_name).parse(code): n for code, n in factors.items()}


def _first_of_each(candidates: Sequence["Candidate"], most: int) -> list["Candidate"]:
    """The first `most` candidates of each operation, in their order."""
    seen: Counter[str] = Counter()
    first = []
    for candidate in candidates:
        seen[candidate.variant.operation] += 1
        if seen[candidate.variant.operation] <= most:
            first.append(candidate)
    return first


def _sample(candidate: "Candidate") -> dict[str, Any]:
    source, checked = candidate.source, candidate.checked
    return {
        "id": source.id, "key": source.key, "label": source.code, "before": source.text,
        "after": candidate.variant.text, "operation": candidate.variant.operation,
        "score": checked.score if checked else None, "flag": checked.flag if checked else None,
    }  # fmt: skip


def _class_table(classes: Sequence["ClassCount"]) -> Any:
    return table("", ("class", "texts", "variants", "wanted"), [tuple(asdict(row).values()) for row in classes])


def _refusals(refused: Mapping[str, int]) -> list[Any]:
    from core.workflows.augment.making import REASONS

    rows = [(REASONS.get(reason, reason), f"{n:,}") for reason, n in refused.items()]
    return [table("", ("refused because", "times"), rows)] if rows else []


def _check_line(run_id: str | None, flagged: int) -> str:
    if run_id is None:
        return "no run in use judges single texts under this scheme, so no label was checked"
    return f"{flagged:,} have another label by run {run_id}: look at them with --where reason=label-disagreement"


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:.2f}"
