"""Tests core.ingest.labelstudio: regions of audio, spans of text, whole calls, names of schemes, several annotators."""

import json
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import wav_bytes

from core.errors import InputError
from core.ingest.exports.labelstudio import LabelStudioExport
from core.ingest.exports.rows import ExportedRow
from core.records import Skip


def write(path: Path, *tasks: Any) -> Path:
    path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    return path


def choice(name: str, *codes: str) -> dict[str, Any]:
    return result("choices", name, {"choices": list(codes)}, to="text")


def answer(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"result": list(results), "was_cancelled": False, "completed_by": 1, **more}


def only_row(tmp_path: Path, task: Any) -> ExportedRow:
    (row,), skips = rows_of(tmp_path, task)
    assert skips == {}
    return row


def result(kind: str, name: str, value: dict[str, Any], mark: str = "", to: str = "audio") -> dict[str, Any]:
    return {"id": mark or name, "from_name": name, "to_name": to, "type": kind, "value": value}


def heard(mark: str, start: Any, end: Any, text: str, **labels: str) -> list[dict[str, Any]]:
    """The results of one region: its text and its labels."""
    span = {"start": start, "end": end, "channel": 1}
    return [
        result("textarea", "transcription", {**span, "text": [text]}, mark),
        *(result("labels", name, {**span, "labels": [code]}, mark) for name, code in labels.items()),
    ]


def marked(start: int, end: int, text: str | None, label: str, mark: str = "s", **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]} | ({} if text is None else {"text": text}) | more
    return result("labels", "ner", value, mark, "text")


def rows_of(tmp_path: Path, *tasks: Any) -> tuple[list[ExportedRow], dict[str, str]]:
    items = list(LabelStudioExport(write(tmp_path / "p.json", *tasks)).rows())
    return [x for x in items if isinstance(x, ExportedRow)], {x.where: x.reason for x in items if isinstance(x, Skip)}


def call(*answers: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"audio": "/data/upload/3/1f2e3d4c-call.wav", **data}, "annotations": list(answers)}


FIRE = "부산역 앞에 불이 났어요"


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ([], {"urgency": "상"}),
        ([result("choices", "kind", {"start": 0, "end": 3, "choices": ["역"]}, "a")], {"urgency": "상"}),
        ([result("textarea", "memo", {"start": 0, "end": 3, "text": ["역 이름"]}, "a")], {"urgency": "상"}),
    ],
)
def test_spans_within_a_text_make_no_utterance_and_no_label(
    tmp_path: Path, more: list[dict[str, Any]], kept: dict[str, str]
) -> None:
    spans = [marked(0, 3, "부산역", "장소", "a"), marked(7, 9, "불이", "사고", "b")]
    results = [*spans, *more, result("choices", "urgency", {"choices": ["상"]}, "c", "text")]
    (row,), skips = rows_of(tmp_path, {"id": 1, "data": {"text": FIRE}, "annotations": [answer(*results)]})
    assert (row.text, row.new.text, row.new.start_ms, row.labels, skips) == (FIRE, FIRE, None, kept, {})
    assert row.notes == ("span within a text, of ner: no label is made of it",) * 2
    assert [(span["text"], span["labels"]) for span in row.new.meta["spans"]] == [
        ("부산역", ["장소"]),
        ("불이", ["사고"]),
    ]


@pytest.mark.parametrize(
    "span",
    [
        marked(0, 3, None, "장소"),  # saved without its words
        marked(0, 3, "부산역", "장소", globalOffsets={"start": 0, "end": 3}),
        result("hypertextlabels", "ner", {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 0,
                                          "endOffset": 3, "hypertextlabels": ["장소"]}, "s", "text"),
        result("paragraphlabels", "ner", {"start": "0", "end": "0", "paragraphlabels": ["장소"]}, "s", "text"),
    ],
)  # fmt: skip
def test_spans_of_every_kind_leave_the_sentence_whole(tmp_path: Path, span: dict[str, Any]) -> None:
    (row,), skips = rows_of(tmp_path, {"id": 1, "data": {"text": FIRE}, "annotations": [answer(span)]})
    assert (row.text, row.labels, skips) == (FIRE, {}, {})
    (note,) = row.notes
    assert note in ("span within a text, of ner: no label is made of it", f"result of type {span['type']} not read")


