"""Train a Recipe on a Snapshot: as a durable job (`start`, `run_job`) or in this process (`run`)."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from core.errors import Cancelled, InputError
from core.jobs import submit
from core.records import RunInfo
from core.runs.predictions import evaluation_predictions
from core.schemes import scheme
from core.training import engine
from core.training.recipes import RECIPES, config_for, recipe, trainer_type
from core.workflows.corpus.schemes import trainable
from core.workflows.jobs import Context
from core.workflows.workspace import Workspace, now, open_workspace

__all__ = ["RECIPES", "parse_settings", "plan", "run", "run_job", "settings_help", "start"]

Report = Callable[[dict[str, Any]], None]


def plan(
    ws: Workspace,
    recipe_name: str,
    snapshot: str,
    encoder: str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> engine.TrainSpec:
    """Check the request and give it a run id. `InputError` or `NotFound` names what is wrong in the request."""
    chosen = recipe(recipe_name)
    info = ws.store.ledger.snapshot(snapshot)
    chosen.check_scheme(trainable(info.scheme).name)
    encoder = encoder or chosen.usual_encoder()
    config_for(chosen, encoder, dict(overrides or {}))
    stamp = now()[:19].replace("-", "").replace(":", "").replace("T", "-")
    return engine.TrainSpec(
        run_id=f"{recipe_name}-{stamp}-{secrets.token_hex(2)}",
        recipe=recipe_name,
        encoder=encoder,
        snapshot_folder=str(ws.snapshot_folder(snapshot)),
        runs_folder=str(ws.settings.runs),
        workspace=str(ws.settings.home),
        overrides=dict(overrides or {}),
    )


def parse_settings(given: Iterable[str]) -> dict[str, str]:
    """Settings written `key=value` as a mapping; `InputError` for anything else.

    >>> parse_settings(["epochs=3"])
    {'epochs': '3'}
    """
    pairs = [word.partition("=") for word in given]
    if wrong := [key for key, equals, _ in pairs if not (key and equals)]:
        raise InputError("settings are written key=value; {text!r} is not", text=wrong[0])
    return {key: value for key, _, value in pairs}


def settings_help(recipe_name: str, encoder: str) -> str:
    """The settings that a person may change, with their defaults, in the form `key=value key=value`."""
    config = config_for(recipe(recipe_name), encoder, {})
    return " ".join(
        f"{f.name}={getattr(config, f.name)}" for f in fields(trainer_type(recipe(recipe_name), encoder).Config)
    )


def start(
    ws: Workspace,
    recipe_name: str,
    snapshot: str,
    encoder: str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> str:
    """Queue a training as a job; returns the run id, which is also the id of the job."""
    spec = plan(ws, recipe_name, snapshot, encoder, overrides)
    _put_run(ws, spec, snapshot, "queued")
    return submit(ws.store, "train", f"{recipe_name} · {snapshot}", spec.to_dict(), spec.run_id)


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job `train`: every epoch is a durable step, so a new worker continues from the last checkpoint."""
    run(open_workspace(), engine.TrainSpec.from_dict(params), job.report, job.step)


def run(
    ws: Workspace,
    spec: engine.TrainSpec,
    report: Report = lambda progress: None,
    step: Callable[[str, Callable[[], Any]], Any] = lambda name, fn: fn(),
) -> dict[str, Any]:
    """Train to the end and return the metrics. The store's row of the run says "running", then how it ended."""
    try:
        _put_run(ws, spec, Path(spec.snapshot_folder).name, "running")
        metrics = engine.train(spec, report, step)
        _store_predictions(ws, spec)
    except (Cancelled, KeyboardInterrupt):
        ws.store.ledger.set_run(spec.run_id, "cancelled")
        raise
    except Exception:  # recorded and raised again: a run that ended must not say "running"
        ws.store.ledger.set_run(spec.run_id, "failed")
        raise
    ws.store.ledger.set_run(spec.run_id, "done", metrics)
    return metrics


def _put_run(ws: Workspace, spec: engine.TrainSpec, snapshot: str, state: Any) -> None:
    chosen = recipe(spec.recipe)
    info = ws.store.ledger.snapshot(snapshot)
    ws.store.ledger.put_run(
        RunInfo(spec.run_id, spec.recipe, spec.encoder, info.scheme, chosen.modality, snapshot, state, now(), {})
    )


def _store_predictions(ws: Workspace, spec: engine.TrainSpec) -> None:
    target = scheme(ws.store.ledger.run(spec.run_id).scheme)
    ws.store.ledger.put_predictions(evaluation_predictions(spec.run_folder, spec.run_id, target.name, target.codes))
