"""What judges: the runs, what each is used for, and the weights of text and voice.

What the store says is kept in memory until the database is written again (`core.workflows.renewed`). Each run is loaded
once a process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import InputError, NotEnoughData
from core.inference.predictor import Predictor, cached
from core.messages import Names, SchemeName, Word
from core.models import Modality
from core.schemes import scheme
from core.workflows.models import in_use
from core.workflows.renewed import Renewed
from core.workflows.workspace import Workspace

SEED_WEIGHT = 0.7  # of the text, beside .3 of the voice

Runs = Sequence[str] | Mapping[str, Sequence[str]]  # run ids, or run ids by scheme


@dataclass(frozen=True, slots=True)
class Use:
    """Whether a person chose or named a run, and the schemes that it judges here."""

    chosen: bool
    schemes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """The runs that judge an input. `weights`: the share of the text by scheme, in place of `SEED_WEIGHT`.

    `own_voice`: a run that hears how a voice differs from its usual sound takes that sound from the recording itself.
    """

    models: Mapping[Predictor, Use]
    weights: Mapping[str, float] = field(default_factory=dict)
    own_voice: bool = False

    def weight(self, name: str) -> float:
        return self.weights.get(name, SEED_WEIGHT)

    def of_unit(self, unit: str) -> list[Predictor]:
        """The runs that judge a `unit`, those that read more first: what they say of a scheme wins."""
        chosen = [predictor for predictor in self.models if predictor.card.unit == unit]
        return sorted(chosen, key=lambda predictor: ("both", "text", "voice").index(predictor.modality))

    def without_voice_runs(self) -> "Plan":
        """The runs that can judge a sentence."""
        return Plan({p: use for p, use in self.models.items() if p.modality != "voice"}, self.weights)

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes that are judged."""
        return tuple(dict.fromkeys(name for use in self.models.values() for name in use.schemes))


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store says: the runs in use, the ids of all finished runs, the saved weights."""

    serving: tuple[in_use.Serving, ...]
    finished: frozenset[str]
    weights: Mapping[str, float]


def plan(
    ws: Workspace,
    runs: Runs = (),
    schemes: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    own_voice: bool = False,
) -> Plan:
    """The named runs, or the runs in use; only for `schemes` if any are given.

    `runs` by scheme replace what is in use for these schemes. `InputError` for a weight outside [0, 1] and if no run
    judges what is asked for or two named ones judge the same, `NotFound` for an unknown run, `NotEnoughData` without
    any run.
    """
    for name in schemes:
        scheme(name)
    stored = read(ws)
    chosen = {scheme(name).name: checked(share) for name, share in (weights or {}).items()}
    models = _by_scheme(ws, stored, runs) if isinstance(runs, Mapping) else _by_id(ws, stored, runs)
    if schemes:
        models = _only(models, schemes)
    _check_clashes(models)
    return Plan(models, {**stored.weights, **chosen}, own_voice)


_READS: Mapping[Modality, Word] = {"text": Word("text"), "voice": Word("voice"), "both": Word("text and voice")}


def _check_clashes(models: Mapping[Predictor, Use]) -> None:
    """`InputError` if two runs that a person named judge one scheme by the same: one of them would be dropped."""
    judges: dict[tuple[str, str, str], Predictor] = {}
    for predictor, use in models.items():
        for name in use.schemes if use.chosen else ():
            first = judges.setdefault((name, predictor.modality, predictor.card.unit), predictor)
            if first is not predictor:
                raise InputError(
                    "the runs {first} and {second} both judge {scheme} by {modality}: name one of them",
                    first=first.run_id, second=predictor.run_id, scheme=SchemeName(name),
                    modality=_READS[predictor.modality],
                )  # fmt: skip


def checked(share: float) -> float:
    """The weight of the text; `InputError` outside [0, 1]."""
    if not 0 <= share <= 1:
        raise InputError("a weight of the text is between 0 and 1; {share} is not", share=share)
    return float(share)


def _by_id(ws: Workspace, stored: Stored, run_ids: Sequence[str]) -> dict[Predictor, Use]:
    if run_ids:
        named = [_load(ws, stored, run_id) for run_id in run_ids]
        return {p: Use(True, tuple(target.name for target in p.targets)) for p in named}
    if not stored.serving:
        raise NotEnoughData("no trained model yet: run `python -m core demo`, or train one")
    return {_load(ws, stored, item.run.id): Use(item.chosen, item.schemes) for item in stored.serving}


def _by_scheme(ws: Workspace, stored: Stored, runs: Mapping[str, Sequence[str]]) -> dict[Predictor, Use]:
    """The runs in use, but for the schemes of `runs` the ones named there."""
    named = {name: [_load(ws, stored, run_id) for run_id in ids] for name, ids in runs.items() if ids}
    for name, predictors in named.items():
        for predictor in predictors:
            if name not in (target.name for target in predictor.targets):
                raise InputError(
                    "run {run_id} does not judge {scheme}", run_id=predictor.run_id, scheme=SchemeName(name)
                )
    models: dict[Predictor, Use] = {}
    for item in stored.serving:
        if rest := tuple(name for name in item.schemes if name not in named):
            models[_load(ws, stored, item.run.id)] = Use(item.chosen, rest)
    for name, predictors in named.items():
        for predictor in predictors:
            others = models[predictor].schemes if predictor in models else ()
            models[predictor] = Use(True, (*others, name))
    return models


def _only(models: Mapping[Predictor, Use], schemes: Sequence[str]) -> dict[Predictor, Use]:
    left = {p: Use(use.chosen, tuple(n for n in use.schemes if n in schemes)) for p, use in models.items()}
    left = {p: use for p, use in left.items() if use.schemes}
    if missing := [name for name in schemes if not any(name in use.schemes for use in left.values())]:
        raise InputError("no run judges {schemes}", schemes=Names(map(SchemeName, missing)))
    return left


def _load(ws: Workspace, stored: Stored, run_id: str) -> Predictor:
    return cached(ws.settings.runs / run_id if run_id in stored.finished else ws.run_folder(run_id))


def read(ws: Workspace) -> Stored:
    """What the store says now, from memory if the database has not changed."""
    return _STORED.of(ws)


def _read(ws: Workspace) -> Stored:
    serving = tuple(in_use.serving(ws))
    finished = frozenset(run.id for run in ws.store.ledger.runs("done"))
    return Stored(serving, finished, {row.scheme: row.text for row in ws.store.fusion.list()})


_STORED = Renewed(_read)
