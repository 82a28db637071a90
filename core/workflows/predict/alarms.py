"""How soon a run raises an alarm in the calls of its test split, or in calls that a filter chooses.

It is computed for a run that judges utterances, under a scheme with a critical class. An alarm is what it is on Live
prediction: the operating point of the run decides. A turn that the run cannot read, or of which it cannot tell, is
none, and stays in its call: danger that nobody hears is missed. On the test split the probabilities are those that the
training wrote. Calls of a filter are judged now, with every turn that they have
today; a call that training or tuning saw is left out and counted, as is one without a label. The answer is that of
`core.scores.alarms.alarm_scores` with "run", "scheme", "class", "operating_point" (null: one half decides), "of"
("test" or "filter"), "unknown" (turns without a label), "unread" (turns of which the run could not tell) and "left_out"
(calls by reason).
"""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from core.batches import batches
from core.errors import CheckpointMismatch, InputError, NotEnoughData, NotFound
from core.filters import Filter, from_query
from core.inference.predictor import Predictor, cached
from core.messages import Message, SchemeName
from core.models.values import Values
from core.records import Recording, RunInfo, Utterance
from core.schemes import scheme
from core.scores.alarms import WITHIN_MS, Turn, alarm_scores, is_alarm
from core.snapshots.answers import answered, answers_of, silver
from core.snapshots.items import Item, Items
from core.training.inputs import Reading, of_speakers, read_inputs
from core.workflows.evaluation import baselines
from core.workflows.evaluation.scored import finished_run, scored, target_of
from core.workflows.snapshots.calls import in_order
from core.workflows.workspace import Workspace

