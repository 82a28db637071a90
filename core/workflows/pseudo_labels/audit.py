"""Audits: a blind, stratified sample of a run's predictions is labelled by curators, and says how right the run is.

`draw` puts the sample into the review queue `pseudo-label-audit`, whose cards show neither the prediction nor a
machine's label, as no other queue does of what waits for its answer. What a person decides on an item after the draw is
the answer, from whichever queue; labels of bulk actions and deliveries are none. `report` compares the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import InputError, NotEnoughData
from core.messages import Message
from core.records import Audit, AuditItem
from core.store import Ranked
from core.thresholds import LEAST_ANSWERS, Evidence, Thresholds, estimates, keep, limits
from core.thresholds.strata import RARE, WISHES, Stratum, allocate, merged, strata
from core.workflows.pseudo_labels import evidence
from core.workflows.pseudo_labels.pool import Open, open_pool
from core.workflows.review import queues
from core.workflows.workspace import Workspace, now

SIZE = 200  # items of an audit: the curator's work of less than an hour
MOST = 5000
REASON = Message("drawn for a blind audit")


@dataclass(frozen=True, slots=True)
class ClassPrecision:
    """Of `kept` predictions of a class, `n` were answered and `right` of them were right.

    `value` is the estimated precision, with its 95 % Wilson interval; None where nothing was answered.
    """

    code: str
    kept: int
    n: int
    right: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit says about thresholds: of `drawn` items `answered` have a person's answer.

    `kept` predictions pass the thresholds and can be accepted. `n`, `right`, `value`, `low` and `high` are as in
    `ClassPrecision`, over all classes. `reaches` says whether the answered items stand for enough of what is kept.
    `disputed` answered items wait for somebody to settle them; until then they count as wrong. `answered_by` has the
    number of answers of each curator.
    """

    audit: Audit
    drawn: int
    answered: int
    kept: int
    classes: tuple[ClassPrecision, ...]
    n: int
    right: int
    value: float | None
    low: float | None
    high: float | None
    reaches: bool
    disputed: int
    answered_by: Mapping[str, int]

    @property
    def suffices(self) -> bool:
        """Whether a round can rest on it: ten answers among what is kept, which stand for enough of that."""
        return self.reaches and self.n >= LEAST_ANSWERS

    @property
    def noise(self) -> float | None:
        """The estimated share of wrong labels among those kept."""
        return None if self.value is None else 1 - self.value


def draw(
    ws: Workspace, run_id: str, target: str, thresholds: Thresholds, curator: str, *, n: int = SIZE, seed: int = 0
) -> Audit:
    """Draw at most `n` open predictions of a run, more of them near the thresholds, and queue them for review.

    Items of earlier audits of the scheme that nobody answered stay in the queue. `NotEnoughData` if the thresholds keep
    nothing.
    """
    if not 1 <= n <= MOST:
        raise InputError("an audit has 1 to {most:,} items, not {n}", most=MOST, n=n)
    opened = open_pool(ws, run_id, target)
    made = merged(_strata(opened, thresholds), n)
    counts = allocate([len(s.rows) for s in made], [WISHES[s.band] for s in made], n, seed)
    rng = np.random.default_rng(seed)
    items = [item for stratum, count in zip(made, counts, strict=True) for item in _drawn(opened, stratum, count, rng)]
    sizes = {_name(opened, stratum): len(stratum.rows) for stratum in made}
    waiting = _waiting(ws, target)
    audit = ws.store.rounds.add_audit(run_id, target, thresholds.to_json(), seed, sizes, items, curator, now())
    order = rng.permutation(len(items)).tolist()  # the place in the queue says nothing about the prediction
    ranked = [Ranked(number, 0.0, REASON) for number in (*waiting, *(items[at].utterance_id for at in order))]
    ws.store.queues.put(queues.list_key(queues.PSEUDO_LABEL_AUDIT, target), ranked, now())
    return audit


def audits(ws: Workspace, run_id: str | None = None, target: str | None = None) -> Sequence[Audit]:
    """The audits of a run and target, the newest first."""
    return ws.store.rounds.audits(run_id, target)


