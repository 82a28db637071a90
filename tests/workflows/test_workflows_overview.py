"""core.workflows.overview: what the workspace holds, what waits for a decision, failed jobs, the team."""

from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from desk_data import answer
from workflow_data import import_calls, import_sentences

from core.errors import InputError, NotFound
from core.filters import Filter
from core.records import Job
from core.store import NewProposal, Ranked
from core.workflows import jobs
from core.workflows.overview import failed
from core.workflows.overview.summary import DEMO_SOURCE, overview
from core.workflows.overview.team import team
from core.workflows.overview.waiting import Waiting, is_overdue, waiting
from core.workflows.review import queues
from core.workflows.workspace import Workspace, now

LONG_AGO, LATER = "2026-11-20T09:00:00.000000+00:00", "2026-11-24T08:00:00.000000+00:00"


def of_kind(rows: list[Waiting], kind: str) -> list[tuple[str, int, int | None]]:
    return [(row.scheme, row.n, row.mine) for row in rows if row.kind == kind]


def test_the_overview_says_what_to_do_next(ws: Workspace, tmp_path: Path) -> None:
    empty = overview(ws)
    assert (empty.next_steps, empty.counts["utterances"], empty.runs) == (("import",), 0, [])
    assert empty.waiting == ()
    import_sentences(ws, tmp_path, 4)
    assert overview(ws).next_steps == ("snapshot",)
    import_calls(ws, tmp_path, 1)
    full = overview(ws)
    assert full.next_steps == ("label", "snapshot")
    assert (full.counts["recordings"], full.counts["audio_ms"]) == (1, 6000)
    assert full.progress["danger"]["labelled"] == 4
    left = ws.store.corpus.find(queues.queue_filter("unlabelled", ["danger"]), limit=0).total
    assert of_kind(list(full.waiting), "unlabelled") == [("danger", left, None)], "as many as the desk has in its queue"


def test_the_overview_says_whether_it_is_the_demo(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 2)
    assert overview(ws).is_demo is False
    ws.store.corpus.add_source(DEMO_SOURCE, "sentences", "ours", "0", now())
    assert overview(ws).is_demo is True


def test_suggestions_of_deliveries_that_wait_come_first(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 4)
    payload = {"before": {"text": "a"}, "after": {"text": "b"}, "source": "s", "where": "row 1"}
    ws.store.proposals.add([NewProposal("delivery", 1, "text", payload, "later")], now())
    summary = overview(ws)
    assert (summary.next_steps, summary.clashes) == (("clashes", "snapshot"), 1)


def test_open_proposals_are_counted_by_kind_with_the_oldest(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 4)
    texts = [NewProposal("cleaning", n, "nfc", {"text": f"t{n}", "before": "x"}, "why") for n in (1, 2)]
    ws.store.proposals.add(texts, LONG_AGO)
    ws.store.proposals.add([NewProposal("exclude", 3, "same-text", {"before": "x"}, "why")], LATER)
    ws.store.proposals.reject_many([1], "ann", now())
    rows = {row.kind: row for row in waiting(ws)}
    assert (rows["cleaning"].n, rows["cleaning"].since) == (1, LONG_AGO)
    assert (rows["quality"].n, rows["quality"].mine, rows["quality"].since) == (1, None, LATER)
    assert is_overdue(rows["cleaning"], LATER)
    assert not is_overdue(rows["quality"], LATER)


