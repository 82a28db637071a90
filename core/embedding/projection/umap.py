"""UMAP: texts that are neighbours among the vectors stay neighbours on the map; distances far away say little.

It is fitted on at most `FITTED` rows, spread evenly, and places the others among them. One thread and a fixed seed make
the same map again.
"""

import warnings

import numpy as np

from core.embedding.projection import BLOCK, SEED, Points, Progress, Rows

FITTED = 50_000
NEIGHBOURS = 15
LEAST_DISTANCE = 0.1


def project(rows: Rows, progress: Progress = lambda done, total: None) -> Points:
    """Return float32 (n, 2). The fit is one long step: half of the progress is shown when it ends."""
    from umap import UMAP  # here: it is an optional package

    total = 2 * len(rows)
    progress(0, total)
    model = UMAP(
        n_neighbors=max(2, min(NEIGHBOURS, len(rows) - 1)), min_dist=LEAST_DISTANCE, metric="cosine", init="pca",
        random_state=SEED, n_jobs=1,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries of UMAP warn about themselves
        if len(rows) <= FITTED:
            points = model.fit_transform(rows.sample(len(rows)))
            progress(total, total)
            return np.asarray(points, dtype=np.float32)
        model.fit(rows.sample(FITTED))
        progress(len(rows), total)
        placed = []
        for number, block in enumerate(rows.blocks(), start=1):
            placed.append(model.transform(block))
            progress(len(rows) + min(number * BLOCK, len(rows)), total)
    return np.concatenate(placed).astype(np.float32)
