"""Tests core.ingest.exports.labelstudio: what Label Studio's projects hold, and how its files may be broken."""

import json
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import wav_bytes

from core.errors import InputError
from core.ingest import json_array
from core.ingest.exports.labelstudio import LabelStudioExport
from core.ingest.exports.rows import DeliveredPrediction, ExportedRow
from core.messages import Message
from core.records import Skip


def write(path: Path, *tasks: Any) -> Path:
    path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    return path


def read(path: Path, text: str | None = None) -> list[ExportedRow | Skip]:
    return list(LabelStudioExport(path, text).rows())


def choice(name: str, *codes: str, **more: Any) -> dict[str, Any]:
    value = {"choices": list(codes), **more}
    return {"id": f"{name}-{len(more)}", "from_name": name, "to_name": "text", "type": "choices", "value": value}


def answer(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"result": list(results), "was_cancelled": False, "completed_by": 1, **more}


def only_row(tmp_path: Path, task: Any) -> ExportedRow:
    (row,) = read(write(tmp_path / "p.json", task))
    assert isinstance(row, ExportedRow), row
    return row


def test_a_task_with_a_text(tmp_path: Path) -> None:
    edit = {"id": "t", "from_name": "transcription", "type": "textarea", "value": {"text": ["불이 났어요"]}}
    results = choice("danger", "danger"), choice("mood", "a", "b"), edit
    row = only_row(tmp_path, {"id": 7, "data": {"text": "불이 낫어요"}, "annotations": [answer(*results)]})
    assert (row.new.key, row.new.text, row.text) == ("labelstudio:p:7", "불이 낫어요", "불이 났어요")
    assert row.labels == {"danger": "danger", "mood": "a|b"}
    assert (row.recording, row.skipped, row.notes) == (None, False, ())


def test_the_settled_answer_counts_else_the_last_of_one_person_that_was_not_cancelled(tmp_path: Path) -> None:
    no, yes = answer(choice("danger", "normal")), answer(choice("danger", "danger"))
    cancelled = answer(choice("danger", "odd"), was_cancelled=True)
    for answers, code in (
        ([yes, no, cancelled], "normal"),
        ([yes | {"ground_truth": True}, no], "danger"),
    ):
        row = only_row(tmp_path, {"data": {"text": "불"}, "annotations": answers})
        assert (row.labels, row.disputed, row.votes) == ({"danger": code}, (), ())
        assert row.notes == ("annotator who answered one task twice: the later answer counts",)
    row = only_row(tmp_path, {"data": {"text": "불"}, "annotations": [cancelled]})
    assert row.skipped is True


def test_predictions_are_no_labels(tmp_path: Path) -> None:
    guess = {"model_version": "m1", "score": 0.9, "result": [choice("danger", "danger")]}
    odd = {"score": "high", "result": [choice("danger", "normal"), None, {"value": 3}]}
    row = only_row(tmp_path, {"data": {"text": "불"}, "predictions": [guess, odd, None, {"result": None}]})
    assert row.labels == {}
    assert row.predictions == (
        DeliveredPrediction("m1", "danger", "danger", 0.9, None),
        DeliveredPrediction("Label Studio", "danger", "normal", None, None),
    )


def region(name: str, start: float, end: float, text: str, code: str) -> list[dict[str, Any]]:
    span = {"start": start, "end": end}
    return [
        {"id": name, "from_name": "labels", "type": "labels", "value": {**span, "labels": ["Speech"]}},
        {"id": name, "from_name": "transcription", "type": "textarea", "value": {**span, "text": [text]}},
        {"id": name, "from_name": "danger", "type": "choices", "value": {**span, "choices": [code]}},
    ]


def test_regions_of_audio_are_utterances_of_a_recording(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "call.wav").write_bytes(wav_bytes(6_000))
    results = region("b", 2.0004, 3.5, "불이 났어요", "danger") + region("a", 0, 0.3, "네", "normal")
    rows = read(write(tmp_path / "p.json", {
        "id": 1, "data": {"audio": "/data/local-files/?d=audio/call.wav"}, "annotations": [answer(*results)],
    }))  # fmt: skip
    assert all(isinstance(x, ExportedRow) for x in rows)
    spans = [
        (x.new.start_ms, x.new.end_ms, x.text, x.labels, x.new.voice_usable) for x in rows if isinstance(x, ExportedRow)
    ]
    assert spans == [
        (0, 300, "네", {"labels-label": "Speech", "danger": "normal"}, False),
        (2000, 3500, "불이 났어요", {"labels-label": "Speech", "danger": "danger"}, True),
    ]
    first = rows[0]
    assert isinstance(first, ExportedRow)
    assert (first.recording, first.sound) == ("labelstudio:p:1", (tmp_path / "audio" / "call.wav").resolve())


