"""Let a run judge the items without a label: as a job, by an executor, block by block, exactly once.

Each block becomes a part of the run's pool (`core.runs.shards`) and then rows of the database. A job that is killed or
cancelled leaves whole parts; the next one reads the corpus again and judges only what no part has: so no item is
missing and none is judged twice, also if the corpus changed meanwhile or another executor goes on. One process at a
time judges for a run. All executors and all kinds of run pass through `run`.
"""

import json
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core import filters
from core.errors import Conflict, UnknownName
from core.executors import EXECUTORS, open_executor
from core.filters import Filter
from core.inference.bulk.blocks import Block, Clip
from core.jobs import submit
from core.messages import Message, SchemeName, Word, message_from_json
from core.records import Job
from core.runs.card import Card, read_card
from core.runs.judging import only_judge
from core.runs.pool import answered
from core.runs.shards import AGAIN, DIGEST, ID, PRECISION, PROBS, SKIPPED, Known, Part, Shards, as_column
from core.workflows import jobs
from core.workflows.pseudo_labels.candidates import HUMAN, Candidate, Candidates, Turns, chosen_targets, judging_runs
from core.workflows.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from core.inference.bulk.judge import JudgeMaker

__all__ = ["JOB", "JudgePlan", "Judged", "executors", "judging_runs", "latest", "run", "running", "start"]

JOB = "pseudo-label"  # the kind of its jobs
TEXTS, CLIPS = 2048, 64  # items of a block; a killed job loses the blocks that were on their way
MOST_SAMPLES, MOST_LETTERS, MOST_SOUND_MS = 4096, 400_000, 600_000  # of a block, unless a single item has more
UNKNOWN_MS = 60_000  # counted for a clip to the end of its file
TOLD_EVERY = 4096  # items between two reports of progress where nothing is new
Progress = Callable[[int, int], None]  # items looked at, and how many there are


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """What is judged, by which run, and where.

    `targets`: those of the run that get predictions, () for all. `limit`: candidates at most. `workers` None: as many
    as there are cores. `precision`: see `core.inference.bulk.judge`; it is chosen once, for all workers. `closed_by`:
    the grades of labels that make an item no candidate; by default those of people. `block`: items of a block at most,
    None: by what the run reads.
    """

    run_id: str
    wanted: Filter = field(default_factory=Filter)
    targets: tuple[str, ...] = ()
    executor: str = "inline"
    workers: int | None = None
    address: str | None = None
    precision: str = "auto"
    limit: int | None = None
    closed_by: tuple[str, ...] = HUMAN
    block: int | None = None

    def to_document(self) -> dict[str, Any]:
        """The plan as JSON, for a job."""
        values = {name: getattr(self, name) for name in self.__slots__}
        lists = {"targets": list(self.targets), "closed_by": list(self.closed_by)}
        return values | lists | {"wanted": filters.to_document(self.wanted)}

    @classmethod
    def from_document(cls, values: Mapping[str, Any]) -> "JudgePlan":
        """The inverse of `to_document`."""
        lists = {"targets": tuple(values["targets"]), "closed_by": tuple(values["closed_by"])}
        return cls(**(dict(values) | lists | {"wanted": filters.from_document(values["wanted"])}))


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it: `candidates` were without a label, `known` of them had been judged before, `judged` are new.

    `skipped` counts what could not be judged, by an example of each kind of reason; these are among `judged`. `parts`
    files were written. `precision` is the type of number in which the new ones were judged, None if there were none.
    """

    run_id: str
    targets: tuple[str, ...]
    executor: str
    candidates: int
    known: int
    judged: int
    skipped: Mapping[str, int]
    parts: int
    precision: str | None = None

    def as_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"targets": list(self.targets), "skipped": dict(self.skipped)}


def executors() -> dict[str, bool]:
    """The name of each executor, and whether it is installed."""
    return {name: backend.installed() for name, backend in EXECUTORS.items()}


def start(ws: Workspace, plan: JudgePlan) -> str:
    """Queue the plan as a job; returns its id. The errors of a plan that cannot work come here, before it is queued.

    `Conflict` if a job of this run waits or is at work already.
    """
    info = ws.store.ledger.run(plan.run_id)
    _candidates(ws, plan)
    _maker(ws, plan)
    if plan.executor not in EXECUTORS:
        raise UnknownName("executor", plan.executor, tuple(EXECUTORS))
    EXECUTORS[plan.executor].load()
    _refuse_second(ws, plan.run_id)
    title = Message("pseudo-labels of {scheme} by {run_id}", scheme=SchemeName(info.scheme), run_id=info.id)
    return submit(ws.store, JOB, title, plan.to_document(), f"judge-{secrets.token_hex(6)}")


def _refuse_second(ws: Workspace, run_id: str) -> None:
    """`Conflict` if a job lets the run judge, or waits to."""
    for job in jobs.recent(ws, jobs.SEARCHED_JOBS):
        if job.kind == JOB and job.state in jobs.LIVE and job.params["run_id"] == run_id:
            raise Conflict(
                "job {job} lets run {run_id} judge already ({state}): wait for its end or cancel it; what is judged "
                "stays, and judging goes on from there",
                job=job.id, run_id=run_id, state=Word(job.state),
            )  # fmt: skip


def run_job(params: dict[str, Any], job: jobs.IdentifiedContext) -> None:
    """The job. It needs no steps: what was written is the place where the next worker goes on."""

    def report(done: int, total: int) -> None:
        job.report({"done": done, "total": total, "unit": "utterances"})

    judged = run(open_workspace(), JudgePlan.from_document(params), report)
    job.report({"result": judged.as_json()})


def latest(ws: Workspace, run_id: str) -> Job | None:
    """The newest job that let this run judge, whatever its state; None if there is none among the latest jobs."""
    of_run = (job for job in jobs.recent(ws, jobs.SEARCHED_JOBS) if job.kind == JOB)
    return next((job for job in of_run if job.params["run_id"] == run_id), None)


def running(ws: Workspace, run_id: str) -> Job | None:
    """The newest job of the run if it is at work, or waits to be; else None."""
    job = latest(ws, run_id)
    return job if job is not None and job.state in jobs.LIVE else None


def run(ws: Workspace, plan: JudgePlan, progress: Progress = lambda done, total: None) -> Judged:
    """Judge every candidate that no part has yet, in this process and the workers of the executor.

    `Conflict` if another process does so for the same run.
    """
    candidates, folder = _candidates(ws, plan), ws.run_folder(plan.run_id)
    with only_judge(folder):
        shards = Shards(folder)
        shards.tidy()
        _store_missing(ws, candidates, shards)
        told = _Told(progress, candidates.count())
        work = _Work(candidates, plan, shards, told)
        _judge(ws, plan, work)
        told(told.total)
        return work.result()


def _judge(ws: Workspace, plan: JudgePlan, work: "_Work") -> None:
    """Judge the blocks; each becomes a part, then rows of the database. Nothing is loaded if there is no block."""
    blocks = work.blocks()
    with open_executor(plan.executor, plan.workers, plan.address) as executor:
        if (first := next(blocks, None)) is None:
            return
        maker, judge = _maker(ws, plan).decided()
        work.precision = judge.number
        here = plan.executor == "inline"  # then what was loaded to choose the precision judges as well
        make = (lambda: judge) if here else maker
        if not here:
            del judge
        for answer in executor.map(make, chain((first,), blocks)):
            part, seen = work.finished(answer)
            _store(ws, work.candidates, work.shards.append(part), work.shards)
            work.told(seen)


class _Told:
    """Progress that never goes back: the corpus is read ahead of what is judged."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self.total, self._most = progress, total, 0
        progress(0, total)

    def __call__(self, seen: int) -> None:
        self._most = max(self._most, min(seen, self.total))
        self._progress(self._most, self.total)


