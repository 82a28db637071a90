"""core.workflows.map: what is read once and kept, and two makers of one map at the same time."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from map_data import FIRE, LUNCH, counts, scored
from store_data import AT, fresh, sentences

from core.embedding.projection import Rows
from core.errors import Conflict, NotFound
from core.records import Prediction, RunInfo
from core.runs import card
from core.store import ledger as store_ledger
from core.store import open_store
from core.workflows.corpus import bulk
from core.workflows.map import asking, drawing, kept, making, vectors
from core.workflows.workspace import Workspace

# A process that makes the map, says so before it places the points, and goes on when it is told to.
MAKER = """
import sys
from core.workflows.map import making
from core.workflows.workspace import open_workspace

def wait(stage, done, total):
    if stage == "points" and not wait.told:
        wait.told = True
        print("waits", flush=True)
        sys.stdin.readline()

wait.told = False
making.make(open_workspace(), progress=wait)
"""


@pytest.fixture
def ids(ws: Workspace) -> list[int]:
    return sentences(ws.store, *FIRE, *LUNCH)


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Any]:
    """Return the list that gets the last argument of each call of `owner.name`."""
    calls: list[Any] = []
    own: Callable[..., Any] = getattr(owner, name)

    def call(*args: Any, **more: Any) -> Any:
        calls.append(args[-1])
        return own(*args, **more)

    monkeypatch.setattr(owner, name, call)
    return calls


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every state of the store be one that can be told from the next: the tests write faster than people."""
    monkeypatch.setattr(kept, "is_settled", bool)


# -- read once


