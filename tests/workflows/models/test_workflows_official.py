"""Published splits: kept at import, through exports, and taken by a snapshot as they are or clean of repeats."""

import csv
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_driver import answer, failure, run
from export_corpora import derive
from training_corpus import TELLING, sentence

from core.errors import InputError
from core.filters import Filter
from core.ingest.tables.row_parser import NO_SPLIT
from core.snapshots.format import Snapshot, check_trainable, read
from core.workflows.imports import huggingface
from core.workflows.imports.huggingface import ColumnMapping
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, open_workspace

pytestmark = pytest.mark.integration

REPEATED, NEAR, WITHOUT = 12, 3, 5
FORMATS = {"e.csv": "csv", "e.jsonl": "jsonl", "e.parquet": "parquet", "e.json": "labelstudio", "folder": "hf"}
COLUMNS = ("--text", "text", "--label", "danger=label", "--split-column", "part")


def published(folder: Path, sides: tuple[str, ...] = ("train",) * 8 + ("test",) * 2) -> Path:
    """A table of 400 rows whose test repeats texts of its training part, as published corpora do."""
    rng = random.Random(3)
    rows = []
    for n in range(400):
        code = ("normal", "danger")[n % 2]
        rows.append([sentence(rng, TELLING[code], f"번호{n * 7919}"), code, sides[n // 2 % len(sides)]])
    tested = [row for row in rows if row[2] == sides[-1]]
    rows += [[text, code, sides[0]] for text, code, _ in tested[:REPEATED]]
    rows += [[f"{text}!", code, sides[0]] for text, code, _ in tested[REPEATED : REPEATED + NEAR]]
    rows += [[sentence(rng, TELLING["danger"], f"없음{n * 104729}"), "danger", ""] for n in range(WITHOUT)]
    path = folder / "published.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "label", "part"], *rows])
    return path


def frozen(ws: Workspace, name: str) -> Snapshot:
    return read(ws.snapshot_folder(name))


def official(name: str, did: str, *more: str) -> dict[str, Any]:
    made: dict[str, Any] = answer("snapshot", "create", name, "--scheme", "danger", "--official", did, *more)
    return made


def test_the_published_split_is_taken_and_its_repeats_are_counted(ws: Workspace, tmp_path: Path) -> None:
    done = answer("ingest", "table", published(tmp_path), *COLUMNS)
    assert done["published"] == {"train": 320 + REPEATED + NEAR, "test": 80}
    kept = official("kept", "keep")["counts"]
    clean = official("clean", "clean")["counts"]
    for counts, train in ((kept, 335), (clean, 320)):
        assert sum(counts["sides"]["test"].values()) == 80, "the test is whole"
        assert sum(sum(counts["sides"][side].values()) for side in ("train", "validation")) == train
        assert sum(counts["sides"]["validation"].values()) > 20, "taken from training, which published none"
        assert counts["report"]["left_out"] == {"no published split": WITHOUT}
        mark = counts["report"]["official"]
        assert mark["train"] + mark["validation"] == REPEATED + NEAR
        assert (mark["test"], mark["validation_from"], mark["test_from"]) == (80, "train", None)
    assert (frozen(ws, "kept").official, frozen(ws, "clean").official) == ("keep", "clean")
    tested = {i.key for i in frozen(ws, "kept").items if i.side == "test"}
    assert tested == {i.key for i in frozen(ws, "clean").items if i.side == "test"}


def test_both_scores_stand_side_by_side_with_their_marks(ws: Workspace, tmp_path: Path) -> None:
    answer("ingest", "table", published(tmp_path), *COLUMNS)
    official("kept", "keep")
    official("clean", "clean")
    kept = answer("train", "danger-text", "--snapshot", "kept")
    clean = answer("train", "danger-text", "--snapshot", "clean")
    assert (kept["metrics"]["official"]["did"], clean["metrics"]["official"]["did"]) == ("keep", "clean")
    assert "repeat a later side and were kept, so this score may be too high" in kept["warnings"][0]
    assert "that repeat a later side were left out" in clean["warnings"][0]
    listed = run("runs", "list").stdout.replace("\n", " ")
    assert "as published" in listed
    assert "published split, clean" in " ".join(listed.split())
    assert "note: as published: " in run("evaluate", kept["run"]).stdout


def test_without_the_mark_training_refuses_what_the_published_split_repeats(ws: Workspace, tmp_path: Path) -> None:
    answer("ingest", "table", published(tmp_path), *COLUMNS)
    official("kept", "keep")
    made = frozen(ws, "kept")
    check_trainable(made)
    for mark in (None, "clean"):
        with pytest.raises(InputError, match="the split cuts group"):
            check_trainable(replace(made, official=mark))  # type: ignore[arg-type]


def test_validation_items_that_repeat_the_test_are_left_out_too(ws: Workspace, tmp_path: Path) -> None:
    path = published(tmp_path, ("dev", "Train", "train", "train", "test"))
    answer("ingest", "table", path, *COLUMNS)
    mark = official("clean", "clean")["counts"]["report"]["official"]
    assert (mark["train"], mark["validation"], mark["validation_from"]) == (0, REPEATED + NEAR, None)
    check_trainable(frozen(ws, "clean"))


def test_a_published_validation_is_the_test_where_none_was_published(ws: Workspace, tmp_path: Path) -> None:
    answer("ingest", "table", published(tmp_path, ("학습", "학습", "학습", "검증")), *COLUMNS)
    counts = official("s", "clean")["counts"]
    assert sum(counts["sides"]["test"].values()) == 100
    assert counts["report"]["official"]["test_from"] == "validation"
    lines = run("snapshot", "create", "t", "--scheme", "danger", "--official", "keep").stdout
    assert "no test side was published: the published validation side is the test" in " ".join(lines.split())


def test_unusable_splits_are_named(ws: Workspace, tmp_path: Path) -> None:
    path = published(tmp_path, ("train", "extra"))
    answer("ingest", "table", path, "--text", "text", "--label", "danger=label")
    assert "no item has a published split: import the table with --split-column NAME" in failure(
        "snapshot", "create", "s", "--scheme", "danger", "--official", "keep"
    )
    done = answer("ingest", "table", path, *COLUMNS, "--source", "other")
    assert done["notes"][NO_SPLIT] == 200
    assert "the published split leaves the test side empty" in failure(
        "snapshot", "create", "s", "--scheme", "danger", "--official", "clean"
    )
    assert "part2" in failure("ingest", "table", path, "--text", "text", "--split-column", "part2")
    assert snapshot.every(ws) == []


def sides(ws: Workspace) -> Counter[str]:
    found = list(ws.store.corpus.every(Filter()))
    tags = ws.store.bulk.tags_of([u.id for u in found])
    return Counter(tag for u in found for tag in tags.get(u.id, ["none"]))


@pytest.mark.parametrize("name", ["e.csv", "e.jsonl", "e.parquet", "e.json", "folder"])
def test_a_published_split_survives_an_export(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer("ingest", "table", published(tmp_path), *COLUMNS)
    before = sides(ws)
    assert before == {"split:train": 335, "split:test": 80, "none": WITHOUT}
    answer("export", tmp_path / name, "--format", FORMATS[name])
    monkeypatch.setenv("GWIDAMA_HOME", str(tmp_path / "other"))
    verb = "labelstudio" if name == "e.json" else "gwidama"
    assert answer("ingest", verb, tmp_path / name)["added"] == 420
    assert sides(open_workspace()) == before


def test_the_sides_of_an_exported_snapshot_come_back_as_a_published_split(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer("ingest", "table", published(tmp_path), *COLUMNS)
    official("first", "clean")
    answer("export", tmp_path / "s.csv", "--snapshot", "first")
    monkeypatch.setenv("GWIDAMA_HOME", str(tmp_path / "other"))
    answer("ingest", "gwidama", tmp_path / "s.csv")
    again = official("again", "clean")["counts"]
    before = {i.key: i.side for i in frozen(ws, "first").items}
    assert {i.key: i.side for i in frozen(open_workspace(), "again").items} == before
    assert again["report"]["official"]["train"] == 0


def test_the_split_of_a_hugging_face_dataset_is_kept(ws: Workspace, tmp_path: Path) -> None:
    for side in ("train", "validation", "test"):
        rows = pa.table({"text": [f"{side} 문장 {n}" for n in range(3)]})
        pq.write_table(rows, tmp_path / f"{side}-00000-of-00001.parquet")
    huggingface.ingest_hf(ws, str(tmp_path), ColumnMapping())
    assert sides(ws) == {"split:train": 3, "split:validation": 3, "split:test": 3}


def test_a_variant_stands_on_the_side_of_its_parent(ws: Workspace, tmp_path: Path) -> None:
    answer("ingest", "table", published(tmp_path), *COLUMNS)
    parents = {tag: next(iter(ws.store.corpus.every(Filter(tag=(tag,))))) for tag in ("split:train", "split:test")}
    for parent in parents.values():
        derive(ws, parent.id, f"변형된 {parent.text} 입니다")
    counts = official("s", "keep")["counts"]
    keys = {item.key for item in frozen(ws, "s").items}
    children = {u.parent_id: u.key for u in ws.store.corpus.every(Filter()) if u.parent_id is not None}
    assert children[parents["split:train"].id] in keys
    assert children[parents["split:test"].id] not in keys
    assert counts["report"]["dropped_not_gold"] == 1


def test_kote_as_published_repeats_nothing_but_near_copies(ws: Workspace, shared: Path, tmp_path: Path) -> None:
    """KOTE's own validation and test files, with validation in the role of training."""
    path = tmp_path / "kote.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["text", "long", "part"])
        for part, name in (("train", "val.tsv"), ("test", "test.tsv")):
            lines = (shared / "kote" / name).read_text(encoding="utf-8").splitlines()
            out.writerows([text, ("short", "long")[len(text) > 40], part] for _, text, _ in csv.reader(
                lines, delimiter="\t", quoting=csv.QUOTE_NONE))  # fmt: skip
    answer("ingest", "table", path, "--text", "text", "--label", "length=long", "--split-column", "part")
    answer("schemes", "confirm", "length")
    made = answer("snapshot", "create", "k", "--scheme", "length", "--official", "clean")["counts"]
    assert sum(made["sides"]["test"].values()) == 5_000
    mark = made["report"]["official"]
    assert 0 <= mark["train"] + mark["validation"] < 100
    check_trainable(frozen(ws, "k"))
