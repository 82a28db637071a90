"""core.workflows.pseudo_labels.selftraining: three steps on a small corpus, both scored on items neither has seen."""

import random
from pathlib import Path

import pytest
from cli_driver import answer, failure
from training_corpus import TELLING, sentence
from workflow_data import add_whole_calls, import_sentences

from core.confidence import Rule
from core.errors import InputError, NotEnoughData, UnknownName
from core.records import NewUtterance
from core.snapshots.format import read
from core.workflows.models import train
from core.workflows.pseudo_labels.selftraining import selftrain
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

SURE = Rule(0.5, 0.0)


def with_unlabelled(ws: Workspace, folder: Path, n: int = 60) -> None:
    """120 labelled sentences in snapshot `s1`, and `n` unlabelled ones."""
    import_sentences(ws, folder)
    rng = random.Random(3)
    source = ws.store.corpus.add_source("pool", "table", "CC0", "0", now())
    texts = [sentence(rng, TELLING[("normal", "danger")[i % 2]]) for i in range(n)]
    ws.store.corpus.add_sentences(
        source, [NewUtterance(f"p{i:03d}", text, f"p{i:03d}") for i, text in enumerate(texts)], now()
    )
    snapshot.create(ws, "s1", "danger")


def test_a_student_learns_from_both_and_is_compared_on_unseen_items(ws: Workspace, tmp_path: Path) -> None:
    with_unlabelled(ws, tmp_path)
    steps: list[str] = []
    done = selftrain.selftrain(
        ws, "danger-text", "s1", "ann", rule=SURE, report=lambda step, progress: steps.append(step)
    )
    assert list(dict.fromkeys(steps)) == list(selftrain.STEPS)
    assert (done.judged, sum(done.kept.values()), set(done.kept)) == (60, 60, {"normal", "danger"})
    teacher, student = read(ws.snapshot_folder("s1")), read(ws.snapshot_folder(done.student_snapshot))
    silver = [item for item in student.items if not item.gold]
    assert 20 < len(silver) <= 60  # those that repeat a held-out text are left out
    assert {item.side for item in silver} == {"train"}, "a machine's label is never held out"
    assert (student.seed, student.fractions) == (teacher.seed, teacher.fractions)
    seen = {item.key for frozen in (teacher, student) for item in frozen.items if item.side == "train"}
    shared = {i.key for i in teacher.items if i.side == "test"} & {i.key for i in student.items if i.side == "test"}
    assert done.comparison.scores["n"] == len(shared)
    assert not shared & seen
    assert (done.comparison.first, done.comparison.second) == (done.teacher, done.student)
    assert ws.store.ledger.run(done.student).snapshot == "s1-student"
    with pytest.raises(InputError, match="snapshot s1-student exists already: this self-training was done"):
        selftrain.selftrain(ws, "danger-text", "s1", "ann")


def test_a_finished_teacher_is_taken_and_the_shell_shows_both_scores(ws: Workspace, tmp_path: Path) -> None:
    with_unlabelled(ws, tmp_path)
    spec = train.plan(ws, "danger-text", "s1")
    train.run(ws, spec)
    shown = answer("selftrain", "--snapshot", "s1", "--recipe", "danger-text", "--teacher-run", spec.run_id,
                   "--confidence", "0.5", "--margin", "0")  # fmt: skip
    assert (shown["teacher"], shown["judged"], shown["student_snapshot"]) == (spec.run_id, 60, "s1-student")
    assert set(shown["macro_f1"]) == {"first", "second", "difference"}
    assert len(ws.store.ledger.runs()) == 2


def test_a_student_of_whole_calls_learns_from_whole_calls(ws: Workspace) -> None:
    add_whole_calls(ws, 60, 6)
    snapshot.create(ws, "calls", "urgency", unit="call")
    done = selftrain.selftrain(ws, "text", "calls", "ann", rule=SURE)
    assert (done.judged, done.kept) == (6, {"high": 3, "low": 3})
    student = read(ws.snapshot_folder("calls-student"))
    assert student.unit == "call"
    silver = {item.recording: item.side for item in student.items if not item.gold}
    assert len(silver) >= 4  # those that repeat a held-out call are left out
    assert silver.items() <= {f"c{n}": "train" for n in range(60, 66)}.items()


def test_nothing_to_learn_from_is_said(ws: Workspace, tmp_path: Path) -> None:
    with_unlabelled(ws, tmp_path, 2)
    with pytest.raises(
        NotEnoughData, match=r"judged 2 unlabelled utterances and is sure of none \(confidence at least 1"
    ):
        selftrain.selftrain(ws, "danger-text", "s1", "ann", rule=Rule(1.0, 1.0))
    assert [info.name for info in snapshot.every(ws)] == ["s1"]
    with pytest.raises(UnknownName, match="unknown preset of danger-text 'none'"):
        selftrain.selftrain(ws, "danger-text", "s1", "ann", teacher=selftrain.Trainee(preset="none"))
    snapshot.create(ws, "s2", "danger", seed=3)
    teacher = ws.store.ledger.runs("done")[0].id
    assert failure("selftrain", "--snapshot", "s2", "--recipe", "danger-text", "--teacher-run", teacher) == (
        f"run {teacher} cannot teach: it is done and was trained on snapshot s1, not on s2"
    )
