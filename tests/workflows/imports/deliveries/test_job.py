"""The job "import": every format by one request, its outcome as JSON, cancelled and resumed without loss."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aihub119_files import deliver, label_bytes, stem, wav_bytes, write_tree, write_zip
from import_pages import receive, work
from spoken_files import textgrid

from core.errors import Cancelled, InputError
from core.filters import Filter
from core.jobs import JobContext
from core.workflows.imports.deliveries import inbox, outcome
from core.workflows.imports.deliveries import job as importing
from core.workflows.imports.deliveries.recognise import Kind
from core.workflows.imports.deliveries.request import (
    AudioNames,
    Columns,
    Options,
    Request,
    TableImportOptions,
    request_from_json,
    request_to_json,
)
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration
CSV = "번호,문장,판정\n1,집에 불이 났어요,위험\n2,괜찮아요,정상\n3,글쎄요,모름\n"
TABLE = TableImportOptions(Columns("문장", {"danger": "판정"}, id="번호"))


class Told:
    """A job that keeps what is reported, and is cancelled at the report number `cancel_at`."""

    def __init__(self, cancel_at: int = 0) -> None:
        self.reports: list[dict[str, Any]] = []
        self._cancel_at = cancel_at

    def step(self, name: str, fn: Any) -> Any:
        return fn()

    def report(self, progress: Mapping[str, Any]) -> None:
        self.reports.append(dict(progress))
        if len(self.reports) == self._cancel_at:
            raise Cancelled


def inside(ws: Workspace, name: str) -> Path:
    """A place in the folder of the workspace that may be imported."""
    folder = ws.settings.home / "inbox" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def texts(ws: Workspace) -> list[str]:
    return [utterance.text for utterance in ws.store.corpus.every(Filter())]


def test_a_request_is_the_same_after_its_journey_as_json() -> None:
    table = TableImportOptions(
        Columns("문장", {"danger": "판정"}, id="번호", recording="파일", start="a", end="b"),
        Options("cp949", ";", True, False, "둘째", ("문장",), 2), label_ids=True, labelled_only=True,
        audio_folder=Path("/x"),
    )  # fmt: skip
    request = Request(
        "table", (Path("/x/a.csv"),), "d" * 22, "서울", "CC-BY", "propose", table, AudioNames("{speaker}.wav", "a", "b")
    )
    assert request_from_json(json.loads(json.dumps(request_to_json(request)))) == request


def test_zips_of_calls_are_imported_with_progress_and_a_report(ws: Workspace) -> None:
    source, labels = deliver(inside(ws, "119"), range(3))
    extra = write_zip(inside(ws, "119") / "TL_인천_구급.zip", [(f"{stem(7)}.json", label_bytes(7)), ("x.json", b"{")])
    job = Told()
    done = importing.run(ws, Request("aihub119", (source, labels, extra)), job)
    assert (done.source, done.added, done.known, done.rejected, done.read) == ("aihub119", 4, 0, 2, 4)
    assert {(part.where, part.reason.split(":")[0].split(" (")[0]) for part in done.skipped} == {
        (f"TL_인천_구급.zip/{stem(7)}.json", "no WAV delivered"), ("TL_인천_구급.zip/x.json", "broken JSON"),
    }  # fmt: skip
    assert done.rejects.startswith("rejects/rejects-")
    assert (ws.settings.home / done.rejects).is_file()
    assert [report["unit"] for report in job.reports] == ["calls"] * len(job.reports)
    assert (job.reports[0]["done"], job.reports[-1]["total"]) == (0, 5)
    assert outcome.from_json(json.loads(json.dumps(outcome.to_json(done)))) == done


def test_a_table_says_rows_reasons_and_clashes(ws: Workspace) -> None:
    path = inside(ws, "t.csv")
    path.write_text(CSV, encoding="utf-8")
    job = Told()
    done = importing.run(ws, Request("table", (path,), source="현장", table=TABLE), job)
    assert (done.source, done.read, done.added, done.rejected) == ("현장", 3, 2, 1)
    assert done.skipped[0].where == "row 4"
    assert "모름" in done.skipped[0].reason
    assert job.reports[-1] == {"done": 1000, "total": 1000, "unit": "rows", "rows": 3}
    path.write_text(CSV.replace("괜찮아요", "정말 괜찮아요"), encoding="utf-8")
    done = importing.run(ws, Request("table", (path,), source="현장", table=TABLE), Told())
    (clash,) = done.clashes
    assert (done.added, done.known, done.clashed, dict(done.differing)) == (0, 1, 1, {"text": 1})
    assert (clash.differences[0].before, clash.differences[0].after) == ("괜찮아요", "정말 괜찮아요")
    assert outcome.from_json(json.loads(json.dumps(outcome.to_json(done)))) == done


def test_audio_annotations_and_names(ws: Workspace) -> None:
    calm = write_tree(inside(ws, "감정"), {"kim_화남_1.wav": wav_bytes(hz=300), "lee_평온_1.wav": wav_bytes(hz=310)})
    names = AudioNames("{speaker}_{emotion}_{take}.wav", "emotion", "mood", "speaker")
    done = importing.run(ws, Request("audio", (calm,), names=names), Told())
    assert (done.source, done.added, done.proposed) == ("감정", 2, ("mood",))
    grid = {"a.TextGrid": textgrid({"신고자": [(0.0, 1.5, "집에 불이 났어요")]}), "a.wav": wav_bytes(hz=320)}
    done = importing.run(ws, Request("annotations", (write_tree(inside(ws, "주석"), grid),)), Told())
    assert (done.source, done.added, done.rejected) == ("주석", 1, 0)
    assert "집에 불이 났어요" in texts(ws)


def test_an_upload_is_removed_when_it_is_imported_and_kept_while_something_differs(ws: Workspace) -> None:
    def bring(text: str, on_clash: str = "report") -> str:
        delivery = receive(ws, {"t.csv": text.encode()})
        (path,) = inbox.entries(ws, delivery)
        importing.start(ws, Request("table", (path,), delivery, "현장", on_clash=on_clash, table=TABLE))  # type: ignore[arg-type]
        work(ws)
        return delivery

    assert inbox.files(ws, bring(CSV)) == []
    edited = bring(CSV.replace("괜찮아요", "정말 괜찮아요"))
    assert [file.path for file in inbox.files(ws, edited)] == ["t.csv"]
    (job,) = importing.earlier(ws, 1)
    importing.again(ws, job, on_clash="propose", source="현장")
    work(ws)
    (second,) = importing.earlier(ws, 1)
    done = importing.outcome_of(second)
    assert (second.state, done and done.proposals) == ("done", 1)
    assert inbox.files(ws, edited) == []


def test_of_several_tables_the_others_stay(ws: Workspace) -> None:
    delivery = receive(ws, {"a.csv": CSV.encode(), "b.csv": CSV.encode()})
    first, _ = inbox.entries(ws, delivery)
    importing.start(ws, Request("table", (first,), delivery, table=TABLE))
    work(ws)
    assert [file.path for file in inbox.files(ws, delivery)] == ["a.csv", "b.csv"]


def test_a_cancelled_import_goes_on_and_adds_nothing_twice(ws: Workspace) -> None:
    source, labels = deliver(inside(ws, "119"), range(4))
    request = Request("aihub119", (source, labels))
    with pytest.raises(Cancelled):
        importing.run(ws, request, Told(cancel_at=2))
    held = len(texts(ws))
    assert held
    done = importing.run(ws, request, Told())
    assert (done.added + done.known, len(texts(ws))) == (4, 12)


def test_a_killed_worker_takes_the_report_from_the_finished_step(ws: Workspace) -> None:
    path = inside(ws, "t.csv")
    path.write_text(CSV, encoding="utf-8")
    job_id = importing.start(ws, Request("table", (path,), table=TABLE))
    results: dict[str, Any] = {}

    def steps(name: str, fn: Any) -> Any:
        if name not in results:
            results[name] = fn()
        return results[name]

    for _ in range(2):
        job = JobContext(ws.store.board, job_id, steps, Event())
        importing.run_job(dict(ws.store.board.get(job_id).params), job)
        job.flush()
    done = importing.outcome_of(ws.store.board.get(job_id))
    assert done is not None
    assert (done.added, done.known, len(texts(ws))) == (2, 0, 2)


@pytest.mark.parametrize("kind", ["huggingface", "labelstudio", "gwidama"])
def test_a_format_of_one_file_refuses_several(ws: Workspace, kind: Kind) -> None:
    paths = (inside(ws, "a.json"), inside(ws, "b.json"))
    for path in paths:
        path.write_bytes(b"[]")
    with pytest.raises(InputError, match="one file or one folder; 2 were chosen"):
        importing.run(ws, Request(kind, paths), Told())


def test_only_allowed_files_are_queued(ws: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(CSV, encoding="utf-8")
    with pytest.raises(InputError, match="not in the folders that may be imported"):
        importing.start(ws, Request("table", (secret,), table=TABLE))
    with pytest.raises(InputError, match="there is nothing to import"):
        importing.start(ws, Request("audio", ()))
    assert ws.store.board.list() == []


def test_the_same_import_waits_once_and_another_of_the_same_files_keeps_them(ws: Workspace) -> None:
    delivery = receive(ws, {"t.csv": CSV.encode()})
    (path,) = inbox.entries(ws, delivery)
    request = Request("table", (path,), delivery, "현장", table=TABLE)
    first = importing.start(ws, request)
    assert importing.start(ws, request) == first, "pressed twice, it is one import"
    second = importing.start(ws, replace(request, source="둘째"))
    importing.settle(ws, request)
    assert [file.path for file in inbox.files(ws, delivery)] == ["t.csv"], "the second import reads them"
    work(ws)
    assert {ws.store.board.get(job).state for job in (first, second)} == {"done"}
    assert inbox.files(ws, delivery) == []
    assert importing.start(ws, request) not in (first, second), "what has ended can be asked anew"


def test_audio_beside_a_table_is_removed_with_it_and_other_tables_are_named(ws: Workspace) -> None:
    delivery = receive(ws, {"t.csv": CSV.encode(), "a.wav": wav_bytes()})
    path = inbox.folder(ws, delivery) / "t.csv"
    importing.start(ws, Request("table", (path,), delivery, table=TABLE))
    work(ws)
    assert inbox.files(ws, delivery) == []
    delivery = receive(ws, {"t.csv": CSV.encode(), "더/u.xlsx": b"PK", "a.wav": wav_bytes()})
    request = Request("table", (inbox.folder(ws, delivery) / "t.csv",), delivery, table=TABLE)
    assert importing.other_tables(ws, request) == ["u.xlsx"]


def test_a_link_that_took_the_place_of_a_queued_file_is_not_read(ws: Workspace, tmp_path: Path) -> None:
    secret, path = tmp_path / "secret.csv", inside(ws, "t.csv")
    for file in (secret, path):
        file.write_text(CSV, encoding="utf-8")
    job_id = importing.start(ws, Request("table", (path,), table=TABLE))
    path.unlink()
    path.symlink_to(secret)
    work(ws)
    job = ws.store.board.get(job_id)
    assert (job.state, "not in the folders that may be imported" in str(job.error), texts(ws)) == ("failed", True, [])
