"""Self-training in rounds: a teacher learns from people's labels, labels what is unlabelled, a student learns from
both; in the next round the student teaches.

The labels that the teacher is sure of become silver labels, which only the training side gets; those of a round take
the place of those of the round before. All runs are scored on the same held-out items, which none has seen;
pseudo-labels often help less than hoped, so all scores are given side by side. Everything runs in this process. A
self-training that was killed goes on where it was (`core.workflows.pseudo_labels.selftraining.record`).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from core.confidence import Rule
from core.errors import InputError, NotEnoughData
from core.files import file_lock, make_folder
from core.messages import Message, Names
from core.records import Weight
from core.schemes import scheme, split_codes
from core.snapshots.format import Snapshot, read
from core.snapshots.items import Items
from core.thresholds import Thresholds, keep
from core.workflows.evaluation.compare import Comparison, compare
from core.workflows.models import train
from core.workflows.pseudo_labels.accept import propose, withdraw
from core.workflows.pseudo_labels.judge import JudgePlan, candidate_ids, run
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.pseudo_labels.selftraining.golden import GoldenTable, golden_table
from core.workflows.pseudo_labels.selftraining.record import Record, RoundRecord, Trainee, read_record, record_path
from core.workflows.pseudo_labels.selftraining.request import (
    check_base,
    clear_the_way,
    described,
    reason_of,
    refuse_others,
    unseen_gold,
)
from core.workflows.snapshots.student import create_for_student
from core.workflows.workspace import Workspace, now

Report = Callable[[str, dict[str, Any]], None]  # the step's name, and its progress
__all__ = ["STEPS", "Rule", "SelfTraining", "Thresholds", "Trainee", "selftrain"]

STEPS = ("teacher", "pseudo-label", "student")


@dataclass(frozen=True, slots=True)
class RoundDone:
    """What one round did. `teacher` judged `judged` items, `kept` labels, by class, were written; `student` learnt
    from them.

    `label_round` is the round of pseudo-labels in the workspace; withdrawing it takes its labels back as one.
    """

    number: int
    teacher: str
    student: str
    snapshot: str
    judged: int
    kept: dict[str, int]
    label_round: int


@dataclass(frozen=True, slots=True)
class SelfTraining:
    """What came of it: first teacher, last student, and what the last round did.

    `judged` items were without a label of a person, `kept` labels, by class, were written. `comparison` has the scores
    of teacher and last student on the test items that all runs share, `golden` those of every run. `notes` say what
    was withdrawn to make room.
    """

    teacher: str
    student: str
    snapshot: str
    student_snapshot: str
    judged: int
    kept: dict[str, int]
    comparison: Comparison
    rounds: tuple[RoundDone, ...]
    golden: GoldenTable
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class _Job:
    """One self-training at work."""

    ws: Workspace
    recipe: str
    base: Snapshot
    curator: str
    student: Trainee
    thresholds: Thresholds
    weight: Weight | None
    limit: int
    executor: str
    workers: int | None
    record: Record
    report: Report
    override: str | None = None
    gold: Items | None = None


def selftrain(
    ws: Workspace,
    recipe_name: str,
    snapshot_name: str,
    curator: str,
    *,
    teacher: Trainee | str = Trainee(),
    student: Trainee = Trainee(),
    rule: Rule = Rule(),
    thresholds: Thresholds | None = None,
    rounds: int = 1,
    weight: Weight | None = None,
    limit: int = 5000,
    executor: str = "inline",
    workers: int | None = None,
    gold: str | None = None,
    override: str | None = None,
    report: Report = lambda step, progress: None,
) -> SelfTraining:
    """Run the three steps `rounds` times, or the rest of them. `teacher` may be the id of a finished run.

    Idempotent: what is done is not done again, and a repeated call gives the scores again.

    The snapshots of the students have the name of the first one and `-student`, `-student-2` and so on, the same items
    on the same sides, and the silver labels, which stay in the corpus under the name of `curator`; each counts as much
    as `weight` in training (None: as much as `accept` lets labels count that no audit speaks for). `thresholds`, or
    else `rule`, decide which predictions are sure. `gold` names a gold set for the table, which the students get
    nothing of. Nobody audits these labels: their rounds say so, who ran it, and `override`, that person's reason.
    Pseudo-labels of an earlier self-training are withdrawn first. `NotEnoughData` if a teacher is sure of nothing,
    `InputError` for a self-training that was done, or begun, with other settings, or for what stands in its way.
    """
    base = read(ws.snapshot_folder(snapshot_name))
    sure = thresholds or Thresholds(confidence=rule.confidence, margin=rule.margin)
    path = record_path(ws.settings.home, snapshot_name)
    reason_of(override, snapshot_name, rounds, curator)
    make_folder(path.parent)
    with file_lock(path.with_suffix(".lock")):
        asked = _asked(recipe_name, teacher, student, sure, weight, limit)
        record = _taken_up(ws, path, asked, snapshot_name, rounds)
        job = _Job(
            ws, recipe_name, base, curator, student, sure, weight, limit, executor, workers, record, report, override
        )
        _plan_teacher(job, teacher)
        notes: tuple[Message, ...] = ()
        if record.done < rounds:
            job, notes = _ready(job, gold)
        _teach(job)
        while record.done < rounds:
            _round(job)
        return _done(job, gold, notes)


def _asked(
    recipe: str, teacher: Trainee | str, student: Trainee, sure: Thresholds, weight: Weight | None, limit: int
) -> dict[str, Any]:
    """What a person asks for, as the record holds it."""
    return {
        "recipe": recipe, "teacher": teacher if isinstance(teacher, str) else asdict(teacher),
        "student": asdict(student), "thresholds": sure.to_json(),
        "weight": dict(weight) if isinstance(weight, Mapping) else weight, "limit": limit,
    }  # fmt: skip


def _taken_up(ws: Workspace, path: Any, asked: dict[str, Any], name: str, rounds: int) -> Record:
    """The record to go on with, or a new one. While no label was accepted, other settings begin anew."""
    record = read_record(path)
    if record is None or (not _labelled(ws, record) and record.differs(asked)):
        _refuse_done(ws, _student_name(name, 1))
        return Record(path, asked)
    different = record.differs(asked)
    if different and record.done >= rounds:
        _refuse_done(ws, record.rounds[rounds - 1].snapshot)
    if different:
        raise InputError(
            "the self-training of snapshot {name} was begun with other settings ({settings}): ask for it as it was "
            "begun, or freeze a new snapshot for another one",
            name=name,
            settings=Names(different),
        )
    return record


def _labelled(ws: Workspace, record: Record) -> bool:
    """Whether pseudo-labels were accepted, also if the process was killed before it could note that."""
    return any(ws.store.rounds.get(number).state != "proposed" for number in record.label_rounds)


def _refuse_done(ws: Workspace, name: str) -> None:
    if any(info.name == name for info in ws.store.ledger.snapshots()):
        raise InputError(
            "snapshot {name} exists already: this self-training was done; freeze a new snapshot for another one",
            name=name,
        )


def _student_name(base: str, number: int) -> str:
    return f"{base}-student" if number == 1 else f"{base}-student-{number}"


def _plan_teacher(job: _Job, teacher: Trainee | str) -> None:
    """Plan the training of the first teacher, or check the run that is to teach."""
    record = job.record
    if not record.label_rounds:
        check_base(job.ws, job.base)
    if isinstance(teacher, str):
        _check_teacher(job.ws, teacher, job.base.name)
        record.teacher = teacher
    else:
        spec = train.TrainSpec.from_dict(record.spec) if record.spec else _planned(job, teacher, job.base.name)
        record.spec, record.teacher = spec.to_dict(), spec.run_id
    record.save()


def _ready(job: _Job, gold: str | None) -> tuple[_Job, tuple[Message, ...]]:
    """Check what would fail after the training, then make room; returns the job with its gold items, and notes."""
    ws, record, base = job.ws, job.record, job.base
    if name := gold or record.gold:
        learners = {str(record.spec["recipe"])} if record.spec else set[str]()
        items = unseen_gold(ws, base, name, record.teacher, learners | {job.student.recipe or job.recipe})
        record.gold, job = name, replace(job, gold=items)
    if not record.rounds:
        _mine(job, RoundRecord(1, record.teacher, ""))
    record.save()
    return job, clear_the_way(ws, base, record.label_rounds, job.curator)


def _teach(job: _Job) -> None:
    """Train the first teacher, if it is to be trained and is not yet."""
    if job.record.spec:
        _trained(job, train.TrainSpec.from_dict(job.record.spec), STEPS[0])


def _check_teacher(ws: Workspace, run_id: str, snapshot_name: str) -> None:
    run = ws.store.ledger.run(run_id)
    if run.state != "done" or run.snapshot != snapshot_name:
        raise InputError(
            "run {run_id} cannot teach: it is {state} and was trained on snapshot {snapshot}, not on {expected}",
            run_id=run_id, state=run.state, snapshot=run.snapshot, expected=snapshot_name,
        )  # fmt: skip


def _planned(job: _Job, how: Trainee, snapshot_name: str) -> train.TrainSpec:
    return train.plan(job.ws, how.recipe or job.recipe, snapshot_name, how.encoder, {}, how.preset)


def _trained(job: _Job, spec: train.TrainSpec, step: str, number: int = 1) -> None:
    """Train, or go on with it from its last checkpoint; nothing if it is done."""
    known = {run.id: run.state for run in job.ws.store.ledger.runs()}
    if known.get(spec.run_id) != "done":
        train.run(job.ws, spec, lambda progress: job.report(step, {**progress, "round": number}))


def _round(job: _Job) -> None:
    """Do the next round, or the rest of the one that was broken off."""
    record = job.record
    if not record.rounds or record.rounds[-1].done:
        number = len(record.rounds) + 1
        teacher = record.rounds[-1].student if record.rounds else record.teacher
        record.rounds.append(RoundRecord(number, teacher, _student_name(job.base.name, number)))
    this = record.rounds[-1]
    for step in (_judge, _withdraw_last, _accept, _freeze, _learn):
        step(job, this)
        record.save()
    this.done = True
    record.save()


def _judge(job: _Job, this: RoundRecord) -> None:
    """Let the teacher judge what no person has labelled: again, for what is new, until a round is proposed."""
    if not this.label_rounds:
        this.judged = run(job.ws, _plan(job, this), partial(_shown, job.report, this.number)).candidates


def _plan(job: _Job, this: RoundRecord) -> JudgePlan:
    return JudgePlan(
        this.teacher, targets=(job.base.scheme,), limit=job.limit, executor=job.executor, workers=job.workers
    )


def _shown(report: Report, number: int, done: int, total: int) -> None:
    report(STEPS[1], {"round": number, "done": done, "total": total})


def _withdraw_last(job: _Job, this: RoundRecord) -> None:
    """Take back the pseudo-labels of the round before: the better teacher has judged these items too."""
    last = next((one for one in job.record.rounds if one.number == this.number - 1), None)
    if last is None or last.label_round is None or this.withdrawn:
        return
    if job.ws.store.rounds.get(last.label_round).state == "accepted":
        withdraw(job.ws, last.label_round, job.curator)
    this.withdrawn = True


def _accept(job: _Job, this: RoundRecord) -> None:
    """Accept what the thresholds keep as a round of pseudo-labels, which is noted first."""
    if this.label_round is not None:
        return
    ws, name = job.ws, job.base.scheme
    ids, codes = _kept(job, this)
    made = ws.store.rounds.get(_propose(job, this) if this.proposed is None else this.proposed)
    if made.state == "proposed":
        made = ws.store.rounds.accept(made.id, ids, codes, job.curator, now())
    this.kept = _written(ws, name, made.id)
    this.label_round = made.id


def _propose(job: _Job, this: RoundRecord) -> int:
    """Propose the round, and note it before it is accepted; returns its id."""
    _mine(job, this)
    why, weight = _why(job, this.number), job.weight
    made = propose(job.ws, this.teacher, job.base.scheme, job.thresholds, job.curator, override=why, weight=weight)
    _mine(job, this)  # somebody else may have proposed it at the same moment
    this.proposed = made.id
    job.record.save()
    return made.id


def _kept(job: _Job, this: RoundRecord) -> tuple[list[int], list[str]]:
    """Ids and codes of what the thresholds keep of the items of this round; `NotEnoughData` if that is nothing.

    The pool of the run may hold more: another judged more with it before.
    """
    opened = open_pool(job.ws, this.teacher, job.base.scheme)
    mask = keep(opened.scores, job.thresholds)
    mask &= np.isin(opened.ids, candidate_ids(job.ws, _plan(job, this)))
    if this.proposed is None and not mask.any():
        raise NotEnoughData(
            "the teacher {run_id} judged {n} unlabelled utterances and is sure of none ({thresholds}): import more "
            "unlabelled text, or lower the thresholds",
            run_id=this.teacher, n=this.judged, thresholds=described(job.thresholds),
        )  # fmt: skip
    return opened.ids[mask].tolist(), opened.codes(mask)


def _why(job: _Job, number: int) -> str:
    return reason_of(job.override, job.base.name, number, job.curator)


def _mine(job: _Job, this: RoundRecord) -> None:
    """Refuse what somebody else proposed or accepted with the same run and thresholds."""
    refuse_others(job.ws, job.base.scheme, this.teacher, job.thresholds, job.curator, _why(job, this.number))


def _written(ws: Workspace, name: str, label_round: int) -> dict[str, int]:
    """The number of labels of the round by class."""
    grades = ws.store.corpus.grades(scheme(name).level, name)
    mine = [target for target, number in ws.store.rounds.rounds_of(name).items() if number == label_round]
    counted = Counter(single for target in mine for single in split_codes(grades[target][0]))
    return {code: counted[code] for code in scheme(name).codes if counted[code]}


def _freeze(job: _Job, this: RoundRecord) -> None:
    """Freeze what the student learns from; nothing if that is done."""
    ws, base = job.ws, job.base
    if any(info.name == this.snapshot for info in ws.store.ledger.snapshots()):
        return
    if ws.store.rounds.get(this.label_round or 0).state != "accepted":
        raise InputError(
            "round {round_id} of pseudo-labels was withdrawn before its student was trained: freeze a new snapshot for "
            "another self-training",
            round_id=this.label_round,
        )
    lineage = {"round": this.number, "snapshot": base.name, "teacher": this.teacher}
    create_for_student(ws, this.snapshot, base, this.label_round or 0, lineage, job.gold)


def _learn(job: _Job, this: RoundRecord) -> None:
    """Train the student of the round."""
    if this.spec is None:
        this.spec = _planned(job, job.student, this.snapshot).to_dict()
        job.record.save()
    _trained(job, train.TrainSpec.from_dict(this.spec), STEPS[2], this.number)


def _done(job: _Job, gold: str | None, notes: tuple[Message, ...]) -> SelfTraining:
    """What came of all rounds that are done, with the scores of their runs."""
    record = job.record
    rounds = [one for one in record.rounds if one.done]
    last = rounds[-1]
    runs = [record.teacher, *(one.student for one in rounds)]
    return SelfTraining(
        record.teacher, last.student, job.base.name, last.snapshot, last.judged or 0, last.kept,
        compare(job.ws, record.teacher, last.student),
        tuple(map(_round_done, rounds)),
        golden_table(job.ws, runs, gold), notes,
    )  # fmt: skip


def _round_done(one: RoundRecord) -> RoundDone:
    return RoundDone(
        one.number, one.teacher, one.student, one.snapshot, one.judged or 0, one.kept, one.label_round or 0
    )
