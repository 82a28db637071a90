"""Which predictions become pseudo-labels, and what a threshold costs: arrays in, arrays out, no model, no store.

`Thresholds` is the record of a mode and its numbers. `Scores` holds the predictions of one Target. `keep` gives the
rows that stay, `counts` their number by class, `limits` the limit of each class, `curves` what every least confidence
would keep, `estimates` how right that is according to an audit or a test side.
"""

from core.thresholds.curves import Curves, curves
from core.thresholds.evidence import LEAST_ANSWERS, Estimates, Evidence, estimates, weighted_wilson
from core.thresholds.keeping import Limits, Tally, counts, keep, limits, tally
from core.thresholds.quick import counted
from core.thresholds.scores import GRID, Scores
from core.thresholds.thresholds import FIELDS, MODES, SEED, ClassLimits, Mode, Thresholds, parse_thresholds

__all__ = [
    "FIELDS",
    "GRID",
    "LEAST_ANSWERS",
    "MODES",
    "SEED",
    "ClassLimits",
    "Curves",
    "Estimates",
    "Evidence",
    "Limits",
    "Mode",
    "Scores",
    "Tally",
    "Thresholds",
    "counted",
    "counts",
    "curves",
    "estimates",
    "keep",
    "limits",
    "parse_thresholds",
    "tally",
    "weighted_wilson",
]
