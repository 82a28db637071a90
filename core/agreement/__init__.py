"""How far people who judged the same items agree: coefficients with intervals, by class, by pair, over time, by speed.

Arrays and names in, frozen records out. `n` counts items, `n_ratings` answers, `n_raters` people (of anonymous votes
the most that one item has). What is not defined is a `Figure` with `value` None and the `reason`, never NaN. A multi
scheme is judged class by class, each of them "given" or "not given". It settles nothing and knows no store.
"""

from core.agreement.coefficients import ClassFigures, Pair, by_class, by_pair, fleiss, krippendorff, unanimous
from core.agreement.consensus import Against, Judged, against, coincidences, judged
from core.agreement.figures import Draws, Figure, Share, share
from core.agreement.measure import Agreement, measure
from core.agreement.ratings import MISSING, Answer, Ratings, every_class, ratings
from core.agreement.trends import Bin, Drift, Every, Window, drift, speed

__all__ = [
    "MISSING", "Against", "Agreement", "Answer", "Bin", "ClassFigures", "Draws", "Drift", "Every", "Figure", "Judged",
    "Pair", "Ratings", "Share", "Window", "against", "by_class", "by_pair", "coincidences", "drift", "every_class",
    "fleiss", "judged", "krippendorff", "measure", "ratings", "share", "speed", "unanimous",
]  # fmt: skip
