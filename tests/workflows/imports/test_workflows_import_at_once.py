"""Imports that run at the same time into one workspace: every row is stored once, and each has its own rejects."""

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aihub119_files import wav_bytes

from core.records import Skip
from core.workflows.imports import rejects
from core.workflows.imports.audio import Rules, ingest_audio
from core.workflows.imports.rejects import write_rejects
from core.workflows.imports.tables.table import Columns, File, TableImportOptions, ingest_table
from core.workflows.workspace import Workspace


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def test_each_import_has_its_own_rejects_and_the_latest_has_a_fixed_name(ws: Workspace) -> None:
    first = write_rejects(ws, "rejects.csv", [Skip("a.wav", "one")])
    second = write_rejects(ws, "rejects.csv", [Skip("b.wav", "=two")])
    assert first is not None
    assert second is not None
    assert first != second
    assert rows(first) == [["a.wav", "one"]]
    assert rows(second) == rows(ws.settings.home / "rejects.csv") == [["b.wav", "'=two"]]
    assert write_rejects(ws, "rejects.csv", []) is None
    assert sorted(path.name for path in (ws.settings.home / "rejects").iterdir()) == sorted([first.name, second.name])


def test_old_rejects_make_room(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "KEPT_REJECTS", 2)
    made = [write_rejects(ws, "rejects.csv", [Skip(str(n), "reason")]) for n in range(5)]
    left = set((ws.settings.home / "rejects").iterdir())
    assert len(left) == 3
    assert made[-1] in left


@pytest.mark.integration
def test_two_imports_at_once(ws: Workspace, tmp_path: Path) -> None:
    def table(name: str, bad: str) -> Path:
        path = tmp_path / f"{name}.csv"
        lines = [f"{name}{n},{name} {n}번 출동" for n in range(3000)] + [f"{name}-{bad}{n}," for n in range(20)]
        path.write_text("id,text\n" + "\n".join(lines) + "\n", encoding="utf-8")
        return path

    for n in range(5):
        (tmp_path / "sound").mkdir(exist_ok=True)
        (tmp_path / "sound" / f"{n}.wav").write_bytes(wav_bytes(600, hz=200 + n))
    (tmp_path / "sound" / "x.wav").write_text("no sound", encoding="utf-8")
    options = TableImportOptions(Columns("text", id="id"))

    def run(path: Path) -> tuple[int, int, Path | None]:
        if path.is_dir():
            done = ingest_audio(ws, [path], Rules())
            return done.report.added, done.report.known, done.rejects
        result = ingest_table(ws, File.at(path), options, batch_size=500)
        return result.added, result.known, result.rejects

    paths = [table("a", "x"), table("b", "y"), tmp_path / "a.csv", tmp_path / "sound"]
    with ThreadPoolExecutor(len(paths)) as pool:
        a, b, again, sound = pool.map(run, paths)
    assert a[0] + again[0] == 3000
    assert (a[0] + a[1], again[0] + again[1], b[:2], sound[:2]) == (3000, 3000, (3000, 0), (5, 0))
    assert ws.store.corpus.counts()["utterances"] == 6005
    written = [a[2], b[2], again[2], sound[2]]
    assert len(set(written)) == 4
    contents = [rows(path) for path in written if path is not None]
    assert [len(content) for content in contents] == [20, 20, 20, 1]
    assert [{row[0] for row in content} for content in contents] == [{"a.csv"}, {"b.csv"}, {"a.csv"}, {"sound/x.wav"}]
    assert contents[3][0][1] == "not audio: text, UTF-8"
    assert len(rows(ws.settings.home / "rejects-table.csv")) == 20
