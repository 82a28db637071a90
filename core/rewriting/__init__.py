"""New sentences by a language model: prompts, requests, answers, costs. Any service with OpenAI's interface will do.

It is off until a person gives an address and a model (`GWIDAMA_LLM_URL`, `GWIDAMA_LLM_MODEL`). This room sends what it
is given: `core.workflows.augment.llm` masks personal data before, and lets every sentence pass the guards after.
"""

from core.rewriting.answers import FAILURES
from core.rewriting.cache import Cache
from core.rewriting.chat import Chat
from core.rewriting.prompts import Prompt
from core.rewriting.request import Request
from core.rewriting.rewriter import Answer, Rewriter
from core.rewriting.spending import Limits, Prices, Spending, Usage

__all__ = [
    "FAILURES", "Answer", "Cache", "Chat", "Limits", "Prices", "Prompt", "Request", "Rewriter", "Spending", "Usage",
]  # fmt: skip
