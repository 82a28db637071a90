"""Every command of README and docs/ runs: line by line, in the order of its page, on a copy of the demo workspace.

A server command keeps running and answers the commands after it. `STANDS_FOR` gives the values that a reader fills in
(a run's id, the address). The files that a command reads are made here, under the names of the page.
"""

import csv
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import openpyxl
import pytest
from aihub119_files import wav_bytes, write_tree
from cli_driver import RUNNER
from corpus_files import as_json, elder, minds_row, save_to_disk
from docs_pages import ENGLISH, commands
from spoken_files import textgrid, tones
from waiting import PATIENCE_S, until

from core.cli import app
from core.settings import DEMO, ROOT
from core.workflows import workspace

pytestmark = pytest.mark.integration

WITH_COMMANDS = tuple(page for page in ENGLISH if commands(page))
# `make` takes the environment that this test runs in, and does not install into it.
MAKE = f"make --no-print-directory -C {ROOT} VENV={sys.prefix} " + " ".join(
    f"--old-file={sys.prefix}/{stamp}" for stamp in (".made", ".runtime", ".dev")
)
# The output that shows success, for some commands. All commands must exit with 0.
ANSWERS = {
    "curl": r'^\{"(source|status|id)"',
    "python -m core ingest ": r"\b0 (files or parts )?not used",
    "python -m core search": r"[1-9]\d* of [1-9]\d* utterances",
}
CORE = "python -m core "
SERVERS = ("make run", "python -m core serve")


