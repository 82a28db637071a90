"""core.embedding.projection and core.embedding.map_file: points of vectors, exact neighbours, a file that is whole."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.embedding import map_file
from core.embedding.map_file import MapInfo
from core.embedding.projection import PROJECTIONS, Rows, nearest, pca, projection
from core.errors import Conflict, MissingBackend, NotFound, UnknownName

INFO = MapInfo("hashed-ngram", "pca", "2026-01-01T00:00:00+00:00", 7, 3, 4, 2, 3, 3, 7, "0", "hashed-ngram.pca.ab.f16")


def two_heaps(n: int, dims: int = 8) -> Rows:
    """Rows of length 1: even ones around the first axis, odd ones around the second."""
    rng = np.random.default_rng(1)
    array: NDArray[np.float64] = rng.normal(0, 0.05, (n, dims))
    array[::2, 0] += 1
    array[1::2, 1] += 1
    return Rows((array / np.linalg.norm(array, axis=1, keepdims=True)).astype(np.float16))


@pytest.mark.parametrize("at_once", [1000, 10])
def test_pca_parts_the_heaps_and_has_unit_variance(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pca, "AT_ONCE", at_once)
    told: list[tuple[int, int]] = []
    points = projection("pca")(two_heaps(200), lambda done, total: told.append((done, total)))
    assert (points.shape, points.dtype) == ((200, 2), np.float32)
    assert points.std(axis=0) == pytest.approx([1, 1], abs=0.15)
    x = points[:, 0]
    assert (np.sign(x[::2]) == np.sign(x[0])).all()
    assert (np.sign(x[1::2]) == -np.sign(x[0])).all()
    assert told[-1] == (400, 400)
    assert (pca.project(two_heaps(200)) == points).all(), "the same vectors give the same points"


def test_neighbours_are_the_nearest_of_those_that_are_shown() -> None:
    rows = Rows(np.array([[1, 0, 0], [0.8, 0.6, 0], [0.6, 0.8, 0], [0, 0, 1], [1, 0, 0]], np.float16))
    scores = rows.cosines(0)
    assert nearest(scores, 2, np.arange(5)) == [(4, 1.0), (1, pytest.approx(0.8, abs=1e-3))]
    assert [place for place, _ in nearest(scores, 9, np.array([0, 1, 2, 3]))] == [1, 2], "cosine 0 is no neighbour"
    equal = np.array([0.5, 0.9, 0.5, 0.5], np.float32)
    assert [place for place, _ in nearest(equal, 2, np.arange(4))] == [1, 0], "of equal ones the first"


def test_unknown_and_absent_projections_say_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match="unknown projection 'tsne'; known: pca, umap"):
        projection("tsne")
    monkeypatch.setitem(PROJECTIONS, "umap", replace(PROJECTIONS["umap"], needs=("no_such_module",)))
    with pytest.raises(MissingBackend, match=r"needs no_such_module, which is not installed: pip install umap-learn"):
        projection("umap")


@pytest.mark.slow  # numba compiles for half a minute
def test_umap_keeps_neighbours_together() -> None:
    pytest.importorskip("umap", reason="umap-learn is not installed (requirements-optional.txt)")
    points = projection("umap")(two_heaps(60), lambda done, total: None)
    assert (points.shape, points.dtype) == ((60, 2), np.float32)
    middles = points[::2].mean(axis=0), points[1::2].mean(axis=0)
    spread = max(points[start::2].std(axis=0).max() for start in (0, 1))
    assert np.linalg.norm(middles[0] - middles[1]) > 3 * spread


def written(folder: Path, info: MapInfo = INFO) -> MapInfo:
    vectors = np.eye(3, dtype=np.float32)[:2]
    info = replace(info, file=map_file.write_vectors(folder, info.name, iter([vectors[:1], vectors[1:]])))
    map_file.write_map(folder, info, np.array([3, 7]), np.array([[0, 1], [2, 3]], np.float32))
    return info


def test_a_map_is_read_as_it_was_written_and_a_new_one_replaces_it(tmp_path: Path) -> None:
    info = written(tmp_path)
    chart = map_file.read_map(tmp_path, info.name)
    assert chart is not None
    assert (chart.info, chart.ids.tolist(), chart.points.tolist()) == (info, [3, 7], [[0, 1], [2, 3]])
    assert chart.rows.array.tolist() == [[1, 0, 0], [0, 1, 0]]
    newer = written(tmp_path, replace(INFO, made_at="2026-02-01T00:00:00+00:00"))
    other = written(tmp_path, replace(INFO, method="umap"))
    assert map_file.infos(tmp_path) == [newer, other]
    assert sorted(path.name for path in tmp_path.glob("*.f16")) == sorted([newer.file, other.file])
    assert chart.rows.cosines(0).tolist() == [0, 0], "a map that is in memory is whole though its file is gone"


def test_a_damaged_map_is_no_map(tmp_path: Path) -> None:
    info = written(tmp_path)
    (tmp_path / info.file).write_bytes(b"short")
    assert map_file.read_map(tmp_path, info.name) is None, "the vectors are cut off"
    info = written(tmp_path)
    (tmp_path / f"{info.name}.parquet").write_bytes(b"PAR1 nonsense")
    assert map_file.read_info(tmp_path, info.name) is None
    assert map_file.infos(tmp_path / "absent") == []


def test_vectors_that_are_gone_say_the_way_out(tmp_path: Path) -> None:
    info = written(tmp_path)
    (tmp_path / info.file).unlink()
    with pytest.raises(NotFound, match="the vectors of this map are missing or damaged: make the map again"):
        map_file.open_vectors(tmp_path, info)
    assert map_file.read_map(tmp_path, info.name) is None


def test_vectors_that_vanish_while_a_map_is_read_are_no_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = written(tmp_path)
    monkeypatch.setattr(map_file, "read_info", lambda folder, name: info)
    (tmp_path / info.file).unlink()
    assert map_file.read_map(tmp_path, info.name) is None


def test_one_maker_at_a_time_makes_a_map(tmp_path: Path) -> None:
    with map_file.maker(tmp_path, "a.pca"):
        with pytest.raises(Conflict, match="another process is making this map: wait until it is ready"):
            map_file.maker(tmp_path, "a.pca").__enter__()
        with map_file.maker(tmp_path, "a.umap"):
            pass
    with map_file.maker(tmp_path, "a.pca"):
        pass
