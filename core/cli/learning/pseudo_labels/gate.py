"""The verb `pseudo-label gate`. With `--json` it answers with the verdict that is stored with the round, and sentences:

`{"verdict": "helps", "harms" or "undecided", "by": "macro_f1", "made_at", "round", "run", "scheme", "critical",
"snapshot", "recipe", "encoder", "preset", "seed", "gold": {"set", "sha256", "n", "n_groups"}, "pseudo_labels":
{"given", "used", "left_out", "dropped", "mean_weight"}, "arms": [{"name": "none", "half" or "all", "pseudo_labels",
"train", "n", "n_groups", "accuracy": {"value", "low", "high"}, "macro_f1", "recall"}], "differences": {"half":
{"accuracy": {"value", "low", "high"}, "macro_f1", "recall"}, "all"}, "mcnemar", "bootstrap", "sentences": [sentence]}`;
a difference is that to the student without pseudo-labels, recall that of the class that must not be missed, `dropped`
counts labels of machines in the snapshot that no student learns from. With `--queue` it answers `{"job": id}`, and with
`--show` with the stored verdict.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from core.cli.frame import Json, answering, progress_bar, table
from core.cli.learning.scores import score_text, value_and_interval

_TITLES = {"accuracy": "accuracy", "macro_f1": "macro-F1"}


def gate(
    round_: Annotated[int, typer.Argument(metavar="ROUND", help="The round; `pseudo-label list` shows all of them.")],
    snapshot: Annotated[
        str | None, typer.Option(help="The snapshot that the students learn from, else that of the teacher.")
    ] = None,
    gold: Annotated[
        str | None, typer.Option(metavar="SNAPSHOT", help="The gold set, else the test side of the snapshot.")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="The recipe of the students, else that of the teacher.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Another encoder than the usual one of the recipe.")] = None,
    preset: Annotated[str | None, typer.Option(help="Which settings of the recipe.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training and of the half.")] = 0,
    queue: Annotated[bool, typer.Option("--queue", help="Leave the work to the worker of `serve`.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show the verdict that the round has already.")] = False,
    json: Json = False,
) -> None:
    """Train a student with none, half and all of a round's pseudo-labels, and say what they are worth."""
    with answering(json) as reply:
        from core.workflows.models.train import parse_settings
        from core.workflows.pseudo_labels.ablation import gate as gates
        from core.workflows.pseudo_labels.ablation.plan import planned, stored
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        if show:
            _give(reply, stored(ws, round_))
            return
        settings = parse_settings(set_ or [])
        plan = planned(
            ws, round_, snapshot=snapshot, recipe=recipe, encoder=encoder, preset=preset, overrides=settings,
            gold=gold, seed=seed,
        )  # fmt: skip
        if queue:
            job = gates.start(ws, plan)
            reply.give({"job": job}, f"queued: {job}; `pseudo-label gate {round_} --show` shows the verdict")
            return
        with progress_bar("gate") as show_progress:
            verdict = gates.run(ws, plan, lambda done: show_progress("training", done["done"], done["total"]))
        _give(reply, verdict)


def _give(reply: Any, verdict: Mapping[str, Any]) -> None:
    from core.workflows.pseudo_labels.ablation.sentences import sentences

    lines = sentences(verdict)
    scores = ["accuracy", "macro_f1", *(["recall"] if verdict["critical"] else [])]
    titles = [_TITLES.get(score, f"recall of {verdict['critical']}") for score in scores]
    columns = ("pseudo-labels", "trained on", *titles, "gain of macro-F1")
    rows = [
        (f"{arm['name']} ({arm['pseudo_labels']:,})", f"{arm['train']:,}",
         *(score_text(arm[score]) for score in scores), _gain(verdict, arm["name"]))
        for arm in verdict["arms"]
    ]  # fmt: skip
    title = f"gate of round {verdict['round']}: {verdict['verdict']}"
    gold = f"SHA-256 of the gold set: {verdict['gold']['sha256'][:12]}"
    reply.give({**verdict, "sentences": list(lines)}, title, table("", columns, rows), *lines, gold)


def _gain(verdict: Mapping[str, Any], arm: str) -> str:
    if arm == "none":
        return ""
    value, interval = value_and_interval(verdict["differences"][arm][verdict["by"]], signed=True)
    return f"{value} ({interval})"