SEEN = Message("seen in training or tuning")
UNREADABLE = Message("nothing that the run can read")
UNLABELLED = Message("nobody labelled a turn")
AT_ONCE = 500  # recordings that are looked up at once


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A turn: its call and span, whether people call it critical, and the probability that it is.

    `p` is None where the run could not read the turn, or cannot tell of it.
    """

    call: str
    start_ms: int
    end_ms: int
    critical: bool | None
    p: float | None


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
    spoken, left_out = _of_test(ws, run, name) if wanted is None else _of_filter(ws, run, name, wanted)
    if not spoken:
        raise NotEnoughData(
            "run {run}: no call to time, since no judged utterance lies in a recording: choose labelled calls by "
            "a filter that training has not seen",
            run=run_id,
        )
    least = cached(ws.run_folder(run_id)).limits.operating_points.get(name)
    calls, bare = _labelled(_by_call(spoken, least))
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
        "unread": sum(turn.p is None for turn in spoken),
        "left_out": left_out,
    }


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


def _by_call(spoken: Sequence[_Spoken], least: float | None) -> list[list[Turn]]:
    """The turns by call, each with its alarm; one that the run could not read raises none."""
    calls: dict[str, list[Turn]] = {}
    for turn in spoken:
        alarm = turn.p is not None and is_alarm(turn.p, least)
        calls.setdefault(turn.call, []).append(Turn(turn.start_ms, turn.end_ms, alarm, turn.critical))
    return list(calls.values())


def _labelled(calls: Sequence[list[Turn]]) -> tuple[list[list[Turn]], int]:
    """The calls in which somebody labelled a turn, and how many have no label."""
    labelled = [call for call in calls if any(turn.critical is not None for turn in call)]
    return labelled, len(calls) - len(labelled)


def _of_test(ws: Workspace, run: RunInfo, name: str) -> tuple[list[_Spoken], dict[str, int]]:
    """The labelled turns of the test split that lie in a recording, with the probabilities of the training."""
    tested = scored(ws, run.id, name)
    predictor = cached(ws.run_folder(run.id))
    critical = scheme(name).critical
    p_of = dict(zip(tested.keys, tested.probs[:, tested.codes.index(critical)].tolist(), strict=True))
    items = _test_items(ws, run, name)
    refused = _refused(ws, predictor, items, p_of)
    codes = answers_of(items, name)
    spoken = [
        _Spoken(
            item.recording or "", item.start_ms or 0, item.end_ms or 0, code == critical,
            None if item.key in refused else p_of.get(item.key),
        )
        for item, code in zip(items, codes, strict=True)
    ]  # fmt: skip
    return _readable(spoken, {item.recording or "" for item in items if _offers(item, predictor)})


def _test_items(ws: Workspace, run: RunInfo, name: str) -> Items:
    """The items of the test split with times and an answer, of those speakers whom the run was trained on."""
    items = baselines.snapshot_items(ws, run.snapshot)
    held_out = pc.and_(pc.equal(items.table["side"], "test"), pc.is_valid(items.table["recording"]))
    timed = pc.and_(pc.is_valid(items.table["start_ms"]), pc.is_valid(items.table["end_ms"]))
    gold = pc.and_(answered(items, name), pc.invert(silver(items, name)))
    own = Items(items.table.filter(pc.and_(pc.and_(held_out, timed), gold)))
    return of_speakers(own, baselines.speakers_of(run))


def _refused(ws: Workspace, predictor: Predictor, items: Items, judged: Collection[str]) -> set[str]:
    """The keys of the items of which the run cannot tell, by their texts or by their voices."""
    by_text = {item.key for item in items if _refuses(item, predictor)}
    if not predictor.knows_voices:
        return by_text
    used, values = _inputs(ws, predictor, items.take([i for i, key in enumerate(items.column("key")) if key in judged]))
    codes = predictor.unlike(values, len(used)) if len(used) else []
    return by_text | {key for key, code in zip(used.column("key"), codes, strict=True) if code is not None}


def _refuses(item: Item, predictor: Predictor) -> bool:
    """Whether a run cannot tell of the text of an item; one of text and voice may have its voice instead."""
    if predictor.modality == "voice" or not item.text or predictor.refuses(item.text) is None:
        return False
    return predictor.modality == "text" or item.audio is None or predictor.needs_both


def _offers(item: Item, predictor: Predictor) -> bool:
    """Whether an item has what the run reads, a text or a sound, however little of it can be used."""
    return (predictor.modality != "voice" and bool(item.text)) or (predictor.modality != "text" and bool(item.audio))


def _readable(spoken: Sequence[_Spoken], calls: Collection[str]) -> tuple[list[_Spoken], dict[str, int]]:
    """The turns of `calls`, in which the run has something to read, and how many calls are left out."""
    bare = len({turn.call for turn in spoken} - set(calls))
    return [turn for turn in spoken if turn.call in calls], {UNREADABLE: bare} if bare else {}


def _of_filter(ws: Workspace, run: RunInfo, name: str, wanted: Filter) -> tuple[list[_Spoken], dict[str, int]]:
    """The turns of the calls with a matching utterance, judged now; and the calls that were left out, by reason."""
    predictor = cached(ws.run_folder(run.id))
    seen = {item.recording for item in baselines.snapshot_items(ws, run.snapshot) if item.side != "test"}
    calls = list(_calls(ws, wanted))
    unseen = [(recording, turns) for recording, turns in calls if recording.key not in seen]
    items = Items.of(_item(recording, turn, predictor) for recording, own in unseen for turn in own)
    p_of = _judged(ws, predictor, items, name)
    spoken = [_spoken(recording, turn, p_of.get(turn.key), name) for recording, own in unseen for turn in own]
    kept, left_out = _readable(spoken, {item.recording or "" for item in items if _offers(item, predictor)})
    return kept, ({SEEN: len(calls) - len(unseen)} if len(calls) > len(unseen) else {}) | left_out


def _calls(ws: Workspace, wanted: Filter) -> Iterator[tuple[Recording, list[Utterance]]]:
    """The recordings with an utterance like `wanted`, each with its turns in time order."""
    ids = sorted({u.recording_id for u in ws.store.corpus.every(wanted) if u.recording_id is not None})
    for block in batches(iter(ids), AT_ONCE):
        turns_of = ws.store.scan.utterances_of(block)
        for number in block:
            turns = [u for u in ws.store.corpus.utterances(turns_of.get(number, [])) if not u.skipped and u.end_ms]
            yield ws.store.corpus.recording(number), in_order(turns)


def _item(recording: Recording, turn: Utterance, predictor: Predictor) -> Item:
    item = Item(
        turn.id, turn.key, turn.group, predictor.reads(turn.text, turn.origin), "", audio=recording.path,
        start_ms=turn.start_ms, end_ms=turn.end_ms, speaker=turn.speaker, recording=recording.key,
    )  # fmt: skip
    may_do_without = predictor.modality == "both" and not predictor.needs_both and item.audio is not None
    if may_do_without and item.text and predictor.refuses(item.text):
        return replace(item, text="")  # it is judged by its voice
    return item


def _spoken(recording: Recording, turn: Utterance, p: float | None, name: str) -> _Spoken:
    code = turn.labels.get(name)
    critical = None if code is None else code == scheme(name).critical
    return _Spoken(recording.key, turn.start_ms or 0, turn.end_ms or 0, critical, p)


def _judged(ws: Workspace, predictor: Predictor, items: Items, name: str) -> dict[str, float]:
    """The probability of the critical class by key, for each item of which the run can tell."""
    used, values = _inputs(ws, predictor, items)
    if not len(used):
        return {}
    target = next(target for target in predictor.targets if target.name == name)
    probs = predictor.judge(values)[name][:, target.codes.index(scheme(name).critical)].tolist()
    far = predictor.unlike(values, len(used))
    return {
        item.key: p
        for item, p, code in zip(used, probs, far, strict=True)
        if code is None and not _refuses(item, predictor)
    }


def _inputs(ws: Workspace, predictor: Predictor, items: Items) -> tuple[Items, Values]:
    """The items that the run can read, and what it reads of them."""
    card = predictor.card
    reading = Reading(card.modality, card.architecture, card.encoder, card.config)
    if not len(items):
        return items, np.zeros((0, 1), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "features.safetensors"
        inputs = read_inputs(items, reading, ws.settings.home, cache, lambda done, total: None)
    return inputs.items, inputs.values
