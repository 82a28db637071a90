"""core.scores.alarms: recall within some seconds and false alarms a call, by hand."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from core.errors import NotEnoughData
from core.scores.alarms import ALARM, CURVE_STEP_MS, CURVE_STEPS, Turn, alarm_scores, is_alarm

EARLY = [Turn(0, 4_000, False, False), Turn(4_000, 9_000, True, True), Turn(9_000, 12_000, True, False)]
LATE = [Turn(0, 5_000, False, False), Turn(35_000, 41_000, True, True)]
MISSED = [Turn(2_000, 5_000, False, True), Turn(6_000, 8_000, False, None)]
CALM = [Turn(0, 3_000, True, False), Turn(4_000, 6_000, True, False), Turn(7_000, 9_000, True, None)]
QUIET = [Turn(0, 3_000, False, False)]


def test_one_half_is_an_alarm_unless_the_run_has_an_operating_point() -> None:
    assert [is_alarm(p, None) for p in (ALARM - 0.01, ALARM, 0.9)] == [False, True, True]
    assert [is_alarm(p, 0.7) for p in (0.6, 0.7)] == [False, True]
    assert is_alarm(0.4, 0.3), "below one half, and an alarm of this run"
    assert is_alarm(0.0, 0.0), "an operating point of nothing is one"


def test_recall_within_counts_calls_whose_right_alarm_came_in_time() -> None:
    scores = alarm_scores([EARLY, LATE, MISSED, CALM, QUIET])
    assert (scores["calls"], scores["dangerous"], scores["utterances"]) == (5, 3, 11)
    low, high = proportion_confint(1, 3, method="wilson")
    within = {"value": pytest.approx(1 / 3), "low": pytest.approx(low), "high": pytest.approx(high), "n": 3}
    assert scores["recall_within"] == within
    assert (scores["recall"]["value"], scores["recall"]["n"]) == (pytest.approx(2 / 3), 3)
    assert scores["said_later"] == 1, "in LATE the danger is said after 35 s"
    assert alarm_scores([EARLY, LATE, MISSED], 41_000)["recall_within"]["value"] == pytest.approx(2 / 3)
    assert alarm_scores([EARLY, LATE, MISSED], 40_999)["recall_within"]["value"] == pytest.approx(1 / 3)


def test_times_are_from_the_start_of_the_call_and_of_the_danger() -> None:
    scores = alarm_scores([EARLY, LATE])
    assert scores["time_to_alarm_ms"] == {"median": 25_000, "p90": 37_800, "n": 2}
    assert scores["delay_ms"] == {"median": 5_500, "p90": 5_900, "n": 2}, "5 s and 6 s after the danger began"


def test_false_alarms_are_a_mean_a_call_and_unlabelled_turns_count_neither_way() -> None:
    scores = alarm_scores([EARLY, LATE, MISSED, CALM, QUIET])
    false = scores["false_alarms"]
    assert (false["value"], false["n"]) == (pytest.approx(3 / 5), 5), "one in EARLY, two in CALM"
    assert 0 <= false["low"] < false["value"] < false["high"] <= 2
    assert (scores["calls_with_false_alarm"]["value"], scores["calls_with_false_alarm"]["n"]) == (0.4, 5)


def test_an_alarm_before_the_danger_does_not_count_as_found() -> None:
    early = [Turn(0, 2_000, True, False), Turn(50_000, 52_000, True, True)]
    scores = alarm_scores([early])
    assert scores["recall_within"]["value"] == 0
    assert scores["time_to_alarm_ms"]["median"] == 52_000


def test_what_is_not_defined_is_none() -> None:
    scores = alarm_scores([CALM])
    assert scores["recall_within"] == {"value": None, "low": None, "high": None, "n": 0}
    assert (scores["time_to_alarm_ms"], scores["curve"]) == ({"median": None, "p90": None, "n": 0}, [])
    assert scores["false_alarms"] == {"value": 2.0, "low": None, "high": None, "n": 1}, "one call: no interval"
    with pytest.raises(NotEnoughData, match="no call to time"):
        alarm_scores([])


def test_the_curve_grows_to_the_recall_of_the_whole_call() -> None:
    curve = alarm_scores([EARLY, LATE, MISSED])["curve"]
    assert [curve[0], curve[-1]["ms"], len(curve)] == [
        {"ms": 0, "recall": 0.0}, CURVE_STEPS * CURVE_STEP_MS, CURVE_STEPS + 1,
    ]  # fmt: skip
    recalls = [point["recall"] for point in curve]
    assert recalls == sorted(recalls)
    assert recalls[-1] == pytest.approx(2 / 3)