def candidate_ids(ws: Workspace, plan: JudgePlan) -> NDArray[np.int64]:
    """The ids of the candidates of the plan, int64 (N,), N at most its limit."""
    ids = (candidate.id for _, candidate in _candidates(ws, plan).read() if candidate is not None)
    return np.fromiter(islice(ids, plan.limit), dtype=np.int64)


def _candidates(ws: Workspace, plan: JudgePlan) -> Candidates:
    """What the plan reads. `NotFound` for an unknown run, `InputError` for one that cannot make pseudo-labels."""
    targets = chosen_targets(ws, ws.store.ledger.run(plan.run_id), plan.targets)
    card = read_card(ws.run_folder(plan.run_id))
    return Candidates(ws, card, targets, plan.wanted, plan.closed_by)


def _maker(ws: Workspace, plan: JudgePlan) -> "JudgeMaker":
    """What a worker loads the run with; `UnknownName` for a precision that does not exist."""
    from core.inference.bulk.judge import JudgeMaker  # loads torch, which a page that only looks does not need

    home = str(ws.settings.home.resolve())
    return JudgeMaker(str(ws.run_folder(plan.run_id).resolve()), precision=plan.precision, folder=home)


class _Work:
    """The blocks of one run over the candidates, and what is known of those that are on their way."""

    def __init__(self, candidates: Candidates, plan: JudgePlan, shards: Shards, told: _Told) -> None:
        self.candidates, self.shards, self.told = candidates, shards, told
        self.precision: str | None = None
        self._plan = plan
        self._known: dict[str, Known] = {name: shards.known(name) for name in candidates.targets}
        self._size = plan.block or (TEXTS if candidates.card.modality == "text" else CLIPS)
        self._waiting: deque[tuple[list[Candidate], int]] = deque()
        self._seen = self._read = self._new = self._parts = 0
        self._skipped: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def blocks(self) -> Iterator[Block]:
        """The candidates that no part has, in blocks."""
        block, size = list[Candidate](), tuple[int, ...]((0, 0, 0, 0))
        most = (self._size, MOST_SAMPLES, MOST_LETTERS, MOST_SOUND_MS)
        for seen, candidate in self._unknown():
            one = _sizes(candidate)
            size = _sum(size, one)
            if block and any(has > may for has, may in zip(size, most, strict=True)):
                yield self._block(block)
                block, size = [], one
            block.append(candidate)
            self._seen = seen
        if block:
            yield self._block(block)

    def _block(self, block: list[Candidate]) -> Block:
        self._waiting.append((block, self._seen))
        ids = np.repeat([candidate.id for candidate in block], [len(candidate.samples) for candidate in block])
        return Block(ids.astype(np.int64), [sample for candidate in block for sample in candidate.samples])

    def _unknown(self) -> Iterator[tuple[int, Candidate]]:
        """What is to be judged, each with how many items had been looked at."""
        for seen, candidate in self.candidates.read():
            if self._plan.limit is not None and self._read >= self._plan.limit:
                return
            if seen % TOLD_EVERY == 0:
                self.told(0 if self._waiting else seen)  # 0: as before, but a job learns whether it is cancelled
            if candidate is not None:
                self._read += 1
                if not self._is_known(candidate):
                    yield seen, candidate

    def _is_known(self, candidate: Candidate) -> bool:
        """Whether the parts have the item as it is now, for every target that it is judged for."""
        open_ = zip(self.candidates.card.targets, candidate.open, strict=True)
        return all(self._known[target.name].has_one(candidate.id, candidate.digest) for target, yes in open_ if yes)

    def finished(self, answer: pa.RecordBatch) -> tuple[pa.RecordBatch, int]:
        """The part that a judged block becomes, and how many items had been looked at when the block was full."""
        block, seen = self._waiting.popleft()
        turns = Turns.of(block)
        assert turns.ids.tolist() == answer.column(ID).to_pylist(), "an executor keeps the order of the blocks"
        told = answer.column(SKIPPED).to_pylist()
        reasons = turns.reasons(told)
        self._count([reason for reason in reasons if reason])
        self._new += len(block)
        self._parts += 1
        again = np.logical_or.reduceat(np.asarray(answer.column(AGAIN)), turns.starts)
        columns: dict[str, Any] = {
            ID: pa.array([candidate.id for candidate in block], pa.int64()),
            DIGEST: pa.array([candidate.digest for candidate in block], pa.uint64()),
            SKIPPED: pa.array(reasons, pa.string()),
            AGAIN: pa.array(again, pa.bool_()),
        }
        judged = np.array([reason is None for reason in reasons])
        for place, target in enumerate(self.candidates.card.targets):
            if target.name in self.candidates.targets:
                open_ = np.array([candidate.open[place] for candidate in block])
                probs = turns.mean(_table(answer.column(PROBS + target.name)), [reason is None for reason in told])
                columns[PROBS + target.name] = as_column(probs, judged & open_)
        return pa.RecordBatch.from_pydict(columns, metadata={PRECISION: str(self.precision)}), seen

    def _count(self, reasons: list[str]) -> None:
        """Count reasons, as a judge writes them, by their kind; the first sentence of a kind stands for it."""
        for message in (message_from_json(json.loads(reason)) for reason in reasons):
            kind = str(getattr(message, "template", message))
            self._examples.setdefault(kind, str(message))
            self._skipped[kind] += 1

    def result(self) -> Judged:
        """What the job did."""
        skipped = {self._examples[kind]: n for kind, n in self._skipped.items()}
        return Judged(
            self._plan.run_id, self.candidates.targets, self._plan.executor, self._read, self._read - self._new,
            self._new, skipped, self._parts, self.precision,
        )  # fmt: skip


