"""Export the predictions of a run in the columns of the seed emotion-selftraining (`core.export.pseudo_labels`)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from core.export.pseudo_labels import PseudoLabel, write
from core.records import Utterance
from core.runs.pool import Pool, read_pool
from core.schemes import scheme, split_codes
from core.thresholds import Thresholds, keep
from core.workflows.evaluation.scored import finished_run, target_of
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.pseudo_labels.proposing import judged_text
from core.workflows.workspace import Workspace

BLOCK = 1_000
Progress = Callable[[int, int], None]


def export(
    ws: Workspace,
    run_id: str,
    path: Path,
    target: str | None = None,
    thresholds: Thresholds | None = None,
    progress: Progress = lambda done, total: None,
) -> int:
    """Write all predictions of the run for one of its Targets, or its first, to `path`; returns their number.

    With `thresholds` only what they keep of the items that no person has labelled. Classes are written by their Korean
    names; an item that is no longer in the corpus is left out. For a whole call the id is that of its first turn.
    """
    name = target_of(finished_run(ws, run_id), target)
    if thresholds is None:
        pool = read_pool(ws.run_folder(run_id), name)
    else:
        opened = open_pool(ws, run_id, name)
        pool = opened.pool.take(opened.rows[keep(opened.scores, thresholds)])
    return write(path, _rows(ws, name, pool, progress))


def _rows(ws: Workspace, name: str, pool: Pool, progress: Progress) -> Iterator[PseudoLabel]:
    """The rows in blocks, so that memory does not grow with the pool."""
    titles = [_title(name, code) for code in pool.codes]
    for start in range(0, len(pool), BLOCK):
        part = pool.take(np.arange(start, min(start + BLOCK, len(pool))))
        utterances = {one.id: one for one in ws.store.corpus.utterances(part.ids.tolist())}
        original = _original(ws, name, list(utterances.values()))
        for at, number in enumerate(part.ids.tolist()):
            if number in utterances:
                yield PseudoLabel(
                    number, judged_text(ws, name, utterances[number]), original.get(number, ""),
                    titles[int(part.answers[at])], float(part.confidence[at]), float(part.margin[at]),
                )  # fmt: skip
        progress(start + len(part), len(pool))


def _original(ws: Workspace, name: str, utterances: list[Utterance]) -> dict[int, str]:
    """The class that people gave to each of the utterances, or to its call; what machines gave is left out."""
    extras = ws.store.transfer.extras([one.id for one in utterances])
    labelled = [one for one in utterances if one.labels.get(name) and name not in extras[one.id].silver]
    return {one.id: _title(name, str(one.labels[name])) for one in labelled}


def _title(name: str, code: str) -> str:
    """The Korean name of a class; of several classes joined by `|`.

    >>> _title("danger", "danger")
    '위험'
    """
    return "|".join(scheme(name).label(single).ko for single in split_codes(code))
