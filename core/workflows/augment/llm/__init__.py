"""Variants by a language model: is it on, what would it cost, what would be sent, and the variants.

Off until a person names a service with OpenAI's interface in the environment: `GWIDAMA_LLM_URL`, `GWIDAMA_LLM_MODEL`,
and the key, if the service wants one, in `GWIDAMA_LLM_KEY` or in a file that `GWIDAMA_LLM_KEY_FILE` names. Before a
text is sent, its personal data is masked (`core.cleaning.personal_data`); what comes back passes the same guards as any
variant, and must not hold personal data that a model made up. Answers are kept in the workspace (`llm/answers`), so
that a rerun costs nothing; `llm/spent` has a file for each run.

For the augmentation room: `state(ws)`, `estimate(ws, scheme, wanted, ...)` (with the exact messages of the first
request), and `variants(ws, scheme, wanted, ...)`, which yields a `Made` for each `Wanted`, in order.
`Options.to_dict` goes into the parameters of a job. The codes in `Made.refused` are those of `core.augment.REASONS` and
of `REASONS` here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.augment import Guard, Lexicon
from core.augment.variants import Judge
from core.messages import Message
from core.rewriting import FAILURES, Prices, Usage
from core.workflows.augment.llm.asking import Made, Wanted, made, questions
from core.workflows.augment.llm.options import Options
from core.workflows.augment.llm.service import State, cache, endpoint, limits, rewriter, state
from core.workflows.workspace import Workspace

__all__ = [
    "REASONS",
    "Estimate",
    "Made",
    "Options",
    "State",
    "Wanted",
    "estimate",
    "state",
    "variants",
]

REASONS: Mapping[str, str] = {
    **FAILURES,
    "personal-data": Message("the language model made up personal data"),
    "placeholder": Message("a placeholder of personal data was gained"),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would send and cost. `cost` and `cost_at_most` are None without prices.

    `kept` of the `requests` are answered already and cost nothing; `masked` hold personal data. `fits` if the likely
    figures keep the limits; a run that reaches a limit asks no more in any case.
    """

    requests: int
    kept: int
    masked: int
    tokens: int
    tokens_at_most: int
    cost: float | None
    cost_at_most: float | None
    most_tokens: int
    most_cost: float
    fits: bool
    host: str
    model: str


def estimate(
    ws: Workspace, scheme: str, wanted: Sequence[Wanted], *, options: Options = Options(), seed: int = 0
) -> tuple[Estimate, tuple[str, str] | None]:
    """What `variants` would send and cost, and the rule and the first request as they would leave; None if none would.

    Nothing is sent. It works also while the language model is off.
    """
    named, prices, bounds = state(ws), Prices(*ws.settings.llm_prices), limits(ws.settings, options)
    asked = questions(ws, scheme, wanted, options, seed, ws.settings.llm_model)
    answers, url = cache(ws), ws.settings.llm_url
    fresh = [question.request for question in asked if question.request.key(url) not in answers]
    likely = sum((request.likely for request in fresh), Usage())
    most = sum((request.most for request in fresh), Usage())
    cost = prices.cost(likely)
    found = Estimate(
        requests=len(asked),
        kept=len(asked) - len(fresh),
        masked=sum(question.request.source != question.item.utterance.text for question in asked),
        tokens=likely.tokens,
        tokens_at_most=most.tokens,
        cost=cost if named.has_prices else None,
        cost_at_most=prices.cost(most) if named.has_prices else None,
        most_tokens=bounds.tokens,
        most_cost=bounds.cost,
        fits=not (0 < bounds.tokens < likely.tokens or 0 < bounds.cost < cost),
        host=named.host,
        model=ws.settings.llm_model,
    )
    return found, (asked[0].request.system, asked[0].request.user) if asked else None


def variants(
    ws: Workspace,
    scheme: str,
    wanted: Sequence[Wanted],
    *,
    options: Options = Options(),
    seed: int = 0,
    batch: str = "",
    guard: Judge | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Made]:
    """The variants of each utterance, in order. `batch` names the run whose limits count.

    `MissingBackend` while the language model is off, `InputError` where the service does not work: what was answered
    before is kept. `tick` is called a few times a second; what it raises ends the run.
    """
    judge: Judge = guard if guard is not None else Guard(Lexicon.of(scheme))
    asked = questions(ws, scheme, wanted, options, seed, endpoint(ws.settings).model, batch)
    answers = rewriter(ws, options, batch).answers([question.request for question in asked], options.at_once, tick)
    pairs = zip(asked, answers, strict=True)
    for item in wanted:
        if item.is_askable:
            yield made(*next(pairs), judge)
        else:
            yield Made(item.utterance, (), Counter(("length",)))
