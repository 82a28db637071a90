"""core.workflows.predict.alarms on trained runs: calls of the test split, and calls of a filter."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_runs import fake_run
from training_corpus import TELLING, sentence

from core.errors import InputError, NotEnoughData
from core.filters import Filter
from core.records import NewRecording, NewUtterance
from core.snapshots.items import Item, Items
from core.workflows.evaluation.scored import scored
from core.workflows.models import train
from core.workflows.predict import alarms
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration
SEED = random.Random(0)


def add_calls(ws: Workspace, name: str, n: int, labelled: bool = True) -> None:
    """Calls of four turns; in every second one the caller is in danger, from 4 s on (from 40 s in every fourth)."""
    source = ws.store.corpus.add_source(name, "calls", "ours", "0", now())
    calls = []
    for number in range(n):
        key, late = f"{name}{number}", 36_000 if number % 4 == 3 else 0
        turns = []
        for at in range(4):
            code = "danger" if number % 2 and at >= 2 else "normal"
            start = 2_000 * at + (late if at >= 2 else 0)
            labels = {"danger": code} if labelled else {}
            text = sentence(SEED, TELLING[code])
            turns.append(NewUtterance(f"{key}:{at}", text, key, start, start + 1_500, "caller", labels=labels))
        calls.append(NewRecording(key, 60_000, 16_000, None, None, tuple(turns)))
    ws.store.corpus.add_recordings(source, calls, now())


@pytest.fixture
def run(ws: Workspace) -> str:
    add_calls(ws, "old", 40)
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1")
    train.run(ws, spec)
    return spec.run_id


def test_calls_of_the_test_split_and_of_a_filter(ws: Workspace, run: str) -> None:
    timed = alarms.alarm_times(ws, run)
    assert (timed["run"], timed["scheme"], timed["class"], timed["of"]) == (run, "danger", "danger", "test")
    assert 0 < timed["dangerous"] < timed["calls"] < 40
    assert timed["recall"]["value"] == 1, "the word that decides is in every text"
    assert timed["false_alarms"]["value"] == 0
    assert timed["time_to_alarm_ms"]["median"] in (5_500, 23_500, 41_500), "when the third turn ends"
    assert timed["said_later"] == round((1 - timed["recall_within"]["value"]) * timed["dangerous"])
    assert alarms.alarm_times(ws, run, within_ms=60_000)["recall_within"]["value"] == 1
    assert alarms.alarms_of_test(ws, run) == timed

    add_calls(ws, "new", 8)
    add_calls(ws, "bare", 2, labelled=False)
    chosen = alarms.alarm_times(ws, run, wanted=alarms.choices(ws)["all"])
    assert chosen["of"] == "filter"
    assert chosen["calls"] == timed["calls"] + 8
    assert chosen["left_out"][alarms.UNLABELLED] == 2
    assert chosen["left_out"][alarms.SEEN] == 40 - timed["calls"]
    new = alarms.alarm_times(ws, run, wanted=alarms.choices(ws)["source:new"])
    assert (new["calls"], new["dangerous"], new["recall_within"]["value"], new["recall_within"]["n"]) == (8, 4, 0.5, 4)
    with pytest.raises(NotEnoughData, match="nobody labelled the calls under danger"):
        alarms.alarm_times(ws, run, wanted=alarms.choices(ws)["source:bare"])
    with pytest.raises(NotEnoughData, match="no judged utterance lies in a recording"):
        alarms.alarm_times(ws, run, wanted=Filter(text="이런 말은 없다"))


def test_a_turn_that_the_run_cannot_read_is_missed_and_not_left_out(ws: Workspace, run: str) -> None:
    """Danger that is said in words of which the run cannot tell stays danger: recall is not better for it."""
    add_calls(ws, "new", 2)
    source = ws.store.corpus.add_source("mute", "calls", "ours", "0", now())
    calm = sentence(SEED, TELLING["normal"])
    turns = {"silent": ("", "danger"), "fire": ("🔥🔥", "danger"), "calm": (calm, "normal")}
    own = [
        NewUtterance(f"m:{name}", text, "m", at * 2_000, at * 2_000 + 1_500, "caller", labels={"danger": code})
        for at, (name, (text, code)) in enumerate(turns.items())
    ]
    bare = NewUtterance("b:0", "", "b", 0, 1_500, "caller", labels={"danger": "danger"})
    calls = [NewRecording(key, 9_000, 16_000, None, None, told) for key, told in (("m", tuple(own)), ("b", (bare,)))]
    ws.store.corpus.add_recordings(source, calls, now())
    of_mute = alarms.alarm_times(ws, run, wanted=alarms.choices(ws)["source:mute"])
    assert (of_mute["calls"], of_mute["dangerous"], of_mute["utterances"], of_mute["unread"]) == (1, 1, 3, 2)
    assert (of_mute["recall"]["value"], of_mute["recall"]["n"]) == (0.0, 1)
    assert of_mute["left_out"] == {alarms.UNREADABLE: 1}, "in a call without any words there is nothing to hear"
    every = alarms.alarm_times(ws, run, wanted=alarms.choices(ws)["all"])
    assert every["recall"]["value"] < 1


def test_turns_of_the_test_split_that_training_could_not_read_stay_in_their_calls(
    ws: Workspace, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a turn whose sound was too short: the training left no probability of it."""
    tested = scored(ws, run)
    calls = {key.partition(":")[0] for key, gold in zip(tested.keys, tested.gold, strict=True) if gold == 1}
    mute = min(calls)
    read = [n for n, key in enumerate(tested.keys) if not (key.startswith(f"{mute}:") and tested.gold[n] == 1)]
    less = replace(
        tested, ids=tuple(tested.ids[n] for n in read), keys=tuple(tested.keys[n] for n in read),
        gold=tested.gold[read], probs=tested.probs[read],
    )  # fmt: skip
    whole = alarms.alarm_times(ws, run)
    monkeypatch.setattr(alarms, "scored", lambda *_arguments: less)
    timed = alarms.alarm_times(ws, run)
    assert (whole["unread"], timed["unread"]) == (0, 2)
    assert (timed["dangerous"], timed["utterances"]) == (whole["dangerous"], whole["utterances"]), "all calls stay"
    assert timed["recall"]["value"] == pytest.approx(1 - 1 / whole["dangerous"])


