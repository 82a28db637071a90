"""core.workflows.pseudo_labels.judge: a run judges the pool exactly once, whatever is killed on the way."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from cli_driver import answer, failure
from cli_driver import run as cli
from training_corpus import TELLING, sentence
from workflow_data import add_danger_run

from core.errors import Cancelled, Conflict, InputError, NotFound, UnknownName
from core.filters import Filter
from core.inference.predictor import load
from core.jobs import JOBS
from core.records import NewUtterance
from core.runs.pool import read_pool
from core.runs.shards import Shards
from core.settings import ROOT, child_environment
from core.workflows.pseudo_labels import judge
from core.workflows.pseudo_labels.candidates import ANY
from core.workflows.pseudo_labels.judge import JudgePlan
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration


def add_texts(ws: Workspace, n: int, name: str = "pool") -> list[int]:
    """Unlabelled sentences; their ids."""
    rng = random.Random(11)
    source = ws.store.corpus.add_source(name, "sentences", "ours", "0", now())
    items = [
        NewUtterance(f"{name}{k}", sentence(rng, TELLING[("normal", "danger")[k % 2]]), f"{name}{k}") for k in range(n)
    ]
    ws.store.corpus.add_sentences(source, items, now())
    return [one.id for one in ws.store.corpus.every(Filter(source=(source,)))]


def ids_on_disk(ws: Workspace, run: str) -> list[int]:
    """The ids of every row of every part."""
    return [
        number for part in Shards(ws.run_folder(run)).parts() for number in pq.read_table(part.path)["id"].to_pylist()
    ]


def test_the_pool_equals_the_predictor_and_is_judged_once(ws: Workspace) -> None:
    run = add_danger_run(ws)
    ids = add_texts(ws, 50)
    seen: list[tuple[int, int]] = []
    done = judge.run(ws, JudgePlan(run, block=16), lambda looked, total: seen.append((looked, total)))
    assert (done.candidates, done.known, done.judged, done.parts, done.skipped) == (50, 0, 50, 4, {})
    total = seen[0][1]
    assert seen[-1] == (total, total)
    assert [looked for looked, _ in seen] == sorted(looked for looked, _ in seen)
    pool = read_pool(ws.run_folder(run), "danger")
    assert pool.ids.tolist() == ids
    texts = [one.text for one in ws.store.corpus.utterances(ids)]
    expected = load(ws.run_folder(run)).predict_texts(texts)
    np.testing.assert_allclose(pool.probs, expected, atol=1e-6)
    rows = {one.utterance_id: one for one in ws.store.ledger.predictions(run, purpose="pool")}
    assert sorted(rows) == ids
    assert [rows[number].code for number in ids] == [pool.codes[answer] for answer in pool.answers]
    assert [rows[number].margin for number in ids] == pytest.approx(pool.margin.tolist(), abs=1e-6)
    again = judge.run(ws, JudgePlan(run))
    assert (again.candidates, again.known, again.judged, again.parts) == (50, 50, 0, 0)
    # what a person labels leaves the pool, what is corrected is judged again, what is new is added
    ws.store.review.decide(ids[0], 0, "ann", now(), labels={"danger": "danger"})
    ws.store.review.decide(ids[1], 0, "ann", now(), text="불이 났어요 도와주세요")
    more = add_texts(ws, 3, "late")
    third = judge.run(ws, JudgePlan(run))
    assert (third.candidates, third.known, third.judged) == (52, 48, 4)
    pool = read_pool(ws.run_folder(run), "danger")
    assert pool.ids.tolist() == sorted([*ids, *more])
    corrected = load(ws.run_folder(run)).predict_texts(["불이 났어요 도와주세요"])
    np.testing.assert_allclose(pool.probs[pool.ids == ids[1]], corrected, atol=1e-6)


def test_a_filter_a_limit_and_silver_labels_say_what_is_judged(ws: Workspace) -> None:
    run = add_danger_run(ws)
    add_texts(ws, 12)
    late = add_texts(ws, 4, "late")
    (source,) = (one.id for one in ws.store.corpus.sources() if one.name == "late")
    assert judge.run(ws, JudgePlan(run, Filter(source=(source,)), limit=3)).judged == 3
    assert read_pool(ws.run_folder(run), "danger").ids.tolist() == late[:3]
    assert judge.run(ws, JudgePlan(run)).judged == 13
    with pytest.raises(InputError, match="pseudo-labels are for items without a label of danger: leave it out"):
        judge.run(ws, JudgePlan(run, Filter(labels={"danger": ("danger",)})))
    assert judge.run(ws, JudgePlan(run, Filter(labels={"danger": ("-",)}), closed_by=ANY)).judged == 0


def test_a_plan_that_cannot_work_is_refused_before_it_is_queued(ws: Workspace) -> None:
    run = add_danger_run(ws)
    with pytest.raises(NotFound, match="no run 'nope'"):
        judge.start(ws, JudgePlan("nope"))
    with pytest.raises(UnknownName, match="unknown executor 'slurm'; known: inline, processes, ray"):
        judge.start(ws, JudgePlan(run, executor="slurm"))
    with pytest.raises(InputError, match=f"run {run} makes no pseudo-labels of urgency; it can of danger"):
        judge.start(ws, JudgePlan(run, targets=("urgency",)))
    plan = JudgePlan(run, Filter(text="불"), ("danger",), "processes", 2, limit=9)
    assert JudgePlan.from_document(plan.to_document()) == plan
    assert JOBS[judge.JOB].load() is judge.run_job
    assert judge.running(ws, run) is None
    job = judge.start(ws, plan)
    waiting = judge.running(ws, run)
    assert waiting is not None
    assert (waiting.id, str(waiting.title)) == (job, f"pseudo-labels of danger by {run}")
    refusal = rf"job {job} lets run {run} judge already \(queued\): wait for its end or cancel it"
    with pytest.raises(Conflict, match=refusal):
        judge.start(ws, plan)
    ws.store.board.update(job, now(), state="cancelled")
    assert judge.start(ws, plan) != job


def test_one_process_at_a_time_judges_and_a_walk_over_what_is_known_is_told(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_danger_run(ws)
    add_texts(ws, 20)
    refused: list[str] = []

    def second(done: int, total: int) -> None:
        if done and not refused:
            with pytest.raises(Conflict) as error:
                judge.run(ws, JudgePlan(run))
            refused.append(str(error.value))

    assert judge.run(ws, JudgePlan(run, block=8), second).judged == 20
    assert f"run {run} is being judged by process {os.getpid()} of " in refused[0]
    assert "wait for its end, or cancel it" in refused[0]
    assert len(ids_on_disk(ws, run)) == 20
    monkeypatch.setattr(judge, "TOLD_EVERY", 5)
    walked: list[int] = []
    assert judge.run(ws, JudgePlan(run), lambda done, total: walked.append(done)).judged == 0
    assert len(walked) > 3, walked
    assert walked[:3] == [0, 5, 10]


def test_a_block_is_bounded_in_letters_and_its_part_tells_the_precision(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_danger_run(ws)
    ids = add_texts(ws, 12)
    letters = [len(one.text) for one in ws.store.corpus.utterances(ids)]
    monkeypatch.setattr(judge, "MOST_LETTERS", sum(letters[:5]))
    done = judge.run(ws, JudgePlan(run))
    assert (done.judged, done.precision) == (12, "float32")
    tables = [pq.read_table(part.path) for part in Shards(ws.run_folder(run)).parts()]
    assert len(tables[0]) == 5
    assert len(tables) > 2
    assert {table.schema.metadata[b"precision"] for table in tables} == {b"float32"}
    monkeypatch.setattr(judge, "MOST_LETTERS", 1)
    late = add_texts(ws, 2, "late")
    assert judge.run(ws, JudgePlan(run)).parts == len(late), "an item larger than a block is one alone"


@pytest.mark.filterwarnings("ignore")  # those of Ray itself
def test_all_executors_write_the_same_files(ws: Workspace) -> None:
    run = add_danger_run(ws)
    add_texts(ws, 40)
    judge.run(ws, JudgePlan(run, block=8))
    shards = Shards(ws.run_folder(run))
    inline = {part.path.name: part.path.read_bytes() for part in shards.parts()}
    assert len(inline) == 5
    for executor in [name for name, installed in judge.executors().items() if installed and name != "inline"]:
        shutil.rmtree(shards.folder)
        judge.run(ws, JudgePlan(run, block=8, executor=executor, workers=2))
        assert {part.path.name: part.path.read_bytes() for part in shards.parts()} == inline, executor


_CHILD = """
import os, signal, sys
from core.workflows.pseudo_labels import judge
from core.workflows.workspace import open_workspace

