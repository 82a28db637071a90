"""core.workflows.review.progress and `python -m core progress`: hours, rates, burn-down, and the CSV of a manager."""

import csv
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from desk_data import answer
from store_data import sentences
from typer.testing import CliRunner

from core.cli import app
from core.errors import InputError
from core.records import StandingAnswer
from core.store import Tally
from core.workflows.review.progress import burn_down, progress, progress_mark, worked_ms, write_csv
from core.workflows.workspace import Workspace

HOUR = 3_600_000


def answer_at(at: str, spent_ms: int | None = None, target: int = 1, kind: str = "answer") -> StandingAnswer:
    return StandingAnswer(target, "kim", "danger", f"2024-05-{at}+00:00", spent_ms, kind)  # type: ignore[arg-type]


def decide(ws: Workspace, item: int, code: str, at: str, curator: str = "kim", spent_ms: int = 30_000) -> None:
    version = ws.store.corpus.utterance(item).version
    ws.store.review.decide(item, version, curator, at, labels={"danger": code}, spent_ms=spent_ms)


def test_a_sitting_ends_where_nothing_is_decided_for_five_minutes() -> None:
    assert worked_ms([]) == 0
    assert worked_ms([answer_at("01T10:00:00")]) == 0
    assert worked_ms([answer_at("01T10:00:00", 8_000)]) == 8_000
    steady = [answer_at("01T10:01:00", 60_000), answer_at("01T10:02:00", 1), answer_at("01T10:07:00", 1)]
    assert worked_ms(steady) == 7 * 60_000  # ten o'clock to seven past
    assert worked_ms([*steady, answer_at("01T10:12:01", 2_000)]) == 7 * 60_000 + 2_000
    assert worked_ms([answer_at("01T10:00:00", 9 * HOUR)]) == 5 * 60_000  # left on screen over night
    assert worked_ms(steady[::-1]) == worked_ms(steady)
    assert worked_ms([*steady, answer_at("01T10:01:00", 5)]) == worked_ms(steady)  # two schemes in one decision


def test_a_burn_down_ends_at_what_is_left_and_goes_on_at_the_pace() -> None:
    answers = [answer_at("01T10:00:00", target=n) for n in range(4)] + [
        answer_at("03T10:00:00", target=n) for n in range(2, 6)
    ]
    days, pace = burn_down(answers, left=5, today="2024-05-03")
    assert [(one.day[-2:], one.done, one.left) for one in days if not one.projected] == [
        ("01", 4, 7), ("02", 0, 7), ("03", 2, 5),
    ]  # fmt: skip
    assert pace == 2.0
    assert [(one.day[-2:], one.done, one.left) for one in days if one.projected] == [
        ("04", 2, 3), ("05", 2, 1), ("06", 1, 0),
    ]  # fmt: skip


def test_a_pace_is_that_of_the_last_fortnight() -> None:
    days, pace = burn_down([answer_at("01T10:00:00")], left=3, today="2024-05-31")
    assert pace == 0.0
    assert (len(days), days[-1].projected) == (31, False)
    assert burn_down([], left=3, today="2024-05-31") == ((days[-1],), 0.0)
    assert burn_down([answer_at("31T10:00:00")], 10**9, "2024-05-31")[0][-1].projected is False  # not in ten years


def test_progress_tells_who_did_what(ws: Workspace) -> None:
    ids = sentences(ws.store, "불이야", "네", "어", "음", "응")
    for n, item in enumerate(ids[:3]):
        decide(ws, item, "danger" if n else "normal", f"2024-05-01T10:0{n}:00.000000+00:00", spent_ms=60_000)
    decide(ws, ids[3], "normal", "2024-05-02T09:00:00.000000+00:00", curator="lee")
    report = progress(ws, today="2024-05-02")
    rows = {(one.curator, one.scheme): one for one in report.work}
    assert rows.keys() == {("kim", ""), ("kim", "danger"), ("lee", ""), ("lee", "danger")}
    kim = rows["kim", "danger"]
    assert (kim.decisions, kim.spent_ms, kim.worked_ms, kim.per_hour) == (3, 180_000, 180_000, pytest.approx(60))
    assert (kim.last_day, dict(kim.classes)) == ("2024-05-01", {"normal": 1, "danger": 2})
    assert (kim.agreed.n, kim.agreed.value) == (0, None)
    assert dict(rows["kim", ""].classes) == {}
    assert rows["lee", "danger"].per_hour == pytest.approx(120)  # one answer of 30 s: the time on screen
    (forecast,) = report.forecasts
    assert (forecast.scheme, forecast.targets, forecast.labelled, forecast.left) == ("danger", 5, 4, 1)
    assert dict(forecast.classes) == {"normal": 2, "danger": 2}
    assert (forecast.per_day, forecast.finish) == (2.0, "2024-05-03")
    assert forecast.hours_left == pytest.approx((3 / 60 + 1 / 120) / 4)
    assert [(one.day, one.done, one.left, one.projected) for one in forecast.burn_down] == [
        ("2024-05-01", 3, 2, False), ("2024-05-02", 1, 1, False), ("2024-05-03", 1, 0, True),
    ]  # fmt: skip