def test_a_voice_unlike_those_of_the_training_raises_no_alarm(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fake_run("v", (0.1, 0.9), modality="voice", farthest=1.0)
    run.model.distance = lambda values: np.array([0.5, 2.0])  # type: ignore[attr-defined]
    items = Items.of(Item(n, f"u{n}", "c", "", "danger", audio="a.wav", recording="c") for n in range(2))
    values = {"length": np.array([9, 9])}
    monkeypatch.setattr(alarms, "_inputs", lambda ws, predictor, items: (items, values))
    assert alarms._judged(ws, run, items, "danger") == {"u0": pytest.approx(0.9)}
    assert alarms._refused(ws, run, items, ["u0", "u1"]) == {"u1"}
    text = fake_run("t", (0.1, 0.9))
    words = Items.of(Item(n, f"u{n}", "c", said, "danger") for n, said in enumerate(("불이 났어요", "hello my friend")))
    assert alarms._refused(ws, text, words, ["u0", "u1"]) == {"u1"}


def test_a_run_without_calls_or_without_a_critical_class_is_refused(ws: Workspace, tmp_path: Path) -> None:
    from workflow_data import add_whole_calls, trained

    run = trained(ws, tmp_path)
    with pytest.raises(NotEnoughData, match="choose labelled calls by a filter"):
        alarms.alarm_times(ws, run)
    assert alarms.alarms_of_test(ws, run) is None
    add_whole_calls(ws, 40, 0)
    snapshot.create(ws, "whole", "urgency", unit="call")
    spec = train.plan(ws, "text", "whole")
    train.run(ws, spec)
    with pytest.raises(InputError, match="judges whole calls, so it raises no alarm in the course of one"):
        alarms.alarm_times(ws, spec.run_id)
