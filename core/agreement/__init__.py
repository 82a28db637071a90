"""Measure how far raters of the same items agree: coefficients with intervals, by class, by pair, over time, by speed.

The functions take answers and arrays, and return frozen records. `n` counts items, `n_ratings` answers and `n_raters`
raters (the anonymous ones count as the largest number of anonymous votes for one item). A figure that is not defined
has the `value` None and a `reason`, never NaN. A multi scheme is measured class by class: an answer has the class or
not. Nothing here decides a dispute or reads the store.
"""

from core.agreement.consensus import compare_answers
from core.agreement.figures import Figure, Resampling, Share, share
from core.agreement.measure import Agreement, measure
from core.agreement.ratings import Answer, build_ratings
from core.agreement.trends import WindowSize

__all__ = [
    "Agreement",
    "Answer",
    "Figure",
    "Resampling",
    "Share",
    "WindowSize",
    "build_ratings",
    "compare_answers",
    "measure",
    "share",
]  # fmt: skip