def _waiting(ws: Workspace, target: str) -> list[int]:
    """The items of the audits of a scheme that nobody answered, those of the oldest audit first."""
    rounds, waiting = ws.store.rounds, []
    for audit in reversed(rounds.audits(None, target)):
        done = rounds.answers(audit.id)
        waiting += [item.utterance_id for item in rounds.items(audit.id) if item.utterance_id not in done]
    return waiting


def answered(ws: Workspace, audit_id: int) -> tuple[int, int]:
    """How many items of an audit have a person's answer, and how many it has."""
    return len(ws.store.rounds.answers(audit_id)), len(ws.store.rounds.items(audit_id))


def report(ws: Workspace, audit_id: int, thresholds: Thresholds | None = None) -> AuditReport:
    """What the answers say about `thresholds`, or about those for which the audit was drawn."""
    audit = ws.store.rounds.audit(audit_id)
    opened = open_pool(ws, audit.run_id, audit.scheme)
    at = thresholds or Thresholds.from_json(audit.thresholds)
    mask = keep(opened.scores, at)
    n_kept = int(mask.sum())
    answers = ws.store.rounds.answers(audit_id)
    done, drawn = len(answers), len(ws.store.rounds.items(audit_id))
    disputed, who = sum(code == "" for code in answers.values()), ws.store.rounds.answered_by(audit_id)
    known = evidence.of_audit(ws, audit)
    by_class = opened.scores.per_class(np.bincount(opened.scores.answers[mask], minlength=len(opened.scores.members)))
    if known is None:
        empty = tuple(
            ClassPrecision(code, int(k), 0, 0, None, None, None)
            for code, k in zip(opened.scores.classes, by_class, strict=True)
        )
        return AuditReport(audit, drawn, done, n_kept, empty, 0, 0, None, None, None, False, disputed, who)
    seen = _report(audit, drawn, done, n_kept, opened, by_class.tolist(), known, at)
    return replace(seen, disputed=disputed, answered_by=who)


def _report(
    audit: Audit, drawn: int, done: int, n_kept: int, opened: Open, by_class: Sequence[int], known: Evidence,
    thresholds: Thresholds,
) -> AuditReport:  # fmt: skip
    at = limits(opened.scores, thresholds)
    made, inside = estimates(known, at, n_kept), known.passing(at)
    right = (known.predicted & known.gold)[inside].sum(axis=0).tolist()
    whole = int((known.predicted == known.gold)[inside].all(axis=1).sum())
    columns = (opened.scores.classes, by_class, made.n.tolist(), right, made.precision, made.lows, made.highs)
    classes = tuple(
        ClassPrecision(code, k, n, good, *map(_number, shares))
        for code, k, n, good, *shares in zip(*columns, strict=True)
    )  # fmt: skip
    return AuditReport(
        audit, drawn, done, n_kept, classes, made.number, whole, _number(made.value), _number(made.low),
        _number(made.high), made.reaches, 0, {},
    )  # fmt: skip


def _strata(opened: Open, thresholds: Thresholds) -> list[Stratum]:
    """The strata of what the thresholds keep and of what lies just below."""
    mask = keep(opened.scores, thresholds)
    if not mask.any():
        raise NotEnoughData(
            "the thresholds keep none of the {n:,} open predictions, so there is nothing to audit: lower them, or let "
            "the run judge more",
            n=len(opened.ids),
        )
    return strata(opened.scores, mask)


def _drawn(opened: Open, stratum: Stratum, count: int, rng: np.random.Generator) -> list[AuditItem]:
    name, share = _name(opened, stratum), count / len(stratum.rows)
    rows = np.sort(rng.choice(stratum.rows, size=count, replace=False))
    scores = opened.scores
    return [
        AuditItem(
            0, int(opened.ids[row]), name, share, opened.pool.codes[int(scores.answers[row])],
            float(scores.confidence[row]), float(scores.margin[row]), stratum.band != "below",
        )
        for row in rows.tolist()
    ]  # fmt: skip


def _name(opened: Open, stratum: Stratum) -> str:
    code = "*" if stratum.answer == RARE else opened.pool.codes[stratum.answer]
    return f"{code}:{stratum.band}"


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
