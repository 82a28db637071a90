"""What Thresholds keep of a run's pool and what that costs: the numbers behind the sliders, made in milliseconds."""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from core.runs.pool import pool_version
from core.thresholds import (
    GRID,
    SEED,
    Curves,
    Estimates,
    Evidence,
    Limits,
    Scores,
    Tally,
    Thresholds,
    counted,
    curves,
    estimates,
    limits,
)
from core.workflows.evaluation import scored
from core.workflows.pseudo_labels.evidence import Known, Source, audited, best, sufficient
from core.workflows.pseudo_labels.pool import gold_counts, open_pool
from core.workflows.renewed import PATIENCE_S
from core.workflows.workspace import Workspace

REMEMBERED = 3  # pools in memory


@dataclass(frozen=True, slots=True)
class Share:
    """An estimated share with its 95 % interval over `n` items; None where there is no item."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class ClassView:
    """One class: `limit` and `margin` that a prediction needs (None: none, or no prediction reaches it), `total`
    predictions, how many are `kept` now and with the seed's thresholds, gold labels, estimated precision, and the mean
    confidence of what is kept, calibrated and not.
    """

    code: str
    limit: float | None
    margin: float | None
    total: int
    kept: int
    kept_by_seed: int
    gold: int
    precision: Share
    confidence: float | None
    raw: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """Thresholds on the picture of precision over coverage: the share kept, estimated and expected precision."""

    kept: int
    coverage: float
    precision: Share
    confidence: float | None
    raw: float | None


@dataclass(frozen=True, slots=True)
class View:
    """`total` open predictions; where the thresholds stand and where those of the seed do; classes; curves.

    `source` says where the estimates come from: an audit of the pool, the run's test side, or nowhere. `represented` is
    the share of what is kept for which the audit stands. `changed` more predictions were made for a text that was
    corrected since; they wait to be judged again.
    """

    total: int
    thresholds: Thresholds
    now: Point
    seed: Point
    classes: tuple[ClassView, ...]
    curves: Curves
    source: Source | None
    represented: float
    changed: int = 0


@dataclass(frozen=True, eq=False)
class Material:
    """What a view is made from: predictions, evidence and its source, gold labels by class, and the seed's point.

    `audits`: all audits with answers; of them the newest that suffices for the thresholds is the evidence.
    """

    scores: Scores
    evidence: Evidence | None
    source: Source | None
    gold: Mapping[str, int]
    seed: Point
    changed: int = 0
    audits: Known = ()

    @classmethod
    def of(
        cls, scores: Scores, evidence: Evidence | None, source: Source | None, gold: Mapping[str, int],
        changed: int = 0, audits: Known = (),
    ) -> Self:  # fmt: skip
        return cls(scores, evidence, source, gold, _seed(scores, evidence), changed, audits)

    def suited(self, at: Limits, kept: int) -> Evidence | None:
        """The evidence for what the limits keep, `kept` predictions."""
        place = sufficient(self.audits, at, kept)
        return self.evidence if place is None else self.audits[place][1]


_kept: OrderedDict[tuple[str, str, str], tuple[object, Material]] = OrderedDict()


def view(ws: Workspace, run_id: str, target: str, thresholds: Thresholds) -> View:
    """What `thresholds` keep of the open predictions of a run. `UnknownName` for limits of an unknown class."""
    return of_material(material(ws, run_id, target), thresholds)


def target_of(ws: Workspace, run_id: str, target: str | None) -> str:
    """The Target of that name, or the first of the run; `UnknownName` lists those that it has."""
    return scored.target_of(ws.store.ledger.run(run_id), target)


def material(ws: Workspace, run_id: str, target: str) -> Material:
    """What a view is made from; kept in memory until the store or the pool of the run changes."""
    key = (ws.settings.database_url, run_id, target)
    trace = ws.store.changes.trace() or int(time.monotonic() / PATIENCE_S)  # a database server leaves no trace
    known = _kept.get(key)
    if known is not None and known[0] == (trace, pool_version(ws.settings.runs / run_id)):
        return known[1]
    stamp = (trace, pool_version(ws.run_folder(run_id)))
    opened = open_pool(ws, run_id, target)
    evidence, source = best(ws, run_id, target)
    audits = audited(ws, run_id, target)
    made = Material.of(opened.scores, evidence, source, gold_counts(ws, target), opened.changed, audits)
    _kept[key] = (stamp, made)
    _kept.move_to_end(key)
    while len(_kept) > REMEMBERED:
        _kept.popitem(last=False)
    return made


def of_material(given: Material, thresholds: Thresholds) -> View:
    """The view of what is in memory; it asks neither store nor disk."""
    scores, at = given.scores, limits(given.scores, thresholds)
    kept = counted(scores, thresholds)
    evidence = given.suited(at, kept.total)
    estimate = estimates(evidence, at, kept.total) if evidence is not None else None
    here = Point(
        kept.total, kept.total / max(len(scores), 1), _overall(estimate), _number(kept.mean_confidence),
        _number(kept.mean_raw),
    )  # fmt: skip
    return View(
        len(scores), thresholds, here, given.seed, _classes(given, thresholds, at, kept, estimate),
        curves(scores, thresholds.margin, evidence), given.source, estimate.represented if estimate else 0.0,
        given.changed,
    )  # fmt: skip


def _classes(
    given: Material, thresholds: Thresholds, at: Limits, kept: Tally, estimate: Estimates | None
) -> tuple[ClassView, ...]:
    scores = given.scores
    seeds, totals = scores.tables.kept[:, 75, 20], scores.per_class(scores.totals)
    no_limit, no_margin = thresholds.mode == "entropy", thresholds.mode not in ("fixed", "per-class")
    return tuple(
        ClassView(
            code, None if no_limit else _number(at.confidence[k]), None if no_margin else _number(at.margin[k]),
            int(totals[k]), int(kept.kept[k]), int(seeds[k]), given.gold.get(code, 0), _of_class(estimate, k),
            _number(kept.confidence[k]), _number(kept.raw[k]),
        )
        for k, code in enumerate(scores.classes)
    )  # fmt: skip


def _seed(scores: Scores, evidence: Evidence | None) -> Point:
    """Where the seed's .75 and .20 stand."""
    tables = scores.tables
    n = int(tables.total[75, 20])
    estimate = estimates(evidence, limits(scores, SEED), n) if evidence is not None else None
    sums = [float(table[75, 20]) / n if n else None for table in (tables.total_confidence, tables.total_raw)]
    return Point(n, n / max(len(scores), 1), _overall(estimate), *sums)