def test_predictions_are_read_once_until_the_run_predicts_again(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    making.make(ws)
    scored(ws, ids)
    if ws.store.ledger.predictions_stamp("r1") is None:
        pytest.skip("a database server has no stamps: its predictions are read at each draw")
    asked = counted(monkeypatch, store_ledger.Ledger, "outcomes")
    full = counted(monkeypatch, store_ledger.Ledger, "predictions")
    for n in range(3):  # each decision is a new state of the store
        bulk.label(ws, ids[n : n + 1], "danger", "danger", "지우")
        assert counts(ws, "error:r1") == [("right", "", 1), ("wrong", "", 1), ("unscored", "-", 4)]
        assert ("class", "danger", 3) in counts(ws, "prediction:r1")
    assert (asked, full) == (["danger"], []), "and never as a list of records"
    ws.store.ledger.put_predictions(
        [Prediction("r1", "danger", ids[1], "evaluation", "normal", 0.9, 0.8, "test", "normal")]
    )
    assert counts(ws, "error:r1")[:2] == [("right", "", 2), ("wrong", "", 0)]
    assert ("class", "normal", 1) in counts(ws, "prediction:r1")


def test_neighbours_of_a_point_read_the_vectors_once(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    info = making.make(ws)
    read = counted(monkeypatch, Rows, "cosines")
    for n in range(3):
        shown = drawing.drawing(ws, info, "source")
        near = [neighbour.utterance.id for neighbour in asking.neighbours(ws, shown, ids[0], 3)]
        assert near[0] == ids[1]
        bulk.label(ws, ids[n : n + 1], "danger", "danger", "지우")
    assert read == [0]
    ws.store.review.decide(ids[1], 1, "지우", AT, skip=True)
    shown = drawing.drawing(ws, info, "source")
    assert ids[1] not in [neighbour.utterance.id for neighbour in asking.neighbours(ws, shown, ids[0], 3)]
    asking.neighbours(ws, shown, ids[3])
    assert read == [0, 3]


def test_a_map_in_memory_answers_after_its_files_are_gone_and_another_says_the_way_out(
    ws: Workspace, ids: list[int]
) -> None:
    info = making.make(ws)
    shown = drawing.drawing(ws, info, "source")
    (ws.settings.home / "maps" / info.file).unlink()
    assert len(asking.neighbours(ws, shown, ids[0], 2)) == 2
    assert making.find(ws, info.vectors, info.method) is None
    making._loaded.cache_clear()
    with pytest.raises(NotFound, match="this map was made again or deleted: load the page again, or make the map"):
        drawing.drawing(ws, info, "label:danger")
    again = making.make(ws)
    assert drawing.drawing(ws, again, "source").ids.tolist() == ids


def test_vectors_deleted_between_finding_and_reading_are_told_in_words(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    info = making.make(ws)
    (ws.settings.home / "maps" / info.file).unlink()
    monkeypatch.setattr("core.embedding.map_file.read_info", lambda folder, name: info)
    with pytest.raises(NotFound, match="or make the map again"):
        drawing.drawing(ws, info, "source")


def test_cards_are_read_once_until_they_change(ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    scored(ws, ids)
    ws.store.ledger.put_run(RunInfo("r2", "danger-text", "ngram", "danger", "text", "s", "done", AT, {}))
    files = [ws.settings.runs / run_id / card.CARD for run_id in ("r1", "r2")]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    read = counted(monkeypatch, card, "read_card")
    for _ in range(3):
        assert vectors.choices(ws) == ["hashed-ngram"]
    assert sorted(read) == [file.parent for file in files]
    files[0].write_text('{"format": 1}')
    vectors.choices(ws)
    assert len(read) == 3, "and only the changed one"
    files[1].unlink()
    assert vectors.choices(ws) == ["hashed-ngram"]


def test_what_is_drawn_is_computed_once_for_each_state(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    info = making.make(ws)
    if not ws.store.changes.trace():
        pytest.skip("a database server leaves no trace: everything is computed anew")
    settled(monkeypatch)
    drawn, aged = counted(monkeypatch, drawing, "_draw"), counted(monkeypatch, making, "_age")
    for _ in range(3):
        drawing.drawing(ws, info, "source")
        making.age(ws, info)
    assert (drawn, aged) == (["source"], [info])
    sentences(ws.store, "연기가 나요")
    drawing.drawing(ws, info, "source")
    assert making.age(ws, info).added == 1
    assert len(drawn) == 2


def test_a_map_of_another_database_is_no_map_of_this_one(ws: Workspace, ids: list[int]) -> None:
    info = making.make(ws)
    assert making.maps(ws) == [info]
    store = open_store(fresh(ws.settings.home.parent, "other"))
    other = replace(ws, store=store)
    sentences(store, *LUNCH, *FIRE)  # the same ids for other texts
    assert making.find(other, info.vectors, info.method) is None
    assert making.maps(other) == []
    ws.store.review.decide(ids[0], 0, "지우", AT, text="집에 불")
    assert making.find(ws, info.vectors, info.method) == info, "an edit makes no other corpus of it"


# -- two makers


def maker() -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", MAKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    return process


def test_a_second_process_cannot_destroy_a_map_that_is_being_made(ws: Workspace, ids: list[int]) -> None:
    earlier = making.make(ws)
    first = maker()
    with pytest.raises(Conflict, match="another process is making this map: wait until it is ready"):
        making.make(ws)
    assert making.find(ws, "hashed-ngram", "pca") == earlier, "the earlier map stays until the new one is ready"
    first.communicate("go\n")
    assert first.returncode == 0
    info = making.find(ws, "hashed-ngram", "pca")
    assert info is not None
    assert info != earlier
    assert drawing.drawing(ws, info, "source").ids.tolist() == ids
    assert [path.name for path in vectors_of(ws)] == [info.file]


def test_a_killed_maker_leaves_the_map_to_the_next_one(ws: Workspace, ids: list[int]) -> None:
    first = maker()
    assert len(vectors_of(ws)) == 1
    first.kill()
    first.communicate()
    info = making.make(ws)
    assert [path.name for path in vectors_of(ws)] == [info.file], "what it left is cleared away"


def vectors_of(ws: Workspace) -> list[Path]:
    return list((ws.settings.home / "maps").glob("*.f16"))
