"""core.cli.prediction.batches: a folder judged by the shell, its files, its failures; and the alarms of `evaluate`."""

import csv
import json
from pathlib import Path

import pytest
from aihub119_files import label_bytes, spoken, wav_bytes
from cli_driver import answer, document, failure, run
from workflow_data import trained

from core.workflows.predict import batch
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def delivery(folder: Path) -> Path:
    folder.mkdir()
    (folder / "call.wav").write_bytes(wav_bytes(6_000))
    turns = [spoken(0, 0, 1_000, "괜찮습니다 감사합니다"), spoken(1, 1_000, 3_000, "할머니가 골목에서 쓰러졌어요")]
    (folder / "call.json").write_bytes(label_bytes(1, utterances=turns))
    (folder / "typed.txt").write_text("커피 한 잔 마셔도 괜찮습니다", "utf-8")
    return folder


def test_a_folder_is_judged_and_written_to_files(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    folder = delivery(tmp_path / "in")
    said = answer(
        "predict-batch", str(folder), "--transcriber", "off", "--own-voice", "--out", str(tmp_path / "out.csv")
    )
    asked = batch.read(ws, said["batch"]).options
    assert (asked.transcriber, asked.own_voice) == ("off", True)
    assert {key: said[key] for key in ("title", "state", "total", "failed", "skipped")} == {
        "title": "in", "state": "done", "total": 2, "failed": 0, "skipped": [],
    }  # fmt: skip
    assert [row["source"] for row in said["rows"]] == ["call.wav", "typed.txt"], "the riskiest first"
    call = said["rows"][0]
    assert (call["alarm"], call["first_alarm_ms"], call["risk_class"]) == (True, 3_000, "danger")
    assert call["verdict"]["danger"]["run"] == run_id
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines()))
    assert [row["level"] for row in rows] == ["call", "utterance", "utterance", "call", "utterance"]
    shown = run("predict-batch", "--show", said["batch"], "--out", str(tmp_path / "out.html")).stdout
    assert "done, 2 of 2 inputs" in shown
    assert "Prediction report" in (tmp_path / "out.html").read_text("utf-8")
    answer("predict-batch", "--show", said["batch"], "--out", str(tmp_path / "out.json"))
    documents = json.loads((tmp_path / "out.json").read_text("utf-8"))["inputs"]
    assert [d["source"] for d in documents] == ["call.wav", "typed.txt"]

    (folder / "broken.wav").write_bytes(b"RIFF")
    failed = run("predict-batch", str(folder), "--transcriber", "off", "--json")
    assert failed.exit_code == 1
    assert "error: broken.wav: " in failed.stderr
    assert [row["state"] for row in document(failed)["rows"]] == ["judged", "judged", "failed"]
    queued = answer("predict-batch", str(folder), "--queue")
    assert (queued["state"], queued["rows"], queued["total"]) == ("queued", [], None)
    assert "no judged utterance lies in a recording" in failure("evaluate", run_id, "--filter", "danger=danger")


def test_wrong_use_is_refused(ws: Workspace, tmp_path: Path) -> None:
    assert "no batch 'x'" in failure("predict-batch", "--show", "x")
    assert run("predict-batch").exit_code == 2
    assert run("predict-batch", str(tmp_path), "--out", "o.xml").exit_code == 2
    assert "no trained model yet" in failure("predict-batch", str(tmp_path))
