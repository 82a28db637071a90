"""core.workflows.map, its verbs and its job: points of the corpus, colours, neighbours, the age of a map."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from map_data import FIRE, LUNCH, counts, scored
from sklearn.feature_extraction.text import HashingVectorizer
from store_data import AT, call, sentences
from typer.testing import CliRunner

from core.cli.app import app
from core.errors import Cancelled, InputError, MissingBackend, NotEnoughData, NotFound, UnknownName
from core.filters import Filter, from_query, to_query
from core.store import NewRound
from core.workflows.corpus import bulk
from core.workflows.map import asking, drawing, making, vectors
from core.workflows.review import queues
from core.workflows.workspace import Workspace


@pytest.fixture
def ids(ws: Workspace) -> list[int]:
    return sentences(ws.store, *FIRE, *LUNCH)


def test_a_map_has_every_text_and_parts_what_is_unlike(ws: Workspace, ids: list[int]) -> None:
    blank = sentences(ws.store, "   ")
    told: list[str] = []
    info = making.make(ws, progress=lambda stage, done, total: told.append(stage))
    shown = drawing.drawing(ws, info, "source")
    assert (info.total, info.n, shown.ids.tolist()) == (len(ids) + len(blank), len(ids), ids)
    x = shown.points[:, 0]
    assert max(x[:3]) < min(x[3:]) or min(x[:3]) > max(x[3:])
    assert set(told) == {"texts", "points"}
    table = pq.read_table(making.file_of(ws, info))
    assert (table.column_names, table["id"].to_pylist()) == (["id", "x", "y"], ids)
    assert making.maps(ws) == [info]


def test_a_map_says_what_changed_since(ws: Workspace, ids: list[int]) -> None:
    info = making.make(ws)
    assert making.age(ws, info) == making.Age(0, 0)
    sentences(ws.store, "연기가 나요", "살려 주세요")
    ws.store.review.decide(ids[0], 0, "지우", AT, text="집에 불이 났어요")
    bulk.label(ws, ids, "danger", "normal", "지우")  # a label moves no point
    age = making.age(ws, info)
    assert (age, age.is_old) == (making.Age(added=2, edited=1), True)
    assert making.age(ws, making.make(ws)) == making.Age(0, 0)


def test_a_map_says_how_many_of_its_points_are_gone_and_what_came_back(ws: Workspace, ids: list[int]) -> None:
    sentences(ws.store, "   ")  # without words it is no point, and does not come back either
    ws.store.review.decide(ids[5], 0, "지우", AT, skip=True)
    info = making.make(ws)
    assert (info.n, making.age(ws, info)) == (5, making.Age(0, 0))
    ws.store.review.decide(ids[0], 0, "지우", AT, skip=True)
    assert making.age(ws, info) == making.Age(added=0, edited=0, gone=1)
    ws.store.review.decide(ids[5], 1, "지우", AT, skip=False)
    assert making.age(ws, info) == making.Age(added=1, edited=0, gone=1)
    assert making.age(ws, info).is_old


def test_what_is_no_point_of_a_sample_is_not_missing(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MOST", 3)
    info = making.make(ws)
    assert (info.total, info.n, making.age(ws, info)) == (6, 3, making.Age(0, 0))


def test_colours_by_label_source_and_run(ws: Workspace, ids: list[int]) -> None:
    making.make(ws)
    call(ws.store, "call-1", "여보세요", "불이요")
    bulk.label(ws, ids[:2], "danger", "danger", "지우")
    assert ("class", "danger", 2) in counts(ws, "label:danger")
    assert counts(ws, "label:danger")[-1] == ("unlabelled", "-", 4)
    assert counts(ws, "source") == [("source", "sentences", 6)]
    scored(ws, ids)
    assert counts(ws, "error:r1") == [("right", "", 1), ("wrong", "", 1), ("unscored", "-", 4)]
    assert ("class", "danger", 3) in counts(ws, "prediction:r1")
    assert drawing.ways(ws)[-3:] == ["source", "error:r1", "prediction:r1"]
    with pytest.raises(UnknownName, match="unknown colouring 'error:r2'; known: label:"):
        counts(ws, "error:r2")


def test_a_machines_label_is_no_label_of_a_person(ws: Workspace, ids: list[int]) -> None:
    making.make(ws)
    bulk.label(ws, ids[:2], "danger", "danger", "지우")
    scored(ws, ids)
    made = ws.store.rounds.propose(NewRound("danger", "r1", {}, 1.0, override="a test"), "지우", AT)
    ws.store.rounds.accept(made.id, ids[2:5], ["danger", "danger", "normal"], "지우", AT)
    assert counts(ws, "label:danger") == [
        ("class", "normal", 0), ("class", "danger", 2), ("silver", "", 3), ("unlabelled", "-", 1)
    ]  # fmt: skip
    info = making.find(ws, "hashed-ngram", "pca")
    assert info is not None
    assert asking.of_category(drawing.drawing(ws, info, "label:danger"), 2).tolist() == ids[2:5]
    bulk.label(ws, ids[2:3], "danger", "danger", "지우")
    assert counts(ws, "label:danger")[:3] == [("class", "normal", 0), ("class", "danger", 3), ("silver", "", 2)]


def test_many_classes_are_drawn_as_the_largest_and_the_others(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "MOST_CATEGORIES", 1)
    making.make(ws)
    bulk.label(ws, ids[:3], "danger", "danger", "지우")
    bulk.label(ws, ids[3:4], "danger", "normal", "지우")
    assert counts(ws, "label:danger") == [("class", "danger", 3), ("others", "", 1), ("unlabelled", "-", 2)]


def test_neighbours_and_selections_hold_only_what_is_drawn(ws: Workspace, ids: list[int]) -> None:
    info = making.make(ws)
    later = sentences(ws.store, "집에 불이 났어요 빨리")
    ws.store.review.decide(ids[1], 0, "지우", AT, skip=True)
    shown = drawing.drawing(ws, info, "source")
    near = [neighbour.utterance.id for neighbour in asking.neighbours(ws, shown, ids[0], 3)]
    assert near[0] == ids[2]
    assert ids[1] not in near
    assert asking.drawn(shown, [ids[0], ids[1], later[0], ids[0], 999]) == [ids[0]]
    assert asking.of_category(shown, 0).tolist() == [ids[0], *ids[2:]]
    with pytest.raises(NotFound, match=f"utterance {ids[1]} is not on this map"):
        asking.place_of(shown, ids[1])


def test_the_bytes_of_a_drawing_are_read_back(ws: Workspace, ids: list[int]) -> None:
    shown = drawing.drawing(ws, making.make(ws), "source")
    data, n = asking.payload(shown), len(ids)
    assert len(data) == 13 * n
    assert np.frombuffer(data, "<u4", n).tolist() == ids
    assert np.frombuffer(data, "<f4", n, 4 * n).tolist() == shown.points[:, 0].tolist()
    assert np.frombuffer(data, "u1", n, 12 * n).tolist() == [0] * n


def test_what_cannot_be_made_is_refused_before_a_job(ws: Workspace) -> None:
    with pytest.raises(NotEnoughData, match="a map needs at least 3 utterances; there are 0"):
        making.make(ws)
    with pytest.raises(UnknownName, match="unknown embedding 'bert'; known: hashed-ngram"):
        making.start(ws, "bert")
    with pytest.raises(UnknownName, match="unknown projection 'tsne'"):
        making.start(ws, method="tsne")
    if not making.methods()["umap"]:
        with pytest.raises(MissingBackend):
            making.start(ws, method="umap")


def test_a_cancelled_map_leaves_nothing_and_the_earlier_one_stays(ws: Workspace, ids: list[int]) -> None:
    info = making.make(ws)

    def cancelled(stage: str, done: int, total: int) -> None:
        if stage == "points":
            raise Cancelled

    with pytest.raises(Cancelled):
        making.make(ws, progress=cancelled)
    assert making.maps(ws) == [info]
    assert [path.name for path in (ws.settings.home / "maps").glob("*.f16")] == [info.file]


def test_a_large_corpus_is_drawn_as_an_even_sample(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MOST", 4)
    info = making.make(ws)
    assert (info.total, info.n) == (6, 3)
    assert drawing.drawing(ws, info, "source").ids.tolist() == ids[::2]


def test_the_job_and_the_verbs(ws: Workspace, ids: list[int], tmp_path: Path) -> None:
    stages: list[Any] = []

    class Job:
        def step(self, name: str, fn: Any) -> Any:
            return fn()

        def report(self, progress: Any) -> None:
            stages.append(progress["stage"])

    making.run_job({"vectors": "hashed-ngram", "method": "pca"}, Job())
    assert stages[-1] == "points"
    made = CliRunner().invoke(app, ["map", "make", "--json"])
    assert made.exit_code == 0, made.output
    document = json.loads(made.stdout)
    assert {key: document[key] for key in ("vectors", "method", "n", "total", "added", "gone")} == {
        "vectors": "hashed-ngram", "method": "pca", "n": 6, "total": 6, "added": 0, "gone": 0
    }  # fmt: skip
    assert Path(document["file"]).is_file()
    listed = json.loads(CliRunner().invoke(app, ["map", "list", "--json"]).stdout)
    assert (listed["maps"], listed["vectors"], listed["methods"]["pca"]) == ([document], ["hashed-ngram"], True)
    wrong = CliRunner().invoke(app, ["map", "make", "--method", "tsne"])
    assert (wrong.exit_code, "unknown projection 'tsne'" in wrong.stderr) == (1, True)


def test_vectors_are_those_of_the_index(ws: Workspace, ids: list[int]) -> None:
    rows = np.concatenate(list(vectors.blocks(ws, "hashed-ngram", np.array(ids), lambda done, total: None)))
    assert (rows.shape, rows.dtype) == ((6, 256), np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(6), abs=1e-2)


def test_a_selection_is_a_list_that_the_corpus_filters_by(ws: Workspace, ids: list[int]) -> None:
    name = queues.open_list(ws, "danger", [ids[4], ids[1]], "two")
    wanted = Filter(listed=name)
    assert from_query(to_query(wanted)) == wanted
    assert [u.id for u in ws.store.corpus.every(wanted)] == [ids[1], ids[4]]
    ws.store.review.decide(ids[1], 0, "지우", AT, text="집에 불")  # a changed row is looked up by SQL
    assert [u.id for u in ws.store.corpus.every(replace(wanted, text="불"))] == [ids[1]]
    assert ws.store.corpus.find(Filter(listed="unknown")).total == 0


def test_a_run_gives_its_own_vectors(ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    class Predictor:
        def reads(self, text: str) -> str:
            return text

    counts = HashingVectorizer(analyzer="char", n_features=1024, norm="l2")
    monkeypatch.setattr("core.inference.predictor.cached", lambda folder: Predictor())
    monkeypatch.setattr("core.inference.nearest.own_embedding", lambda predictor: counts.transform)
    monkeypatch.setattr(vectors, "_runs", lambda ws: ["r1"])
    scored(ws, ids)
    assert vectors.choices(ws) == ["hashed-ngram", "run:r1"]
    info = making.make(ws, "run:r1")
    assert (info.name, info.n, info.dims) == ("run-r1.pca", 6, vectors.DIMS)
    shown = drawing.drawing(ws, info, "source")
    assert asking.neighbours(ws, shown, ids[0], 1)[0].utterance.id in ids[1:3]
    monkeypatch.setattr("core.inference.nearest.own_embedding", lambda predictor: None)
    with pytest.raises(InputError, match="run r1 makes no vectors of texts"):
        making.make(ws, "run:r1")
