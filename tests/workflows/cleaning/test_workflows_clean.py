"""core.workflows.cleaning.run and decisions: a run suggests once, any order of accepting can be undone, no text is
lost.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_data import AT, fresh, sentences, state

from core import schemes
from core.cleaning import Plan, from_document, to_document
from core.errors import BadRecord, Cancelled, Conflict, InputError, NotFound
from core.filters import Filter
from core.jobs import JOBS
from core.records import Proposal
from core.settings import ROOT, Settings
from core.store import open_store
from core.workflows import jobs
from core.workflows.cleaning import decisions, history
from core.workflows.cleaning import plan as clean_plan
from core.workflows.cleaning import run as cleaning
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

NOISY = "FP:어  (SP:불) 불이 낫어요ㅋㅋㅋㅋㅋ 공일공 일이삼사 오육칠팔"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    schemes.publish(None, [])


def plan(*rows: str | dict[str, Any]) -> Plan:
    """A plan of steps, by name or with settings; none needs an optional package."""
    steps = [{"name": row} if isinstance(row, str) else row for row in rows]
    return from_document({"name": "test", "steps": steps}, "test")


SAFE = {"name": "tags", "self_apply": True}
LIGHT = plan("unicode", "tags", "repeats", "pii", "same-text")
STOP = {"name": "stop", "expressions": ["낫어요"]}


def run(ws: Workspace, chosen: Plan = LIGHT, wanted: Filter | None = None, **more: Any) -> cleaning.CleaningResult:
    return cleaning.run(ws, chosen, wanted or Filter(), "tester", **more)


def opened(ws: Workspace, kind: str = cleaning.KIND) -> list[Proposal]:
    return ws.store.proposals.page(kind, limit=1000)


def text(ws: Workspace, number: int) -> str:
    return ws.store.corpus.utterance(number).text


# -- a run


def test_a_run_suggests_and_changes_nothing(ws: Workspace) -> None:
    a, b, c = sentences(ws.store, "살려주세요!!!!!", "(SP:불) 불이야", "살려주세요!!!!!")
    before = state(ws.store)
    done = run(ws)
    assert state(ws.store) == before
    none = {"accepted": 0, "rejected": 0}
    assert done.steps == {
        "repeats": {"open": 2, **none}, "tags": {"open": 1, **none}, "same-text": {"open": 1, **none},
    }  # fmt: skip
    made = {(proposal.utterance_id, proposal.operation): proposal for proposal in [*opened(ws), *opened(ws, "exclude")]}
    assert set(made) == {(a, "repeats"), (c, "repeats"), (b, "tags"), (c, "same-text")}
    proposal = made[a, "repeats"]
    assert proposal.payload == {"text": "살려주세요!", "before": "살려주세요!!!!!"}
    assert (proposal.kind, proposal.batch, proposal.state) == ("cleaning", done.run.id, "open")
    assert proposal.confidence is not None
    assert made[c, "same-text"].payload["keep"] == a
    stored = history.get(ws, done.run.id)
    assert (stored.utterances, stored.curator, stored.undone_at) == (3, "tester", None)
    assert history.plan_of(stored) == LIGHT


def test_a_second_run_suggests_nothing_twice(ws: Workspace) -> None:
    sentences(ws.store, NOISY, "불이야 불이야!!!!")
    first = run(ws)
    n = len(opened(ws))
    assert n
    second = run(ws)
    assert len(opened(ws)) == n
    assert second.steps == {}
    assert [run.id for run in history.list_runs(ws)] == [second.run.id, first.run.id]


def test_only_what_the_filter_lets_through_is_cleaned(ws: Workspace) -> None:
    a, _, c = sentences(ws.store, "불이야!!!!", "연기!!!!", "불이야!!!!")
    ws.store.review.decide(c, 0, "ann", AT, skip=True)
    run(ws, wanted=Filter(text="불이야"))
    assert [proposal.utterance_id for proposal in opened(ws)] == [a]
    assert opened(ws, "exclude") == [], "the copy is left out already"


def test_steps_apply_themselves_where_the_plan_says_so(ws: Workspace) -> None:
    a, b = sentences(ws.store, "(SP:불이얌) 불이야!!!!!", "괜찮아요")
    done = run(ws, plan(SAFE, "repeats"))
    assert text(ws, a) == "불이야!!!!!"
    (written,) = ws.store.review.history(a)
    assert (written.curator, written.act, written.why) == ("clean:tags", "clean", "tags")
    assert written.before == {"text": "(SP:불이얌) 불이야!!!!!"}
    assert done.steps["tags"] == {"open": 0, "accepted": 1, "rejected": 0}
    assert [proposal.operation for proposal in opened(ws)] == ["repeats"]
    assert ws.store.review.history(b) == []


def test_a_safe_step_after_one_that_waits_applies_itself_all_the_same(ws: Workspace) -> None:
    (a,) = sentences(ws.store, "불이야!!!!! (SP:불) 불이야")
    run(ws, plan("repeats", SAFE))
    assert text(ws, a) == "불이야!!!!! 불이야"


def test_what_a_self_applied_step_did_stays_undone(ws: Workspace) -> None:
    (a,) = sentences(ws.store, "(SP:불) 불이야")
    done = run(ws, plan(SAFE))
    assert cleaning.undo(ws, done.run.id, "tester") == (1, 0)
    assert text(ws, a) == "(SP:불) 불이야"
    run(ws, plan(SAFE))
    assert text(ws, a) == "(SP:불) 불이야", "a person took it back"


def test_looking_counts_and_writes_nothing(ws: Workspace) -> None:
    ids = sentences(ws.store, *(f"불이야 {n}!!!!!" for n in range(30)), "네네네네", "네네네네")
    seen = cleaning.preview(ws, LIGHT, Filter())
    assert (seen.utterances, seen.counts["repeats"], seen.counts["same-text"]) == (32, 32, 1)
    assert len(seen.samples["repeats"]) == cleaning.SAMPLES
    assert seen.samples["repeats"][0] == cleaning.SampleChange(
        ids[0], "불이야 0!!!!!", "불이야 0!", seen.samples["repeats"][0].reason, seen.samples["repeats"][0].confidence
    )
    assert seen.samples["same-text"][0].after is None
    assert opened(ws) == opened(ws, "exclude") == history.list_runs(ws) == []
    assert ws.store.texts.stamp().revision == 0
    few = cleaning.preview(ws, LIGHT, Filter(), most=10)
    assert (few.utterances, few.counts["repeats"]) == (10, 10)
    assert few.left_out == {"same-text": "it compares all utterances; the run does"}


def test_nearly_equal_texts_of_a_large_corpus_are_left_out(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences(ws.store, "불이야", "연기가 나요")
    monkeypatch.setattr("core.workflows.cleaning.duplicates.MOST_NEAR", 1)
    done = run(ws, plan("repeats", "near-text"))
    assert done.run.left_out == {"near-text": "2 utterances, more than 1: run its check of its own"}


def test_a_step_of_the_corpus_keeps_to_its_confidence(ws: Workspace) -> None:
    sentences(ws.store, "불이야", "불 이야!")
    assert run(ws, plan({"name": "same-letters", "confidence": 0.99})).steps == {}
    assert run(ws, plan("same-letters")).steps["same-letters"]["open"] == 1


# -- accepting


def test_a_step_is_accepted_before_an_earlier_one(ws: Workspace) -> None:
    (a,) = sentences(ws.store, "불이야!!!!! 여기 공일공 일이삼사 오육칠팔")
    run(ws)
    assert decisions.accept_all(ws, cleaning.KIND, "ann", operation="pii") == decisions.DecisionCounts(1, rebased=1)
    assert text(ws, a) == "불이야!!!!! 여기 [전화]"
    assert decisions.accept_all(ws, cleaning.KIND, "ann", operation="repeats") == decisions.DecisionCounts(1, rebased=1)
    assert text(ws, a) == "불이야! 여기 [전화]"


def test_all_steps_at_once_come_in_their_order(ws: Workspace) -> None:
    (a,) = sentences(ws.store, "(SP:불) 불이야!!!!! 공일공 일이삼사 오육칠팔")
    run(ws)
    progress: list[tuple[int, int]] = []
    done = decisions.accept_all(ws, cleaning.KIND, "ann", progress=lambda n, total: progress.append((n, total)))
    assert (done, progress) == (decisions.DecisionCounts(3), [(3, 3)])
    assert text(ws, a) == "불이야! [전화]"


def test_where_both_touch_one_place_the_step_is_asked_again_and_waits(ws: Workspace) -> None:
    (a,) = sentences(ws.store, "불이 낫어요ㅋㅋㅋㅋㅋ")
    run(ws, plan(STOP, "repeats"))
    ws.store.review.decide(a, 0, "ann", AT, text="불이 낫어요ㅋㅋㅋㅋ 빨리")
    (proposal,) = [p for p in opened(ws) if p.operation == "stop"]
    payload = {"before": "불이 낫어요ㅋㅋㅋㅋㅋ", "text": "불이 ㅋㅋㅋㅋㅋ"}
    assert proposal.payload == payload
    (repeats,) = [p for p in opened(ws) if p.operation == "repeats"]
    with pytest.raises(Conflict, match="made anew"):
        decisions.decide(ws, repeats.id, True, "ann")
    again = ws.store.proposals.get(repeats.id)
    assert again.payload == {"before": "불이 낫어요ㅋㅋㅋㅋ 빨리", "text": "불이 낫어요ㅋㅋ 빨리"}
    assert (again.state, again.batch) == ("open", repeats.batch)
    assert decisions.decide(ws, repeats.id, True, "ann").state == "accepted"
    assert text(ws, a) == "불이 낫어요ㅋㅋ 빨리"
    assert decisions.accept_all(ws, cleaning.KIND, "ann") == decisions.DecisionCounts(1, rebased=1), (
        "it touches another place"
    )
    assert text(ws, a) == "불이 ㅋㅋ 빨리"


def test_all_at_once_leaves_open_what_was_made_anew(ws: Workspace) -> None:
    (a,) = sentences(ws.store, "불이야!!!!!")
    run(ws)
    ws.store.review.decide(a, 0, "ann", AT, text="불이야!!!! 빨리")
    assert decisions.accept_all(ws, cleaning.KIND, "ann") == decisions.DecisionCounts(anew=1), "nobody has seen it"
    assert decisions.accept_all(ws, cleaning.KIND, "ann") == decisions.DecisionCounts(1)
    assert text(ws, a) == "불이야! 빨리"


def test_what_a_curator_typed_already_is_not_written_again(ws: Workspace) -> None:
    (a,) = sentences(ws.store, "불이야!!!!!")
    run(ws)
    ws.store.review.decide(a, 0, "ann", AT, text="불이야!")
    assert decisions.accept_all(ws, cleaning.KIND, "bob") == decisions.DecisionCounts(refused={"same": 1})
    assert [revision.curator for revision in ws.store.review.history(a)] == ["ann"]


def test_above_a_confidence_and_rejecting_all(ws: Workspace) -> None:
    sentences(ws.store, "불이야!!!!!", "공일공 일이삼사 오육칠팔로요")
    done = run(ws)
    sure = max(proposal.confidence or 0 for proposal in opened(ws))
    above = [proposal for proposal in opened(ws) if (proposal.confidence or 0) >= sure]
    assert decisions.waiting(ws, cleaning.KIND, None, sure) == len(above) < len(opened(ws))
    assert decisions.accept_all(ws, cleaning.KIND, "ann", sure=sure).accepted == len(above)
    assert decisions.reject_all(ws, cleaning.KIND, "ann", batch=done.run.id) == 1
    assert opened(ws) == []


def test_other_kinds_are_decided_by_the_same_door(ws: Workspace) -> None:
    from core.store import NewProposal

    a, b = sentences(ws.store, "가", "나")
    items = [NewProposal("augmentation", n, "swap", {"text": f"{n}!"}, "seed 1", confidence=n / 10) for n in (a, b)]
    ws.store.proposals.add(items, AT)
    assert decisions.waiting(ws, "augmentation", "swap", b / 10) == 1
    assert decisions.accept_all(ws, "augmentation", "ann", sure=b / 10) == decisions.DecisionCounts(1)
    assert decisions.decide(ws, opened(ws, "augmentation")[0].id, True, "ann").state == "accepted"


def test_a_copy_is_left_out_after_both_were_cleaned(ws: Workspace) -> None:
    a, b = sentences(ws.store, "불이야!!!!! ㅋㅋㅋㅋ", "불이야!!!!! ㅋㅋㅋㅋ")
    run(ws)
    assert decisions.accept_all(ws, cleaning.KIND, "ann").accepted == 2
    assert text(ws, b) == "불이야! ㅋㅋ"
    assert decisions.accept_all(ws, "exclude", "ann") == decisions.DecisionCounts(1, rebased=1)
    assert [ws.store.corpus.utterance(n).skipped for n in (a, b)] == [False, True]


def test_a_copy_that_says_something_else_by_now_stays(ws: Workspace) -> None:
    _, b = sentences(ws.store, "불이야", "불이야")
    run(ws)
    ws.store.review.decide(b, 0, "ann", AT, text="산불이야")
    assert decisions.accept_all(ws, "exclude", "ann") == decisions.DecisionCounts(refused={"changed": 1})
    assert not ws.store.corpus.utterance(b).skipped


# -- undoing


def test_undo_leaves_what_was_decided_on_since_and_counts_it(ws: Workspace) -> None:
    a, b = sentences(ws.store, "불이야!!!!!", "연기요!!!!!")
    done = run(ws)
    decisions.accept_all(ws, cleaning.KIND, "ann")
    ws.store.review.decide(b, 1, "bob", AT, text="연기가 나요!")
    assert cleaning.undo(ws, done.run.id, "eve") == (1, 1)
    assert (text(ws, a), text(ws, b)) == ("불이야!!!!!", "연기가 나요!")
    assert history.get(ws, done.run.id).undone_at is not None


def test_undoing_a_run_that_is_none_and_one_that_found_nothing(ws: Workspace) -> None:
    with pytest.raises(NotFound, match=r"no cleaning run '\.\./x'; the latest: there is none yet"):
        cleaning.undo(ws, "../x", "ann")
    sentences(ws.store, "괜찮아요")
    done = run(ws)
    assert cleaning.undo(ws, done.run.id, "ann") == (0, 0)


TEXTS = st.lists(
    st.sampled_from([NOISY, "불이야!!!!!", "(SP:불) 불이야 ㅋㅋㅋㅋ", "낫어요!!!!! 낫어요", "불이야!!!!!", "네"]),
    min_size=1, max_size=4,
)  # fmt: skip
MOVES = st.lists(st.tuples(st.sampled_from(["accept", "reject", "step"]), st.integers(0, 50)), max_size=25)


@pytest.mark.slow
@given(texts=TEXTS, moves=MOVES, safe=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_accepting_is_taken_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], moves: list[tuple[str, int]], safe: bool
) -> None:
    folder = tmp_path_factory.mktemp("clean")
    url = fresh(folder)
    ws = Workspace(Settings(folder, url, url, frozenset(), "", 0, "tester"), open_store(url))
    sentences(ws.store, *texts)
    before = state(ws.store)
    tags = {"name": "tags", "self_apply": safe}
    done = run(ws, plan("unicode", tags, "repeats", STOP, "pii", "same-text"))
    for what, at in moves:
        waiting = [*opened(ws), *opened(ws, "exclude")]
        if not waiting:
            break
        proposal = waiting[at % len(waiting)]
        if what == "step":
            decisions.accept_all(ws, proposal.kind, "ann", operation=proposal.operation)
            continue
        try:
            decisions.decide(ws, proposal.id, what == "accept", "ann")
        except Conflict:
            again = ws.store.proposals.get(proposal.id)
            if again.state == "open" and again.payload == proposal.payload:
                decisions.decide(ws, proposal.id, False, "ann")
    tally = ws.store.cleanings.tally(done.run.id)
    accepted = sum(counts["accepted"] for counts in tally.values())
    assert cleaning.undo(ws, done.run.id, "eve") == (accepted, 0)
    assert state(ws.store) == before
    decisions.accept_all(ws, cleaning.KIND, "ann")
    cleaning.undo(ws, done.run.id, "eve")
    assert state(ws.store) == before, "and once more"


# -- as a job


class DyingWorker:
    """A worker that stores the results of steps and dies before one of them returns."""

    def __init__(self, dies_in: str) -> None:
        self.id, self.dies_in = "clean-job", dies_in
        self.remembered: dict[str, Any] = {}
        self.progress: list[dict[str, Any]] = []

    def step(self, name: str, fn: Any) -> Any:
        if name not in self.remembered:
            result = fn()
            if name == self.dies_in:
                self.dies_in = ""
                raise KeyboardInterrupt
            self.remembered[name] = json.loads(json.dumps(result))
        return self.remembered[name]

    def report(self, progress: Any) -> None:
        self.progress.append(dict(progress))


@pytest.mark.parametrize("dies_in", ["begin", "block 0", "block 1", "compare"])
def test_a_job_goes_on_after_it_died_and_suggests_nothing_twice(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    monkeypatch.setattr(cleaning, "BLOCK", 2)
    ids = sentences(ws.store, "(SP:불) 불이야!!!!!", "네네네네", "(SP:연) 연기!!!!!", "(SP:연) 연기!!!!!", "네")
    chosen = plan(SAFE, "repeats", "same-text")
    whole = cleaning.preview(ws, chosen, Filter())
    params = {"plan": to_document(chosen), "wanted": {"text": ""}, "curator": "ann"}
    job = DyingWorker(dies_in)
    with pytest.raises(KeyboardInterrupt):
        cleaning.run_job(params, job)
    cleaning.run_job(params, job)
    tally = ws.store.cleanings.tally("clean-job")
    assert {step: sum(counts.values()) for step, counts in tally.items()} == {
        k: n for k, n in whole.counts.items() if n
    }
    assert tally["tags"] == {"open": 0, "accepted": 3, "rejected": 0}
    assert [len(ws.store.review.history(n)) for n in ids] == [1, 0, 1, 1, 0]
    assert len(history.list_runs(ws)) == 1
    assert {"stage": "utterances", "done": 5, "total": 5, "unit": "utterances"} in job.progress


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_is_taken_up_again(ws: Workspace, tmp_path: Path) -> None:
    sentences(ws.store, *(f"(SP:불) 불이야 {n}!!!!!" for n in range(9000)))
    run_id = cleaning.start(ws, plan(SAFE, "repeats"), Filter(text="불이야"), "ann")
    assert (running := jobs.running(ws, cleaning.JOB)) is not None
    assert running.id == run_id

    def worker() -> subprocess.Popen[bytes]:
        with (tmp_path / "worker.log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", "core.jobs"], cwd=ROOT, stdout=log, stderr=log)

    def until(fact: Any) -> None:
        give_up = time.monotonic() + 120
        while not fact():
            assert time.monotonic() < give_up, (tmp_path / "worker.log").read_text("utf-8")
            time.sleep(0.05)

    first = worker()
    until(lambda: ws.store.cleanings.tally(run_id).get("repeats"))
    with pytest.raises(Conflict, match="at work still"):
        cleaning.undo(ws, run_id, "ann")
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = 9000 - sum(ws.store.cleanings.tally(run_id)["repeats"].values())
    assert left > 0, "it was killed too late"
    second = worker()
    try:
        until(lambda: ws.store.board.get(run_id).state in ("done", "failed"))
    finally:
        second.kill()
        second.wait()
    assert (ws.store.board.get(run_id).state, ws.store.board.get(run_id).error) == ("done", None)
    assert ws.store.cleanings.tally(run_id) == {
        "tags": {"open": 0, "accepted": 9000, "rejected": 0}, "repeats": {"open": 9000, "accepted": 0, "rejected": 0},
    }  # fmt: skip
    assert cleaning.undo(ws, run_id, "ann") == (9000, 0)


def test_a_cancelled_job_leaves_a_run_that_can_be_undone(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "BLOCK", 1)
    a, b = sentences(ws.store, "(SP:불) 불이야", "(SP:불) 연기야")

    def stop(stage: str, done: int, total: int) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(ws, plan(SAFE), run_id="clean-x", progress=stop)
    assert (text(ws, a), text(ws, b)) == ("불이야", "(SP:불) 연기야")
    assert cleaning.undo(ws, "clean-x", "ann") == (1, 0)


def test_the_job_is_known() -> None:
    assert JOBS["clean"].installed()


# -- plans


def test_a_plan_is_kept_with_what_is_switched_off(ws: Workspace) -> None:
    assert clean_plan.load(ws).name == "default"
    assert [step.name for step in clean_plan.switched_off(ws)] == []
    off = [{"name": "stop", "expressions": ["어+"]}]
    saved = clean_plan.save(ws, [{"name": "repeats", "keep": 3}, {"name": "tags"}], off, "mine")
    assert clean_plan.load(ws) == saved
    assert [(step.name, dict(step.settings)) for step in saved.steps] == [("repeats", {"keep": 3}), ("tags", {})]
    rest = {step.name: step for step in clean_plan.switched_off(ws)}
    assert rest["stop"].settings["expressions"] == ["어+"]
    assert {"unicode", "pii", "spacing"} <= rest.keys()
    clean_plan.save(ws, [{"name": "tags"}], [], "mine")
    assert [step.name for step in clean_plan.switched_off(ws)][:2] == ["unicode", "repeats"]
    assert clean_plan.reset(ws).name == clean_plan.load(ws).name == "default"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"name": "stop", "expressions": ["("]}, "cleaning.toml, step 1 \\(stop\\), expressions: expression 1, '\\('"),
        ({"name": "pii", "self_apply": True}, "self_apply: changes what was said"),
        ({"name": "repeats", "keep": 9}, "keep: 9 is not in 1 to 5"),
        ({"name": "nosuch"}, "unknown step 'nosuch'"),
    ],
)
def test_a_wrong_plan_is_refused_and_the_kept_one_stays(ws: Workspace, row: dict[str, Any], message: str) -> None:
    saved = clean_plan.save(ws, [{"name": "tags"}], [], "mine")
    with pytest.raises(BadRecord, match=message):
        clean_plan.save(ws, [row], [], "mine")
    with pytest.raises(BadRecord, match=r"cleaning\.off\.toml"):
        clean_plan.save(ws, [{"name": "tags"}], [{"name": "nosuch"}], "mine")
    assert clean_plan.load(ws) == saved


def test_a_broken_plan_file_is_named(ws: Workspace) -> None:
    (ws.settings.home / "cleaning.toml").write_bytes(b"\xff\x00")
    with pytest.raises(BadRecord, match=r"cleaning\.toml"):
        clean_plan.load(ws)


def test_trying_a_plan_out(ws: Workspace) -> None:
    (suggestion,) = clean_plan.try_out(ws, plan(STOP), "불이 낫어요")
    assert (suggestion.step, suggestion.after) == ("stop", "불이")


# -- what leaves the machine


def test_texts_leave_only_after_a_curator_accepted_it(ws: Workspace) -> None:
    sentences(ws.store, "괜찮아요")
    remote = plan({"name": "spelling", "backend": "hanspell"})
    for refused in (
        lambda: run(ws, remote), lambda: cleaning.preview(ws, remote, Filter()),
        lambda: clean_plan.try_out(ws, remote, "네"),
        lambda: cleaning.start(ws, remote, Filter(), "ann"),
    ):  # fmt: skip
        with pytest.raises(InputError, match="step 'spelling' of plan 'test' sends texts to a third party"):
            refused()
    assert history.list_runs(ws) == ws.store.board.list(5) == []
    earlier = now()
    clean_plan.accept(ws, "ann")
    acceptance = clean_plan.acceptance(ws)
    assert acceptance is not None
    assert acceptance.by == "ann"
    assert acceptance.at > earlier
    assert clean_plan.may_leave(ws, remote)
    clean_plan.withdraw(ws)
    assert clean_plan.acceptance(ws) is None
    assert not clean_plan.may_leave(ws, LIGHT)
