"""How far people who judged the same items agree: coefficients with intervals, by class, by pair, over time, by speed.

Arrays and names in, frozen records out. `n` counts items, `n_ratings` answers, `n_raters` people (of anonymous votes
the most that one item has). What is not defined is a `Figure` with `value` None and the `reason`, never NaN. A multi
scheme is judged class by class, each of them "given" or "not given". It settles nothing and knows no store.
"""

from core.agreement.consensus import judged
from core.agreement.figures import Draws, Figure, Share, share
from core.agreement.measure import Agreement, measure
from core.agreement.ratings import Answer, ratings
from core.agreement.trends import Every

__all__ = [
    "Agreement", "Answer", "Draws", "Every", "Figure", "Share", "judged", "measure", "ratings", "share",
]  # fmt: skip
