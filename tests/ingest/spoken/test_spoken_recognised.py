"""core.ingest.spoken.formats.recognised and .audacity: JSON of recognisers, Whisper's TSV, Audacity's label tracks."""

import json
from typing import Any

import pytest

from core.errors import BadRecord
from core.ingest.spoken.formats import table
from core.ingest.spoken.formats.document import Document

WORDS = [{"word": " 불이", "start": 0.0, "end": 0.5, "probability": 0.9}]
OPENAI = {
    "text": " 불이 났어요 어디세요",
    "segments": [
        {"id": 0, "seek": 0, "start": 0.0, "end": 2.34, "text": " 불이 났어요", "tokens": [50364, 1],
         "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 0.9, "no_speech_prob": 0.1, "words": WORDS},
        {"id": 1, "seek": 0, "start": 2.34, "end": 3.5, "text": " 어디세요", "tokens": [2], "temperature": 0.0},
    ],
    "language": "ko",
}  # fmt: skip
FASTER = [
    {"id": 1, "seek": 0, "start": 0.0, "end": 2.34, "text": " 불이 났어요", "tokens": [1], "words": None},
    {"id": 2, "seek": 0, "start": 2.34, "end": 3.5, "text": " 어디세요", "tokens": [2], "words": None},
]
WHISPERX = {
    "segments": [
        {"start": 0.0, "end": 2.34, "text": " 불이 났어요", "speaker": "SPEAKER_01",
         "words": [{"word": "불이", "start": 0.0, "end": 0.5, "score": 0.9, "speaker": "SPEAKER_01"},
                   {"word": "119", "speaker": "SPEAKER_00"}]},
        {"start": 2.34, "end": 3.5, "text": " 어디세요", "words": [], "speaker": "SPEAKER_00"},
    ],
    "word_segments": [],
}  # fmt: skip
CPP = {
    "systeminfo": "AVX = 1", "result": {"language": "ko"},
    "transcription": [
        {"timestamps": {"from": "00:00:00,000", "to": "00:00:02,340"}, "offsets": {"from": 0, "to": 2340},
         "text": " 불이 났어요"},
        {"timestamps": {"from": "00:00:02,340", "to": "00:00:03,500"}, "offsets": {"from": 2340, "to": 3500},
         "text": " 어디세요"},
    ],
}  # fmt: skip
CLOVA = {
    "result": "COMPLETED",
    "segments": [
        {"start": 0, "end": 2340, "text": "불이 났어요", "textEdited": "불이 났어요", "diarization": {"label": "1"},
         "speaker": {"label": "1", "name": "A", "edited": False}, "confidence": 0.9, "words": [[0, 500, "불이"]]},
        {"start": 2340, "end": 3500, "text": "어디세요", "textEdited": "어디세요", "diarization": {"label": "2"},
         "speaker": {"label": "2", "name": "B", "edited": False}},
    ],
}  # fmt: skip
RTZR = {
    "id": "x", "status": "completed",
    "results": {"utterances": [
        {"start_at": 0, "duration": 2340, "msg": "불이 났어요", "spk": 1, "spk_type": "NORMAL"},
        {"start_at": 2340, "duration": 1160, "msg": "어디세요", "spk": 0, "spk_type": "NORMAL"},
    ]},
}  # fmt: skip


def read(text: str, where: str = "a.txt") -> Document:
    known = table.find_format(text.encode(), where)
    assert known is not None
    return table.read(text.encode(), known, where)


@pytest.mark.parametrize(
    ("content", "name", "speakers"),
    [
        (OPENAI, "Whisper", [None, None]),
        (FASTER, "Whisper", [None, None]),
        (WHISPERX, "Whisper", ["SPEAKER_01", "SPEAKER_00"]),
        (CPP, "whisper.cpp", [None, None]),
        (CLOVA, "Clova Speech", ["A", "B"]),
        (RTZR, "RTZR", ["SPEAKER_1", "SPEAKER_0"]),
    ],
)
def test_segments_of_every_recogniser(content: Any, name: str, speakers: list[str | None]) -> None:
    document = read(json.dumps(content, ensure_ascii=False))
    assert (document.format, document.by_machine, document.skips) == (name, True, [])
    assert [(i.start_ms, i.end_ms, i.text) for i in document.intervals] == [
        (0, 2340, "불이 났어요"), (2340, 3500, "어디세요"),
    ]  # fmt: skip
    assert [i.speaker for i in document.intervals] == speakers


def test_words_and_figures_are_kept() -> None:
    (first, _) = read(json.dumps(OPENAI)).intervals
    assert first.meta["words"] == WORDS
    assert first.meta["no_speech_prob"] == 0.1
    document = read(json.dumps(WHISPERX))
    assert document.intervals[0].meta["words"][1] == {"word": "119", "speaker": "SPEAKER_00"}
    assert document.notes == ["segment whose words have several speakers: the segment's speaker is kept"]


def test_a_segment_that_cannot_be_used_is_named() -> None:
    segments = [*FASTER, {"start": "soon", "end": 4, "text": "x"}, {"start": 4, "end": 5}, None]
    document = read(json.dumps({"segments": segments, "language": "ko"}))
    assert len(document.intervals) == 2
    assert [(skip.where, skip.reason) for skip in document.skips] == [
        ("a.txt, segment 3", "has no time start"),
        ("a.txt, segment 4", "has no text"),
        ("a.txt, segment 5", "has no time start"),
    ]


def test_damaged_json_names_its_line() -> None:
    text = json.dumps(OPENAI, indent=1)
    with pytest.raises(BadRecord, match=r"a.json, line \d+: broken JSON"):
        read(text[: len(text) // 2], "a.json")


@pytest.mark.parametrize(
    "content",
    [{"text": "불"}, [{"id": 1, "data": {}}], [], {"segments": [{"text": "불"}]}, {"utterances": [{"id": 1}]}],
)
def test_other_json_is_no_annotation(content: Any) -> None:
    assert table.find_format(json.dumps(content).encode(), "a.json") is None


def test_whisper_tsv() -> None:
    document = read("start\tend\ttext\n0\t2340\t불이 났어요\n2340\t3500\t어디세요\nx\ty\tz\n")
    assert [(i.start_ms, i.end_ms, i.text) for i in document.intervals] == [
        (0, 2340, "불이 났어요"), (2340, 3500, "어디세요"),
    ]  # fmt: skip
    assert [skip.where for skip in document.skips] == ["a.txt, line 4"]


AUDACITY = "0.500000\t1.750000\t불이 났어요\n\\\t120.000000\t4000.000000\n2.000000\t2.000000\t땡\n3,5\t4,25\t네 119\n"


def test_audacity_labels_with_frequencies_points_and_commas() -> None:
    document = read(AUDACITY)
    assert document.format == "Audacity"
    assert [(i.start_ms, i.end_ms, i.text) for i in document.intervals] == [
        (500, 1750, "불이 났어요"), (3500, 4250, "네 119"),
    ]  # fmt: skip
    assert document.intervals[0].meta == {"frequencies_hz": [120.0, 4000.0]}
    assert document.notes == ["point of tier labels: not read, it has no duration"]


def test_a_line_that_is_no_label_is_named() -> None:
    document = read(AUDACITY + "그냥 글\n-1\t5\t앞\n")
    assert [(skip.where, skip.reason) for skip in document.skips] == [
        ("a.txt, line 5", "no start, end and text with tabs between"),
        ("a.txt, line 6", "-1.0 s is no time from 0 to 24 hours"),
    ]
    assert len(document.intervals) == 2


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(40), "그냥 글\n".encode("cp949")])
def test_other_files_are_no_annotations(data: bytes) -> None:
    assert table.find_format(data, "a") is None
