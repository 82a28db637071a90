"""The sources of a run: which utterances it takes, and how many variants each is to get.

A source is labelled under the scheme of the plan, without a dispute, and was imported: variants of variants would drift
away from what people said. Variants that wait or are in the corpus, imported ones too, count, so a repeated run makes
no more of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from core.records import CAPTION, Utterance
from core.schemes import scheme
from core.text.model_text import DEFAULT_PLAN, model_text
from core.workflows.augment.plan import KIND, AugmentPlan
from core.workflows.augment.published import held_out
from core.workflows.workspace import Workspace

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Source:
    """An utterance with its class under the plan's scheme; `n` variants are wanted of it now."""

    id: int
    key: str
    text: str
    code: str
    n: int = 0


@dataclass(frozen=True, slots=True)
class ClassCount:
    """One class of a plan: how many texts it has, how many variants there are already, how many more are wanted."""

    code: str
    texts: int
    present: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sources that get variants, and the counts of all classes. `without_label`: matched, but not usable."""

    sources: tuple[Source, ...]
    classes: tuple[ClassCount, ...]
    without_label: int

    @property
    def wanted(self) -> int:
        return sum(row.wanted for row in self.classes)


def choose(ws: Workspace, plan: AugmentPlan) -> Chosen:
    """The sources of `plan` in the order of their ids."""
    usable, without = _labelled(ws, plan)
    labelled = drawn(usable, plan.limit, f"{plan.seed}\x1fsources")
    present = ws.store.candidates.present(KIND)
    by_code: dict[str, list[Source]] = {}
    for source in labelled:
        by_code.setdefault(source.code, []).append(source)
    totals = _totals(plan, {code: len(sources) for code, sources in by_code.items()})
    quota = {
        source.id: n
        for code, sources in by_code.items()
        for source, n in zip(sources, _shares(totals[code], len(sources), f"{plan.seed}\x1f{code}"), strict=True)
    }
    wanted = [replace(source, n=max(0, quota[source.id] - present.get(source.id, 0))) for source in labelled]
    return Chosen(tuple(source for source in wanted if source.n), _counts(plan.scheme, wanted, present), without)


def drawn(items: Sequence[Item], most: int | None, salt: str) -> list[Item]:
    """At most `most` of the items, drawn at random by `salt`, in their order; None: all."""
    if most is None or len(items) <= most:
        return list(items)
    return [items[place] for place in sorted(Random(salt).sample(range(len(items)), most))]


def _labelled(ws: Workspace, plan: AugmentPlan) -> tuple[list[Source], int]:
    """The utterances that can be sources, by id, and how many matched the filter but cannot."""
    known = scheme(plan.scheme)
    grades = ws.store.corpus.grades(known.level, known.name)
    sources, without = list[Source](), 0
    for utterance in ws.store.corpus.every(replace(plan.filter, skipped=False)):
        if utterance.parent_id is not None or utterance.origin == "augmented":
            continue
        target = utterance.id if known.level == "utterance" else utterance.recording_id
        code, grade = grades.get(target or 0, ("", ""))
        text = model_text(DEFAULT_PLAN, utterance.text, utterance.origin)
        if not text or not code or grade == "disputed" or _masked(utterance, known.level):
            without += 1
        else:
            sources.append(Source(utterance.id, utterance.key, utterance.text, code))
    hidden = held_out(ws, [source.id for source in sources])
    return [source for source in sources if source.id not in hidden], without + len(hidden)


def _masked(utterance: Utterance, level: str) -> bool:
    """Whether a snapshot would not use the label: a caption, or the call-taker's words under the label of a call."""
    return utterance.origin == CAPTION or (level == "recording" and utterance.speaker == "taker")


def _totals(plan: AugmentPlan, n: Mapping[str, int]) -> dict[str, int]:
    """How many variants each class is to have in all; at most `per_sentence` for each of its texts."""
    if plan.balance:
        goal = max((round(plan.factor_of(code) * texts) for code, texts in n.items()), default=0)
        totals = {code: goal - texts if plan.multiplies(code) else 0 for code, texts in n.items()}
    else:
        totals = {code: round((plan.factor_of(code) - 1) * texts) for code, texts in n.items()}
    return {code: min(max(0, total), plan.per_sentence * n[code]) for code, total in totals.items()}


def _shares(total: int, n: int, seed: str) -> list[int]:
    """`total` in `n` parts that differ by one at most; who gets one more is drawn."""
    base, more = divmod(total, n)
    lucky = set(Random(seed).sample(range(n), more))
    return [base + (place in lucky) for place in range(n)]


def _counts(scheme_name: str, sources: Sequence[Source], present: Mapping[int, int]) -> tuple[ClassCount, ...]:
    """The counts by class, in the order of the scheme; joined codes of a multi scheme come last."""
    texts, there, wanted = Counter[str](), Counter[str](), Counter[str]()
    for source in sources:
        texts[source.code] += 1
        there[source.code] += present.get(source.id, 0)
        wanted[source.code] += source.n
    codes = scheme(scheme_name).codes
    order = [*(code for code in codes if code in texts), *sorted(code for code in texts if code not in codes)]
    return tuple(ClassCount(code, texts[code], there[code], wanted[code]) for code in order)
