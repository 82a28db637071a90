"""What a map shows: its points with the category of each, for one way of colouring.

A way is `label:SCHEME` (the current label), `source`, `error:RUN` (whether the run was right where it was scored) or
`prediction:RUN` (what it predicts). Utterances that were skipped or taken out since are not shown. A drawing stays in
memory until the store changes.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.embedding.map_file import MapFile, MapInfo
from core.embedding.projection import Points
from core.errors import UnknownName
from core.filters import Filter
from core.records import UNLABELLED
from core.schemes import SCHEMES, scheme
from core.store import is_settled
from core.workflows.map import making
from core.workflows.workspace import Workspace

LABEL, SOURCE, ERROR, PREDICTION = "label:", "source", "error:", "prediction:"
MOST_CATEGORIES = 24  # more classes or sources are drawn as one category
KEPT_DRAWINGS = 8
Kind = Literal["class", "several", "unlabelled", "source", "others", "right", "wrong", "unscored"]


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
    trace = ws.store.changes.trace()
    key = (ws.settings.database_url, info, way)
    kept = _DRAWINGS.get(key)
    if kept is not None and trace and kept[0] == trace:
        return kept[1]
    made = _draw(ws, making.load(ws, info), way)
    if is_settled(trace):
        _DRAWINGS[key] = (trace, made)
        while len(_DRAWINGS) > KEPT_DRAWINGS:
            _DRAWINGS.popitem(last=False)
    return made


_DRAWINGS: OrderedDict[object, tuple[object, Drawing]] = OrderedDict()


def _draw(ws: Workspace, chart: MapFile, way: str) -> Drawing:
    places = np.flatnonzero(np.isin(chart.ids, ws.store.texts.ids(Filter(skipped=False)), assume_unique=True))
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
    definition = scheme(name)
    chosen = {code: _among(ws, ids, Filter(labels={name: (code,)})) for code in definition.codes}
    parts = _largest([("class", code, name, mask) for code, mask in chosen.items()])
    if definition.kind == "multi":
        several = np.sum(list(chosen.values()), axis=0) > 1
        parts.append(("several", "", name, several))  # the last part wins
    return parts


def _by_source(ws: Workspace, ids: NDArray[np.int64]) -> Parts:
    chosen = [(source.name, _among(ws, ids, Filter(source=(source.id,)))) for source in ws.store.corpus.sources()]
    return _largest([("source", name, "", mask) for name, mask in chosen if mask.any()])


def _by_run(ws: Workspace, ids: NDArray[np.int64], run_id: str, errors: bool) -> Parts:
    run = ws.store.ledger.run(run_id)
    purpose: Literal["evaluation"] | None = "evaluation" if errors else None
    rows = ws.store.ledger.predictions(run_id, purpose=purpose, target=run.scheme)
    if errors:
        is_wrong: Mapping[int, bool] = {row.utterance_id: row.code != row.gold for row in rows if row.gold}
        right = [number for number, wrong in is_wrong.items() if not wrong]
        wrong = [number for number, wrong in is_wrong.items() if wrong]
        return [("right", "", "", np.isin(ids, right)), ("wrong", "", "", np.isin(ids, wrong))]
    by_code: dict[str, list[int]] = {code: [] for code in scheme(run.scheme).codes}
    for row in sorted(rows, key=lambda row: row.purpose == "pool"):  # the later prediction stands last and wins
        by_code.setdefault(row.code, []).append(row.utterance_id)
    return _largest([("class", code, run.scheme, np.isin(ids, numbers)) for code, numbers in by_code.items()])


def _among(ws: Workspace, ids: NDArray[np.int64], wanted: Filter) -> NDArray[np.bool_]:
    return np.isin(ids, ws.store.texts.ids(wanted), assume_unique=True)
