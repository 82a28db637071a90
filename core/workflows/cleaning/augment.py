"""Augmentation: suggests new texts made from imported utterances. A person accepts them; they stay in the parent's
group.
"""

from dataclasses import dataclass
from random import Random

from core import augment
from core.filters import Filter
from core.messages import Message
from core.records import Utterance
from core.store import NewProposal
from core.workflows.workspace import Workspace, now

KIND = "augmentation"
OPERATIONS = tuple(name for name, backend in augment.AUGMENTERS.items() if backend.installed())


@dataclass(frozen=True, slots=True)
class AugmentPlan:
    """What to make: `per_text` suggestions for each of at most `limit` utterances of class `code`, drawn with
    `seed`.
    """

    operation: str
    scheme: str = "danger"
    code: str = "danger"
    per_text: int = 1
    limit: int = 50
    strength: float = 0.15
    seed: int = 0


def propose(ws: Workspace, plan: AugmentPlan) -> int:
    """Add the suggestions of `plan` as Proposals; returns how many are new."""
    wanted = Filter(labels={plan.scheme: (plan.code,)}, origin=("imported",))
    parents = list(ws.store.corpus.every(wanted))
    chosen = Random(plan.seed).sample(parents, min(plan.limit, len(parents)))
    return ws.store.proposals.add([p for parent in chosen for p in _suggest(parent, plan)], now())


def _suggest(parent: Utterance, plan: AugmentPlan) -> list[NewProposal]:
    texts = augment.propose(parent.text, plan.operation, plan.seed, plan.strength, plan.per_text)
    payload = {"parent": parent.id, "before": parent.text, "seed": plan.seed, "strength": plan.strength}
    return [
        NewProposal(
            KIND,
            parent.id,
            plan.operation,
            payload | {"text": text},
            Message("{operation}, seed {seed}", operation=plan.operation, seed=plan.seed),
        )
        for text in texts
    ]
