"""How soon a run raises an alarm in the calls of its test split, or in calls that a filter chooses.

It is computed for a run that judges utterances, under a scheme with a critical class. An alarm is what it is on Live
prediction: the operating point of the run decides, and a text of which the run cannot tell is none. On the test split
the probabilities are those that the training wrote. Calls of a filter are judged now, with every turn that they have
today; a call that training or tuning saw is left out and counted, as is one without a label. The answer is that of
`core.scores.alarms.alarm_scores` with "run", "scheme", "class", "operating_point" (null: the most probable class
decides), "of" ("test" or "filter"), "unknown" (turns without a label) and "left_out" (calls by reason).
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.batches import batches
from core.errors import CheckpointMismatch, InputError, NotEnoughData, NotFound
from core.filters import Filter, from_query
from core.inference.predictor import Predictor, cached
from core.messages import Message, SchemeName
from core.records import Recording, RunInfo, Utterance
from core.schemes import Scheme, scheme
from core.scores.alarms import WITHIN_MS, Turn, alarm_scores
from core.snapshots.items import Item, Items
from core.training.inputs import Reading, read_inputs
from core.workflows.evaluation import baselines
from core.workflows.evaluation.scored import codes_of, finished_run, frozen_items, scored, target_of
from core.workflows.snapshots.calls import in_order
from core.workflows.workspace import Workspace

SEEN = Message("seen in training or tuning")
UNREADABLE = Message("nothing that the run can read")
UNLABELLED = Message("nobody labelled a turn")
AT_ONCE = 500  # recordings that are looked up at once


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A turn before it is judged: its call, span and cleaned text, and whether people call it critical."""

    call: str
    start_ms: int
    end_ms: int
    text: str
    critical: bool | None


def choices(ws: Workspace) -> dict[str, Filter]:
    """Filters of calls to choose from, by a key that stays the same: all calls, those of a source, of a saved view.

    The keys are "all", "source:NAME" and "view:NAME".
    """
    every = {"all": Filter(in_recording=True)}
    with_calls = {recording.source_id for recording in ws.store.corpus.recordings()}
    sources = [source for source in ws.store.corpus.sources() if source.id in with_calls]
    of_sources = {f"source:{source.name}": Filter(source=(source.id,), in_recording=True) for source in sources}
    views = {f"view:{view.name}": replace(from_query(view.query), in_recording=True) for view in ws.store.views.list()}
    return every | of_sources | views


def alarms_of_test(
    ws: Workspace, run_id: str, target: str | None = None, within_ms: int = WITHIN_MS
) -> dict[str, Any] | None:
    """As `alarm_times` of the test split; None where it cannot be computed."""
    try:
        return alarm_times(ws, run_id, target, within_ms=within_ms)
    except (CheckpointMismatch, InputError, NotEnoughData, NotFound):
        return None


def alarm_times(
    ws: Workspace,
    run_id: str,
    target: str | None = None,
    wanted: Filter | None = None,
    within_ms: int = WITHIN_MS,
) -> dict[str, Any]:
    """Time the alarms of a finished run in the calls of its test split, or in those with an utterance like `wanted`.

    `InputError` if the run judges whole calls, or its scheme has no critical class or several classes an item;
    `NotEnoughData` if there is no call.
    """
    run = finished_run(ws, run_id)
    name = target_of(run, target)
    _check_run(ws, run, name)
    left_out: dict[str, int] = {}
    if wanted is None:
        spoken, probs = _of_test(ws, run, name)
    else:
        spoken, probs, left_out = _of_filter(ws, run, name, wanted)
    if not spoken:
        raise NotEnoughData(
            "run {run}: no call to time, since no judged utterance lies in a recording: choose labelled calls by "
            "a filter that training has not seen",
            run=run_id,
        )
    predictor = cached(ws.run_folder(run_id))
    least = predictor.limits.operating_points.get(name)
    alarms = raises_alarm(probs, list(codes_of(run, name)).index(scheme(name).critical), least)
    refused = [predictor.modality == "text" and predictor.refuses(turn.text) is not None for turn in spoken]
    calls, bare = _labelled(_by_call(spoken, alarms & ~np.array(refused)))
    left_out |= {UNLABELLED: bare} if bare else {}
    if not calls:
        raise NotEnoughData("run {run}: nobody labelled the calls under {scheme}", run=run_id, scheme=SchemeName(name))
    return {
        "run": run_id,
        "scheme": name,
        "class": scheme(name).critical,
        "operating_point": least,
        "of": "test" if wanted is None else "filter",
        **alarm_scores(calls, within_ms),
        "unknown": sum(turn.critical is None for call in calls for turn in call),
        "left_out": left_out,
    }


def raises_alarm(probs: NDArray[np.float64], critical: int, least: float | None) -> NDArray[np.bool_]:
    """Whether each row of `probs` (N, K) is an alarm, bool (N,): column `critical` is at least `least`.

    Without such an operating point, the critical class is the most probable one.

    >>> raises_alarm(np.array([[.4, .6], [.7, .3]]), 1, None).tolist()
    [True, False]
    """
    if least is None:
        return np.asarray(probs.argmax(axis=1) == critical)
    return np.asarray(probs[:, critical] >= least)


