"""Train a Recipe on a Snapshot: as a durable job (`start`, `run_job`) or in this process (`run`)."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from core.errors import Cancelled, InputError
from core.files import file_lock, make_folder
from core.jobs import submit
from core.messages import Word
from core.records import JobState, RunInfo, SnapshotInfo
from core.runs.card import read_card
from core.runs.folder import RunFolder
from core.runs.predictions import evaluation_predictions
from core.training import engine
from core.training.engine import TrainSpec
from core.training.recipes import RECIPES, Recipe, config_for, recipe, recipes
from core.workflows.corpus.schemes import trainable
from core.workflows.evaluation import seen
from core.workflows.jobs import Context
from core.workflows.workspace import Workspace, now, open_workspace, stamped

__all__ = [
    "RECIPES", "TrainSpec", "parse_settings", "plan", "recipes", "resume", "resume_plan", "run",
    "run_job", "settings_help", "start", "suitable",
]  # fmt: skip

Report = Callable[[dict[str, Any]], None]
UNFINISHED: tuple[JobState, ...] = ("cancelled", "failed")


def plan(
    ws: Workspace,
    recipe_name: str,
    snapshot: str,
    encoder: str | None = None,
    overrides: Mapping[str, str] | None = None,
    preset: str = "default",
) -> engine.TrainSpec:
    """Check the request and give it a run id. `InputError` or `NotFound` names what is wrong in the request."""
    chosen = recipe(recipe_name)
    info = ws.store.ledger.snapshot(snapshot)
    _check_schemes(chosen, info)
    encoder = encoder or chosen.usual_encoder(preset)
    config_for(chosen, encoder, dict(overrides or {}), preset)
    return engine.TrainSpec(
        run_id=_new_id(ws, recipe_name),
        recipe=recipe_name,
        encoder=encoder,
        snapshot_folder=str(ws.snapshot_folder(snapshot)),
        runs_folder=str(ws.settings.runs),
        workspace=str(ws.settings.home),
        overrides=dict(overrides or {}),
        preset=preset,
    )


def _new_id(ws: Workspace, recipe_name: str) -> str:
    """A new run id, the same one in all processes that train together."""
    run_id = stamped(recipe_name)
    if ws.settings.processes == 1:
        return run_id
    from core.training.processes import same

    return same(run_id)


def parse_settings(given: Iterable[str]) -> dict[str, str]:
    """Settings written `key=value` as a mapping; `InputError` for anything else.

    >>> parse_settings(["epochs=3"])
    {'epochs': '3'}
    """
    pairs = [word.partition("=") for word in given]
    if wrong := [key for key, equals, _ in pairs if not (key and equals)]:
        raise InputError("settings are written key=value; {text!r} is not", text=wrong[0])
    return {key: value for key, _, value in pairs}


def settings_help(recipe_name: str, encoder: str, preset: str = "default") -> str:
    """The settings that a person may change, with their values in a preset, in the form `key=value key=value`."""
    config = config_for(recipe(recipe_name), encoder, {}, preset)
    return " ".join(f"{f.name}={getattr(config, f.name)}" for f in fields(config))


def start(
    ws: Workspace,
    recipe_name: str,
    snapshot: str,
    encoder: str | None = None,
    overrides: Mapping[str, str] | None = None,
    preset: str = "default",
) -> str:
    """Queue a training as a job; returns the run id, which is also the id of the job."""
    spec = plan(ws, recipe_name, snapshot, encoder, overrides, preset)
    _put_run(ws, spec, snapshot, "queued")
    return submit(ws.store, "train", f"{recipe_name} · {snapshot}", spec.to_dict(), spec.run_id)


def resumable(ws: Workspace) -> set[str]:
    """The ids of the trainings that were cancelled or failed after they had begun, so that they can go on."""
    ended = (run.id for state in UNFINISHED for run in ws.store.ledger.runs(state))
    return {run_id for run_id in ended if RunFolder(ws.run_folder(run_id)).config() is not None}


def resume_plan(ws: Workspace, run_id: str) -> engine.TrainSpec:
    """The request of a training that did not end, read from its folder. `InputError` if there is nothing to go on with.

    A run that says "running" may go on too: its process may have been killed, and one that still trains is waited for.
    """
    info = ws.store.ledger.run(run_id)
    config = RunFolder(ws.run_folder(run_id)).config()
    if info.state not in (*UNFINISHED, "running") or config is None:
        raise InputError(
            "run {run_id} is {state}: only a training that was cancelled, failed or killed can go on",
            run_id=run_id,
            state=Word(info.state),
        )
    return engine.TrainSpec(
        run_id=run_id,
        recipe=config["recipe"],
        encoder=config["encoder"],
        snapshot_folder=str(ws.snapshot_folder(info.snapshot)),
        runs_folder=str(ws.settings.runs),
        workspace=str(ws.settings.home),
        overrides={name: str(value) for name, value in config["settings"].items()},
        seed=config["seed"],
        preset=config.get("preset", "default"),
    )


def resume(ws: Workspace, run_id: str) -> str:
    """Queue the rest of a training that was cancelled or failed; returns the id of the new job.

    It goes on from the last checkpoint. `InputError` if there is nothing to go on with.
    """
    spec = resume_plan(ws, run_id)
    info = ws.store.ledger.run(run_id)
    ws.store.ledger.set_run(run_id, "queued")
    title = f"{spec.recipe} · {info.snapshot}"
    return submit(ws.store, "train", title, spec.to_dict(), f"{run_id}-{secrets.token_hex(2)}")


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job `train`: preparing, fitting and finishing are durable steps; a fit continues from its last checkpoint."""
    run(open_workspace(), engine.TrainSpec.from_dict(params), job.report, job.step)