def _overall(estimate: Estimates | None) -> Share:
    if estimate is None or not estimate.suffices:
        return Share(None, None, None, estimate.number if estimate else 0)
    return Share(_number(estimate.value), _number(estimate.low), _number(estimate.high), estimate.number)


def _of_class(estimate: Estimates | None, k: int) -> Share:
    if estimate is None or not estimate.suffices:
        return Share(None, None, None, int(estimate.n[k]) if estimate else 0)
    value, low, high = (_number(column[k]) for column in (estimate.precision, estimate.lows, estimate.highs))
    return Share(value, low, high, int(estimate.n[k]))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def as_json(seen: View) -> dict[str, Any]:
    """The view as JSON can hold it; a curve has 101 points, None where it is not defined."""
    drawn = seen.curves
    lines = ("coverage", "expected", "raw", "precision", "low", "high")
    return {
        "total": seen.total, "thresholds": seen.thresholds.to_json(), "source": seen.source,
        "represented": seen.represented, "changed": seen.changed, "now": asdict(seen.now), "seed": asdict(seen.seed),
        "classes": [asdict(row) for row in seen.classes],
        "curves": {
            "confidence": GRID.tolist(), "margin": drawn.margin,
            "kept": {row.code: drawn.kept[:, k].tolist() for k, row in enumerate(seen.classes)},
            **{name: [_number(value) for value in getattr(drawn, name)] for name in lines}, "n": drawn.n.tolist(),
        },
    }  # fmt: skip
