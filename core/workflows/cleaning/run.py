"""Cleaning as Proposals: a plan runs over what a filter lets through, and curators decide on what it suggests.

A run adds Proposals only; steps that lose nothing and that the plan lets apply themselves are accepted at once under
the name `clean:<step>`, as Revisions like any other. Everything that a run wrote is undone with it. Running again, or
going on after `kill -9`, suggests nothing twice: equal suggestions for an utterance have equal fingerprints.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core import filters
from core.cleaning import Plan, Suggestion, suggest_many, to_document
from core.errors import Conflict
from core.filters import Filter
from core.jobs import submit
from core.store import NewProposal
from core.workflows import jobs
from core.workflows.cleaning import decisions, duplicates, history
from core.workflows.cleaning import plan as clean_plan
from core.workflows.cleaning.decisions import Decided
from core.workflows.cleaning.history import Run
from core.workflows.workspace import Workspace, now, open_workspace

KIND = decisions.CLEANING
JOB = "clean"  # the kind of its jobs
BLOCK = 2000  # utterances in a durable step
SAMPLES = 20
Progress = Callable[[str, int, int], None]
Steps = Callable[[str, Callable[[], Any]], Any]


class Context(jobs.Context, Protocol):
    """The run of a job has the job's id."""

    id: str


@dataclass(frozen=True, slots=True)
class Sample:
    """`after` None: the utterance would be left out."""

    utterance_id: int
    before: str
    after: str | None
    reason: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Looked:
    """What a plan would suggest: how many by step, the first `SAMPLES` of each. Known suggestions are counted too."""

    utterances: int
    found: Mapping[str, int]
    samples: Mapping[str, list[Sample]]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """`steps`: step -> {open, accepted (by itself), rejected} of what the run suggested.

    `applied` counts what steps that apply themselves did in this process, and which way it went.
    """

    run: Run
    steps: Mapping[str, Mapping[str, int]]
    applied: Decided = field(default_factory=Decided)


