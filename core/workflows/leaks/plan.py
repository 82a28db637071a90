"""What a leak meter measures: a Snapshot, a Recipe with its settings, and how texts are augmented."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.audio.augmentation import DEFAULT as VOICE_OPERATIONS
from core.audio.augmentation import read_operations
from core.augment import AUGMENTERS, DEFAULT_ALPHA, MOST_PER_SENTENCE
from core.errors import InputError, UnknownName
from core.messages import Message
from core.models import Modality
from core.runs.folder import RunFolder
from core.schemes.target import Target
from core.snapshots.format import Snapshot, read
from core.training.recipes import recipe
from core.workflows.evaluation.scored import finished_run
from core.workflows.models import train
from core.workflows.workspace import Workspace

FACTOR = 2.0  # rows after augmentation for each row before


def default_operations(modality: Modality) -> tuple[str, ...]:
    """The operations where none is chosen: those of texts that need no further package, or those of voices."""
    if modality == "text":
        return tuple(name for name, backend in AUGMENTERS.items() if not backend.needs)
    return tuple(VOICE_OPERATIONS.split(","))


@dataclass(frozen=True)
class LeakPlan:
    """The request for one leak meter, JSON-able both ways.

    `target` is a scheme of the snapshot, the first that the recipe learns by default. `factor` is how many rows there
    are after augmentation for each before, `class_factors` that of single classes. `operations` are those that make
    the variants of texts, or the transforms of voices (`speed=0.9..1.1`); without any, the accepted variants in the
    snapshot are taken and, if it holds none, all operations.
    `augmented` False leaves the two trainings with augmentation out.
    """

    snapshot: str
    recipe: str
    encoder: str | None = None
    preset: str = "default"
    overrides: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    operations: tuple[str, ...] = ()
    factor: float = FACTOR
    class_factors: Mapping[str, float] = field(default_factory=dict)
    alpha: float = DEFAULT_ALPHA
    seed: int = 0
    augmented: bool = True

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LeakPlan":
        return cls(**{**values, "operations": tuple(values["operations"])})


def of_run(ws: Workspace, run_id: str, target: str | None = None) -> LeakPlan:
    """The plan that measures a finished run: its snapshot, recipe, encoder and settings.

    `InputError` for a run whose settings are not here, as those of an imported run.
    """
    info = finished_run(ws, run_id)
    config = RunFolder(ws.run_folder(run_id)).config()
    if config is None:
        raise InputError("run {run_id} has no config.toml, so it cannot be trained again", run_id=run_id)
    settings = {name: str(value) for name, value in config["settings"].items()}
    preset = config.get("preset", "default")
    return LeakPlan(info.snapshot, config["recipe"], config["encoder"], preset, settings, target)


def parse_factors(given: Iterable[str]) -> tuple[float, dict[str, float]]:
    """Factors written `4.5` or `CLASS=4.5` as the general one and those of classes; `InputError` for anything else.

    >>> parse_factors(["danger=4.5"]), parse_factors(["3", "danger=4.5"])
    ((1.0, {'danger': 4.5}), (3.0, {'danger': 4.5}))
    """
    general, classes = FACTOR, {}
    words = list(given)
    if words:
        general = 1.0
    for word in words:
        code, _, number = word.rpartition("=")
        try:
            factor = float(number)
        except ValueError:
            raise InputError("factor {text!r} is not a number or CLASS=NUMBER", text=word) from None
        if code:
            classes[code] = factor
        else:
            general = factor
    return general, classes


def checked(ws: Workspace, plan: LeakPlan) -> tuple[Snapshot, train.TrainSpec]:
    """The snapshot under the plan's one Target, and the request of a training on it.

    `NotFound`, `UnknownName` or `InputError` names what is wrong in the plan.
    """
    spec = train.plan(ws, plan.recipe, plan.snapshot, plan.encoder, plan.overrides, plan.preset)
    frozen = read(ws.snapshot_folder(plan.snapshot))
    target = _target(frozen, plan)
    if frozen.official == "keep":
        raise InputError(
            "snapshot {name} keeps the published split with its repeats, so it has no side without leakage to "
            "compare with; freeze it with --official clean or without --official",
            name=plan.snapshot,
        )
    _check_factors(plan, target)
    _check_operations(plan)
    return frozen.under(target.name), spec


def _target(frozen: Snapshot, plan: LeakPlan) -> Target:
    """The Target that is measured; `UnknownName` lists those that the recipe learns."""
    learnt = [target for target in frozen.targets if recipe(plan.recipe).learns(target.name)]
    if plan.target is None:
        return learnt[0]
    for target in learnt:
        if target.name == plan.target:
            return target
    kind = Message("scheme of snapshot {snapshot}", snapshot=frozen.name)
    raise UnknownName(kind, plan.target, [target.name for target in learnt])


def _check_operations(plan: LeakPlan) -> None:
    """`UnknownName` for an operation that there is not for what the recipe reads."""
    if recipe(plan.recipe).modality != "text":
        if plan.operations:
            read_operations(plan.operations)
        return
    for name in plan.operations:
        if name not in AUGMENTERS:
            raise UnknownName("augmentation", name, tuple(AUGMENTERS))


def _check_factors(plan: LeakPlan, target: Target) -> None:
    for code in plan.class_factors:
        if code not in target.codes:
            raise UnknownName(Message("class of {scheme}", scheme=target.name), code, target.codes)
    most = MOST_PER_SENTENCE + 1
    for factor in (plan.factor, *plan.class_factors.values()):
        if not 1 <= factor <= most:
            raise InputError(
                "factor {factor:g} is not from 1 (no variant) to {most} (four variants of each sentence)",
                factor=factor,
                most=most,
            )
    if not 0 < plan.alpha <= 1:
        raise InputError("strength {strength} is not in (0, 1]", strength=plan.alpha)
