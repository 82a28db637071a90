"""The verb `leakmeter`. With `--json` it answers with the document of `core.workflows.leaks.results` and its sentences:

`{"id", "made_at", "plan", "snapshot", "sha256", "recipe", "encoder", "preset", "scheme", "critical", "unseen",
"augmentation": {"n", "source", "operations", "factor", "class_factors", "alpha", "refused": {reason: n}, "why"},
"arms": [{"name", "split": "lineage" or "rows", "augmented", "sides": {side: n}, "repeats_left_out", "n", "n_groups",
"accuracy": {"value", "low", "high"}, "macro_f1", "recall"}], "differences": {"leakage_without", "apparent", "leakage",
"gain": {"accuracy": {"value", "low", "high"}, "macro_f1", "recall"}}, "bootstrap", "sentences": [sentence]}`; recall is
that of the class that must not be missed. With `--queue` it answers `{"job": id}`, and with `--show ID` as above.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from core.cli.frame import Json, answering, progress_bar, table
from core.cli.learning.scores import value_and_interval

_SPLITS = {"lineage": "by lineage", "rows": "random rows"}
_TITLES = {"accuracy": "accuracy", "macro_f1": "macro-F1"}


def leakmeter(
    snapshot: Annotated[str | None, typer.Argument(help="The snapshot that is split again.")] = None,
    recipe: Annotated[str, typer.Option(help="The recipe that is trained two or four times.")] = "text",
    encoder: Annotated[str | None, typer.Option(help="Another encoder than the recipe's usual one.")] = None,
    preset: Annotated[str, typer.Option(help="Which settings of the recipe.")] = "default",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; may be repeated.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="SCHEME", help="The scheme, of a snapshot that has several.")
    ] = None,
    operations: Annotated[
        str, typer.Option(help="Operations with commas; else the accepted variants of the snapshot, or all of them.")
    ] = "",
    factor: Annotated[
        list[str] | None,
        typer.Option(metavar="N", help="Rows after augmentation for each before, or CLASS=N; may be repeated."),
    ] = None,
    alpha: Annotated[float, typer.Option(help="Share of a sentence's words that an operation may change.")] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of shuffling, augmentation and training.")] = 0,
    augment: Annotated[bool, typer.Option(help="Measure with augmentation too.")] = True,
    queue: Annotated[bool, typer.Option(help="Leave the work to the worker of `serve`.")] = False,
    show: Annotated[str | None, typer.Option(metavar="ID", help="Show a finished leak meter.")] = None,
    json: Json = False,
) -> None:
    """Measure how much of a score is leakage: split SNAPSHOT by lineage and by random rows, augmented and not."""
    if (snapshot is None) == (show is None):
        raise typer.BadParameter("name a SNAPSHOT to measure, or --show ID")
    with answering(json) as reply:
        from core.workflows.leaks import meter, results
        from core.workflows.leaks.plan import LeakPlan, parse_factors
        from core.workflows.models.train import parse_settings
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        if show is not None or snapshot is None:
            _give(reply, results.get(ws, show or ""))
            return
        general, classes = parse_factors(factor or [])
        names = tuple(name.strip() for name in operations.split(",") if name.strip())
        settings = parse_settings(set_ or [])
        plan = LeakPlan(
            snapshot, recipe, encoder, preset, settings, target, names, general, classes, alpha, seed, augment
        )
        if queue:
            job = meter.start(ws, plan)
            reply.give({"job": job}, f"queued: {job}; `leakmeter --show {job}` shows it when it is done")
            return
        with progress_bar("leak meter") as show_progress:
            document = meter.run(ws, plan, lambda done: show_progress("training", done["done"], done["total"]))
        _give(reply, document)


def _give(reply: Any, document: Mapping[str, Any]) -> None:
    from core.workflows.leaks.sentences import sentences

    lines = sentences(document)
    scores = ["accuracy", "macro_f1", *(["recall"] if document["critical"] else [])]
    columns = (
        "split",
        "augmented",
        "trained on",
        "n",
        *(_TITLES.get(s, f"recall of {document['critical']}") for s in scores),
    )
    rows = [
        (_SPLITS[arm["split"]], "yes" if arm["augmented"] else "no", arm["sides"]["train"], arm["n"],
         *(" ".join(_score(arm[score])) for score in scores))
        for arm in document["arms"]
    ]  # fmt: skip
    reply.give({**document, "sentences": list(lines)}, f"leak meter {document['id']}", table("", columns, rows), *lines)


def _score(score: Mapping[str, float | None]) -> tuple[str, str]:
    value, interval = value_and_interval(score)
    return value, "" if interval == "-" else f"({interval})"