if __name__ == "__main__":
    run, executor, at = sys.argv[1], sys.argv[2], int(sys.argv[3])
    ws = open_workspace()
    calls = 0

    def count(frame, event, argument):
        global calls
        calls += event == "call"
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def begin(done, total):
        if done:  # from the first part on: what comes before it writes nothing
            sys.setprofile(count)

    judge.run(ws, judge.JudgePlan(run, executor=executor, workers=1, block=8), begin)
"""


def test_killed_anywhere_it_goes_on_and_nothing_is_missing_or_doubled(ws: Workspace, tmp_path: Path) -> None:
    run = add_danger_run(ws)
    ids = add_texts(ws, 200)
    script = tmp_path / "child.py"
    script.write_text(_CHILD, encoding="utf-8")
    rng = random.Random(os.environ.get("KILL_SEED", "5"))
    environment = child_environment() | {"GWIDAMA_HOME": str(ws.settings.home)}
    ends, parts = [], []
    for executor in ("inline", "inline", "processes"):
        at = str(rng.randrange(1, 10_000))  # a block takes about 1,700 calls of functions
        child = subprocess.run(
            [sys.executable, str(script), run, executor, at], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        ends.append(child.returncode)
        parts.append(len(Shards(ws.run_folder(run)).parts()))
        assert child.returncode in (0, -signal.SIGKILL), child.stderr
    assert ends[:2] == [-signal.SIGKILL] * 2, parts
    assert 0 < parts[0] < parts[1] < 25, "each was killed while it wrote"
    late = add_texts(ws, 5, "late")  # the corpus goes on meanwhile
    judge.run(ws, JudgePlan(run, block=8))
    assert Counter(ids_on_disk(ws, run)) == Counter([*ids, *late])
    pool = read_pool(ws.run_folder(run), "danger")
    assert pool.ids.tolist() == sorted([*ids, *late])
    rows = {one.utterance_id: one.code for one in ws.store.ledger.predictions(run, purpose="pool")}
    assert rows == {int(n): pool.codes[answer] for n, answer in zip(pool.ids, pool.answers, strict=True)}
    assert list(Shards(ws.run_folder(run)).unstored()) == []
    assert [path.name for path in (ws.run_folder(run) / "pool").glob(".*.part")] == []


class Told:
    """A job that is cancelled when it has told its progress `most` times."""

    id = "j1"

    def __init__(self, most: int) -> None:
        self.most, self.reports = most, []  # type: ignore[var-annotated]

    def step(self, name: str, fn: Callable[[], Any]) -> Any:
        return fn()

    def report(self, progress: Mapping[str, Any]) -> None:
        self.reports.append(dict(progress))
        if len(self.reports) > self.most:
            raise Cancelled("enough")


def test_a_cancelled_job_keeps_what_it_judged_and_the_next_one_goes_on(ws: Workspace) -> None:
    run = add_danger_run(ws)
    ids = add_texts(ws, 30)
    plan = JudgePlan(run, block=8).to_document()
    with pytest.raises(Cancelled):
        judge.run_job(plan, Told(2))
    assert read_pool(ws.run_folder(run), "danger").ids.tolist() == ids[:16]
    assert len(ws.store.ledger.predictions(run, purpose="pool")) == 16
    job = Told(99)
    judge.run_job(plan, job)
    result = job.reports[-1]["result"]
    assert (result["known"], result["judged"], result["parts"]) == (16, 14, 2)
    assert read_pool(ws.run_folder(run), "danger").ids.tolist() == ids
    assert job.reports[-2]["unit"] == "utterances"


def test_the_verb_judges_with_and_without_its_name(ws: Workspace) -> None:
    model = add_danger_run(ws)
    add_texts(ws, 10)
    first = answer("pseudo-label", model, "--filter", "source=pool", "--limit", "4")
    seconds, rate = first.pop("seconds"), first.pop("per_second")
    assert first == {
        "run_id": model, "targets": ["danger"], "executor": "inline", "candidates": 4, "known": 0, "judged": 4,
        "skipped": {}, "parts": 1, "precision": "float32",
    }  # fmt: skip
    assert seconds >= 0
    assert rate > 0  # both are rounded
    second = answer("pseudo-label", "judge", model, "--executor", "processes", "--workers", "1", "--target", "danger")
    assert (second["known"], second["judged"]) == (4, 6)
    assert "6 of 10 items" not in (shown := cli("pseudo-label", model)).stdout
    assert f"run {model} judged 0 of 10 items without a person's label" in shown.stdout
    assert failure("pseudo-label", "nope") == f"no run 'nope'; there are: {model}"
    assert "it can of danger" in failure("pseudo-label", model, "--target", "urgency")
    assert "use it with the executor ray" in failure("pseudo-label", model, "--address", "10.0.0.1:6379")
    job = answer("pseudo-label", model, "--queue")["job"]
    assert ws.store.board.get(job).params["run_id"] == model
