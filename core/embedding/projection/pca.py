"""PCA: the two directions in which the vectors differ most, each with variance 1.

Up to `AT_ONCE` rows are fitted together; more are read block by block, so memory stays small.
"""

import numpy as np
from sklearn.decomposition import PCA, IncrementalPCA

from core.embedding.projection import BLOCK, Points, Progress, Rows

AT_ONCE = 50_000


def project(rows: Rows, progress: Progress = lambda done, total: None) -> Points:
    """Return float32 (n, 2); reads all rows twice."""
    total = 2 * len(rows)
    if len(rows) <= AT_ONCE:
        model = PCA(2, whiten=True, svd_solver="covariance_eigh").fit(rows.sample(len(rows)))
        progress(len(rows), total)
    else:
        model = _fitted_by_blocks(rows, progress, total)
    points = []
    for number, block in enumerate(rows.blocks(), start=1):
        points.append(model.transform(block))
        progress(len(rows) + min(number * BLOCK, len(rows)), total)
    return np.concatenate(points).astype(np.float32)


def _fitted_by_blocks(rows: Rows, progress: Progress, total: int) -> IncrementalPCA:
    model = IncrementalPCA(2, whiten=True)
    for number, block in enumerate(rows.blocks(), start=1):
        if len(block) >= model.n_components:  # a last block of one row cannot be fitted
            model.partial_fit(block)
        progress(min(number * BLOCK, len(rows)), total)
    return model
