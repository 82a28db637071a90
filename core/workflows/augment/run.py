"""Runs of the augmentation: a preview that writes nothing, and the run itself, as a job or at once.

Blocks of sources are durable steps: a killed worker goes on where it was. A repeated run makes nothing twice, since
variants that wait or were accepted count against what is wanted (`sources`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.augment import LANGUAGE_MODEL, Guard
from core.errors import MissingBackend, NotEnoughData
from core.jobs import submit
from core.messages import SchemeName
from core.workflows import jobs
from core.workflows.augment import batches, llm, making
from core.workflows.augment.batches import Batch
from core.workflows.augment.check import LabelCheck, label_check
from core.workflows.augment.making import Candidate
from core.workflows.augment.plan import KIND, AugmentPlan, checked, from_document, to_document
from core.workflows.augment.sources import Chosen, ClassCount, Source, choose, drawn
from core.workflows.workspace import Workspace, now, open_workspace

JOB = "augment"  # the kind of its jobs
BLOCK = 100  # sources in a durable step
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class AugmentPreview:
    """What a run would make. Only `looked_at` of the sources were tried; `candidates` are what passed the guards.

    `classes` counts all sources. `checked_by` is the run that checked the labels, None if no run is in use.
    """

    classes: tuple[ClassCount, ...]
    sources: int
    wanted: int
    looked_at: int
    candidates: tuple[Candidate, ...]
    refused: Mapping[str, int]
    checked_by: str | None

    @property
    def by_operation(self) -> dict[str, int]:
        """Operation -> how many candidates it made, the most first."""
        return dict(Counter(candidate.variant.operation for candidate in self.candidates).most_common())

    @property
    def flagged(self) -> int:
        return sum(1 for candidate in self.candidates if candidate.checked and candidate.checked.flag)


def preview(
    ws: Workspace,
    plan: AugmentPlan,
    *,
    most: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> AugmentPreview:
    """What a run of `plan` would make; nothing is written. With `most`, only that many sources, drawn at random.

    A language model is not asked: `core.workflows.augment.llm.estimate` says what it would cost.
    """
    plan = checked(plan)
    plain = tuple(name for name in plan.operations if name != LANGUAGE_MODEL)
    chosen = choose(ws, plan)
    tried = drawn(chosen.sources, most, f"{plan.seed}\x1fpreview") if plain else []
    total = sum(source.n for source in tried)
    check = label_check(ws, plan.scheme)
    found, refused = list[Candidate](), Counter[str]()
    if tried:
        local, guard = replace(plan, operations=plain), making.guard_of(ws, plan.scheme)
        for candidates, reasons in making.candidates(ws, local, tried, guard, check):
            found += candidates
            refused += reasons
            progress("variants", len(found), total)
    return AugmentPreview(
        chosen.classes, len(chosen.sources), chosen.wanted, len(tried), tuple(found),
        dict(refused.most_common()), check.run_id if check is not None else None,
    )  # fmt: skip


def estimate(ws: Workspace, plan: AugmentPlan) -> tuple[llm.Estimate, tuple[str, str] | None]:
    """What the language model's part of a run would send and cost, and its rule and first request; nothing is sent."""
    return llm.estimate(ws, plan.scheme, _asked(ws, plan), options=llm.Options.from_dict(plan.llm), seed=plan.seed)


def _asked(ws: Workspace, plan: AugmentPlan) -> list[llm.Wanted]:
    """The utterances of which the language model writes variants."""
    wanted = making.by_model([(source.id, source.n) for source in choose(ws, checked(plan)).sources], plan)
    return [llm.Wanted(utterance, wanted[utterance.id]) for utterance in ws.store.corpus.utterances(list(wanted))]


def start(ws: Workspace, plan: AugmentPlan, curator: str) -> str:
    """Queue a run as a job; returns the id of both. `InputError` for a plan that cannot run, before anything is
    queued.
    """
    _ready(ws, checked(plan))
    _some(choose(ws, plan), plan)
    params = {"plan": to_document(plan), "curator": curator}
    return submit(ws.store, JOB, JOB, params, batches.new_id())


def run_job(params: dict[str, Any], job: jobs.IdentifiedContext) -> None:
    """The job."""
    plan = from_document(params["plan"])
    run(open_workspace(), plan, params["curator"], batch_id=job.id, step=job.step, progress=jobs.by_stage(job))


