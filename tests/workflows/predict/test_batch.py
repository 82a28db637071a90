"""core.workflows.predict.batch: a folder or zip judged as a job, the riskiest first, whatever else lies in it."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import label_bytes, spoken, wav_bytes
from fake_runs import fake_run

from core.errors import InputError, NotFound
from core.jobs import JOBS
from core.workflows.predict import batch
from core.workflows.predict.batch_inputs import Input, _told_apart, inputs
from core.workflows.predict.judging import serving
from core.workflows.predict.judging.serving import Plan, Use
from core.workflows.workspace import Workspace


def fire(text: str) -> tuple[float, float]:
    return (0.1, 0.9) if "불이" in text else (0.8, 0.2)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [fake_run("t", fire)]
    monkeypatch.setattr(
        serving, "plan", lambda *_arguments, **_options: Plan({r: Use(True, (r.scheme,)) for r in made})
    )


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A call with labels of the same name, one with a transcript, a typed call, and three files that are no input."""
    folder = tmp_path / "delivery"
    (folder / "wav").mkdir(parents=True)
    (folder / "json").mkdir()
    (folder / "wav" / "call1.wav").write_bytes(wav_bytes(6_000))
    labels = label_bytes(1, utterances=[spoken(0, 0, 1_000, "네"), spoken(1, 1_000, 3_000, "불이 났어요")])
    (folder / "json" / "CALL1.json").write_bytes(labels)
    (folder / "call2.wav").write_bytes(wav_bytes(2_000))
    (folder / "call2.txt").write_text("괜찮습니다", "utf-8")
    (folder / "typed.txt").write_text("여보세요\n\n불이 크게 났어요\n", "utf-8")
    (folder / "empty.txt").write_text(" \n", "utf-8")
    (folder / "broken.wav").write_bytes(b"RIFF")
    (folder / "readme.pdf").write_bytes(b"%PDF")
    (folder / "alone.json").write_text("{}", "utf-8")
    return folder


def test_sound_is_paired_with_what_has_its_name(delivery: Path) -> None:
    listed, skipped = inputs(delivery)
    paired = {item.name: (item.labels is not None, item.text) for item in listed}
    assert paired == {
        "broken.wav": (False, None), "call2.wav": (False, "괜찮습니다"), "empty.txt": (False, ""),
        "typed.txt": (False, "여보세요\n\n불이 크게 났어요"), "wav/call1.wav": (True, None),
    }  # fmt: skip
    assert [(skip.where, str(skip.reason)) for skip in skipped] == [
        ("alone.json", "a JSON without a recording of the same name"), ("readme.pdf", "neither sound nor text"),
    ]  # fmt: skip