def test_disputes_remarks_and_blind_answers_are_the_curators_own_or_not(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    answer(ws, "danger", ann="danger", bob="normal")
    n = ws.store.corpus.counts()["utterances"]
    rows = waiting(ws, "ann")
    assert of_kind(rows, "disputes") == [("danger", n, n)]
    assert of_kind(waiting(ws, "eve"), "disputes") == [("danger", n, 0)]
    ws.store.remarks.add(1, "eve", LONG_AGO, "flag")
    ws.store.remarks.add(2, "eve", LATER, "flag")
    ws.store.remarks.add(2, "ann", LATER, "unflag")
    flags = next(row for row in waiting(ws, "ann") if row.kind == "flags")
    assert (flags.n, flags.mine, flags.since) == (1, 1, LONG_AGO)
    assert of_kind(waiting(ws, "eve"), "flags") == [("", 1, 0)], "nothing that eve decided is flagged"
    assert of_kind(rows, "comments")[0][1] == ws.store.corpus.find(Filter(comment="open"), limit=0).total


def test_a_second_blind_answer_waits_for_those_who_have_not_answered(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    take_one_of_two(ws, "ann")
    assert of_kind(waiting(ws, "bob"), "blind") == [("danger", 1, 1)]
    assert of_kind(waiting(ws, "ann"), "blind") == [("danger", 1, 0)]
    (row,) = team(ws)
    assert (row.curator, row.today, row.week, row.blind, row.disputes) == ("ann", 1, 1, 0, 0)


def test_the_day_of_the_team_is_the_readers(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    ws.store.review.decide(1, 0, "ann", "2026-01-01T16:00:00.000000+00:00", labels={"danger": "danger"})
    at, korea = "2026-01-01T18:00:00.000000+00:00", timezone(timedelta(hours=9))
    assert [(row.today, row.last_day) for row in team(ws, at, korea)] == [(1, "2026-01-02")]
    assert [(row.today, row.week) for row in team(ws, "2026-01-02T18:00:00.000000+00:00", korea)] == [(0, 1)]


def take_one_of_two(ws: Workspace, curator: str) -> None:
    """Let a curator answer one utterance that two shall answer."""
    from core.workflows.review import desk

    opened = desk.Desk(curator, ("danger",), overlap=1.0)
    (card,) = desk.take(ws, opened, 1)
    desk.decide(ws, opened, card.utterance.id, card.utterance.version, {"danger": "danger"})


def test_what_is_left_of_a_list_of_label_errors_waits(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 4)
    ws.store.queues.put(queues.list_key("label-errors", "danger"), [Ranked(1, 1.0, "x"), Ranked(2, 0.5, "y")], LONG_AGO)
    assert of_kind(waiting(ws), "label-errors") == [("danger", 2, None)]
    ws.store.review.decide(1, 0, "ann", now(), labels={"danger": "normal"})
    assert of_kind(waiting(ws), "label-errors") == [("danger", 1, None)]


@pytest.fixture
def job(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A failed check; what is queued again only stands on the board, since no worker runs here."""
    monkeypatch.setattr("core.jobs.enqueue", lambda url, ids: None)
    ws.store.board.add("quality-1", "quality", "quality", {"checks": ["same-text"]}, LONG_AGO)
    ws.store.board.update("quality-1", LONG_AGO, state="failed", error="ZeroDivisionError: by design")
    return ws.store.board.get("quality-1")


def test_a_failed_job_waits_until_it_is_tried_again(ws: Workspace, job: Job) -> None:
    assert [row.n for row in waiting(ws) if row.kind == "failed"] == [1]
    again = failed.retry(ws, job.id, "ann")
    new = ws.store.board.get(again)
    assert (new.kind, new.title, new.params, new.state) == ("quality", "quality", {"checks": ["same-text"]}, "queued")
    assert failed.failed(ws) == []
    assert ws.store.board.get(job.id).error == "ZeroDivisionError: by design", "its record stays"
    with pytest.raises(InputError, match="this job is queued; only a failed one can be tried again"):
        failed.retry(ws, again, "ann")


def test_a_failed_job_waits_until_it_is_put_aside(ws: Workspace, job: Job) -> None:
    failed.put_aside(ws, job.id, "ann")
    assert failed.failed(ws) == []
    assert waiting(ws) == []
    with pytest.raises(NotFound, match="no failed job 'other'"):
        failed.put_aside(ws, "other", "ann")


class Steps:
    """The context of a job: it keeps the results of its steps, so that a second run goes on where the first was."""

    def __init__(self) -> None:
        self.results: dict[str, Any] = {}
        self.stages: list[str] = []

    def step(self, name: str, fn: Callable[[], Any]) -> Any:
        if name not in self.results:
            self.results[name] = fn()
        return self.results[name]

    def report(self, progress: Any) -> None:
        self.stages.append(str(progress["stage"]))


@pytest.mark.integration
def test_the_demo_is_built_by_a_job_in_steps_and_once(demo_ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.workflows import demo

    monkeypatch.setattr("core.jobs.enqueue", lambda url, ids: None)
    assert demo.start(demo_ws) == demo.start(demo_ws), "a second press does not build it twice"
    running = jobs.running(demo_ws, "demo")
    assert running is not None
    assert running.title == "demo"
    steps, before = Steps(), demo_ws.store.corpus.counts()
    demo.run_job({}, steps)
    assert list(steps.results) == ["import", "plan danger-text", "plan urgency-text", "plan emotion-voice"]
    assert steps.results["import"] == {"calls": 0, "utterances": 0, "rejects": steps.results["import"]["rejects"]}
    assert [name for name, plan in steps.results.items() if name != "import" and plan is not None] == [], "all trained"
    assert list(dict.fromkeys(steps.stages)) == list(demo.STAGES)
    assert demo_ws.store.corpus.counts() == before
