"""Acceptance: what the thresholds keep becomes silver labels, as one round that can be withdrawn as one.

A round needs an audit with enough answers, or an override: the reason that a person typed, which is stored with it. A
person's label is never overwritten, and stays when the round is withdrawn. Silver labels go to the training side only,
with the weight of their round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import Conflict, InputError, NotEnoughData
from core.records import Round, Weight
from core.schemes import scheme
from core.store import NewRound
from core.store.rounds.rounds import kept_hash
from core.thresholds import LEAST_ANSWERS, Thresholds, keep
from core.workflows.pseudo_labels import audit as audits
from core.workflows.pseudo_labels.audit import AuditReport
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.workspace import Workspace, now

LONGEST_REASON = 500
UNAUDITED = 0.5  # the weight of labels that no audit speaks for
LEAST_WEIGHT = 0.05


@dataclass(frozen=True, slots=True)
class Preview:
    """What accepting would do: `n` predictions are kept and can be accepted, by class.

    Of these `silver` have a machine's label already. What people skipped or decided against is not in `n`. `report`
    is what the audit says, None without one. `weight` is that of the labels if nobody chooses another.
    """

    n: int
    by_class: Mapping[str, int]
    silver: int
    report: AuditReport | None
    weight: Weight

    @property
    def new(self) -> int:
        """The number of labels that would be written, if nobody labels meanwhile."""
        return self.n - self.silver

    @property
    def wrong(self) -> int | None:
        """How many of the new labels are estimated to be wrong; None without an audit that suffices."""
        noise = self.report.noise if self.report and self.report.suffices else None
        return None if noise is None else round(self.new * noise)


def preview(ws: Workspace, run_id: str, target: str, thresholds: Thresholds, audit_id: int | None = None) -> Preview:
    """What accepting these thresholds would do, with the audit `audit_id` or without one."""
    opened = open_pool(ws, run_id, target)
    mask = keep(opened.scores, thresholds)
    by_answer = np.bincount(opened.scores.answers[mask], minlength=len(opened.scores.members))
    by_class = dict(zip(opened.scores.classes, opened.scores.per_class(by_answer).tolist(), strict=True))
    silver = np.isin(opened.ids[mask], _silver(ws, target)).sum()
    report = None if audit_id is None else _report(ws, run_id, target, thresholds, audit_id)
    return Preview(int(mask.sum()), by_class, int(silver), report, _weight(target, report))


def accept(
    ws: Workspace, run_id: str, target: str, thresholds: Thresholds, curator: str, *, audit_id: int | None = None,
    override: str | None = None, weight: Weight | None = None, confirmed: int | None = None,
) -> Round:  # fmt: skip
    """Accept what the thresholds keep, as one round. `confirmed` is the number of new labels that the person saw.

    `InputError` without an audit or an override, `NotEnoughData` if the audit has too few answers or says too little
    about these thresholds, `Conflict` if the number is no longer the confirmed one or somebody accepted meanwhile.
    """
    basis, report = _basis(ws, run_id, target, thresholds, audit_id, override, weight)
    _check_basis(basis, report)
    made = ws.store.rounds.propose(basis, curator, now(), keep=True)
    return _accepted(ws, made.id, basis, report, curator, confirmed)


def propose(
    ws: Workspace, run_id: str, target: str, thresholds: Thresholds, curator: str, *, audit_id: int | None = None,
    override: str | None = None, weight: Weight | None = None,
) -> Round:  # fmt: skip
    """Return the open round of these thresholds, so that a gate can measure it before anybody accepts it.

    Neither audit nor override is needed yet. Equal thresholds of a run are proposed once at a time: an open round gets
    the audit, override and weight that are given, if the same person proposed it. `Conflict` if another did.
    """
    new, _ = _basis(ws, run_id, target, thresholds, audit_id, override, weight)
    given = audit_id is not None or new.override is not None or weight is not None
    kept = kept_hash(*_kept(ws, new))
    made = ws.store.rounds.propose(new, curator, now(), kept_sha256=kept, keep=not given)
    if given and (made.audit_id, made.override, made.weight) != tuple(new.basis.values()):
        raise Conflict(
            "round {round_id} of these thresholds was proposed by {who} with another audit, reason or weight: accept "
            "it, or choose other thresholds",
            round_id=made.id,
            who=made.made_by,
        )
    return made


def _basis(
    ws: Workspace, run_id: str, target: str, thresholds: Thresholds, audit_id: int | None, override: str | None,
    weight: Weight | None,
) -> tuple[NewRound, AuditReport | None]:  # fmt: skip
    """What a round rests on: its thresholds, audit, reason and weight; and the report of the audit, if there is one."""
    reason = tidied_reason(override)
    report = None if audit_id is None else _report(ws, run_id, target, thresholds, audit_id)
    chosen = _weight(target, report) if weight is None else _checked(weight)
    return NewRound(target, run_id, thresholds.to_json(), chosen, audit_id, reason), report


def _accepted(
    ws: Workspace, round_id: int, basis: NewRound, report: AuditReport | None, curator: str, confirmed: int | None
) -> Round:
    """Accept a round with the basis that was checked."""
    ids, codes = _kept(ws, basis)
    new = len(ids) - int(np.isin(ids, _silver(ws, basis.scheme)).sum())
    if confirmed is not None and new != confirmed:
        raise Conflict(
            "{confirmed:,} labels were confirmed, but {new:,} would be written now: look at the number again",
            confirmed=confirmed,
            new=new,
        )
    own = report.answered_by.get(curator, 0) if report else 0
    notes = {"own_answers": own} if own else {}
    return ws.store.rounds.accept(round_id, ids, codes, curator, now(), basis=basis, notes=notes)


def _kept(ws: Workspace, basis: NewRound) -> tuple[list[int], list[str]]:
    """What the thresholds of a round keep: utterance ids and codes."""
    opened = open_pool(ws, basis.run_id, basis.scheme)
    mask = keep(opened.scores, Thresholds.from_json(basis.thresholds))
    return opened.ids[mask].tolist(), opened.codes(mask)


def withdraw(ws: Workspace, round_id: int, curator: str) -> Round:
    """Take back every label of an accepted round that nobody labelled since; `Conflict` if it is not accepted."""
    return ws.store.rounds.withdraw(round_id, curator, now())


def rounds(ws: Workspace, target: str | None = None, run_id: str | None = None) -> Sequence[Round]:
    """The rounds, the newest first; each argument narrows them."""
    return ws.store.rounds.list(target, run_id)


def standing(ws: Workspace, target: str) -> dict[int, int]:
    """Round id -> how many of its labels are still a machine's, for the rounds of a scheme."""
    numbers, counts = np.unique(list(ws.store.rounds.rounds_of(target).values()), return_counts=True)
    return dict(zip(map(int, numbers), map(int, counts), strict=True))