def test_two_files_of_one_name_in_other_folders_are_paired_with_none(tmp_path: Path) -> None:
    for name in ("a/x.wav", "b/x.json", "c/x.json"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
    listed, _ = inputs(tmp_path / "in")
    assert [(item.name, item.labels) for item in listed] == [("a/x.wav", None)]


def write(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
    return root


def test_what_lies_elsewhere_belongs_to_a_recording_only_if_its_name_is_that_of_one(tmp_path: Path) -> None:
    """Deliveries number their calls anew each day: the words of one day are not those of another."""
    same_folder = write(tmp_path / "days", "day1/001.wav", "day1/001.json", "day2/001.wav")
    listed, skipped = inputs(same_folder)
    assert [(item.name, item.labels is not None) for item in listed] == [
        ("day1/001.wav", True),
        ("day2/001.wav", False),
    ]
    assert skipped == []
    elsewhere = write(tmp_path / "apart", "day1/001.wav", "day2/001.WAV", "words/001.json", "words/001.txt")
    listed, skipped = inputs(elsewhere)
    assert [(item.name, item.labels, item.text) for item in listed] == [
        ("day1/001.wav", None, None), ("day2/001.WAV", None, None), ("words/001.txt", None, "{}"),
    ]  # fmt: skip
    assert [(skip.where, str(skip.reason)) for skip in skipped] == [
        ("words/001.json", "a JSON whose name more than one recording has")
    ]


def test_two_recordings_of_one_name_in_a_folder_share_no_words(tmp_path: Path) -> None:
    """`a.json` belongs to `a.wav` or to `a.mp3`: nobody knows to which."""
    root = write(tmp_path / "in", "one/a.wav", "one/a.mp3", "one/a.json", "one/a.txt", "two/a.wav", "two/a.json")
    listed, skipped = inputs(root)
    assert [(item.name, item.labels is not None, item.text) for item in listed] == [
        ("one/a.mp3", False, None), ("one/a.txt", False, "{}"), ("one/a.wav", False, None), ("two/a.wav", True, None),
    ]  # fmt: skip
    assert [(skip.where, str(skip.reason)) for skip in skipped] == [
        ("one/a.json", "a JSON whose name more than one recording has")
    ]


def test_a_name_stands_for_one_input() -> None:
    named = [Input("a"), Input("a"), Input("a (2)"), Input("a")]
    assert [item.name for item in _told_apart(named)] == ["a", "a (2)", "a (2) (2)", "a (3)"]


def test_a_batch_is_sorted_by_risk_and_names_what_failed(ws: Workspace, runs: None, delivery: Path) -> None:
    batch_id = batch.prepare(ws, delivery, batch.BatchOptions(transcriber="off"))
    told: list[tuple[int, int]] = []
    done = batch.run(ws, batch_id, lambda n, total: told.append((n, total)))
    assert told == [(n, 5) for n in range(6)]
    assert [(row["source"], row["state"]) for row in done.rows] == [
        ("typed.txt", "judged"), ("wav/call1.wav", "judged"), ("call2.wav", "judged"), ("broken.wav", "failed"),
        ("empty.txt", "failed"),
    ]  # fmt: skip
    assert [row["risk"] for row in done.rows] == [
        pytest.approx(0.9),
        pytest.approx(0.9),
        pytest.approx(0.2),
        None,
        None,
    ]
    assert done.rows[1]["first_alarm_ms"] == 3_000
    assert str(done.rows[3]["error"]).startswith("broken.wav: ")
    assert str(done.rows[4]["error"]) == "empty.txt: the text is empty"
    assert (done.failed, batch.read(ws, batch_id), batch.state(ws, batch_id)) == (2, done, "done")
    typed = batch.document(ws, batch_id, done.rows[0]["n"])
    assert [u["text"] for u in typed["utterances"]] == ["여보세요", "불이 크게 났어요"]
    assert [d["source"] for d in batch.documents(ws, done)] == ["typed.txt", "wav/call1.wav", "call2.wav"]
    assert batch.sound(ws, done, done.rows[1]["n"]) == wav_bytes(6_000)
    assert batch.sound(ws, done, done.rows[0]["n"]) is None
    assert batch.as_json(done)["rows"][4]["error"] == "empty.txt: the text is empty"


def test_a_job_goes_on_with_the_input_after_the_last_finished_one(ws: Workspace, runs: None, delivery: Path) -> None:
    batch_id = batch.prepare(ws, delivery, batch.BatchOptions(transcriber="off"))
    stored: dict[str, Any] = {}

    def step(name: str, fn: Callable[[], Any]) -> Any:
        if name not in stored:
            if len(stored) == 4:  # the names, and three inputs
                raise KeyboardInterrupt  # the worker dies
            stored[name] = fn()
        return stored[name]

    clock = iter(range(0, 1000, 3))
    with pytest.raises(KeyboardInterrupt):
        batch.run(ws, batch_id, step=step, clock=lambda: float(next(clock)))
    half = batch.read(ws, batch_id)
    assert (len(half.rows), half.total) == (3, 5), "rows can be read while it runs"
    first = dict(stored)
    judged: list[str] = []

    def again(name: str, fn: Callable[[], Any]) -> Any:
        if name not in stored:
            judged.append(name)
            stored[name] = fn()
        return stored[name]

    done = batch.run(ws, batch_id, step=again)
    assert (judged, len(done.rows)) == (["input 3", "input 4"], 5)
    assert first.items() <= stored.items()


def test_a_folder_that_changes_after_a_kill_moves_no_row(ws: Workspace, runs: None, tmp_path: Path) -> None:
    """Rows are tied to names: what comes later is left out, what is gone fails, each of the others is judged once."""
    place = tmp_path / "calls"
    place.mkdir()
    for name, text in (("b.txt", "네"), ("c.txt", "불이 났어요"), ("d.txt", "네네")):
        (place / name).write_text(text, "utf-8")
    (place / "e.wav").write_bytes(wav_bytes(2_000))
    batch_id = batch.prepare(ws, place, batch.BatchOptions(transcriber="off"))
    stored: dict[str, Any] = {}

    def step(name: str, fn: Callable[[], Any]) -> Any:
        if name == "input 1" and not place.joinpath("a.txt").exists():
            raise KeyboardInterrupt  # the worker dies
        return stored[name] if name in stored else stored.setdefault(name, fn())

    with pytest.raises(KeyboardInterrupt):
        batch.run(ws, batch_id, step=step)
    (place / "a.txt").write_text("불이 번져요", "utf-8")
    (place / "d.txt").unlink()
    done = batch.run(ws, batch_id, step=step)
    rows = {row["n"]: (row["source"], row["state"]) for row in done.rows}
    assert rows == {0: ("b.txt", "judged"), 1: ("c.txt", "judged"), 2: ("d.txt", "failed"), 3: ("e.wav", "judged")}
    assert [str(row["error"]) for row in done.rows if row["error"]] == ["d.txt: the file is gone"]
    assert [(skip.where, str(skip.reason)) for skip in done.skipped] == [("a.txt", "it came after the batch began")]
    assert (done.total, batch.document(ws, batch_id, 1)["source"]) == (4, "c.txt")
    (place / "c.wav").write_bytes(wav_bytes(1_000))
    assert batch.sound(ws, done, 3) == wav_bytes(2_000), "the sound of a row is that of its name"
    (place / "e.wav").unlink()
    with pytest.raises(NotFound, match=r"e\.wav: the file is gone"):
        batch.sound(ws, done, 3)
    with pytest.raises(NotFound, match="no document 9"):
        batch.sound(ws, done, 9)


def test_a_batch_keeps_how_voices_are_compared(
    ws: Workspace, runs: None, delivery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = batch.prepare(ws, delivery / "call2.wav", batch.BatchOptions(transcriber="off", own_voice=True))
    options = batch.read(ws, batch_id).options
    asked: list[Any] = []

    def plan(*given: Any) -> Plan:
        asked.append(given[-1])
        raise NotFound("no run")

    monkeypatch.setattr(serving, "plan", plan)
    batch.run(ws, batch_id)
    assert (options.own_voice, asked) == (True, [True])
    old = options.as_json()
    del old["own_voice"]  # a batch of an earlier version
    assert batch.BatchOptions(**old).own_voice is False


def test_a_zip_of_uploads_is_a_batch_and_names_are_no_paths(ws: Workspace, runs: None, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "calls.zip", "w") as archive:
        archive.writestr("x/call.wav", wav_bytes(1_000))
        archive.writestr("../evil.txt", "불이 났어요")
    files = [
        ("calls.zip", (tmp_path / "calls.zip").read_bytes()),
        ("../../a.txt", "불이 났어요".encode()),
        ("a.txt", b"1"),
    ]
    batch_id = batch.prepare_uploads(ws, files)
    place = batch.folder(ws, batch_id) / "input"
    assert sorted(path.name for path in place.iterdir()) == ["_.._a.txt", "a.txt", "calls.zip"]
    done = batch.run(ws, batch_id)
    assert {row["source"] for row in done.rows} >= {"calls.zip/x/call.wav", "a.txt"}
    assert any("evil" in skip.where for skip in done.skipped)
    assert not list(ws.settings.home.parent.glob("**/evil.txt"))
    assert [item.id for item in batch.every(ws)] == [batch_id]
    (batch.folder(ws, batch_id) / "batch.json").write_text("{}", "utf-8")
    assert batch.every(ws) == [], "a damaged one hides itself only"
    batch.remove(ws, batch_id)
    assert batch.every(ws) == []


def test_wrong_input_is_refused_before_anything_is_written(ws: Workspace, runs: None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not found: .*nowhere"):
        batch.prepare(ws, tmp_path / "nowhere")
    with pytest.raises(InputError, match="no files: choose recordings"):
        batch.prepare_uploads(ws, [])
    for wrong in ("predict-batch-0123456789ab", "../x", "predict-batch-zz"):
        with pytest.raises(NotFound, match="no batch"):
            batch.read(ws, wrong)
    assert batch.every(ws) == []
    assert JOBS["predict-batch"].path == "core.workflows.predict.batch:run_job"