def run(
    ws: Workspace,
    plan: AugmentPlan,
    curator: str,
    *,
    batch_id: str | None = None,
    chosen: Chosen | None = None,
    step: jobs.Steps = lambda name, fn: fn(),
    progress: Progress = lambda stage, done, total: None,
) -> Batch:
    """Make what `plan` wants as Proposals. With the `batch_id` of an interrupted run, continue that run.

    `chosen` is what `choose` says of the plan, where that is known already. `NotEnoughData` if no utterance that
    matches has a label that may be used.
    """
    _ready(ws, checked(plan))
    begun = step("begin", partial(_begin, ws, plan, curator, batch_id or batches.new_id(), chosen))
    number: str = begun["batch"]
    quotas = [(int(i), int(n)) for i, n in begun["quotas"]]
    work = _Work(ws, plan, number, progress, quotas)
    for start_at in range(0, len(quotas), BLOCK):
        counts = step(f"block {start_at // BLOCK}", partial(work.block, quotas[start_at : start_at + BLOCK]))
        work.count(counts)
    return batches.save(ws, replace(work.report(batches.get(ws, number)), finished_at=now()))


class _Work:
    """The blocks of one run. Guards and label check are made when the first block needs them."""

    def __init__(
        self, ws: Workspace, plan: AugmentPlan, batch: str, progress: Progress, quotas: Sequence[tuple[int, int]]
    ) -> None:
        self._ws, self._plan, self._batch, self._progress = ws, plan, batch, progress
        self._wanted, self._written = sum(n for _, n in quotas), making.by_model(quotas, plan)
        self._tools: tuple[Guard, LabelCheck | None] | None = None
        self._tried = 0
        self._refused: Counter[str] = Counter()
        self._checked_by: str | None = None

    def block(self, quotas: Sequence[tuple[int, int]]) -> dict[str, Any]:
        """Make the Proposals of some sources; returns counts as JSON. A block that ran before adds nothing more."""
        if self._tools is None:
            self._tools = making.guard_of(self._ws, self._plan.scheme), label_check(self._ws, self._plan.scheme)
        guard, check = self._tools
        proposals, refused = [], Counter[str]()
        for found, reasons in making.candidates(
            self._ws, self._plan, self._sources(quotas), guard, check, batch=self._batch, written=self._written,
            tick=self._tick,
        ):  # fmt: skip
            proposals += [candidate.proposal(self._batch, check) for candidate in found]
            refused += reasons
        self._ws.store.proposals.add(proposals, now())
        run_id = check.run_id if check is not None else None
        return {"refused": dict(refused), "checked_by": run_id, "wanted": sum(n for _, n in quotas)}

    def _sources(self, quotas: Sequence[tuple[int, int]]) -> list[Source]:
        """The sources of a block, without what an interrupted turn of it has made already."""
        present = self._ws.store.candidates.by_source(KIND, ("open", "accepted", "rejected"), self._batch)
        wanted = {number: n - present.get(number, 0) for number, n in quotas}
        found = self._ws.store.corpus.utterances([number for number, n in wanted.items() if n > 0])
        codes = {utterance.id: utterance.labels.get(self._plan.scheme, "") for utterance in found}
        return [Source(u.id, u.key, u.text, codes[u.id], wanted[u.id]) for u in found if codes[u.id] and not u.skipped]

    def _tick(self) -> None:
        self._progress("variants", self._tried, self._wanted)

    def count(self, counts: Mapping[str, Any]) -> None:
        """Add the counts of a block, of this process or of one before."""
        self._tried += counts["wanted"]
        self._refused.update(counts["refused"])
        self._checked_by = counts["checked_by"] or self._checked_by
        self._progress("variants", self._tried, self._wanted)

    def report(self, batch: Batch) -> Batch:
        """The batch with the counts of all blocks."""
        return replace(batch, refused=dict(self._refused.most_common()), checked_by=self._checked_by)


def _begin(ws: Workspace, plan: AugmentPlan, curator: str, batch_id: str, chosen: Chosen | None) -> dict[str, Any]:
    """Store the run, and how many variants each source gets; what is accepted meanwhile changes nothing in it."""
    chosen = chosen or choose(ws, plan)
    _some(chosen, plan)
    batches.save(ws, Batch(batch_id, now(), curator, to_document(plan), len(chosen.sources), chosen.wanted))
    return {"batch": batch_id, "quotas": [[source.id, source.n] for source in chosen.sources]}


def _some(chosen: Chosen, plan: AugmentPlan) -> None:
    if not chosen.classes:
        raise NotEnoughData(
            "no utterance that matches has a {scheme} label that may be used: label some, or choose another filter",
            scheme=SchemeName(plan.scheme),
        )


def _ready(ws: Workspace, plan: AugmentPlan) -> None:
    """Refuse the operation of a language model while none is configured."""
    if LANGUAGE_MODEL in plan.operations and not (state := llm.state(ws)).is_on:
        raise MissingBackend(state.reason)
