"""core.workflows.export, doctor and workspace: files out, and whether this machine is ready."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from store_data import sentences
from workflow_data import import_calls, import_sentences

from core.errors import InputError, NotFound
from core.records import Filter
from core.settings import settings
from core.workflows import review
from core.workflows.doctor import check
from core.workflows.export import export_utterances
from core.workflows.workspace import Workspace


def test_jsonl_holds_every_utterance_as_it_is(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    sentences(ws.store, '=1+1 "불"\n이\u2028났다 😀')
    review.decide(ws, 2, 0, "ann", {"danger": "danger"}, text="집에 불이 났습니다")
    target = tmp_path / "out.jsonl"
    assert export_utterances(ws, target) == 4
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
    assert export_utterances(ws, target, Filter(min_chars=1)) == 5
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    with target.open(encoding="utf-8-sig", newline="") as file:
        found = [row["text"] for row in csv.DictReader(file)]
    assert found == ["'=HYPERLINK(1)", "'+1", "'@a", "'-1", "불이, 났어요\n빨리"]


def test_a_failed_export_leaves_nothing_behind(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"out\.xyz: cannot write \.xyz; use \.csv, \.jsonl"):
        export_utterances(ws, tmp_path / "out.xyz")
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        export_utterances(ws, tmp_path / "nowhere" / "out.csv")
    assert list(tmp_path.glob("*out*")) == []


def test_the_doctor_looks_at_packages_and_workspace(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 3)
    found = {finding.what: finding for finding in check(settings())}
    assert found["python"].state == "ok"
    assert found["SQLAlchemy"].state == "ok"
    assert found["workspace"].detail == "0 recordings, 3 utterances, 0 trained runs"
    assert {finding.state for name, finding in found.items() if name in ("ray", "openai")} <= {"ok", "absent"}


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