def test_days_are_those_of_the_reader(ws: Workspace) -> None:
    (item,) = sentences(ws.store, "불이야")
    decide(ws, item, "danger", "2024-05-01T15:00:00.000000+00:00")  # midnight in Korea
    report = progress(ws, today="2024-05-02", zone=ZoneInfo("Asia/Seoul"))
    (forecast,) = report.forecasts
    assert {day.day for day in report.days} == {row.last_day for row in report.work} == {"2024-05-02"}
    assert [(day.day, day.done) for day in forecast.burn_down] == [("2024-05-02", 1)]
    assert {day.day for day in progress(ws, today="2024-05-02").days} == {"2024-05-01"}


def test_an_import_or_a_decision_shows_in_the_mark(ws: Workspace) -> None:
    seen = [progress_mark(ws)]
    sentences(ws.store, "불이야")
    seen.append(progress_mark(ws))
    decide(ws, 1, "danger", "2024-05-01T10:00:00+00:00")
    seen.append(progress_mark(ws))
    assert len(set(seen)) == len(seen)
    assert progress_mark(ws) == seen[-1]


def test_progress_holds_each_curator_against_the_others(ws: Workspace) -> None:
    sentences(ws.store, "불이야", "네")
    answer(ws, "danger", kim="danger", lee="normal", park="danger")
    rows = {one.curator: one for one in progress(ws).work if one.scheme == "danger"}
    assert [(name, rows[name].agreed.k, rows[name].agreed.n) for name in ("kim", "lee")] == [
        ("kim", 0, 0), ("lee", 0, 2),
    ]  # fmt: skip  # kim's others are tied
    (forecast,) = progress(ws).forecasts
    assert (forecast.labelled, forecast.left, forecast.finish is not None) == (2, 0, True)


def test_what_is_undone_is_no_work(ws: Workspace) -> None:
    (item,) = sentences(ws.store, "불이야")
    decide(ws, item, "danger", "2024-05-01T10:00:00.000000+00:00")
    ws.store.review.undo("kim", "2024-05-01T10:00:05.000000+00:00")
    report = progress(ws)
    assert (report.work, report.forecasts, report.days) == ((), (), ())


def test_a_delivery_is_no_work_but_its_labels_are_there(ws: Workspace) -> None:
    sentences(ws.store, "불이야", labels={"danger": "danger"})
    sentences(ws.store, "네")
    report = progress(ws, today="2024-05-02")
    (forecast,) = report.forecasts
    assert (report.work, forecast.left, forecast.per_day, forecast.finish, forecast.hours_left) == (
        (),
        1,
        0.0,
        None,
        None,
    )
    assert [(one.day, one.left) for one in forecast.burn_down] == [("2024-05-02", 1)]


def test_the_csv_counts_and_neutralises(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    days = [Tally("=kim", "danger", "2024-05-01", 3, HOUR // 2), Tally("=kim", "", "2024-05-01", 4, HOUR)]
    assert write_csv(days, path) == 2
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["curator", "day", "scheme", "decisions", "hours"],
            ["'=kim", "2024-05-01", "danger", "3", "0.5000"],
            ["'=kim", "2024-05-01", "", "4", "1.0000"],
        ]
    with pytest.raises(InputError, match=r"hours\.csv: cannot be written: No such file or directory"):
        write_csv(days, tmp_path / "nowhere" / "hours.csv")


def test_the_verb_tells_and_writes(ws: Workspace, tmp_path: Path) -> None:
    empty = CliRunner().invoke(app, ["progress"])
    assert (empty.exit_code, "Nobody has decided anything yet." in empty.stdout) == (0, True)
    sentences(ws.store, "불이야", "네")
    answer(ws, "danger", kim="danger", lee="danger")
    path = tmp_path / "hours.csv"
    shown = CliRunner().invoke(app, ["progress", "--csv", str(path)])
    assert shown.exit_code == 0
    assert "kim" in shown.stdout
    assert f"written to {path}" in shown.stdout.replace("\n", "")
    document = json.loads(CliRunner().invoke(app, ["progress", "--json"]).stdout)
    assert document.keys() == {"work", "schemes", "days", "csv"}
    assert document["csv"] is None
    assert document["work"][0].keys() == {
        "curator", "scheme", "decisions", "spent_ms", "worked_ms", "per_hour", "last_day", "classes", "agreed",
    }  # fmt: skip
    assert document["schemes"][0].keys() == {
        "scheme", "targets", "labelled", "gold", "left", "classes", "per_day", "hours_left", "finish", "burn_down",
    }  # fmt: skip
    assert document["schemes"][0]["burn_down"][0].keys() == {"day", "done", "left", "projected"}
    assert [one["agreed"]["value"] for one in document["work"] if one["scheme"] == "danger"] == [1.0, 1.0]
