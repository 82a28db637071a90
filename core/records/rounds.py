"""Rounds of pseudo-labels, and the audits that say how right they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

RoundState = Literal["proposed", "accepted", "withdrawn"]
Weight = float | Mapping[str, float]  # of each label, or of the labels of each class


@dataclass(frozen=True, slots=True)
class Round:
    """The predictions of one run that thresholds keep, accepted and withdrawn together.

    `thresholds` is `Thresholds.to_json()`. A round is accepted with an audit, or with `override`: the reason that a
    person typed. `weight` in (0, 1] is that of its labels in training. `counts` has the numbers of the acceptance:
    `kept`, `written`, `labelled` (by people), `silver` (by a machine before), `reviewed` (on a curator's screen then),
    `decided` (a person took a machine's label off or rejected this one), `unfit`, `own_answers` (of the audit, by who
    accepted), and `withdrawn` later. `verdict` is what the ablation gate measured on the gold set with the hash
    `gold_sha256`; None before. `override_by` typed the reason.
    """

    id: int
    scheme: str
    run_id: str
    thresholds: Mapping[str, Any]
    audit_id: int | None
    override: str | None
    weight: Weight
    state: RoundState
    made_at: str
    made_by: str
    counts: Mapping[str, Any]
    verdict: Mapping[str, Any] | None = None
    gold_sha256: str | None = None
    accepted_by: str | None = None
    accepted_at: str | None = None
    override_by: str | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """A blind sample of the pool of a run: curators label it without seeing the prediction.

    `strata` maps the name of each stratum to the number of its predictions in the pool.
    """

    id: int
    run_id: str
    scheme: str
    thresholds: Mapping[str, Any]
    seed: int
    strata: Mapping[str, int]
    made_at: str
    made_by: str


@dataclass(frozen=True, slots=True)
class AuditItem:
    """One drawn prediction. `share` in (0, 1] is the drawn part of its stratum; `kept`: the thresholds kept it."""

    audit_id: int
    utterance_id: int
    stratum: str
    share: float
    code: str
    confidence: float
    margin: float
    kept: bool