@pytest.mark.parametrize(
    "named", ["../secret.wav", "/etc/passwd", "http://x/secret.wav?d=../secret.wav", "http://[", "\0"]
)
def test_audio_is_only_taken_from_beside_the_file(tmp_path: Path, named: str) -> None:
    (tmp_path / "secret.wav").write_bytes(wav_bytes(1_000))
    (tmp_path / "in").mkdir()
    (row,) = read(write(tmp_path / "in" / "p.json", {"data": {"text": "불", "audio": named}}))
    assert isinstance(row, ExportedRow)
    assert (row.sound, row.recording) == (None, None)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (3, "has no `data`: export the project as JSON, not JSON-MIN"),
        ({"data": {"image": "x.png"}}, "holds no text; name its field, or one of text, transcription"),
        ({"data": {"text": 5}}, "holds no text"),
        ({"data": {"text": "불\ud800"}}, "text holds half a character"),
        (
            {"data": {"text": "a"}, "annotations": [answer(*region("a", 2, 1, "x", "y"))]},
            "a region from 2000 to 1000 ms",
        ),
        ({"data": {"text": "a"}, "annotations": [answer(choice("", 5))]}, "no text: '5'"),  # type: ignore[arg-type]
    ],
)
def test_a_bad_task_is_named_and_the_next_one_read(tmp_path: Path, task: Any, reason: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps([task, {"id": "x", "data": {"text": "불"}}]), encoding="utf-8")
    bad, good = read(path)
    assert isinstance(bad, Skip)
    assert bad.where == "p.json, task 1"
    assert reason in bad.reason
    assert isinstance(good, ExportedRow)


def test_results_that_are_not_read_are_counted(tmp_path: Path) -> None:
    box = {"id": "b", "from_name": "box", "type": "rectanglelabels", "value": {"x": 1}}
    assert only_row(tmp_path, {"data": {"text": "불"}, "annotations": [answer(box)]}).notes == (
        "result of type rectanglelabels not read",
    )


def test_the_field_with_the_text_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "p.json", {"data": {"text": "a", "stt": "불이야"}})
    (row,) = read(path, "stt")
    assert isinstance(row, ExportedRow)
    assert row.text == "불이야"
    (skip,) = read(path, "none")
    assert skip == Skip("p.json, task 1", "`data` has no field 'none'; it has text, stt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no JSON array"),
        (b'{"a": 1}', "is no JSON array"),
        (b"\xff\xfe[]", "is not UTF-8"),
        (b"[{", "item 1 cannot be read"),
        (b"[,]", "item 1 cannot be read"),
        (b'[{"data": {"text": "a"}}', "breaks off after item 1"),
        (b'[{"data": {"text": "a"}} {}]', "breaks off after item 1"),
        (b"[" * 200_000, "item 1 cannot be read: is nested too deeply"),
        (b"[" + b"9" * 5000 + b"]", "item 1 cannot be read: Exceeds the limit"),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"p\.json: {message}"):
        read(tmp_path / "p.json")


def test_the_reason_of_a_nested_file_is_translated(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_bytes(b"[" * 200_000)
    with pytest.raises(InputError) as caught:
        read(tmp_path / "p.json")
    assert isinstance(caught.value.message.fields["reason"], Message)


def test_tasks_are_read_one_at_a_time_wherever_the_file_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ['불이 났어요 😀 \\" ]}, ' * n for n in range(9)]
    path = write(tmp_path / "p.json", *({"id": n, "data": {"text": text}} for n, text in enumerate(texts)))
    for chars in (1, 2, 7, 64):
        monkeypatch.setattr(json_array, "FIRST_CHARS", chars)
        assert [row.text for row in read(path) if isinstance(row, ExportedRow)] == texts
    monkeypatch.setattr(json_array, "LONGEST_CHARS", 50)
    with pytest.raises(InputError, match=r"p\.json: one item is longer than 50 characters"):
        read(path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_bytes(b"\xef\xbb\xbf" + b'[{"data": {"text": "a"}}]')
    assert len(read(tmp_path / "p.json")) == 1
