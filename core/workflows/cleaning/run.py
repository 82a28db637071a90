"""Cleaning runs: a plan runs over the utterances of a filter and adds Proposals; curators decide on them.

Steps that lose nothing, and that the plan allows to apply themselves, are accepted at once under the name
`clean:<step>` as normal Revisions. Undoing a run undoes everything that it wrote. A repeated run, or one that continues
after `kill -9`, suggests nothing twice: equal suggestions for an utterance have equal fingerprints.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import filters
from core.cleaning import Plan, Suggestion, default_plan, suggest_many, to_document
from core.cleaning.proposing import cleaner
from core.errors import Conflict
from core.filters import Filter
from core.jobs import submit
from core.store import NewProposal
from core.workflows import jobs
from core.workflows.beside import BESIDE
from core.workflows.cleaning import decisions, duplicates, history
from core.workflows.cleaning import plan as clean_plan
from core.workflows.cleaning.decisions import DecisionCounts
from core.workflows.cleaning.history import Run
from core.workflows.workspace import Workspace, now, open_workspace

KIND = decisions.CLEANING
JOB = "clean"  # the kind of its jobs
BLOCK = 2000  # utterances in a durable step
SAMPLES = 20
Progress = Callable[[str, int, int], None]
Suggest = Callable[..., list[list[Suggestion]]]


def prepare() -> None:
    """Let a server load the analyser of the bundled plan in a process beside it, while a person reads the plan."""
    BESIDE.prepare(suggest_many, default_plan().only("spelling"), ["불이 낫어요"])


@dataclass(frozen=True, slots=True)
class SampleChange:
    """One suggested change. `after` None: the utterance would be left out."""

    utterance_id: int
    before: str
    after: str | None
    reason: str
    confidence: float


@dataclass(frozen=True, slots=True)
class CleaningPreview:
    """What a plan would suggest: the number by step, and the first `SAMPLES` of each. Known suggestions are counted
    too.
    """

    utterances: int
    counts: Mapping[str, int]
    samples: Mapping[str, list[SampleChange]]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CleaningResult:
    """What a run suggested: step -> {open, accepted (by itself), rejected}.

    `applied` counts the decisions of steps that apply themselves, made by this process.
    """

    run: Run
    steps: Mapping[str, Mapping[str, int]]
    applied: DecisionCounts = field(default_factory=DecisionCounts)


def preview(
    ws: Workspace,
    plan: Plan,
    wanted: Filter,
    *,
    most: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> CleaningPreview:
    """What a run would suggest; nothing is written. With `most`, only that many utterances, evenly spaced, are read.

    Steps that compare utterances are left out if not all utterances are read. A server makes the suggestions in a
    process beside it (`core.workflows.beside`).
    """
    allow = clean_plan.may_leave(ws, plan)
    for step in plan.steps:
        if not step.of_corpus:
            cleaner(step, allow_remote=allow)  # an absent backend is named before another process looks for it
    ids = _ids(ws, wanted)
    out = duplicates.left_out(ws, plan)
    if most is not None and len(ids) > most:
        ids = ids[np.linspace(0, len(ids) - 1, most).astype(np.int64)]
        out = {step.name: "it compares all utterances; the run does" for step in plan.steps if step.of_corpus}
    counts = {step.name: 0 for step in plan.steps if step.name not in out}
    samples: dict[str, list[SampleChange]] = {name: [] for name in counts}

    def count(step: str, sample: SampleChange) -> None:
        counts[step] += 1
        if len(samples[step]) < SAMPLES:
            samples[step].append(sample)

    for start in range(0, len(ids), BLOCK):
        for number, suggestion in _suggested(ws, plan, ids[start : start + BLOCK], allow, _beside):
            count(
                suggestion.step,
                SampleChange(number, suggestion.before, suggestion.after, suggestion.reason, suggestion.confidence),
            )
        progress("utterances", min(start + BLOCK, len(ids)), len(ids))
    for block in duplicates.exclusions(ws, _comparing(plan, out), ids, progress):
        for exclusion in block:
            count(
                exclusion.step.name,
                SampleChange(exclusion.fix.id, exclusion.text, None, exclusion.fix.reason, exclusion.confidence),
            )
    return CleaningPreview(len(ids), counts, samples, out)


def run(
    ws: Workspace,
    plan: Plan,
    wanted: Filter,
    curator: str,
    *,
    run_id: str | None = None,
    step: jobs.Steps = lambda name, fn: fn(),
    progress: Progress = lambda stage, done, total: None,
) -> CleaningResult:
    """Suggest what `plan` finds among `wanted`. With the `run_id` of an interrupted run, continue that run."""
    clean_plan.may_leave(ws, plan)  # raises before anything is written
    began = partial(_begin, ws, plan, wanted, curator, run_id or history.new_id())
    begun = step("begin", began)
    cleaning_run = history.get(ws, begun["run"])
    ids, low, done = _ids(ws, wanted), 0, 0
    seen: dict[str, int] = {}
    applied: list[DecisionCounts] = []
    for number, high in enumerate(begun["bounds"]):
        progress("utterances", done, cleaning_run.utterances)
        among = ids[(ids > low) & (ids <= high)]
        done += step(f"block {number}", partial(_block, ws, plan, cleaning_run.id, among, seen, applied))
        low = high
    progress("utterances", done, cleaning_run.utterances)
    step("compare", partial(_compare, ws, plan, cleaning_run, ids, progress))
    return CleaningResult(cleaning_run, ws.store.cleanings.tally(cleaning_run.id), sum(applied, DecisionCounts()))


def undo(ws: Workspace, run_id: str, curator: str) -> tuple[int, int]:
    """Undo all that a run wrote; returns (undone and open again, left because of later decisions).

    `NotFound` for an unknown run, `Conflict` while its job is running.
    """
    history.get(ws, run_id)
    if (job := jobs.running(ws, JOB)) is not None and job.id == run_id:
        raise Conflict("run {run_id} is at work still: cancel it first", run_id=run_id)
    if not ws.store.cleanings.tally(run_id):
        return 0, 0
    undone, left = ws.store.proposals.undo_batch(run_id, curator, now())
    history.update(ws, run_id, undone_at=now())
    return undone, left


def start(ws: Workspace, plan: Plan, wanted: Filter, curator: str) -> str:
    """Queue a run as a job; returns the id of both."""
    clean_plan.may_leave(ws, plan)
    params = {"plan": to_document(plan), "wanted": filters.to_document(wanted), "curator": curator}
    return submit(ws.store, JOB, JOB, params, history.new_id())


def run_job(params: dict[str, Any], job: jobs.IdentifiedContext) -> None:
    """The job. Blocks of utterances are durable steps, so a killed worker goes on where it was."""
    plan = history.plan_of(Run(job.id, "", "", params["plan"], {}))
    wanted = filters.from_document(params["wanted"])
    run(open_workspace(), plan, wanted, params["curator"], run_id=job.id, step=job.step, progress=jobs.by_stage(job))


def _begin(ws: Workspace, plan: Plan, wanted: Filter, curator: str, run_id: str) -> dict[str, Any]:
    """Store the run and where its blocks end; a step that applies itself may later move texts out of the filter."""
    ids = _ids(ws, wanted)
    document = filters.to_document(wanted)
    out = duplicates.left_out(ws, plan)
    history.save(ws, Run(run_id, now(), curator, to_document(plan), document, len(ids), out))
    bounds = [int(block[-1]) for start in range(0, len(ids), BLOCK) if len(block := ids[start : start + BLOCK])]
    return {"run": run_id, "bounds": bounds}


def _block(
    ws: Workspace, plan: Plan, run_id: str, ids: NDArray[np.int64], seen: dict[str, int], applied: list[DecisionCounts]
) -> int:
    """Add the suggestions for those utterances and accept those that apply themselves; returns how many utterances
    these are.

    `seen`: step -> id of its last Proposal that was tried. `applied` receives the counts.
    """
    allow = clean_plan.may_leave(ws, plan)
    proposals = [
        NewProposal(
            KIND, number, suggestion.step, {"text": suggestion.after, "before": suggestion.before}, suggestion.reason,
            confidence=suggestion.confidence, batch=run_id,
        )
        for number, suggestion in _suggested(ws, plan, ids, allow)
    ]  # fmt: skip
    ws.store.proposals.add(proposals, now())
    for name in (step.name for step in plan.steps if step.self_apply):
        while block := ws.store.proposals.page(KIND, name, decisions.BLOCK, after_id=seen.get(name, 0), batch=run_id):
            seen[name] = block[-1].id
            applied.append(decisions.accept(ws, block, f"clean:{name}", "clean"))
    return len(ids)


def _compare(ws: Workspace, plan: Plan, cleaning_run: Run, ids: NDArray[np.int64], progress: Progress) -> int:
    """Add the suggestions of the steps that compare utterances; returns how many are new."""
    steps = _comparing(plan, cleaning_run.left_out)
    return sum(
        ws.store.proposals.add([exclusion.proposal(cleaning_run.id) for exclusion in block], now())
        for block in duplicates.exclusions(ws, steps, ids, progress)
    )


def _comparing(plan: Plan, left_out: Mapping[str, str]) -> list[Any]:
    """The steps of the plan that compare utterances and are not left out."""
    return [step for step in plan.steps if step.of_corpus and step.name not in left_out]


def _beside(plan: Plan, texts: Sequence[str], *, allow_remote: bool) -> list[list[Suggestion]]:
    return BESIDE.call(suggest_many, plan, texts, allow_remote=allow_remote)


def _suggested(
    ws: Workspace, plan: Plan, ids: NDArray[np.int64], allow: bool, suggest: Suggest = suggest_many
) -> Iterator[tuple[int, Suggestion]]:
    """Each suggestion with the id of its utterance."""
    texts = ws.store.texts.of(ids.tolist())
    for number, suggestions in zip(texts, suggest(plan, list(texts.values()), allow_remote=allow), strict=True):
        yield from ((number, s) for s in suggestions)


def _ids(ws: Workspace, wanted: Filter) -> NDArray[np.int64]:
    """The ids of utterances that match the filter and are not skipped, ascending."""
    return ws.store.texts.ids(replace(wanted, skipped=False))