def look(
    ws: Workspace,
    plan: Plan,
    wanted: Filter,
    *,
    most: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Looked:
    """What a run would suggest; nothing is written. With `most`, of so many utterances, evenly drawn.

    Steps that compare utterances are left out where not all are looked at.
    """
    allow = clean_plan.may_leave(ws, plan)
    ids = _ids(ws, wanted)
    out = duplicates.left_out(ws, plan)
    if most is not None and len(ids) > most:
        ids = ids[np.linspace(0, len(ids) - 1, most).astype(np.int64)]
        out = {step.name: "it compares all utterances; the run does" for step in plan.steps if step.of_corpus}
    found = {step.name: 0 for step in plan.steps if step.name not in out}
    samples: dict[str, list[Sample]] = {name: [] for name in found}

    def count(step: str, sample: Sample) -> None:
        found[step] += 1
        if len(samples[step]) < SAMPLES:
            samples[step].append(sample)

    for start in range(0, len(ids), BLOCK):
        for number, one in _suggested(ws, plan, ids[start : start + BLOCK], allow):
            count(one.step, Sample(number, one.before, one.after, one.reason, one.confidence))
        progress("utterances", min(start + BLOCK, len(ids)), len(ids))
    for block in duplicates.found(ws, _comparing(plan, out), ids, progress):
        for hit in block:
            count(hit.step.name, Sample(hit.fix.id, hit.text, None, hit.fix.reason, hit.confidence))
    return Looked(len(ids), found, samples, out)


def run(
    ws: Workspace,
    plan: Plan,
    wanted: Filter,
    curator: str,
    *,
    run_id: str | None = None,
    step: Steps = lambda name, fn: fn(),
    progress: Progress = lambda stage, done, total: None,
) -> Done:
    """Suggest what `plan` finds within `wanted`. With the `run_id` of a run that was cut short, go on with it."""
    clean_plan.may_leave(ws, plan)  # before anything is written
    began = partial(_begin, ws, plan, wanted, curator, run_id or history.new_id())
    told = step("begin", began)
    one = history.get(ws, told["run"])
    ids, low, done = _ids(ws, wanted), 0, 0
    seen: dict[str, int] = {}
    applied: list[Decided] = []
    for number, high in enumerate(told["bounds"]):
        progress("utterances", done, one.utterances)
        among = ids[(ids > low) & (ids <= high)]
        done += step(f"block {number}", partial(_block, ws, plan, one.id, among, seen, applied))
        low = high
    progress("utterances", done, one.utterances)
    step("compare", partial(_compare, ws, plan, one, ids, progress))
    return Done(one, ws.store.cleanings.tally(one.id), sum(applied, Decided()))


def undo(ws: Workspace, run_id: str, curator: str) -> tuple[int, int]:
    """Take back all that a run wrote: (undone and open again, left because of later decisions).

    `NotFound` for an unknown run, `Conflict` while its job is at work.
    """
    history.get(ws, run_id)
    if (job := jobs.running(ws, JOB)) is not None and job.id == run_id:
        raise Conflict("run {run_id} is at work still: cancel it first", run_id=run_id)
    if not ws.store.cleanings.tally(run_id):
        return 0, 0
    undone, left = ws.store.proposals.undo_batch(run_id, curator, now())
    history.change(ws, run_id, undone_at=now())
    return undone, left


def start(ws: Workspace, plan: Plan, wanted: Filter, curator: str) -> str:
    """Queue a run as a job; its id is the run's."""
    clean_plan.may_leave(ws, plan)
    params = {"plan": to_document(plan), "wanted": filters.to_document(wanted), "curator": curator}
    return submit(ws.store, JOB, JOB, params, history.new_id())


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job: blocks of utterances are durable steps, so that a killed worker goes on where it was."""

    def tell(stage: str, done: int, total: int) -> None:
        job.report({"stage": stage, "done": done, "total": total, "unit": stage})

    plan = history.plan_of(Run(job.id, "", "", params["plan"], {}))
    wanted = filters.from_document(params["wanted"])
    run(open_workspace(), plan, wanted, params["curator"], run_id=job.id, step=job.step, progress=tell)


def _begin(ws: Workspace, plan: Plan, wanted: Filter, curator: str, run_id: str) -> dict[str, Any]:
    """Remember the run and where its blocks end: a step that applies itself may move texts out of the filter."""
    ids = _ids(ws, wanted)
    document = filters.to_document(wanted)
    out = duplicates.left_out(ws, plan)
    history.keep(ws, Run(run_id, now(), curator, to_document(plan), document, len(ids), out))
    bounds = [int(block[-1]) for start in range(0, len(ids), BLOCK) if len(block := ids[start : start + BLOCK])]
    return {"run": run_id, "bounds": bounds}


def _block(
    ws: Workspace, plan: Plan, run_id: str, ids: NDArray[np.int64], seen: dict[str, int], applied: list[Decided]
) -> int:
    """Suggest for those utterances and let what may apply itself do so; how many they are.

    `seen`: step -> the last of its proposals that was tried. `applied` gets what became of them.
    """
    allow = clean_plan.may_leave(ws, plan)
    made = [
        NewProposal(
            KIND, number, one.step, {"text": one.after, "before": one.before}, one.reason,
            confidence=one.confidence, batch=run_id,
        )
        for number, one in _suggested(ws, plan, ids, allow)
    ]  # fmt: skip
    ws.store.proposals.add(made, now())
    for name in (step.name for step in plan.steps if step.self_apply):
        while block := ws.store.proposals.page(KIND, name, decisions.BLOCK, after_id=seen.get(name, 0), batch=run_id):
            seen[name] = block[-1].id
            applied.append(decisions.accept(ws, block, f"clean:{name}", "clean"))
    return len(ids)


def _compare(ws: Workspace, plan: Plan, one: Run, ids: NDArray[np.int64], progress: Progress) -> int:
    steps = _comparing(plan, one.left_out)
    return sum(
        ws.store.proposals.add([hit.proposal(one.id) for hit in block], now())
        for block in duplicates.found(ws, steps, ids, progress)
    )


def _comparing(plan: Plan, left_out: Mapping[str, str]) -> list[Any]:
    return [step for step in plan.steps if step.of_corpus and step.name not in left_out]


def _suggested(ws: Workspace, plan: Plan, ids: NDArray[np.int64], allow: bool) -> Iterator[tuple[int, Suggestion]]:
    texts = ws.store.texts.of(ids.tolist())
    for number, suggestions in zip(texts, suggest_many(plan, list(texts.values()), allow_remote=allow), strict=True):
        yield from ((number, one) for one in suggestions)


def _ids(ws: Workspace, wanted: Filter) -> NDArray[np.int64]:
    """What is within the filter and not skipped, ascending."""
    return ws.store.texts.ids(replace(wanted, skipped=False))
