"""The last step of a training: calibrate the best model, score it on the test side, write model and card."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.models import Model
from core.models.prepare import pretrained_names
from core.runs.card import Card, hashes, load_model, write_card
from core.runs.environment import environment
from core.runs.folder import code_version
from core.speech import weights
from core.split import SIDES
from core.training.inputs import Inputs
from core.training.limits import fit_limits
from core.training.scoring import HELD_OUT, TargetScores, score_ablation, score_target
from core.training.setup import Report, Setup, TrainSpec


def finish(spec: TrainSpec, report: Report, now: Callable[[], str] | None = None) -> dict[str, Any]:
    """Calibrate the best epoch on the validation side, score it on the test side, write model and card.

    Returns the metrics: test and validation (`core.scores.evaluate`), by_recording (the same over the recordings of the
    test side; None for an utterance scheme), baselines (`core.training.baselines`), calibration and, for a model of
    text and voice, ablation (scores by one of them) of the first Target, the same of each in targets {name: ...} if
    there are several; used {side: n}, copies (changed clips of the training side), skipped {reason: n}, best_epoch,
    epochs.
    """
    setup = Setup.open(spec)
    if setup.folder.finished:
        setup.folder.drop_checkpoint()
        return setup.folder.metrics()
    report({"unit": "scoring"})
    with setup.threads():
        scored, inputs, model = _scored(setup)
    metrics = _metrics(setup, scored, inputs)
    setup.folder.write_predictions(
        [
            (of_target.target.name, of_target.rows[side].items, of_target.probs[side])
            for of_target in scored
            for side in HELD_OUT
        ]
    )
    setup.folder.write_metrics(metrics)
    setup.folder.place_model(metrics["best_epoch"])
    with setup.threads():
        limits = fit_limits(setup.folder, model, setup.recipe.modality, scored, inputs)
    _write_card(setup, scored, limits, (now or _utc)())
    setup.folder.drop_checkpoint()
    return metrics


def _scored(setup: Setup) -> tuple[list[TargetScores], Inputs, Model]:
    """The scores of the best model for each Target, its inputs and itself."""
    place = setup.folder.fitted_model(setup.folder.history()[-1]["best"])
    model = load_model(place, setup.reading.architecture, setup.targets, asdict(setup.config))
    inputs = setup.inputs()
    sides: dict[str, Inputs] = {side: inputs.on(side).without_copies() for side in SIDES}
    logits = {side: model.logits(sides[side].values) for side in HELD_OUT}
    rows = setup.answered(sides)
    scored = [
        score_target(
            target,
            {side: logits[side][target.name] for side in HELD_OUT},
            rows[target.name],
            setup.recipe.modality,
            setup.spec.seed,
        )
        for target in setup.targets
    ]
    parts = _one_part(model, sides["test"])
    for of_target in scored if parts else ():
        name, temperature = of_target.target.name, of_target.calibration.temperature
        own = {part: logits[name] for part, logits in parts.items()}
        of_target.metrics["ablation"] = score_ablation(
            of_target.target, own, of_target.rows["test"], temperature, setup.spec.seed
        )
    return scored, inputs, model


def _one_part(model: Model, test: Inputs) -> dict[str, Mapping[str, NDArray[np.float64]]]:
    """The logits of a model of text and voice that reads one of them; none where it cannot do without."""
    ablation: Any = getattr(model, "ablation", None)
    if ablation is None:
        return {}
    try:
        return {part: logits for part, logits in ablation(test.values).items() if part != "both"}
    except InputError:  # the seed's network knows no missing part
        return {}


def _metrics(setup: Setup, scored: list[TargetScores], inputs: Inputs) -> dict[str, Any]:
    history = setup.folder.history()
    clips = inputs.without_copies()
    sides = Counter(clips.items.column("side"))
    several = {"targets": {of_target.target.name: of_target.metrics for of_target in scored}} if len(scored) > 1 else {}
    return {
        **scored[0].metrics,
        **several,
        "used": {side: sides[side] for side in SIDES},
        "copies": len(inputs.items) - len(clips.items),
        "skipped": dict(Counter(skip.reason for skip in inputs.skipped)),
        "best_epoch": history[-1]["best"],
        "epochs": len(history),
        "persons_on_several_sides": setup.snapshot.report.get("persons_on_several_sides", 0),
        "official": setup.snapshot.report.get("official"),
        "environment": environment(),
    }


def _write_card(setup: Setup, scored: list[TargetScores], limits: dict[str, Any], created_at: str) -> None:
    snapshot = setup.snapshot
    keys = ("n", "n_groups", "accuracy", "macro_f1", "weighted_f1")
    card = Card(
        run_id=setup.spec.run_id,
        recipe=setup.recipe.name,
        architecture=setup.reading.architecture,
        encoder=setup.spec.encoder,
        modality=setup.recipe.modality,
        targets=setup.targets,
        cleaning=snapshot.plan,
        config=asdict(setup.config),
        snapshot=snapshot.name,
        snapshot_sha256=snapshot.sha256,
        files=hashes(setup.folder.path),
        calibrations={of_target.target.name: of_target.calibration for of_target in scored},
        scores={key: scored[0].metrics["test"][key] for key in keys},
        code_version=code_version(),
        created_at=created_at,
        preset=setup.spec.preset,
        unit=snapshot.unit,
        base=_base(setup),
        limits=limits,
        lineage={name: snapshot.report[name] for name in ("rounds", "selftraining") if snapshot.report.get(name)},
    )
    write_card(setup.folder.path, card)


def _base(setup: Setup) -> dict[str, str]:
    """Name and licence of the pretrained encoders that the model starts from or reads with; empty without one."""
    reading = setup.reading
    names = pretrained_names(reading.architecture, reading.encoder, reading.config)
    if not names:
        return {}
    from core.models.pretrained.encoders import find

    cards = [weights.BASE if name == weights.NAME else find(name).to_card() for name in names]
    return {key: " + ".join(card[key] or "-" for card in cards) for key in ("name", "licence")}


def _utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
