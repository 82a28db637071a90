"""core.workflows.corpus.export, doctor and workspace: exported files, and whether this machine is ready."""

import csv
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from store_data import AT, sentences
from workflow_data import import_calls, import_sentences

from core.errors import InputError, NotFound
from core.filters import Filter, from_pairs
from core.records import NewUtterance
from core.settings import ROOT, settings
from core.workflows.corpus.export import deliver, format_names, save
from core.workflows.doctor import check
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration


def test_jsonl_holds_every_utterance_as_it_is(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    sentences(ws.store, '=1+1 "불"\n이\u2028났다 😀')
    ws.store.review.decide(2, 0, "ann", now(), labels={"danger": "danger"}, text="집에 불이 났습니다")
    target = tmp_path / "out.jsonl"
    assert save(ws, target).utterances == 4
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").split("\n") if line]
    assert [row["text"] for row in rows][3] == '=1+1 "불"\n이\u2028났다 😀'
    assert (rows[1]["text"], rows[1]["original"], rows[1]["danger"], rows[1]["urgency"]) == (
        "집에 불이 났습니다", "집에 불이 났어요", "danger", "high",
    )  # fmt: skip
    assert (rows[1]["start_ms"], rows[1]["end_ms"], rows[1]["speaker"], rows[0]["danger"]) == (
        1600, 3500, "caller", None,
    )  # fmt: skip


def test_csv_opens_in_a_spreadsheet_without_running_anything(ws: Workspace, tmp_path: Path) -> None:
    sentences(ws.store, "=HYPERLINK(1)", "+1", "@a", "-1", "불이, 났어요\n빨리")
    target = tmp_path / "out.csv"
    assert save(ws, target, wanted=Filter(min_chars=1)).utterances == 5
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    with target.open(encoding="utf-8-sig", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    assert texts == ["'=HYPERLINK(1)", "'+1", "'@a", "'-1", "불이, 났어요\n빨리"]


def test_a_failed_export_leaves_nothing_behind(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"out\.xyz: cannot write \.xyz; use \.csv, \.jsonl"):
        save(ws, tmp_path / "out.xyz")
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        save(ws, tmp_path / "nowhere" / "out.csv")
    assert list(tmp_path.glob("*out*")) == []


def test_a_filter_says_what_goes_out(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    sentences(ws.store, "불이야", labels={"danger": "danger"})
    progress: list[tuple[int, int]] = []
    done = save(ws, tmp_path / "out.jsonl", wanted=from_pairs(["text=불", "danger=-"]),
                progress=lambda n, total: progress.append((n, total)))  # fmt: skip
    assert (done.utterances, progress[0], progress[-1]) == (1, (0, 1), (1, 1))
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))["text"] == "집에 불이 났어요"
    with pytest.raises(InputError, match="a snapshot is exported whole"):
        save(ws, tmp_path / "out.csv", wanted=Filter(text="불"), snapshot="s1")


MEASURE = """
import resource, sys
from pathlib import Path
from core.filters import Filter
from core.workflows.corpus.export import save
from core.workflows.workspace import open_workspace
ws, folder = open_workspace(), Path(sys.argv[1])
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
names = ("csv", "jsonl", "parquet", "hf", "labelstudio")
for name in names:
    save(ws, folder / f"warm-{name}", name=name, wanted=Filter(max_chars=8))
before = peak()
n = [save(ws, folder / f"all-{name}", name=name).utterances for name in names]
print(*n, (peak() - before) // 1024)
"""


def test_an_export_of_many_rows_keeps_its_memory_flat(ws: Workspace, tmp_path: Path) -> None:
    n = 20_000
    source = ws.store.corpus.add_source("many", "sentences", "ours", "0", AT)
    for start in range(0, n, 5_000):
        block = range(start, start + 5_000)
        made = [NewUtterance(f"m:{i}", f"{i} 번째 " + "집에 불이 났어요 " * (i % 20), f"m:{i}") for i in block]
        ws.store.corpus.add_sentences(source, made, AT)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *counts, grown_mb = map(int, done.stdout.split())
    assert counts == [n] * 5
    assert grown_mb < 24, "20,000 rows held at once are more than that"
    with (tmp_path / "all-csv").open(encoding="utf-8-sig", newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) == n


def test_a_snapshot_and_the_corpus_have_formats_of_their_own() -> None:
    live, frozen = format_names(of_snapshot=False), format_names(of_snapshot=True)
    assert {"csv", "jsonl", "parquet"} <= set(live) & set(frozen)
    assert set(frozen) - set(live) == {"autotrain", "autotrain-audio"}
    assert set(live) - set(frozen) == {"seeds", "labelstudio"}


def test_a_browser_gets_one_file_of_every_format(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    for name, ending in (("csv", ".csv"), ("seeds", ".csv"), ("labelstudio", ".json"), ("hf", ".zip")):
        path, done = deliver(ws, name, Filter(), None, lambda n, total: None)
        assert (path.parent, path.suffix, done.utterances) == (ws.settings.home / "exports", ending, 3)
        assert path.is_file()
    with zipfile.ZipFile(path) as packed:
        assert f"{path.stem}/state.json" in packed.namelist()
    assert {item.suffix for item in path.parent.iterdir()} == {".csv", ".json", ".zip"}


def test_the_doctor_looks_at_packages_and_workspace(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 3)
    findings = {finding.what: finding for finding in check(settings())}
    assert findings["python"].state == "ok"
    assert findings["SQLAlchemy"].state == "ok"
    assert findings["workspace"].detail == "0 recordings, 3 utterances, 0 trained runs"
    assert {finding.state for name, finding in findings.items() if name in ("ray", "openai")} <= {"ok", "absent"}


def test_the_doctor_names_a_broken_database(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database" * 100)
    last = check(replace(settings(), database_url=f"sqlite:///{tmp_path / 'broken.db'}"))[-1]
    assert (last.what, last.state) == ("workspace", "broken")
    assert last.detail == "the database cannot be used: file is not a database"


def test_a_path_of_the_store_never_leads_out_of_the_workspace(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    (tmp_path / "secret.wav").write_bytes(b"x")
    with pytest.raises(InputError, match="lies outside the workspace"):
        ws.inside("../secret.wav")
    with pytest.raises(NotFound, match="is missing from the workspace"):
        ws.inside("audio/none.wav")
    ws.audio_file(1).unlink()
    with pytest.raises(NotFound, match="is missing from the workspace"):
        ws.audio_file(1)