def _sizes(candidate: Candidate) -> tuple[int, int, int, int]:
    """What one item adds to a block: items, samples, letters and ms of sound."""
    clips = [sample for sample in candidate.samples if isinstance(sample, Clip)]
    letters = sum(len(sample.text if isinstance(sample, Clip) else sample) for sample in candidate.samples)
    sound = sum(UNKNOWN_MS if clip.end_ms is None else clip.end_ms - clip.start_ms for clip in clips if clip.path)
    return 1, len(candidate.samples), letters, sound


def _sum(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(left + right for left, right in zip(one, other, strict=True))


def _table(probs: Any) -> NDArray[np.float32]:
    """A column of probabilities as an array (N, K)."""
    width = probs.type.list_size
    return np.asarray(probs.flatten().to_numpy(zero_copy_only=False), dtype=np.float32).reshape(-1, width)


def _store_missing(ws: Workspace, candidates: Candidates, shards: Shards) -> None:
    """Write the rows of parts that an earlier job wrote just before it was killed."""
    for number, _ in list(shards.unstored()):
        _store(ws, candidates, number, shards)


def _store(ws: Workspace, candidates: Candidates, number: int, shards: Shards) -> None:
    """Write the predictions of part `number` to the database; the second time changes nothing."""
    part: Part = shards.part(number)
    card: Card = candidates.card
    for target in card.targets:
        ids, probs = part.rows(target.name)
        judged = ~np.isnan(probs).any(axis=1)
        if judged.any():
            ws.store.ledger.put_pool(card.run_id, target.name, ids[judged].tolist(), answered(target, probs[judged]))
    shards.mark_stored(number)
