"""The table of all verbs: which function runs which command.

Every verb takes `--json` and keeps one contract. The exit code is 0 for success, 1 for a clear failure (one line on
stderr tells the reason) and 2 for wrong usage. With `--json`, stdout is exactly one JSON document or nothing; the
docstring of the verb's module gives its shape. Progress, warnings and logs go to stderr.
"""

import sys
import warnings
from collections.abc import Callable
from typing import Annotated

import typer
from typer.core import TyperGroup

from core import __version__
from core.cli import keys, service
from core.cli.augment import deciding, making, voice
from core.cli.cleaning import clean, quality
from core.cli.corpus import browse, exchange, maps, schemes, similar
from core.cli.imports import annotations, clashes, corpora, tables, votes
from core.cli.learning import encoders, leakmeter, models, runs, scores, selftraining, sharing, training, voices
from core.cli.learning.pseudo_labels import audit as rounds
from core.cli.learning.pseudo_labels import export as pool_export
from core.cli.learning.pseudo_labels import gate, judge, thresholds
from core.cli.prediction import batches, predictions, transcribe
from core.cli.review import agreement, overview, progress

app = typer.Typer(
    help="귀담아 Gwidama: from raw emergency speech to a corpus and models people can trust.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "ingest": (
        "Bring a delivery in.",
        {
            "aihub": corpora.ingest_aihub,
            "aihub119": browse.ingest_aihub119,
            "annotations": annotations.ingest_annotations,
            "audio": corpora.ingest_audio,
            "gwidama": exchange.ingest_gwidama,
            "hf": corpora.ingest_hf,
            "labelstudio": exchange.ingest_labelstudio,
            "table": tables.ingest_table,
            "votes": votes.ingest_votes,
        },
    ),
    "clashes": (
        "Delivered items that differ from known ones.",
        {
            "list": clashes.list_clashes,
            "accept": clashes.accept_clashes,
            "reject": clashes.reject_clashes,
            "undo": clashes.undo_clashes,
        },
    ),
    "augment": (
        "Variants of texts and voices that keep their label.",
        {
            "list": deciding.list_candidates,
            "accept": deciding.accept_candidates,
            "reject": deciding.reject_candidates,
            "undo": deciding.undo_candidates,
            "voice": voice.augment_voice,
        },
    ),
    "schemes": (
        "Closed, ordered lists of classes.",
        {
            "list": schemes.list_schemes,
            "add": schemes.add_scheme,
            "confirm": schemes.confirm_scheme,
            "reject": schemes.reject_scheme,
            "export": schemes.export_scheme,
        },
    ),
    "map": ("The corpus as points.", {"make": maps.make_map, "list": maps.list_maps}),
    "snapshot": ("Frozen lists that training reads.", {"create": browse.create_snapshot}),
    "runs": (
        "Trained models.",
        {
            "list": models.list_runs,
            "use": runs.use_run,
            "resume": models.resume,
            "tensorboard": training.tensorboard,
        },
    ),
    "pseudo-label": (
        "Labels by a run for what people have not labelled, with thresholds, an audit and a gate.",
        {
            "judge": judge.judge,
            "thresholds": thresholds.thresholds,
            "audit": rounds.audit,
            "accept": rounds.accept,
            "withdraw": rounds.withdraw,
            "list": rounds.list_rounds,
            "gate": gate.gate,
            "export": pool_export.export,
        },
    ),
    "models": ("Pretrained encoders.", {"fetch": transcribe.fetch_model, "prune": encoders.prune}),
    "keys": (
        "Keys of the REST service.",
        {"add": keys.add_key, "list": keys.list_keys, "revoke": keys.revoke_key},
    ),
}
# These groups are verbs themselves, too: `augment --factor 4.5` and `augment list`.
_BARE: dict[str, Callable[..., None]] = {"augment": making.augment}
# The group adds the verb that is meant where none is named: `pseudo-label RUN` is `pseudo-label judge RUN`.
_CLASSES: dict[str, type[TyperGroup]] = {"pseudo-label": judge.JudgingGroup}
# Verbs had these names before 0.2.0. They still work, but no help text lists them.
_OLD_NAMES: dict[str, dict[str, str]] = {"ingest": {"own": "gwidama", "sister": "aihub"}}


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gwidama {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version and leave.")
    ] = False,
) -> None:
    pass


app.command("demo")(service.demo)
app.command("serve")(service.serve)
app.command("migrate-to")(service.migrate_to)
app.command("doctor")(service.doctor)
app.command("search")(browse.search)
app.command("similar")(similar.similar)
app.command("quality")(quality.quality)
app.command("clean")(clean.clean)
app.command("agreement")(agreement.agreement)
app.command("progress")(progress.progress)
app.command("overview")(overview.overview)
app.command("export")(exchange.export)
app.command("train")(models.train)
app.command("evaluate")(models.evaluate)
app.command("compare")(scores.compare)
app.command("predict", cls=predictions.PredictCommand)(predictions.predict)
app.command("predict-batch")(batches.predict_batch)
app.command("embed")(voices.embed)
app.command("transcribe")(transcribe.transcribe)
app.command("recipes")(runs.recipes)
app.command("export-run")(runs.export_run)
app.command("import-run")(runs.import_run)
app.command("push")(sharing.push)
app.command("selftrain")(selftraining.selftrain)
app.command("leakmeter")(leakmeter.leakmeter)
for _name, (_help, _verbs) in _GROUPS.items():
    _bare = _BARE.get(_name)
    _group = typer.Typer(
        help=_help,
        no_args_is_help=True,
        invoke_without_command=_bare is not None,
        rich_markup_mode=None,
        cls=_CLASSES.get(_name),
    )
    for _verb, _function in _verbs.items():
        _group.command(_verb)(_function)
    for _old, _new in _OLD_NAMES.get(_name, {}).items():
        _group.command(_old, hidden=True)(_verbs[_new])
    # Without a callback, Typer drops the verb's name where a group has only one verb.
    _group.callback(help=_help)(_bare or (lambda: None))
    app.add_typer(_group, name=_name)


def main(program: str = "python -m core") -> None:
    """Run the command line of this process, then exit. The help texts call the command `program`."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's warning is not a failure; `python -W` shows it again
    app(prog_name=program)
