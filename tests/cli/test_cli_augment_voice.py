"""`python -m core augment voice`: the fields of its docstring, the words it prints, wrong usage."""

import pytest
from cli_driver import answer, failure, run
from sounds import record, talk
from store_data import AT

from core.filters import Filter
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def add_clips(ws: Workspace) -> None:
    for number in range(3):
        record(ws, f"c{number}", talk(0.8, seed=number))
    first, second, _ = ws.store.corpus.every(Filter())
    for utterance in (first, second):
        ws.store.review.decide(utterance.id, 0, "kim", AT, labels={"danger": "danger"})


def test_copies_are_counted_made_listed_and_taken_back(ws: Workspace) -> None:
    add_clips(ws)
    plan = ("augment", "voice", "--filter", "danger=danger", "--operations", "gain=-6,telephone+noise=10..20")
    assert answer(*plan, "--per", "2", "--dry-run") == {"sources": 2, "copies": 4, "seconds": 3, "left_out": {}}
    done = answer(*plan, "--per", "2", "--seed", "7")
    batch = done["batch"]
    assert done == {
        "batch": batch, "sources": 2, "added": 4, "known": 0, "refused": {}, "left_out": {}, "skipped": [],
    }  # fmt: skip
    (listed,) = answer("augment", "voice", "--list")["batches"]
    assert (listed["batch"], listed["by"], listed["taken_out"]) == (batch, "tester", 0)
    assert listed["operations"] == {"gain": 2, "telephone+noise": 2}
    assert "gain 2, telephone+noise 2" in run("augment", "voice", "--list").stdout
    assert answer("augment", "voice", "--undo", batch) == {"batch": batch, "undone": 4, "left": 0, "audio_kept": 0}
    shown = run("augment", "voice", "--operations", "gain=0").stdout
    assert "0 copies of 2 clips, 0 known; take them back with --undo voice-" in shown
    assert "sounds as its source does" in shown
    assert "no label that a copy may have" in shown


def test_failures_are_one_line_and_wrong_usage_is_exit_code_2(ws: Workspace) -> None:
    assert failure("augment", "voice", "--undo", "x") == "no batch of voices 'x'; the latest: there is none yet"
    assert failure("augment", "voice", "--operations", "echo").startswith("unknown transform 'echo'; known: speed")
    assert failure("augment", "voice", "--per", "0") == "0 copies of a clip: it must be 1 to 20"
    assert run("augment", "voice", "--undo", "x", "--dry-run").exit_code == 2
    assert run("augment", "voice", "--list", "--filter", "danger=danger").exit_code == 2
    assert run("augment", "voice", "--filter", "danger").exit_code == 2
    assert run("augment", "voice", "--list").stdout == "No copy was made yet.\n"
