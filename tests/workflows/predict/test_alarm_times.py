"""core.workflows.predict.alarms on trained runs: calls of the test split, and calls of a filter."""

import random
from pathlib import Path

import numpy as np
import pytest
from training_corpus import TELLING, sentence

from core.errors import InputError, NotEnoughData
from core.filters import Filter
from core.records import NewRecording, NewUtterance
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


def test_an_operating_point_decides_where_the_run_has_one() -> None:
    probs = np.array([[0.5, 0.1, 0.4], [0.2, 0.2, 0.6]])
    assert alarms.raises_alarm(probs, 2, None).tolist() == [False, True]
    assert alarms.raises_alarm(probs, 2, 0.4).tolist() == [True, True]
