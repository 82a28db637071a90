"""Runs a plan on texts: at most one `Suggestion` for each step. Each step reads the result of the steps before it.

Nothing is stored or applied here. Steps that compare utterances (same-text and others) are skipped: they need more than
one text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.cleaning.plan import Plan, Step
from core.cleaning.steps.change import Change, Cleaner
from core.cleaning.steps.table import STEP_KINDS
from core.errors import InputError
from core.text import Change as Edit
from core.text import word_diff


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The change that one step suggests: `before` is the text after the earlier steps, `after` the changed text.

    `confidence` in [0, 1]. `safe`: nothing that was spoken is lost. `self_apply`: the plan lets this step be applied
    without a curator.
    """

    step: str
    before: str
    after: str
    reason: str
    confidence: float
    safe: bool
    self_apply: bool = False

    @property
    def diff(self) -> list[tuple[Edit, str]]:
        """The difference as runs of words: ("same" | "del" | "ins", words)."""
        return word_diff(self.before, self.after)


def suggest(plan: Plan, text: str, *, allow_remote: bool = False) -> list[Suggestion]:
    """The suggestions of `plan` for one text, in the order of its steps; see `suggest_many`."""
    return suggest_many(plan, [text], allow_remote=allow_remote)[0]


def suggest_many(plan: Plan, texts: Sequence[str], *, allow_remote: bool = False) -> list[list[Suggestion]]:
    """The suggestions for each text. Faster than one by one: equal texts are read once, and steps read batches.

    `MissingBackend` if a backend is not installed. `InputError` if a step would send texts to another machine and
    `allow_remote` is false (a curator must accept that first), or if an expression of the stop step takes too long.
    """
    cleaners = [(step, cleaner(step, allow_remote=allow_remote)) for step in plan.steps if not step.of_corpus]
    distinct = list(dict.fromkeys(texts))
    current, suggestions = list(distinct), [list[Suggestion]() for _ in distinct]
    for step, clean in cleaners:
        for at, change in enumerate(clean(current)):
            if change and change.confidence >= step.confidence and change.after != current[at]:
                suggestions[at].append(_suggestion(step, current[at], change))
                current[at] = change.after
    by_text = dict(zip(distinct, suggestions, strict=True))
    return [list(by_text[text]) for text in texts]


def _suggestion(step: Step, before: str, change: Change) -> Suggestion:
    safe = STEP_KINDS[step.name].safe
    return Suggestion(step.name, before, change.after, change.reason, change.confidence, safe, step.self_apply)


def cleaner(step: Step, *, allow_remote: bool = False) -> Cleaner:
    """The function of a step, which takes a batch of texts. `InputError` if the step compares utterances, or is remote
    and `allow_remote` is false.
    """
    kind = STEP_KINDS[step.name]
    if kind.make is None:
        raise InputError("step {step!r} compares utterances; it cleans no single text", step=step.name)
    if kind.remote(step.settings) and not allow_remote:
        raise InputError(
            "step {step!r} with backend {backend!r} sends every text to a third party; a curator "
            "must accept that first",
            step=step.name,
            backend=step.settings["backend"],
        )
    return kind.make(step.settings, step.confidence)
