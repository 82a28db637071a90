"""What a review plan would change of a text: one `Suggestion` a step, each on what the steps before it would leave.

Nothing is stored and nothing is applied here. Steps of the corpus (same-text, ...) are passed over: they need more than
one text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.cleaning.plan import Plan, Step
from core.cleaning.steps.change import Change, Cleaner
from core.cleaning.steps.table import KINDS
from core.errors import InputError
from core.text import Change as Edit
from core.text import word_diff


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`before` is the text that the earlier steps leave, `after` what this one would make of it.

    `safe`: nothing that was said is lost. `self_apply`: and the plan lets it apply itself.
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
        """Runs of words: same, del, ins."""
        return word_diff(self.before, self.after)


def suggest(plan: Plan, text: str, *, allow_remote: bool = False) -> list[Suggestion]:
    """What the steps of `plan` would change, in order; see `suggest_many`."""
    return suggest_many(plan, [text], allow_remote=allow_remote)[0]


def suggest_many(plan: Plan, texts: Sequence[str], *, allow_remote: bool = False) -> list[list[Suggestion]]:
    """The same of many texts, faster: equal texts are read once, and steps read batches.

    `MissingBackend` for a backend that is not installed; `InputError` where a step would send texts away and
    `allow_remote` does not say that a curator accepted that, or where an expression of the stop step takes too long.
    """
    cleaners = [(step, cleaner(step, allow_remote=allow_remote)) for step in plan.steps if not step.of_corpus]
    distinct = list(dict.fromkeys(texts))
    now, found = list(distinct), [list[Suggestion]() for _ in distinct]
    for step, clean in cleaners:
        for at, change in enumerate(clean(now)):
            if change and change.confidence >= step.confidence and change.after != now[at]:
                found[at].append(_suggestion(step, now[at], change))
                now[at] = change.after
    by_text = dict(zip(distinct, found, strict=True))
    return [list(by_text[text]) for text in texts]


def _suggestion(step: Step, before: str, change: Change) -> Suggestion:
    safe = KINDS[step.name].safe
    return Suggestion(step.name, before, change.after, change.reason, change.confidence, safe, step.self_apply)


def cleaner(step: Step, *, allow_remote: bool = False) -> Cleaner:
    """What a step does to a batch of texts."""
    kind = KINDS[step.name]
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
