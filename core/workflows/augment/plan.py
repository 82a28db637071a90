"""AugmentPlan: what one run of the augmentation makes. It is checked once, and stored as a document with its run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any

from core import filters
from core.augment import AUGMENTERS, DEFAULT_ALPHA, LANGUAGE_MODEL, MOST_PER_SENTENCE
from core.errors import InputError, UnknownName
from core.filters import Filter
from core.messages import SchemeName
from core.schemes import scheme, split_codes

KIND = "augmentation"  # of its Proposals
DEFAULT_OPERATIONS = (
    "synonym-replacement", "random-insertion", "random-swap", "random-deletion", "punctuation-insertion",
)  # fmt: skip
LOWEST_ALPHA, HIGHEST_ALPHA = 0.01, 0.5
MOST_FACTOR = 1.0 + MOST_PER_SENTENCE


@dataclass(frozen=True, slots=True)
class AugmentPlan:
    """What to make of the labelled utterances of `filter` under `scheme`.

    `factor` is how many times as many there are afterwards, one number or one by class. With `balance`, every class
    that `factor` is for gets as many as the largest one has afterwards. `alpha` is the share of words that an operation
    changes, `per_sentence` the most variants of one text, `limit` the most texts that are drawn with `seed`; None: all.
    `llm` is the document of `core.workflows.augment.llm.Options`; it counts where "llm" is among the operations.
    """

    filter: Filter = field(default_factory=Filter)
    scheme: str = "danger"
    operations: tuple[str, ...] = DEFAULT_OPERATIONS
    factor: float | Mapping[str, float] = 2.0
    balance: bool = False
    alpha: float = DEFAULT_ALPHA
    per_sentence: int = MOST_PER_SENTENCE
    limit: int | None = None
    seed: int = 0
    llm: Mapping[str, Any] = field(default_factory=dict)

    def factor_of(self, code: str) -> float:
        """The factor of a class; 1.0 (nothing to make) for one that `factor` does not name. Joined codes: the highest.

        >>> AugmentPlan(factor={"joy": 2.0, "fear": 3.0}).factor_of("joy|fear|calm")
        3.0
        """
        if not isinstance(self.factor, Mapping):
            return float(self.factor)
        return max(float(self.factor.get(part, 1.0)) for part in split_codes(code))

    def multiplies(self, code: str) -> bool:
        """Whether `factor` is for that class, or for one of the joined codes."""
        return not isinstance(self.factor, Mapping) or any(part in self.factor for part in split_codes(code))

    def factors(self) -> tuple[float, ...]:
        """All factors that were given."""
        return tuple(self.factor.values()) if isinstance(self.factor, Mapping) else (self.factor,)


def operations() -> tuple[str, ...]:
    """The operations that can run here, without the one of a language model."""
    return tuple(name for name, backend in AUGMENTERS.items() if backend.installed())


def checked(plan: AugmentPlan) -> AugmentPlan:
    """The plan itself. `InputError` for a value out of range, `UnknownName` for a scheme, class or operation.

    `MissingBackend` for an operation whose package is not installed.
    """
    known = scheme(plan.scheme)
    if not plan.operations:
        raise InputError("name at least one operation: {known}", known=", ".join((*AUGMENTERS, LANGUAGE_MODEL)))
    for name in plan.operations:
        if name not in AUGMENTERS and name != LANGUAGE_MODEL:
            raise UnknownName("augmentation", name, (*AUGMENTERS, LANGUAGE_MODEL))
        if name in AUGMENTERS:
            AUGMENTERS[name].load()
    for code in plan.factor if isinstance(plan.factor, Mapping) else ():
        known.index(code)
    _check_numbers(plan)
    return plan


def _check_numbers(plan: AugmentPlan) -> None:
    if not 1 <= plan.per_sentence <= MOST_PER_SENTENCE:
        raise InputError(
            "{n} variants a sentence: it must be 1 to {most}; more of one sentence add noise and no knowledge",
            n=plan.per_sentence, most=MOST_PER_SENTENCE,
        )  # fmt: skip
    most = 1.0 + plan.per_sentence
    for factor in plan.factors():
        if not (isfinite(factor) and 1.0 <= factor <= most):
            raise InputError(
                "factor {factor:g}: it must be 1 to {most:g}, as {scheme} gets at most {n} variants a sentence",
                factor=factor, most=most, scheme=SchemeName(plan.scheme), n=plan.per_sentence,
            )  # fmt: skip
    if not LOWEST_ALPHA <= plan.alpha <= HIGHEST_ALPHA:
        raise InputError(
            "alpha {alpha:g}: the share of changed words must be {low:g} to {high:g}",
            alpha=plan.alpha, low=LOWEST_ALPHA, high=HIGHEST_ALPHA,
        )  # fmt: skip
    if plan.limit is not None and plan.limit < 1:
        raise InputError("limit {limit}: at least one text must be drawn", limit=plan.limit)
    if not 0 <= plan.seed < 2**63:
        raise InputError("seed {seed}: it must be a whole number from 0 to 2**63 - 1", seed=plan.seed)


def to_document(plan: AugmentPlan) -> dict[str, Any]:
    """The plan as JSON can hold it.

    >>> to_document(AugmentPlan(operations=("dialect",)))["operations"]
    ['dialect']
    """
    values = {entry.name: getattr(plan, entry.name) for entry in fields(AugmentPlan)}
    factor = dict(plan.factor) if isinstance(plan.factor, Mapping) else plan.factor
    own = {"filter": filters.to_document(plan.filter), "operations": list(plan.operations), "factor": factor,
           "llm": dict(plan.llm)}  # fmt: skip
    return values | own


def from_document(document: Mapping[str, Any]) -> AugmentPlan:
    """The plan that `to_document` was given."""
    own = {
        "filter": filters.from_document(document["filter"]),
        "operations": tuple(document["operations"]),
    }
    return AugmentPlan(**dict(document) | own)
