"""Makes the variants of sources: by operations on the text, or by a language model; all pass the same guards."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core import augment
from core.augment import LANGUAGE_MODEL, Guard, Known, Lexicon, Refused, Variant
from core.batches import batches
from core.messages import Message
from core.store import NewProposal
from core.workflows.augment import llm
from core.workflows.augment.check import Checked, LabelCheck
from core.workflows.augment.plan import KIND, AugmentPlan
from core.workflows.augment.sources import Source
from core.workflows.workspace import Workspace

LEXICONS = "augment"  # the folder of the workspace with its own lexicons, one file a scheme
JUDGED = 64  # sources whose variants the run judges at a time
REASONS: Mapping[str, str] = {**augment.REASONS, **llm.REASONS}  # why a candidate was refused


@dataclass(frozen=True, slots=True)
class Made:
    """The variants of `source` that passed the guards, and how many candidates each reason refused."""

    source: Source
    variants: Sequence[Variant]
    refused: Refused = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variant of `source` that passed the guards, and what the run in use says of it; None without such a run."""

    source: Source
    variant: Variant
    checked: Checked | None

    def proposal(self, batch: str, check: LabelCheck | None) -> NewProposal:
        """The Proposal of this candidate."""
        v, c = self.variant, self.checked
        payload = {
            "text": v.text, "before": self.source.text, "parent": self.source.id, "seed": v.seed,
            "parameters": dict(v.parameters),
        }  # fmt: skip
        if c is not None and check is not None:
            payload["checked"] = {"run": check.run_id, "code": c.code}
        reason = Message("{operation}, seed {seed}", operation=v.operation, seed=v.seed)
        return NewProposal(
            KIND, self.source.id, v.operation, payload, reason, confidence=c.score if c else None, batch=batch,
            flag=c.flag if c else None,
        )  # fmt: skip


def guard_of(ws: Workspace, scheme_name: str) -> Guard:
    """The guards of a scheme: its lexicon, and all texts that exist already."""
    return Guard(lexicon_of(ws, scheme_name), Known(_texts(ws)))


def lexicon_of(ws: Workspace, scheme_name: str) -> Lexicon:
    """The guarded words of a scheme: those of the workspace if it has its own, else those of the program."""
    own = ws.settings.home / LEXICONS / f"{scheme_name}.toml"
    return Lexicon.read(own) if own.is_file() else Lexicon.of(scheme_name)


def _texts(ws: Workspace) -> Iterator[str]:
    for block in ws.store.texts.after(0):
        yield from block.values()
    yield from ws.store.candidates.texts(KIND)


def candidates(
    ws: Workspace,
    plan: AugmentPlan,
    sources: Sequence[Source],
    guard: Guard,
    check: LabelCheck | None,
    *,
    batch: str = "",
    written: Mapping[int, int] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[tuple[list[Candidate], Refused]]:
    """Yield the candidates of the sources in blocks, with how many were refused by reason.

    `batch` names the run whose limits count for a language model, and `written` is the `by_model` of all sources of
    that run, of which these may be a part. `tick` is called now and then; what it raises ends the work.
    """
    shares = by_model([(source.id, source.n) for source in sources], plan) if written is None else written
    left = {source.id: min(n, source.n) for source in sources if (n := shares.get(source.id, 0))}
    for block in batches(_made(ws, plan, sources, left, guard, batch, tick), JUDGED):
        pairs = [(made.source, variant) for made in block for variant in made.variants]
        texts, codes = [variant.text for _, variant in pairs], [source.code for source, _ in pairs]
        answers = check.judge(texts, codes) if check is not None else [None] * len(pairs)
        refused = sum((made.refused for made in block), Counter[str]())
        yield [Candidate(s, v, a) for (s, v), a in zip(pairs, answers, strict=True)], refused


def _made(
    ws: Workspace, plan: AugmentPlan, sources: Sequence[Source], written: Mapping[int, int], guard: Guard, batch: str,
    tick: Callable[[], None],
) -> Iterator[Made]:  # fmt: skip
    """The variants of each source; those of the language model come after all others."""
    plain = [name for name in plan.operations if name != LANGUAGE_MODEL]
    for source in sources if plain else ():
        tick()
        n = source.n - written.get(source.id, 0)
        made, refused = augment.make(source.text, plain, n=n, seed=plan.seed, alpha=plan.alpha, guard=guard)
        yield _noted(Made(source, made, refused), guard)
    asked = [source for source in sources if source.id in written]
    yield from _written(ws, plan, asked, written, guard, batch, tick)


def _written(
    ws: Workspace, plan: AugmentPlan, sources: Sequence[Source], wanted: Mapping[int, int], guard: Guard, batch: str,
    tick: Callable[[], None],
) -> Iterator[Made]:  # fmt: skip
    """The variants that the language model writes; nothing is asked without sources."""
    if not sources:
        return
    utterances = ws.store.corpus.utterances([source.id for source in sources])
    by_id = {source.id: source for source in sources}
    asked = [llm.Wanted(utterance, wanted[utterance.id]) for utterance in utterances]
    options = llm.Options.from_dict(plan.llm)
    for made in llm.variants(
        ws, plan.scheme, asked, options=options, seed=plan.seed, batch=batch, guard=guard, tick=tick
    ):
        yield _noted(Made(by_id[made.utterance.id], made.variants, made.refused), guard)


def _noted(made: Made, guard: Guard) -> Made:
    """The same; from now on its texts exist."""
    if guard.existing is not None:
        for variant in made.variants:
            guard.existing.add(variant.text)
    return made


def by_model(quotas: Sequence[tuple[int, int]], plan: AugmentPlan) -> dict[int, int]:
    """Source id -> how many variants the language model writes: one part for each operation, spread evenly.

    `quotas` are all sources of a run with how many variants each gets; a part of them would have other shares.
    """
    if LANGUAGE_MODEL not in plan.operations:
        return {}
    parts, shares, total = len(plan.operations), dict[int, int](), 0
    for number, n in quotas:
        if share := (total + n) // parts - total // parts:
            shares[number] = share
        total += n
    return shares
