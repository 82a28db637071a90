"""The request for an utterance, masked and with examples, and the variants in its answer that pass the guards."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.augment import LANGUAGE_MODEL, Refused, Variant
from core.augment.variants import Json, Judge
from core.cleaning.personal_data.pii import mask
from core.cleaning.steps.text import PLACEHOLDER
from core.records import Utterance
from core.rewriting import Answer, Request
from core.schemes import scheme as scheme_named
from core.text import letters
from core.workflows.augment.llm import prompts
from core.workflows.augment.llm.examples import Examples
from core.workflows.augment.llm.options import Options
from core.workflows.workspace import Workspace

LONGEST = 500  # characters of a source; a longer one is a call, not a sentence


@dataclass(frozen=True, slots=True)
class Wanted:
    """One utterance and how many variants of it are wanted."""

    utterance: Utterance
    n: int

    @property
    def is_askable(self) -> bool:
        """Whether a language model is asked for this utterance: it has letters and is no whole call."""
        return self.n > 0 and bool(letters(self.utterance.text)) and len(self.utterance.text) <= LONGEST


@dataclass(frozen=True, slots=True)
class Made:
    """The variants of one utterance. `is_kept` if they came from the answers that were kept."""

    utterance: Utterance
    variants: tuple[Variant, ...]
    refused: Refused
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A request, for which utterance it is, and the keys of the utterances that it shows as examples."""

    item: Wanted
    request: Request
    examples: tuple[str, ...]


def questions(
    ws: Workspace, scheme: str, wanted: Sequence[Wanted], options: Options, seed: int, model: str, batch: str = ""
) -> list[Question]:
    """The question for each utterance that a language model can be asked about, in order.

    A few more sentences are asked for than wanted, because guards refuse some.
    """
    target, prompt = scheme_named(scheme), prompts.current(ws, scheme).prompt
    items = [item for item in wanted if item.is_askable]
    pool = Examples(ws, target, batch) if options.examples and items else None
    asked = []
    for item in items:
        utterance, n = item.utterance, item.n + max(1, item.n // 2)
        text, code = mask(utterance.text), str(utterance.labels.get(scheme, ""))
        examples = pool.of(code, utterance, options.examples, seed) if pool is not None else []
        user = prompt.message(target, code, text, n, [example.text for example in examples])
        request = Request(model, prompt.system, user, text, n, options.temperature, seed)
        asked.append(Question(item, request, tuple(example.key for example in examples)))
    return asked


def made(question: Question, answer: Answer, guard: Judge) -> Made:
    """The variants in an answer that pass the guards, at most as many as wanted."""
    utterance, request = question.item.utterance, question.request
    if answer.failure:
        return Made(utterance, (), Counter((answer.failure,)), answer.is_kept)
    parameters: dict[str, Json] = {
        "model": answer.model, "prompt_sha256": request.prompt_sha256, "temperature": request.temperature,
        "at": answer.at, "examples": list(question.examples),
    }  # fmt: skip
    passed: dict[str, Variant] = {}
    refused: Refused = Counter()
    for text in answer.sentences[: request.n]:
        if len(passed) == question.item.n:
            break
        if reasons := ("equal",) if text in passed else _reasons(request.source, text, guard):
            refused.update(reasons)
        else:
            passed[text] = Variant(text, LANGUAGE_MODEL, parameters, request.seed)
    return Made(utterance, tuple(passed.values()), refused, answer.is_kept)


def _reasons(source: str, text: str, guard: Judge) -> tuple[str, ...]:
    """The reasons of the guards against a sentence, and what a language model may have made up."""
    gained = Counter(PLACEHOLDER.findall(text)) - Counter(PLACEHOLDER.findall(source))
    own = {"personal-data": mask(text) != text, "placeholder": bool(gained)}
    return (*(code for code, is_so in own.items() if is_so), *guard.reasons(source, text, LANGUAGE_MODEL))