def _check_run(ws: Workspace, run: RunInfo, name: str) -> None:
    """`InputError` if the alarms of a run cannot be timed under the scheme `name`."""
    chosen = scheme(name)
    if not chosen.critical or chosen.kind == "multi":
        raise InputError(
            "{scheme} has no critical class of its own, so it raises no alarm: mark one in the scheme",
            scheme=SchemeName(name),
        )
    if cached(ws.run_folder(run.id)).card.unit == "call":
        raise InputError(
            "run {run} judges whole calls, so it raises no alarm in the course of one: choose a run of utterances",
            run=run.id,
        )


def _by_call(spoken: Sequence[_Spoken], alarms: Sequence[bool] | NDArray[np.bool_]) -> list[list[Turn]]:
    calls: dict[str, list[Turn]] = {}
    for turn, alarm in zip(spoken, alarms, strict=True):
        judged = Turn(turn.start_ms, turn.end_ms, bool(alarm), turn.critical)
        calls.setdefault(turn.call, []).append(judged)
    return list(calls.values())


def _labelled(calls: Sequence[list[Turn]]) -> tuple[list[list[Turn]], int]:
    """The calls in which somebody labelled a turn, and how many have no label."""
    labelled = [call for call in calls if any(turn.critical is not None for turn in call)]
    return labelled, len(calls) - len(labelled)


def _of_test(ws: Workspace, run: RunInfo, name: str) -> tuple[list[_Spoken], NDArray[np.float64]]:
    """The turns of the test split that lie in a recording, with the probabilities of the training."""
    tested = scored(ws, run.id, name)
    frozen = frozen_items(ws, run.snapshot, tested.ids)
    critical = tested.codes.index(scheme(name).critical)
    rows: list[int] = []
    spoken: list[_Spoken] = []
    for row, key in enumerate(tested.keys):
        item = frozen[key]
        if item.recording and item.start_ms is not None and item.end_ms is not None:
            rows.append(row)
            spoken.append(
                _Spoken(item.recording, item.start_ms, item.end_ms, item.text, bool(tested.gold[row] == critical))
            )
    return spoken, tested.probs[rows]


def _of_filter(
    ws: Workspace, run: RunInfo, name: str, wanted: Filter
) -> tuple[list[_Spoken], NDArray[np.float64], dict[str, int]]:
    """The turns of the calls with a matching utterance, judged now; and the calls that were left out, by reason."""
    predictor = cached(ws.run_folder(run.id))
    seen = {item.recording for item in baselines.snapshot_items(ws, run.snapshot) if item.side != "test"}
    calls = list(_calls(ws, wanted))
    unseen = [(recording, turns) for recording, turns in calls if recording.key not in seen]
    turns = {turn.key: (recording, turn) for recording, own in unseen for turn in own}
    items = Items.of(_item(recording, turn, predictor) for recording, turn in turns.values())
    used, probs = _judged(ws, predictor, items, name)
    texts = zip(used.column("key"), used.column("text"), strict=True)
    spoken = [_spoken(*turns[key], text, scheme(name)) for key, text in texts]
    silent = len(unseen) - len({turn.call for turn in spoken})
    reasons = {SEEN: len(calls) - len(unseen), UNREADABLE: silent}
    return spoken, probs, {reason: n for reason, n in reasons.items() if n}


def _calls(ws: Workspace, wanted: Filter) -> Iterator[tuple[Recording, list[Utterance]]]:
    """The recordings with an utterance like `wanted`, each with its turns in time order."""
    ids = sorted({u.recording_id for u in ws.store.corpus.every(wanted) if u.recording_id is not None})
    for block in batches(iter(ids), AT_ONCE):
        turns_of = ws.store.scan.utterances_of(block)
        for number in block:
            turns = [u for u in ws.store.corpus.utterances(turns_of.get(number, [])) if not u.skipped and u.end_ms]
            yield ws.store.corpus.recording(number), in_order(turns)


def _item(recording: Recording, turn: Utterance, predictor: Predictor) -> Item:
    return Item(
        turn.id, turn.key, turn.group, predictor.reads(turn.text, turn.origin), "", audio=recording.path,
        start_ms=turn.start_ms, end_ms=turn.end_ms, speaker=turn.speaker, recording=recording.key,
    )  # fmt: skip


def _spoken(recording: Recording, turn: Utterance, text: str, chosen: Scheme) -> _Spoken:
    code = turn.labels.get(chosen.name)
    critical = None if code is None else code == chosen.critical
    return _Spoken(recording.key, turn.start_ms or 0, turn.end_ms or 0, text, critical)


def _judged(ws: Workspace, predictor: Predictor, items: Items, name: str) -> tuple[Items, NDArray[np.float64]]:
    """The items that the run can read, with its probabilities (N, K)."""
    card = predictor.card
    reading = Reading(card.modality, card.architecture, card.encoder, card.config)
    if not len(items):
        return items, np.zeros((0, len(predictor.codes)))
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "features.safetensors"
        inputs = read_inputs(items, reading, ws.settings.home, cache, lambda done, total: None)
    if not inputs.items:
        return inputs.items, np.zeros((0, len(predictor.codes)))
    return inputs.items, predictor.judge(inputs.values)[name]