class Reader:
    """A person who types the commands of a page, in a folder with the demo workspace and the files of the page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.server: subprocess.Popen[bytes] | None = None
        unwanted = ("GWIDAMA_", "STREAMLIT_", "MAKE", "PYTEST")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | {
            "HOME": str(folder), "GWIDAMA_HOME": str(folder / "workspace"), "GWIDAMA_PORT": str(self.port),
            "GWIDAMA_WARM_UP": "0", "GWIDAMA_TRANSCRIBER": "off", "PYTHONPATH": str(ROOT),
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}", "COLUMNS": "120",
        }  # fmt: skip

    def type(self, line: str) -> None:
        """Run a line in bash. A server is started, and waited for."""
        if is_server(line):
            self._serve(self._filled_in(line))
            return
        status, output, errors = (self._here if self._may_run_here(line) else self._in_bash)(self._filled_in(line))
        assert status == 0, f"{line}\n{output[-2000:]}\n{errors[-4000:]}"
        for start, pattern in ANSWERS.items():
            if line.startswith(start) and "--help" not in line:
                assert re.search(pattern, output), f"{line}\n{output}"

    def _in_bash(self, line: str) -> tuple[int, str, str]:
        completed = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self._environment(line), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        return completed.returncode, completed.stdout, completed.stderr

    def _environment(self, line: str) -> dict[str, str]:
        """The recogniser works for the command that is about it; for every other one it would take seconds."""
        return self.env | {"GWIDAMA_TRANSCRIBER": "" if line.startswith(f"{CORE}transcribe") else "off"}

    def _may_run_here(self, line: str) -> bool:
        """Whether `line` is a command of Gwidama alone, without anything that bash does."""
        return line.startswith(CORE) and not set(line) & set("|&;<>$`*") - set("<>")

    def _here(self, line: str) -> tuple[int, str, str]:
        """Run a command in this process: dozens of them would otherwise load all libraries anew, seconds each."""
        workspace._open.cache_clear()
        with chdir(self.folder), patch.dict(os.environ, self._environment(line)):
            words = [os.path.expanduser(word) for word in shlex.split(line)]
            result = RUNNER.invoke(app, words[len(CORE.split()) :])
        workspace._open.cache_clear()
        return result.exit_code, result.stdout, result.stderr + repr(result.exception or "")

    def _filled_in(self, line: str) -> str:
        for word, meaning in STANDS_FOR.items():
            if word in line:
                line = line.replace(word, meaning(self))
        return line

    def _serve(self, command: str) -> None:
        self.leave()
        log = self.folder / "serve.log"
        with log.open("wb") as out:
            self.server = subprocess.Popen(
                ["bash", "-c", replacing_the_shell(command)],
                cwd=self.folder, env=self.env, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        until(lambda: self._healthy(log), f"{command} answers: {log.read_text('utf-8')[-2000:]}")

    def _healthy(self, log: Path) -> bool:
        assert self.server is not None
        assert self.server.poll() is None, log.read_text("utf-8")[-4000:]
        try:
            return httpx.get(f"{self.address}/api/v1/health").json()["status"] == "ok"
        except httpx.TransportError:
            return False

    def leave(self) -> None:
        """Stop the server as Ctrl-C does, and wait for it."""
        if self.server is not None:
            os.killpg(self.server.pid, signal.SIGINT)
            try:
                self.server.wait(PATIENCE_S)
            finally:
                if self.server.poll() is None:
                    os.killpg(self.server.pid, signal.SIGKILL)
            self.server = None


def newest_run(reader: Reader) -> str:
    """The id of the run for danger that was trained last."""
    return danger_runs(reader)[0]


def other_run(reader: Reader) -> str:
    """The id of the run for danger that was trained before it."""
    return danger_runs(reader)[1]


def danger_runs(reader: Reader) -> list[str]:
    return [str(run["run"]) for run in answer_of(reader, "runs", "list")["runs"] if run["scheme"] == "danger"]


def cleaning_run(reader: Reader) -> str:
    """The id of a cleaning run."""
    return str(answer_of(reader, "clean", "--filter", "danger=normal")["run"])


def answer_of(reader: Reader, *arguments: str) -> dict[str, Any]:
    completed = subprocess.run(
        [sys.executable, "-m", "core", *arguments, "--json"], cwd=reader.folder, env=reader.env, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(completed.stdout)
    return answer


def small_test(_: Reader) -> str:
    """`make test` on one file only: the whole suite would run this test again."""
    file = next((ROOT / "tests").rglob("test_text.py")).relative_to(ROOT)
    return f"{MAKE} test WORKERS=1 PYTEST_ARGS={file}"


# Words of a page -> their values on this machine.
STANDS_FOR: dict[str, Callable[[Reader], str]] = {
    "source .venv/bin/activate": lambda reader: f"source {sys.prefix}/bin/activate",
    "make run": lambda reader: f"{MAKE} run",
    "make test": small_test,
    "<run>": newest_run,
    "<other-run>": other_run,
    "<cleaning-run>": cleaning_run,
    "http://127.0.0.1:8501": lambda reader: reader.address,
}


def replacing_the_shell(command: str) -> str:
    """`command` with `exec`, so that it replaces bash and gets its signals; in `A=b command`, A is set first."""
    first, _, rest = command.partition(" ")
    return f"export {first}; {replacing_the_shell(rest)}" if "=" in first else f"exec {command}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def reader(demo_home: Path, tmp_path: Path) -> Iterator[Reader]:
    shutil.copytree(demo_home, tmp_path / "workspace")
    write_files(tmp_path)
    person = Reader(tmp_path)
    yield person
    person.leave()
    shutil.rmtree(tmp_path / "workspace", ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_every_command_of_a_page_runs(reader: Reader, page: str) -> None:
    typed = commands(page)
    if any(line.startswith("curl") for line in typed) and not shutil.which("curl"):
        pytest.skip("curl is not installed (Debian: apt-get install curl)")
    if any("http://127.0.0.1" in line for line in typed) and not any(is_server(line) for line in typed):
        reader.type("python -m core serve")
    for line in typed:
        reader.type(line)


def is_server(line: str) -> bool:
    return any(line.endswith(server) or f"{server} --" in line for server in SERVERS)


# --- the files that the pages name --------------------------------------------------------------------------------


def write_files(folder: Path) -> None:
    """Write all files that the commands of the pages read, under the names of the pages."""
    (folder / "delivery").mkdir()
    for archive in (DEMO / "archives").glob("T?_서울_화재.zip"):
        shutil.copy(archive, folder / "delivery")
    write_call(folder)
    write_table(
        folder / "reviews.csv", ("id", "document", "label"), [(n, f"영화 {n}번째 감상", n % 2) for n in range(9)]
    )
    write_table(
        folder / "votes.csv", ("id", "text", "ann", "bob"),
        [(n, f"질문 {n}", "yes" if n % 2 else "no", "yes" if n % 3 else "no") for n in range(12)],
    )  # fmt: skip
    write_workbook(folder / "calls.xlsx")
    (folder / "turns").mkdir()
    write_tree(folder / "turns" / "wavs", {"001.wav": wav_bytes(9_000)})
    write_table(
        folder / "turns" / "turns.csv", ("파일", "시작", "길이", "내용"), [("001.WAV", "1.5초", "2초", "불이야")]
    )
    answers = [{"text": f"문장 {n}", "label": "위험", "answer": "accept", "_task_hash": n} for n in range(2)]
    (folder / "prodigy.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in answers), "utf-8")
    january = [(1, "집에 불이 났어요"), (2, "괜찮아요"), (3, "물이 새요")]
    write_table(folder / "january.csv", ("번호", "내용"), january)
    write_table(folder / "january-corrected.csv", ("번호", "내용"), [(1, "옆집에 불이 났어요"), *january[1:]])
    write_tree(folder / "recordings", {f"{name}.wav": wav_bytes(hz=300 + n) for n, name in enumerate(RECORDINGS)})
    write_annotated_speech(folder)
    save_to_disk(folder / "saved_dataset", [minds_row(n) for n in range(3)])
    write_tree(folder / "elders", {"1.json": as_json(elder(1)), "노인남여_1.wav": wav_bytes(1500)})
    tasks = [{"id": 1, "data": {"text": "불이 났어요"}, "annotations": [], "predictions": []}]
    (folder / "tasks.json").write_text(json.dumps(tasks, ensure_ascii=False), "utf-8")
    (folder / "scheme.toml").write_text(SCHEME, "utf-8")
    write_other_forms(folder)


def write_other_forms(folder: Path) -> None:
    """`center` with its `keys.json`: a call whose label file has other keys; `clips`: audio with a metadata.csv."""
    turn = {"form": "불이 났어요", "time": {"from": "0.5", "to": "2.5"}, "who": "B"}
    call = {"call": {"no": "7", "turns": [turn]}, "urgencyLevel": "상", "sentiment": "중립", "disasterLarge": "화재"}
    write_tree(folder / "center", {"7.json": as_json(call), "7.wav": wav_bytes()})
    page = (ROOT / "docs" / "en" / "corpus-and-import.md").read_text("utf-8")
    (mapping,) = re.findall(r"^```json\n(.*?)^```$", page, re.S | re.M)
    (folder / "keys.json").write_text(mapping, "utf-8")
    write_tree(folder / "clips", {"metadata.csv": "file_name,sentence\na.wav,불이야\n".encode(), "a.wav": wav_bytes()})


def write_annotated_speech(folder: Path) -> None:
    """Calls with TextGrids: a tier for each speaker, tiers with roles, and a speaker on each channel."""
    said = [(0.0, 2.0, "불이 났어요")]
    roles = {"발화": said, "화자": [(0.0, 2.0, "신고자")], "label": [(0.0, 2.0, "위험")]}
    write_tree(folder / "calls", {"a.TextGrid": textgrid({"신고자": said}), "a.wav": wav_bytes()})
    write_tree(folder / "tiers", {"b.TextGrid": textgrid(roles), "b.wav": wav_bytes(hz=230)})
    both = {"agent": [(0.0, 1.0, "네 119입니다")], "caller": said}
    write_tree(folder / "stereo", {"c.TextGrid": textgrid(both), "c.wav": tones(300, 500)})


RECORDINGS = ("0_kim_1", "1_kim_1", "0_lee_1")
SCHEME = """
name = "noise"
ko = "소음"
en = "Noise"
level = "utterance"
kind = "single"

[[label]]
code = "quiet"
ko = "조용함"
en = "Quiet"

[[label]]
code = "loud"
ko = "시끄러움"
en = "Loud"
"""


def write_call(folder: Path) -> None:
    """`call.wav` and `call.json`: one call of the demo."""
    with zipfile.ZipFile(DEMO / "archives" / "TS_서울_화재.zip") as sounds:
        name = next(name for name in sorted(sounds.namelist()) if name.endswith(".wav"))
        (folder / "call.wav").write_bytes(sounds.read(name))
    with zipfile.ZipFile(DEMO / "archives" / "TL_서울_화재.zip") as labels:
        (folder / "call.json").write_bytes(labels.read(name.replace(".wav", ".json")))


def write_table(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def write_workbook(path: Path) -> None:
    """Write a workbook with a sheet for each of two months."""
    book = openpyxl.Workbook()
    for month in ("1월", "2월"):
        sheet = book.create_sheet(month)
        for row in (("번호", "내용", "긴급도"), (1, f"{month} 신고", "상"), (2, f"{month} 문의", "하")):
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(path)