def run(
    ws: Workspace,
    spec: engine.TrainSpec,
    report: Report = lambda progress: None,
    step: Callable[[str, Callable[[], Any]], Any] = lambda name, fn: fn(),
) -> dict[str, Any]:
    """Train to the end and return the metrics. The store's row of the run says "running", then how it ended.

    Under `accelerate launch` the first process does that, and the others only take part in the training: they return
    no metrics.
    """
    if ws.settings.process > 0:
        return engine.train_together(spec, report, ws.settings.process) or {}
    try:
        _put_run(ws, spec, Path(spec.snapshot_folder).name, "running")
        with _alone(ws, spec.run_id):
            together = ws.settings.processes > 1
            metrics = engine.train_together(spec, report, 0) if together else engine.train(spec, report, step)
        assert metrics is not None
        _store_predictions(ws, spec)
        metrics = _marked(ws, spec, metrics)
    except (Cancelled, KeyboardInterrupt):
        ws.store.ledger.set_run(spec.run_id, "cancelled")
        raise
    except Exception:  # recorded and raised again: a run that ended must not say "running"
        ws.store.ledger.set_run(spec.run_id, "failed")
        raise
    ws.store.ledger.set_run(spec.run_id, "done", metrics)
    return metrics


def _marked(ws: Workspace, spec: TrainSpec, metrics: dict[str, Any]) -> dict[str, Any]:
    """The metrics with what must be known of the run's teachers, in its folder too."""
    marked = seen.marked(ws, spec.run_id, metrics)
    if marked != metrics:
        RunFolder(spec.run_folder).write_metrics(marked)
    return marked


@contextmanager
def _alone(ws: Workspace, run_id: str) -> Iterator[None]:
    """Let one process train a run; a second one waits, and finds it finished."""
    make_folder(ws.settings.runs)
    path = ws.settings.runs / f".{run_id}.lock"
    with file_lock(path):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def suitable(recipe_name: str, snapshots: Iterable[SnapshotInfo]) -> list[SnapshotInfo]:
    """Those of `snapshots` that hold a scheme which the recipe learns."""
    chosen = recipe(recipe_name)
    return [info for info in snapshots if any(map(chosen.learns, info.counts.get("schemes", [info.scheme])))]


def _check_schemes(chosen: Recipe, info: SnapshotInfo) -> tuple[str, ...]:
    """The schemes of a snapshot that a recipe learns. `InputError` if there is none, or if one cannot be trained."""
    schemes = tuple(info.counts.get("schemes", [info.scheme]))
    learnt = tuple(name for name in schemes if chosen.learns(trainable(name).name))
    if not learnt:
        chosen.check_scheme(info.scheme)
    return learnt


def _put_run(ws: Workspace, spec: engine.TrainSpec, snapshot: str, state: Any) -> None:
    chosen = recipe(spec.recipe)
    info = ws.store.ledger.snapshot(snapshot)
    ws.store.ledger.put_run(
        RunInfo(
            spec.run_id,
            spec.recipe,
            spec.encoder,
            _check_schemes(chosen, info)[0],
            chosen.modality,
            snapshot,
            state,
            now(),
            {},
        )
    )


def _store_predictions(ws: Workspace, spec: engine.TrainSpec) -> None:
    for target in read_card(spec.run_folder).targets:
        ws.store.ledger.put_predictions(evaluation_predictions(spec.run_folder, spec.run_id, target))