def test_a_call_with_a_shown_text_has_regions_of_audio_and_spans_of_text(tmp_path: Path) -> None:
    results = [*heard("r", 1, 2, "불이야"), marked(0, 3, "부산역", "장소")]
    (row,), skips = rows_of(tmp_path, call(answer(*results), text=FIRE))
    assert (row.text, row.new.start_ms, row.new.end_ms, row.labels, skips) == ("불이야", 1000, 2000, {}, {})
    assert row.new_recording is not None
    assert row.new_recording.meta["spans"][0]["text"] == "부산역"


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (1.0, 1.0, "a region from 1000 to 1000 ms has no length"),
        (2, 1, "a region from 2000 to 1000 ms has no length"),
        (0.0001, 0.0002, "a region from 0 to 0 ms has no length"),
        (-1, 2, "a region from -1 to 2 s has no usable times"),
        (0, 90_000, "a region from 0 to 90000 s has no usable times"),
        (float("nan"), 2, "a region from nan to 2 s has no usable times"),
        (0, float("inf"), "a region from 0 to inf s has no usable times"),
    ],
)
def test_a_region_without_a_length_is_named_and_the_others_are_kept(
    tmp_path: Path, start: float, end: float, reason: str
) -> None:
    results = heard("a", start, end, "순간", role="신고자") + heard("b", 3, 4, "다음 말", role="접수자")
    (row,), skips = rows_of(tmp_path, call(answer(*results)))
    assert (row.text, row.new.start_ms, row.new.meta["channel"], row.labels) == ("다음 말", 3000, 1, {"role": "접수자"})
    assert skips == {"p.json, task 1": reason}


def test_a_region_whose_label_or_text_is_broken_costs_only_itself(tmp_path: Path) -> None:
    broken = heard("a", 1, 2, "반쪽 \ud800") + heard("b", 3, 4, "둘", role=5)  # type: ignore[arg-type]
    path = tmp_path / "p.json"
    path.write_text(json.dumps([call(answer(*broken, *heard("c", 5, 6, "셋", role="x")))]), encoding="utf-8")
    items = list(LabelStudioExport(path).rows())
    assert [item.reason for item in items if isinstance(item, Skip)] == [
        "transcription holds half a character (a lone surrogate)", "role is no text: '5'",
    ]  # fmt: skip
    assert [item.text for item in items if isinstance(item, ExportedRow)] == ["셋"]


def test_a_call_with_only_unusable_regions_keeps_its_own_labels(tmp_path: Path) -> None:
    results = [*heard("a", 1, 1, "순간"), result("choices", "urgency", {"choices": ["상"]})]
    (row,), skips = rows_of(tmp_path, call(answer(*results)))
    assert (row.labels, row.whole, row.recording) == ({"urgency": "상"}, True, "labelstudio:p:1@recording")
    assert list(skips.values()) == ["a region from 1000 to 1000 ms has no length"]


def test_answers_about_the_whole_call_are_labels_of_the_recording(tmp_path: Path) -> None:
    whole = [
        result("choices", "urgency", {"choices": ["상"]}), result("choices", "kind", {"choices": ["화재", "구급"]}),
        result("textarea", "memo", {"text": ["소리 큼"]}), result("taxonomy", "tree", {"taxonomy": [["a", "b"]]}),
    ]  # fmt: skip
    rows, skips = rows_of(tmp_path, call(answer(*heard("b", 3, 4, "둘"), *heard("a", 1, 2, "하나", role="x"), *whole)))
    assert skips == {}
    assert [(row.text, row.labels, row.recording_labels) for row in rows] == [
        ("하나", {"role": "x"}, {"urgency": "상", "kind": "화재|구급"}), ("둘", {}, {}),
    ]  # fmt: skip
    assert rows[0].new_recording is not None
    assert rows[0].new_recording.meta["text"] == "소리 큼"
    assert "result of type taxonomy not read" in rows[0].notes


