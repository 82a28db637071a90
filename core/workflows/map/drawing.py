"""What a map shows: its points with the category of each, for one way of colouring.

A way is `label:SCHEME` (the current label of a person), `source`, `error:RUN` (whether the run was right where it was
scored) or `prediction:RUN` (what it predicts). A machine's label is a category of its own: it is no one's work.
Utterances that were skipped or taken out since are not shown. A drawing stays in memory until the store changes, and
what a run predicted until the run predicts again.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.embedding.map_file import MapFile, MapInfo
from core.embedding.projection import Points
from core.errors import UnknownName
from core.filters import Filter
from core.records import UNLABELLED
from core.schemes import SCHEMES, scheme
from core.workflows.map import making
from core.workflows.map.kept import Kept, PerState
from core.workflows.workspace import Workspace

LABEL, SOURCE, ERROR, PREDICTION = "label:", "source", "error:", "prediction:"
MOST_CATEGORIES = 24  # more classes or sources are drawn as one category
KEPT_DRAWINGS = 8
KEPT_RUNS = 8
Kind = Literal["class", "several", "silver", "unlabelled", "source", "others", "right", "wrong", "none", "unscored"]
Outcomes = tuple[NDArray[np.int64], NDArray[np.int64]]  # ids that a run had right, and wrong


@dataclass(frozen=True, slots=True)
class Category:
    """A category of points and how many it has. `code` is a class of `scheme`, or the name of a source."""

    kind: Kind
    n: int
    code: str = ""
    scheme: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Drawing:
    """The points that are shown: `ids` int64 (n,), ascending; `points` float32 (n, 2); `of` uint8 (n,), their places
    among `categories`; `places` int64 (n,), their rows in the file of the map.
    """

    map: MapFile
    ids: NDArray[np.int64]
    points: Points
    places: NDArray[np.int64]
    categories: tuple[Category, ...]
    of: NDArray[np.uint8]


Parts = list[tuple[Kind, str, str, NDArray[np.bool_]]]  # kind, code, scheme, which points


def ways(ws: Workspace) -> list[str]:
    """The ways of colouring that there are: each scheme, the sources, and each finished run."""
    runs = [run.id for run in ws.store.ledger.runs("done")]
    by_run = [f"{way}{run_id}" for run_id in runs for way in (ERROR, PREDICTION)]
    return [*(f"{LABEL}{name}" for name in SCHEMES), SOURCE, *by_run]


def drawing(ws: Workspace, info: MapInfo, way: str) -> Drawing:
    """The map of `info` coloured by `way`; `UnknownName` for a way that there is not."""
    return _DRAWINGS.of(ws, (info, way), lambda: _draw(ws, making.load(ws, info), way))


_DRAWINGS: PerState[Drawing] = PerState(KEPT_DRAWINGS)
_OUTCOMES: Kept[Outcomes] = Kept(KEPT_RUNS)


def _draw(ws: Workspace, chart: MapFile, way: str) -> Drawing:
    places = np.flatnonzero(np.isin(chart.ids, making.standing(ws), assume_unique=True))
    ids = chart.ids[places]
    rest, parts = _parts(ws, ids, way)
    of = np.full(len(ids), len(parts), np.uint8)
    for number, (_, _, _, chosen) in enumerate(parts):
        of[chosen] = number
    counts = np.bincount(of, minlength=len(parts) + 1).tolist()
    named = [*((kind, code, name) for kind, code, name, _ in parts), (rest, UNLABELLED, "")]
    if rest == "others" and not counts[-1]:  # each utterance has a source
        named, counts = named[:-1], counts[:-1]
    categories = tuple(Category(kind, n, code, name) for (kind, code, name), n in zip(named, counts, strict=True))
    return Drawing(chart, ids, chart.points[places], places, categories, of)


def _largest(parts: Parts) -> Parts:
    """The largest parts in their order; the points of all others are one more part, which stands last."""
    if len(parts) <= MOST_CATEGORIES:
        return parts
    by_size = sorted(range(len(parts)), key=lambda at: -int(parts[at][3].sum()))
    kept = sorted(by_size[:MOST_CATEGORIES])
    others = np.any([parts[at][3] for at in by_size[MOST_CATEGORIES:]], axis=0)
    return [*(parts[at] for at in kept), ("others", "", "", others)]


def _parts(ws: Workspace, ids: NDArray[np.int64], way: str) -> tuple[Kind, Parts]:
    """The kind of the points that are in no part, and the parts."""
    if way == SOURCE:
        return "others", _by_source(ws, ids)
    prefix, _, name = way.partition(":")
    if f"{prefix}:" == LABEL and name in SCHEMES:
        return "unlabelled", _by_label(ws, ids, name)
    if way in ways(ws):
        return "unscored", _by_run(ws, ids, name, f"{prefix}:" == ERROR)
    raise UnknownName("colouring", way, ways(ws))


def _by_label(ws: Workspace, ids: NDArray[np.int64], name: str) -> Parts:
    """The classes that people gave; a label that is a machine's only is in the part "silver"."""
    definition = scheme(name)
    by_nobody = _among(ws, ids, Filter(labels={name: (UNLABELLED,)}))
    labelled = {code: _among(ws, ids, Filter(labels={name: (code,)})) for code in definition.codes}
    human = {code: mask & ~by_nobody for code, mask in labelled.items()}
    parts = _largest([("class", code, name, mask) for code, mask in human.items()])
    if definition.kind == "multi":
        several = np.sum(list(human.values()), axis=0) > 1
        parts.append(("several", "", name, several))  # the last part wins
    silver = by_nobody & np.any(list(labelled.values()), axis=0)
    return [*parts, ("silver", "", name, silver)] if silver.any() else parts


def _by_source(ws: Workspace, ids: NDArray[np.int64]) -> Parts:
    chosen = [(source.name, _among(ws, ids, Filter(source=(source.id,)))) for source in ws.store.corpus.sources()]
    return _largest([("source", name, "", mask) for name, mask in chosen if mask.any()])


def _by_run(ws: Workspace, ids: NDArray[np.int64], run_id: str, errors: bool) -> Parts:
    target = ws.store.ledger.run(run_id).scheme
    if errors:
        right, wrong = _outcomes(ws, run_id, target)
        return [("right", "", "", np.isin(ids, right)), ("wrong", "", "", np.isin(ids, wrong))]
    definition = scheme(target)
    of_run = Filter(run=run_id, target=target)  # the store keeps what a run predicted, until it predicts again
    chosen = {code: _among(ws, ids, replace(of_run, predicted=(code,))) for code in definition.codes}
    parts = _largest([("class", code, target, mask) for code, mask in chosen.items()])
    if definition.kind == "multi":
        n = np.sum(list(chosen.values()), axis=0)
        parts += [("several", "", target, n > 1), ("none", "", target, _among(ws, ids, of_run) & (n == 0))]
    return parts


def _outcomes(ws: Workspace, run_id: str, target: str) -> Outcomes:
    """The ids that the run had right and wrong; they are read once, until its predictions are written again."""
    stamp = ws.store.ledger.predictions_stamp(run_id)  # a database server has none: there they are read each time
    key = (ws.settings.database_url, run_id, target)
    return _OUTCOMES.get(key, stamp, lambda: ws.store.ledger.outcomes(run_id, target))


def _among(ws: Workspace, ids: NDArray[np.int64], wanted: Filter) -> NDArray[np.bool_]:
    return np.isin(ids, ws.store.texts.ids(wanted), assume_unique=True)
