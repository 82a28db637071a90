"""Runs and schemes as documents: what `runs list --json`, `schemes list --json` and the REST service answer."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.records import RunInfo
from core.schemes import SCHEMES, Scheme, is_bundled
from core.schemes.files import GUIDELINES, guidelines_of
from core.workflows.evaluation.marks import warnings
from core.workflows.models.in_use import Serving, by_run
from core.workflows.models.runs import every, finished
from core.workflows.renewed import Renewed
from core.workflows.workspace import Workspace


def run_document(info: RunInfo) -> dict[str, Any]:
    """A run with its metrics and what must be said with them."""
    values = asdict(info)
    return {"run": values.pop("id"), **values, "warnings": warnings(info.metrics)}


def use_fields(serving: Serving | None) -> dict[str, Any]:
    """Whether a run serves, and who chose it."""
    choice = serving.choice if serving else None
    return {
        "in_use": serving is not None,
        "chosen_by": choice.chosen_by if choice else None,
        "chosen_at": choice.chosen_at if choice else None,
    }


def run_documents(ws: Workspace) -> list[dict[str, Any]]:
    """All runs, the newest first, each with whether it serves."""
    serving: Mapping[str, Serving] = by_run(ws)
    return [run_document(run) | use_fields(serving.get(run.id)) for run in every(ws)]


def scheme_document(scheme: Scheme) -> dict[str, Any]:
    """A scheme with its classes in order; guidelines only where there are any."""
    named = {"name": scheme.name, "ko": scheme.ko, "en": scheme.en, "level": scheme.level}
    more = {
        "kind": scheme.kind,
        "state": scheme.state,
        "bundled": is_bundled(scheme.name),
        "critical": scheme.critical,
        "ordinal": scheme.ordinal,
    }
    more |= guidelines_of(scheme)
    labels = [
        {name: value for name, value in asdict(x).items() if name not in GUIDELINES} | guidelines_of(x)
        for x in scheme.labels
    ]
    return named | {"labels": labels} | more | {"aliases": dict(scheme.aliases)}


def scheme_documents() -> list[dict[str, Any]]:
    """All schemes of the open workspace."""
    return [scheme_document(scheme) for scheme in SCHEMES.values()]


def health_runs(ws: Workspace) -> list[dict[str, Any]]:
    """The runs that can judge, for the health of the service; the store is read only after it has changed."""
    return _health.of(ws)


def _health_runs(ws: Workspace) -> list[dict[str, Any]]:
    serving = by_run(ws)
    return [
        {"id": run.id, "scheme": run.scheme, "schemes": run.schemes, "modality": run.modality, "snapshot": run.snapshot,
         "in_use": run.id in serving, "chosen": run.id in serving and serving[run.id].chosen,
         "serves": serving[run.id].schemes if run.id in serving else ()}
        for run in finished(ws)
    ]  # fmt: skip


_health = Renewed(_health_runs)
