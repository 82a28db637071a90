"""core.cli: the answer of every verb, and the contract of exit codes, stdout and stderr."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from aihub119_files import deliver, label_bytes, wav_bytes
from cli_driver import answer, document, failure, run, shell
from workflow_data import import_calls, import_sentences, trained

from core import __version__
from core.settings import ROOT
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

TEXT = "할머니가 골목에서 쓰러졌어요"
HEAVY = ("torch", "streamlit", "sklearn", "sqlalchemy", "pandas", "numpy")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, core.cli; from typer.testing import CliRunner; r = CliRunner().invoke(core.cli.app, ['--help']);"
    )
    code += f"print(r.exit_code, [name for name in {HEAVY!r} if name in sys.modules])"
    completed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (completed.stdout, completed.stderr) == ("0 []\n", "")


def test_every_verb_takes_json() -> None:
    verbs = ["demo", "serve", "doctor", "search", "quality", "export", "train", "evaluate", "compare", "predict"]
    verbs += ["agreement", "clean", "overview", "progress", "recipes", "export-run", "import-run"]
    verbs_of_groups = [
        "clashes list",
        "clashes accept",
        "clashes reject",
        "clashes undo",
        "ingest aihub119",
        "ingest audio",
        "ingest hf",
        "ingest aihub",
        "ingest gwidama",
        "ingest own",  # the names before 0.2.0 still work
        "ingest sister",
        "ingest table",
        "ingest votes",
        "schemes list",
        "snapshot create",
        "runs list",
        "runs use",
    ]
    overview = run("--help").stdout
    for verb in [*verbs, *verbs_of_groups]:
        assert verb.split()[0] in overview
        verb_help = run(*verb.split(), "--help")
        assert verb_help.exit_code == 0
        assert "--json" in verb_help.stdout


def test_old_names_of_verbs_work_and_no_help_lists_them(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 6)
    answer("export", tmp_path / "out.csv")
    for old, new, rest in [
        ("own", "gwidama", [tmp_path / "out.csv"]),
        ("sister", "aihub", ["elder", ROOT / "tests" / "data"]),
    ]:
        group_help = run("ingest", "--help").stdout
        assert re.search(rf"^ +{new} ", group_help, re.M)
        assert not re.search(rf"^ +{old} ", group_help, re.M)
        first, second = answer("ingest", old, *rest), answer("ingest", new, *rest)
        assert first | {"rejects": None} == second | {"rejects": None}  # each import has a file of its own
    assert answer("ingest", "gwidama", tmp_path / "out.csv")["known"] == 6


def test_the_version_is_told_without_importing_anything_heavy() -> None:
    assert (run("--version").stdout, run("--version").exit_code) == (f"gwidama {__version__}\n", 0)
    code = "import sys, core; print(core.__version__, len([m for m in sys.modules if m.startswith('core')]))"
    completed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert completed.stdout == f"{__version__} 1\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "nosuchverb",
        "search",
        "search 불 --limit none",
        "search 불 --limit 0",
        "search 불 --nosuch",
        "--json schemes list",
        "ingest aihub119",
        "ingest nosuch x.zip",
        "snapshot create s1",
        "snapshot create --scheme danger",
        "snapshot create s1 --scheme danger --seed x",
        "train danger-text",
        "train danger-text --snapshot s1 --set epochs",
        "train danger-text --snapshot s1 --set =3",
        "evaluate",
        "predict",
        "predict --json --text",
        "predict --labels x.json --wav x.wav",
        "predict --text 불 --labels x.json",
        "predict --wav x.wav --labels a.json --labels b.json",
        "predict --text \udcff",
        "search \udcff",
        "export",
        "serve --port 0",
        "serve --port abc",
        "schemes",
    ],
)
def test_wrong_usage_is_2_and_answers_nothing(ws: Workspace, arguments: str) -> None:
    result = run(*arguments.split(), *([] if "--json" in arguments or arguments == "schemes" else ["--json"]))
    assert result.exit_code == 2
    assert result.stdout == "" or arguments == "schemes"
    assert ws.store.ledger.runs() == []


def test_clear_failures_are_1_and_one_line(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 20)
    snapshot.create(ws, "s1", "danger")
    for arguments, line in [
        (["ingest", "aihub119", tmp_path / "no\nsuch.zip"], "not found"),
        (["snapshot", "create", "s1", "--scheme", "danger"], "snapshot 's1' exists already"),
        (["snapshot", "create", "s2", "--scheme", "mood"], "unknown scheme 'mood'; known: danger"),
        (["snapshot", "create", "s2", "--scheme", "danger", "--split", "1/2"], "split '1/2' is not three percentages"),
        (["train", "nothing", "--snapshot", "s1"], "unknown recipe 'nothing'; known: danger-text"),
        (["train", "danger-text", "--snapshot", "s9"], "no snapshot 's9'; there are: s1"),
        (["train", "danger-text", "--snapshot", "s1", "--set", "c=x"], "c=x: expected a number"),
        (["train", "danger-text", "--snapshot", "s1", "--encoder", "bert"], "'bert'"),
        (["evaluate", "r1"], "no run 'r1'; there are: none"),
        (["predict", "--text", TEXT], "no trained model yet"),
        (["predict", "--text", TEXT, "--run", "r1"], "no run 'r1'"),
        (["export", tmp_path / "out.doc"], "cannot write .doc; use .csv, .jsonl"),
    ]:
        assert line in failure(*arguments)


def test_a_failure_in_the_real_process_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    completed = shell(tmp_path / "home", "evaluate", "r1", "--json")
    assert (completed.returncode, completed.stdout, completed.stderr) == (
        1,
        "",
        "error: no run 'r1'; there are: none\n",
    )
    (tmp_path / "file").touch()
    completed = shell(tmp_path / "file" / "home", "runs", "list")
    assert (completed.returncode, completed.stdout, completed.stderr.count("\n")) == (1, "", 1)
    assert "Not a directory" in completed.stderr


def test_a_database_that_is_none_is_a_clear_failure(tmp_path: Path) -> None:
    (tmp_path / "gwidama.db").write_bytes(b"no database" * 100)
    completed = shell(tmp_path, "search", "불", "--json")
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr == "error: the database cannot be used: file is not a database\n"


def test_schemes_list(ws: Workspace) -> None:
    schemes = {s["name"]: s for s in answer("schemes", "list")["schemes"]}
    assert list(schemes)[:2] == ["danger", "urgency"]
    assert (schemes["urgency"]["level"], schemes["urgency"]["ko"]) == ("recording", "긴급도")
    assert [x["code"] for x in schemes["urgency"]["labels"]] == ["low", "medium", "high"]
    danger = schemes["danger"]["labels"][1]
    assert (danger.pop("guideline")[:6], danger.pop("guideline_en")[:14]) == ("**정의**", "**Definition**")
    assert danger == {
        "code": "danger", "ko": "위험", "en": "Danger", "key": "d", "color": danger["color"],
    }  # fmt: skip
    assert "low (하), medium (중), high (상)" in run("schemes", "list").stdout


def test_ingest_then_search(ws: Workspace, tmp_path: Path) -> None:
    source, labels = deliver(tmp_path, [1, 2])
    first = answer("ingest", "aihub119", source, labels)
    assert (first["added"], first["known"], first["skipped"], first["rejects"]) == (2, 0, [], None)
    assert first["notes"]["utterances"] == 6
    again = answer("ingest", "aihub119", tmp_path)
    assert (again["added"], again["known"]) == (0, 2)
    alone = answer("ingest", "aihub119", deliver(tmp_path / "more", [3])[1])
    assert [skip["reason"] for skip in alone["skipped"]] == ["no WAV delivered: text imported without audio"]
    assert Path(alone["rejects"]).is_file()

    matches = answer("search", "불이", "--limit", "2")
    assert (matches["query"], matches["total"], len(matches["utterances"])) == ("불이", 3, 2)
    first_match = matches["utterances"][0]
    assert (first_match["id"], first_match["text"], first_match["speaker"], first_match["start_ms"]) == (
        2,
        "집에 불이 났어요",
        "caller",
        1600,
    )
    assert first_match["labels"] == {"urgency": "high", "sentiment": "anxious", "disaster": "fire"}
    assert answer("search", "없는말") == {"query": "없는말", "total": 0, "utterances": []}
    printed = run("search", "불이")
    assert printed.exit_code == 0
    assert "집에 불이 났어요" in printed.stdout
    assert "3 of 3 utterances that contain '불이'" in printed.stdout


def test_hostile_text_moves_no_terminal_and_is_no_markup(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    hostile = "[red]불[/red] \x1b[2J\x1b]0;title\x07 [link=http://x]여기[/link]"
    ws.store.review.decide(1, 0, "ann", "t", text=hostile)
    assert answer("search", "여기")["utterances"][0]["text"] == hostile
    printed = run("search", "여기").stdout
    assert "\x1b" not in printed
    assert "[red]불[/red]" in printed
    line = failure("predict", "--text", "x", "--run", "\x1b[2J\nr")
    assert "\x1b" not in line


def test_snapshot_train_runs_evaluate(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path)
    snapshot_document = answer("snapshot", "create", "s1", "--scheme", "danger", "--split", "60/20/20", "--seed", "3")
    assert (snapshot_document["name"], snapshot_document["scheme"], len(snapshot_document["sha256"])) == (
        "s1",
        "danger",
        64,
    )
    assert (
        sum(sum(side.values()) for side in snapshot_document["counts"]["sides"].values())
        == snapshot_document["counts"]["n"]
    )
    assert answer("runs", "list") == {"runs": []}
    trained = answer(
        "train", "danger-text", "--snapshot", "s1", "--encoder", "ngram", "--set", "c=2", "--set", "min_df=1"
    )
    assert (trained["recipe"], trained["state"], trained["snapshot"]) == ("danger-text", "done", "s1")
    assert set(trained["metrics"]["test"]["macro_f1"]) == {"value", "low", "high"}
    serves = {"in_use": True, "chosen_by": None, "chosen_at": None}
    assert answer("runs", "list") == {"runs": [trained | serves]}
    assert answer("evaluate", trained["run"]) == trained | {"alarms": None}, "there is no call in its test split"
    printed = run("evaluate", trained["run"]).stdout
    for word in (trained["run"], "accuracy", "macro-F1", "weighted-F1", "95%", "danger", "normal", "snapshot s1"):
        assert word in printed
    assert trained["run"] in run("runs", "list").stdout
    assert "train" in run("snapshot", "create", "s2", "--scheme", "danger").stdout


def test_predict_keeps_the_order_of_the_command_line(ws: Workspace, tmp_path: Path) -> None:
    model = trained(ws, tmp_path)
    (tmp_path / "a.wav").write_bytes(wav_bytes())
    (tmp_path / "a.json").write_bytes(label_bytes(1, bom=True))
    wav, labels = str(tmp_path / "a.wav"), str(tmp_path / "a.json")
    inputs = answer(
        "predict", "--text", TEXT, "--wav", wav, "--labels", labels, "--run", model, "--text=괜찮습니다", "--wav", wav,
    )["inputs"]  # fmt: skip
    assert [entry["source"] for entry in inputs] == ["text", wav, "text", wav]
    assert [len(entry["utterances"]) for entry in inputs][:3] == [1, 3, 1]
    first = inputs[0]["utterances"][0]
    assert (first["start_ms"], first["end_ms"], first["text"]) == (None, None, TEXT)
    prediction = first["judgements"]["danger"]
    assert set(prediction) == {
        "label", "confidence", "probabilities", "run", "chosen", "abstained", "reason", "set", "by", "weights",
        "disagree", "alarm",
    }  # fmt: skip
    assert (prediction["label"], prediction["run"]) == ("danger", model)
    assert set(prediction["probabilities"]) == {"normal", "danger"}
    assert inputs[2]["utterances"][0]["judgements"]["danger"]["label"] == "normal"
    assert [u["text"] for u in inputs[1]["utterances"]] == ["네 119입니다", "집에 불이 났어요", "주소가 어디세요"]
    assert all(u["text"] is None for u in inputs[3]["utterances"])
    printed = run("predict", "--wav", wav, "--labels", labels)
    assert printed.exit_code == 0
    assert "1.60-3.50 s" in printed.stdout


def test_one_bad_input_does_not_hide_the_others(ws: Workspace, tmp_path: Path) -> None:
    trained(ws, tmp_path)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    broken, absent = str(tmp_path / "broken.wav"), str(tmp_path / "absent.wav")
    result = run("predict", "--wav", broken, "--text", TEXT, "--wav", absent, "--json")
    assert result.exit_code == 1
    bad, good, gone = document(result)["inputs"]
    assert (set(bad), bad["source"]) == ({"source", "error"}, broken)
    assert good["utterances"][0]["judgements"]["danger"]["label"] == "danger"
    assert gone["error"] == f"{absent}: no such file"
    (line,) = result.stderr.splitlines()
    assert line == f"error: {bad['error']} (and 1 more of 3 inputs)"
    assert broken in run("predict", "--wav", broken).stdout


def test_export(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 5)
    target = tmp_path / "out.jsonl"
    assert answer("export", target) == {"file": str(target), "utterances": 5}
    assert len(target.read_text(encoding="utf-8").splitlines()) == 5


def test_doctor(ws: Workspace) -> None:
    result = run("doctor", "--json")
    report = document(result)
    broken = [finding["what"] for finding in report["findings"] if finding["state"] == "broken"]
    assert report["ready"] == (not broken)
    assert result.exit_code == (1 if broken else 0)
    assert {"what": "workspace", "state": "ok", "detail": "0 recordings, 0 utterances, 0 trained runs"} in report[
        "findings"
    ]


def test_doctor_fails_where_something_is_broken(tmp_path: Path) -> None:
    (tmp_path / "gwidama.db").write_bytes(b"no database" * 100)
    completed = shell(tmp_path, "doctor", "--json")
    assert completed.returncode == 1
    assert json.loads(completed.stdout)["ready"] is False
    (line,) = completed.stderr.splitlines()
    assert line.startswith("error: broken: ")
    assert line.endswith("workspace")


def test_serve_tells_its_address_and_stops_in_good_order(ws: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
        busy = shell(ws.settings.home, "serve", "--port", port)
    assert (busy.returncode, busy.stdout) == (1, "")
    (line,) = busy.stderr.splitlines()
    assert line.startswith(f"error: cannot serve on 127.0.0.1:{port}: it is in use")
    server = subprocess.Popen(
        [sys.executable, "-m", "core", "serve", "--port", port, "--json"], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    assert json.loads(server.stdout.readline()) == {"url": f"http://127.0.0.1:{port}"}
    server.send_signal(signal.SIGTERM)
    out, _ = server.communicate()
    assert (server.returncode, out) == (0, "")


def test_what_libraries_print_never_reaches_stdout(tmp_path: Path) -> None:
    code = (
        "import os, sys, typer, warnings, logging\n"
        "from core.cli.frame import answering\n"
        "with answering(True) as reply:\n"
        "    print('noise'); sys.stdout.write('noise'); os.write(1, b'noise'); os.system('echo noise')\n"
        "    warnings.warn('noise'); logging.warning('noise')\n"
        "    reply.give({'ok': '예'})\n"
        "print('after')\n"
    )
    completed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert completed.stdout == '{"ok": "예"}\nafter\n'
    assert completed.stderr.count("noise") >= 5


def test_json_is_utf8_whatever_the_terminal_speaks(tmp_path: Path) -> None:
    env = os.environ | {"GWIDAMA_HOME": str(tmp_path), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "core", "schemes", "list", "--json"]
    completed = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
    assert (completed.returncode, completed.stderr) == (0, b"")
    assert json.loads(completed.stdout.decode("utf-8"))["schemes"][0]["ko"] == "위험"


def test_ctrl_c_is_a_cancelled_run_and_one_line(ws: Workspace, tmp_path: Path) -> None:
    """A training that waits for a named pipe in place of its snapshot is interrupted there."""
    import_sentences(ws, tmp_path, 40)
    snapshot.create(ws, "s1", "danger")
    about = ws.snapshot_folder("s1") / "snapshot.json"
    about.unlink()
    os.mkfifo(about)
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "train", "danger-text", "--snapshot", "s1", "--json"], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell ignores it for background jobs
    )  # fmt: skip
    writer = None
    while writer is None:
        assert process.poll() is None
        with suppress(OSError):  # there is no reader yet
            writer = os.open(about, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.communicate() == ("", "error: cancelled\n")
    os.close(writer)
    assert process.returncode == 1
    assert [r.state for r in ws.store.ledger.runs()] == ["cancelled"]
