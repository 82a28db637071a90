"""Why a run decided so: the words that counted, and the nearest training utterances with their labels.

Both are for one run that reads text. The training utterances are those of the run's snapshot, as it froze them; they
stay in memory for a few runs, until the run changes. A run that was imported without its snapshot has none to show.
"""

from collections import OrderedDict
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from core.errors import CoreError
from core.inference.nearest import MOST, Nearest
from core.inference.predictor import Predictor, cached
from core.schemes import SCHEMES
from core.snapshots.format import read
from core.workflows.predict.predict import explain
from core.workflows.workspace import Workspace

NEAREST = 5
KEPT = 3  # runs whose training utterances stay in memory


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training utterance: its text, its label under the scheme, and its likeness in (0, 1]."""

    id: int
    key: str
    text: str
    label: str
    similarity: float


def nearest(ws: Workspace, text: str, run_id: str, scheme: str | None = None, top: int = NEAREST) -> list[Neighbour]:
    """The training utterances nearest to `text`, the nearest first; none where the run has none to show.

    A text without words, or in another language, is near to nothing.
    """
    predictor = cached(ws.run_folder(run_id))
    name = scheme or predictor.scheme
    cleaned = predictor.reads(text)
    readable = predictor.modality != "voice" and predictor.refuses(cleaned) in (None, "unfamiliar")
    trained = _trained(ws, predictor, name) if readable else None
    if trained is None:
        return []
    return [Neighbour(*trained.rows[at], similarity) for at, similarity in trained.index.search(cleaned, top)]


def why(ws: Workspace, document: dict[str, Any], top: int = NEAREST) -> dict[str, Any]:
    """The document with "why" in each judgement that a run made of words.

    {"words": [[part, weight]], "nearest": [{"id", "key", "text", "label", "similarity"}], "run"}: of the run of text,
    else of the run of text and voice.
    """
    for utterance in document["utterances"]:
        for name, judged in utterance["judgements"].items():
            by = judged["by"].get("text") or judged["by"].get("both")
            if by is not None and (utterance["text"] or "").strip():
                judged["why"] = _why(ws, utterance["text"], by["run"], name, top)
    return document


def _why(ws: Workspace, text: str, run_id: str, name: str, top: int) -> dict[str, Any]:
    words = explain(ws, text, run_id, name) if cached(ws.run_folder(run_id)).reads(text) else []
    found = [asdict(neighbour) for neighbour in nearest(ws, text, run_id, name, top)]
    return {"run": run_id, "words": [list(pair) for pair in words], "nearest": found}


@dataclass(frozen=True, slots=True)
class _Trained:
    """Training utterances of a scheme: (id, key, text, label) and their index."""

    rows: list[tuple[int, str, str, str]]
    index: Nearest


Key = tuple[str, str]  # a run, a scheme
_CACHE: OrderedDict[Key, tuple[Predictor, _Trained | None]] = OrderedDict()
_LOCK = Lock()  # of both tables, held for no longer than a look
_READING: WeakValueDictionary[Key, Lock] = WeakValueDictionary()  # the lock under which one run is read


def _trained(ws: Workspace, predictor: Predictor, name: str) -> _Trained | None:
    """The training utterances of a run, read once as long as the run stays as it is."""
    key: Key = (str(ws.settings.runs / predictor.run_id), name)
    with _LOCK:
        reading = _READING.setdefault(key, Lock())
    with reading:  # who asks for another run does not wait
        with _LOCK:
            kept = _CACHE.get(key)
        if kept is None or kept[0] is not predictor:
            kept = (predictor, _read(ws, predictor, name))
        _keep(key, kept)
    return kept[1]


def _keep(key: Key, value: tuple[Predictor, _Trained | None]) -> None:
    """Put a run at the end of those that stay in memory, and drop the first of too many."""
    with _LOCK:
        _CACHE[key] = value
        _CACHE.move_to_end(key)
        while len(_CACHE) > KEPT:
            _CACHE.popitem(last=False)


def _read(ws: Workspace, predictor: Predictor, name: str) -> _Trained | None:
    """None if the snapshot is not in this workspace, or is another one than the run was trained on."""
    try:
        snapshot = read(ws.settings.snapshots / predictor.card.snapshot)
    except CoreError:
        return None
    if snapshot.sha256 != predictor.card.snapshot_sha256 or name not in SCHEMES:
        return None
    items = snapshot.items
    columns = zip(
        items.column("id"), items.column("key"), items.column("text"), snapshot.answers(name), items.column("side"),
        strict=True,
    )  # fmt: skip
    rows = [(number, key, text, code) for number, key, text, code, side in columns if side == "train" and text and code]
    rows = rows[:: -(-len(rows) // MOST) or 1]
    return _Trained(rows, Nearest(predictor, [row[2] for row in rows])) if rows else None
