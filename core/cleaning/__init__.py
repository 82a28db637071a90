"""Cleaning: what a machine proposes to change of a text, and what a curator then accepts or rejects.

A `Plan` is an ordered list of steps with settings; `suggest` gives one Suggestion a step, and Suggestions become
Proposals. Only steps that are safe may apply themselves. What a model reads of a text is `core.model_text`'s.
"""

from core.cleaning.plan import Plan, Step, default_plan, from_document, read, to_document, to_toml
from core.cleaning.proposing import Suggestion, suggest, suggest_many
from core.cleaning.spacing.spacing import SPACERS
from core.cleaning.spelling.spelling import SPELLERS
from core.cleaning.steps.change import Change
from core.cleaning.steps.table import KINDS
from core.cleaning.steps.words import diff, rebased

__all__ = [
    "KINDS", "SPACERS", "SPELLERS", "Change", "Plan", "Step", "Suggestion", "default_plan", "diff", "from_document",
    "read", "rebased", "suggest", "suggest_many", "to_document", "to_toml",
]  # fmt: skip