@pytest.mark.parametrize("named", ["/data/upload/3/1f2e3d4c-call.wav", "call.wav", "s3://box/call.wav", "CALL.WAV"])
def test_audio_without_a_text_is_one_utterance_as_long_as_it(tmp_path: Path, named: str) -> None:
    (tmp_path / "call.wav").write_bytes(wav_bytes(6_000))
    (row,), skips = rows_of(tmp_path, call(answer(result("choices", "danger", {"choices": ["위험"]})), audio=named))
    assert skips == {}
    assert (row.text, row.labels, row.new.start_ms, row.new.end_ms) == ("", {"danger": "위험"}, 0, 6000)
    assert (row.new.voice_usable, row.sound) == (True, tmp_path / "call.wav")
    assert row.notes == ("audio without a text: kept",)


def test_typed_text_of_a_whole_audio_and_a_shown_text_have_its_length(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(wav_bytes(2_000))
    typed = answer(result("textarea", "transcription", {"text": ["불이야"]}))
    rows, _ = rows_of(tmp_path, call(typed), {"id": 2, "data": {"text": FIRE, "audio": "call.wav"}})
    assert [(row.text, row.new.start_ms, row.new.end_ms, row.sound) for row in rows] == [
        ("불이야", 0, 2000, tmp_path / "call.wav"), (FIRE, 0, 2000, tmp_path / "call.wav"),
    ]  # fmt: skip


def test_audio_that_is_not_there_is_told_and_the_label_kept(tmp_path: Path) -> None:
    label = answer(result("choices", "danger", {"choices": ["위험"]}))
    (row,), skips = rows_of(tmp_path, call(label))
    assert (row.labels, row.sound, row.new.end_ms, row.recording) == (
        {"danger": "위험"}, None, None, "labelstudio:p:1@recording",
    )  # fmt: skip
    assert row.notes == ("audio that is not beside the file: imported without it", "audio without a text: kept")
    (tmp_path / "007.wav").write_bytes(wav_bytes(1_000))
    (row,), skips = rows_of(tmp_path, call(label, audio="7.wav"))
    assert skips == {
        "p.json, task 1": "audio '7.wav' is not beside the file: imported without it; nearest names: 007.wav"
    }
    (tmp_path / "007.wav").unlink()
    rows, skips = rows_of(tmp_path, call())
    assert (rows, list(skips.values())) == ([], [
        "holds neither a text nor a label; audio that is not beside the file: imported without it"
    ])  # fmt: skip


def test_two_uploads_of_one_name_never_share_a_file(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(wav_bytes(1_000))
    names = ["/data/upload/3/0a1b2c3d-call.wav", "/data/upload/3/9f8e7d6c-call.wav", "/data/upload/3/9f8e7d6c-call.wav"]
    tasks = [{"id": n, "data": {"text": FIRE, "audio": name}} for n, name in enumerate(names)]
    rows, skips = rows_of(tmp_path, *tasks)
    assert ([row.sound for row in rows], len(skips)) == ([None] * 3, 3)
    assert "nearest names: call.wav" in skips["p.json, task 1"]
    rows, skips = rows_of(tmp_path, *tasks[1:])
    assert ([row.sound for row in rows], skips) == ([tmp_path / "call.wav"] * 2, {})
    for folder in ("1월", "2월"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "001.wav").write_bytes(wav_bytes(1_000))
    rows, skips = rows_of(
        tmp_path, {"data": {"text": "a", "audio": "2월/001.wav"}}, {"data": {"text": "a", "audio": "001"}}
    )
    assert [row.sound for row in rows] == [tmp_path / "2월" / "001.wav", None]
    assert "may be any of 1월/001.wav, 2월/001.wav" in skips["p.json, task 2"]


# -- names of schemes


def test_names_that_no_scheme_can_have_are_changed_and_told(tmp_path: Path) -> None:
    names = {"labels": "labels-label", "text": "text-label", "speaker": "speaker-label", "감정 (소리)": "감정-소리",
             "감정-소리": "감정-소리-2", "mood": "mood"}  # fmt: skip
    results = [choice(name, "a") for name in names]
    row = only_row(tmp_path, {"data": {"text": "불"}, "annotations": [answer(*results)]})
    assert row.labels == dict.fromkeys(names.values(), "a")
    assert [note for note in row.notes if "scheme" in note] == [
        f"label {raw} of the project: its scheme is called {name} here" for raw, name in names.items() if raw != name
    ]


def test_a_person_may_choose_the_scheme_of_a_label(tmp_path: Path) -> None:
    path = write(tmp_path / "p.json", {"data": {"text": "불"}, "annotations": [answer(choice("긴급도", "상"))]})
    (row,) = LabelStudioExport(path, None, {"urgency": "긴급도"}).rows()
    assert isinstance(row, ExportedRow)
    assert (row.labels, row.notes) == ({"urgency": "상"}, ())
    with pytest.raises(InputError, match="no label 급함 in the project; there are 긴급도"):
        list(LabelStudioExport(path, None, {"urgency": "급함"}).rows())
    with pytest.raises(InputError, match="'labels' cannot be the name of a scheme; labels-label can"):
        LabelStudioExport(path, None, {"labels": "긴급도"})


# -- several annotators


def by(person: Any, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"completed_by": person, "result": list(results), **more}


KIM, LEE, PARK = {"id": 1, "email": "kim@x"}, {"id": 2, "email": "lee@x"}, 3


@pytest.mark.parametrize(
    ("answers", "labels", "disputed", "votes"),
    [
        ([by(KIM, choice("u", "상")), by(LEE, choice("u", "상"))], {"u": "상"}, (), ["kim@x 상", "lee@x 상"]),
        ([by(KIM, choice("u", "상")), by(LEE, choice("u", "하"))], {"u": "상"}, ("u",), ["kim@x 상", "lee@x 하"]),
        (
            [by(KIM, choice("u", "상")), by(LEE, choice("u", "하")), by(PARK, choice("u", "하"))],
            {"u": "하"}, ("u",), ["kim@x 상", "lee@x 하", "3 하"],
        ),
        (
            [by(KIM, choice("u", "상"), ground_truth=True), by(LEE, choice("u", "하"))],
            {"u": "상"}, (), ["kim@x 상", "lee@x 하"],
        ),
        ([by(KIM, choice("u", "상")), by(LEE, choice("v", "x"))], {"u": "상", "v": "x"}, (), ["kim@x 상", "lee@x x"]),
        ([by(KIM, choice("u", "상")), by(LEE, choice("u", "하"), was_cancelled=True)], {"u": "상"}, (), []),
        ([by(KIM, choice("u", "a", "b")), by(LEE, choice("u", "a"))], {"u": "a|b"}, ("u",), ["kim@x a|b", "lee@x a"]),
        ([by(None, choice("u", "상")), by(None, choice("u", "하"))], {"u": "상"}, ("u",), ["#1 상", "#2 하"]),
    ],
)  # fmt: skip
def test_each_annotator_votes_and_no_answer_passes_for_all(
    tmp_path: Path, answers: list[Any], labels: dict[str, str], disputed: tuple[str, ...], votes: list[str]
) -> None:
    row = only_row(tmp_path, {"id": 1, "data": {"text": "불"}, "annotations": answers})
    assert (row.labels, row.disputed) == (labels, disputed)
    assert [f"{vote.curator.removeprefix('vote:')} {vote.value}" for vote in row.votes] == votes
    differ = len({vote.value for vote in row.votes if vote.scheme == "u"}) > 1
    assert ("task whose annotators disagree" in row.notes) is differ


def test_a_text_that_annotators_typed_differently_stays_as_delivered(tmp_path: Path) -> None:
    def typed(text: str) -> dict[str, Any]:
        return result("textarea", "transcription", {"text": [text]}, to="text")

    task = {"id": 1, "data": {"text": "불이 낫어요"}, "annotations": [by(KIM, typed("불이 났어요")), by(LEE)]}
    row = only_row(tmp_path, task)
    assert (row.new.text, row.text) == ("불이 낫어요", "불이 낫어요")
    assert row.new.meta["texts"] == {"kim@x": "불이 났어요", "lee@x": "불이 낫어요"}
    assert "text on which annotators differ: all versions are in the details" in row.notes
    row = only_row(tmp_path, task | {"annotations": [by(KIM, typed("불이 났어요")), by(LEE, typed("불이 났어요"))]})
    assert (row.text, "texts" in row.new.meta) == ("불이 났어요", False)


def test_a_second_text_area_is_a_remark_and_not_the_text(tmp_path: Path) -> None:
    results = [*heard("r", 1, 2, "불이야"), result("textarea", "memo", {"start": 1, "end": 2, "text": ["작게"]}, "r")]
    (row,), _ = rows_of(tmp_path, call(answer(*results)))
    assert (row.text, row.new.meta["remarks"]) == ("불이야", {"memo": "작게"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("transcription", "고침"),
        ("text", "고침"),
        ("수정문", "고침"),
        ("corrected", "고침"),
        ("memo", "불"),
        ("비고", "불"),
    ],
)
def test_only_a_text_area_for_edits_replaces_a_text_that_was_shown(tmp_path: Path, name: str, text: str) -> None:
    typed = result("textarea", name, {"text": ["고침"]}, to="text")
    row = only_row(tmp_path, {"id": 1, "data": {"text": "불"}, "annotations": [answer(typed)]})
    assert (row.text, row.new.text) == (text, "불")
    assert row.new.meta == ({} if text == "고침" else {"remarks": {name: "고침"}})
    assert row.notes == (() if text == "고침" else ("further text of an annotator: kept in the details",))


def test_regions_of_two_annotators_are_matched_by_id_or_by_time(tmp_path: Path) -> None:
    kim = heard("a", 1, 2, "하나", role="신고자") + heard("b", 3, 4, "둘", role="신고자") + heard("c", 5, 6, "셋")
    lee = heard("a", 1.2, 2.1, "하나", role="신고자") + heard("x", 3, 4, "두울", role="접수자")
    whole = [result("choices", "urgency", {"choices": [code]}) for code in ("상", "하")]
    rows, skips = rows_of(tmp_path, call(by(KIM, *kim, whole[0]), by(LEE, *lee, whole[1])))
    assert [(r.text, r.new.start_ms, r.labels, r.disputed) for r in rows] == [
        ("하나", 1200, {"role": "신고자"}, ()), ("두울", 3000, {"role": "신고자"}, ("role",)),
    ]  # fmt: skip
    assert [[(v.curator[5:], v.value, v.of_recording) for v in row.votes] for row in rows] == [
        [("kim@x", "신고자", False), ("lee@x", "신고자", False), ("kim@x", "상", True), ("lee@x", "하", True)],
        [("kim@x", "신고자", False), ("lee@x", "접수자", False)],
    ]
    assert (rows[0].recording_labels, rows[0].recording_disputed) == ({"urgency": "상"}, ("urgency",))
    assert rows[1].new.meta["texts"] == {"kim@x": "둘", "lee@x": "두울"}
    assert skips == {
        "p.json, task 1": "region from 5000 to 6000 ms of annotator kim@x: not in the answer that is kept, not imported"
    }
    assert rows[0].notes.count("task whose annotators disagree") == 1


def test_the_regions_of_the_ground_truth_are_kept_whoever_came_last(tmp_path: Path) -> None:
    rows, skips = rows_of(
        tmp_path, call(by(KIM, *heard("a", 1, 2, "참"), ground_truth=True), by(LEE, *heard("b", 1, 2, "거짓")))
    )
    assert ([row.text for row in rows], skips) == (["참"], {})


def test_predictions_about_regions_are_counted(tmp_path: Path) -> None:
    guess = {"model_version": "m", "result": heard("a", 1, 2, "추측", role="x")}
    (row,), _ = rows_of(tmp_path, call(answer(*heard("a", 1, 2, "불이야"))) | {"predictions": [guess]})
    assert row.notes.count("prediction about a region or a span: not read") == 2
