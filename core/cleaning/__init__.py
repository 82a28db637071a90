"""Cleaning: suggests changes to texts, which a curator later accepts or rejects.

A `Plan` is an ordered list of steps with settings. `suggest` gives at most one `Suggestion` for each step; use-cases
store them as Proposals. Only safe steps may be applied without a curator. Nothing is stored here, and what a model
reads of a text is decided elsewhere, in `core.text.model_text`.
"""

from core.cleaning.plan import Plan, Step, default_plan, from_document, read, to_document, to_toml
from core.cleaning.proposing import Suggestion, suggest, suggest_many
from core.cleaning.spacing.spacing import SPACERS
from core.cleaning.spelling.spelling import SPELLERS
from core.cleaning.steps.change import Change
from core.cleaning.steps.table import STEP_KINDS
from core.cleaning.steps.text import diff, rebase

__all__ = [
    "SPACERS", "SPELLERS", "STEP_KINDS", "Change", "Plan", "Step", "Suggestion", "default_plan", "diff",
    "from_document", "read", "rebase", "suggest", "suggest_many", "to_document", "to_toml",
]  # fmt: skip
