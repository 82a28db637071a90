"""Cleaning: what a text is made of before a model reads it, and what a machine would have a curator change.

Two things with little in common. `DEFAULT_PLAN` and `apply`: names of rewrites that lose nothing, kept in every card,
so that serving cleans as training did. `Plan` and `suggest`: a review plan's Suggestions, which become Proposals; only
safe steps may apply themselves.
"""

from core.cleaning.plan import Plan, Step, default_plan, from_document, read, to_document, to_toml
from core.cleaning.proposing import Suggestion, suggest, suggest_many
from core.cleaning.spacing.spacing import SPACERS
from core.cleaning.spelling.spelling import SPELLERS
from core.cleaning.steps.change import Change
from core.cleaning.steps.table import KINDS
from core.cleaning.steps.words import diff, rebased
from core.model_text import DEFAULT_PLAN, apply

__all__ = [
    "DEFAULT_PLAN", "KINDS", "SPACERS", "SPELLERS", "Change", "Plan", "Step", "Suggestion", "apply", "default_plan",
    "diff", "from_document", "read", "rebased", "suggest", "suggest_many", "to_document", "to_toml",
]  # fmt: skip
