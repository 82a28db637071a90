"""The steps of a cleaning plan that compare utterances: equal and nearly equal texts, labels that disagree.

The checks of `core.quality` compare all utterances that are not skipped. What they would leave out becomes a suggestion
of kind exclude if it matches the filter.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import quality
from core.batches import batches
from core.cleaning import Plan, Step
from core.filters import Filter
from core.messages import Message
from core.quality import DigestedUtterance, Fix
from core.store import NewProposal
from core.workflows.cleaning.checks import KIND, MOST_NEAR, exclusion
from core.workflows.workspace import Workspace

BLOCK = 1000
# Confidence that a copy can be left out; conflicting labels need a person.
SURE = {"same-text": 1.0, "same-letters": 0.95, "near-text": 0.8, "label-conflict": 0.5}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The suggestion of `step` to leave out utterance `fix.id`, whose text is `text`; `keep_text` stays."""

    step: Step
    fix: Fix
    text: str
    keep_text: str | None = None

    @property
    def confidence(self) -> float:
        return SURE[self.step.name]

    def proposal(self, run_id: str) -> NewProposal:
        texts = {} if self.fix.keep is None or self.keep_text is None else {self.fix.keep: self.keep_text}
        payload: dict[str, Any] = {"before": self.text, **exclusion(self.fix, texts)}
        return NewProposal(
            KIND, self.fix.id, self.step.name, payload, self.fix.reason, confidence=self.confidence, batch=run_id
        )


def left_out(ws: Workspace, plan: Plan) -> dict[str, str]:
    """The steps that do not run here: step -> reason."""
    utterances = ws.store.corpus.find(Filter(skipped=False), limit=0).total
    if utterances <= MOST_NEAR or not plan.only("near-text").steps:
        return {}
    return {
        "near-text": Message(
            "{n:,} utterances, more than {most:,}: run its check of its own", n=utterances, most=MOST_NEAR
        )
    }


def exclusions(
    ws: Workspace, steps: Sequence[Step], ids: NDArray[np.int64], progress: Progress = lambda stage, done, total: None
) -> Iterator[list[Exclusion]]:
    """What `steps` would leave out among `ids` (ascending), in blocks. The corpus is read once."""
    if not steps:
        return
    checks = quality.select_checks([step.name for step in steps])
    collectors = {check.name: check.make(check) for check in checks}
    done = 0
    for block in ws.store.scan.utterances():
        for item in map(DigestedUtterance, block):
            for collector in collectors.values():
                collector.take(item)
        done += len(block)
        progress("compared", done, 0)
    for step in steps:
        if step.confidence > SURE[step.name]:
            continue
        fixes_in_filter = (fix for fix in collectors[step.name].fixes() if _contains(ids, fix.id))
        for fixes in batches(fixes_in_filter, BLOCK):
            texts = ws.store.texts.of(sorted({i for fix in fixes for i in (fix.id, fix.keep) if i is not None}))
            yield [Exclusion(step, fix, texts[fix.id], texts.get(fix.keep or 0)) for fix in fixes if fix.id in texts]


def _contains(ids: NDArray[np.int64], utterance_id: int) -> bool:
    """Whether the ascending `ids` contain `utterance_id`."""
    at = int(np.searchsorted(ids, utterance_id))
    return at < len(ids) and int(ids[at]) == utterance_id