def _silver(ws: Workspace, target: str) -> np.ndarray:
    """Ids of utterances (of calls: of their first turns) whose label is a machine's, int64 (n,)."""
    level = scheme(target).level
    labelled = ws.store.corpus.labelled(level, target, ("silver",))
    if level == "utterance":
        return labelled
    turns = ws.store.scan.utterances_of(labelled.tolist())
    return np.array([number for ids in turns.values() for number in ids], dtype=np.int64)


def _report(ws: Workspace, run_id: str, target: str, thresholds: Thresholds, audit_id: int) -> AuditReport:
    report = audits.report(ws, audit_id, thresholds)
    if (report.audit.run_id, report.audit.scheme) != (run_id, target):
        raise InputError(
            "audit {audit_id} is of run {of}, not of run {run_id}: draw one of this run",
            audit_id=audit_id,
            of=report.audit.run_id,
            run_id=run_id,
        )
    return report


def _check_basis(current: NewRound, report: AuditReport | None) -> None:
    """Refuse a round with neither an audit that says enough nor a person's reason."""
    if current.override:
        return
    if report is None:
        raise InputError(
            "a round is accepted with an audit, or with a reason to do without: draw an audit first (pseudo-label "
            "audit), or give the reason (--override)"
        )
    if not report.suffices:
        raise NotEnoughData(
            "audit {audit_id} says too little about these thresholds: {answered:,} of {drawn:,} items are answered, "
            "{n:,} of them above the thresholds (at least {least}). Go on with it in the review, draw one for these "
            "thresholds, or give a reason to do without",
            audit_id=report.audit.id, answered=report.answered, drawn=report.drawn, n=report.n, least=LEAST_ANSWERS,
        )  # fmt: skip


def tidied_reason(override: str | None, most: int = LONGEST_REASON) -> str | None:
    """The reason with its white space tidied; None if there is none. `InputError` if it is empty or above `most`."""
    if override is None:
        return None
    reason = " ".join(override.split())
    if not reason:
        raise InputError("the reason to accept without an audit is empty: say why, it is stored with the round")
    if len(reason) > most:
        raise InputError("a reason has at most {most} letters; this one has {n}", most=most, n=len(reason))
    return reason


def _weight(target: str, report: AuditReport | None) -> Weight:
    """The estimated precision, of each class with ten answers where classes exclude each other; else one half."""
    if report is None or report.value is None or not report.suffices:
        return UNAUDITED
    overall = _bounded(report.value)
    if scheme(target).kind == "multi":
        return overall
    return {x.code: overall if x.value is None or x.n < LEAST_ANSWERS else _bounded(x.value) for x in report.classes}


def _bounded(precision: float) -> float:
    return round(max(precision, LEAST_WEIGHT), 3)


def _checked(weight: Weight) -> Weight:
    for value in weight.values() if isinstance(weight, Mapping) else (weight,):
        if not 0 < value <= 1:
            raise InputError("a weight is above 0 and at most 1, not {value}", value=value)
    return weight
