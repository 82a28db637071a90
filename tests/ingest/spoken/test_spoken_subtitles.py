"""core.ingest.spoken.formats.subtitles reads SRT and WebVTT as programs write them, and loses no line."""

import pysubs2
import pytest

from core.ingest.spoken.formats import subtitles, table
from core.ingest.spoken.formats.document import Document

SRT = """1
00:00:00,000 --> 00:00:02,500
<i>불이 났어요</i>
{\\an8}빨리 와 주세요

2
00:00:02,500 --> 00:00:04,000
몇 번이죠
119

3
00:01:00,250 --> 00:01:02,000
첫 줄

빈 줄 뒤의 줄
<불명> 119
"""
YOUTUBE = """WEBVTT
Kind: captions
Language: ko

00:00:00.160 --> 00:00:02.470 align:start position:0%
\x20
안녕하세요<00:00:00.640><c> 여러분</c><00:00:01.200><c> 네</c>

00:00:02.470 --> 00:00:02.480 align:start position:0%
안녕하세요 여러분 네
\x20

00:00:02.480 --> 00:00:04.630 align:start position:0%
안녕하세요 여러분 네
오늘은<00:00:03.000><c> 소방서에</c>

00:00:04.630 --> 00:00:04.640 align:start position:0%
오늘은 소방서에
\x20

00:00:04.640 --> 00:00:06.000 align:start position:0%
오늘은 소방서에
왔습니다
"""
VTT = """WEBVTT - 신고 42

STYLE
::cue(.loud) { color: red }

NOTE 검수: 김

intro
00:00.000 --> 00:02.000 line:0
<v.loud 신고자>불이 났어요 &amp; 연기가 나요</v>

00:02.000 --> 00:04.000
<v 수보자>어디세요 <v 신고자>부산역이요

NOTE
여기까지 확인
119

7
1:00:04.000 --> 1:00:06.000
몇 번이죠
119
"""


def cues(document: Document) -> list[tuple[int, int, str | None, str]]:
    return [(i.start_ms, i.end_ms, i.speaker, i.text) for i in document.intervals]


def read(text: str) -> Document:
    known = table.find_format(text.encode(), "a.txt")
    assert known is not None
    return table.read(text.encode(), known, "a.txt")


def test_srt_keeps_every_line_and_drops_markup() -> None:
    document = read(SRT)
    assert document.format == "SRT"
    assert cues(document) == [
        (0, 2500, None, "불이 났어요 빨리 와 주세요"),
        (2500, 4000, None, "몇 번이죠 119"),
        (60_250, 62_000, None, "첫 줄 빈 줄 뒤의 줄 <불명> 119"),
    ]
    assert document.skips == []


@pytest.mark.parametrize(
    "text",
    [
        "00:00:00,000 --> 00:00:01,000\n가\n00:00:01,000 --> 00:00:02,000\n나\n",
        "\n\n1\r\n00:00:00,000 --> 00:00:01,000\r\n가\r\n2\r\n00:00:01.000-->0:0:2\r\n나",
        "1\n00:00:00,0 --> 00:00:01,00 X1:40 X2:600\n가\n\n\n\n9\n00:00:01,000 --> 00:00:02,000\n나",
    ],
)
def test_srt_without_numbers_blank_lines_or_full_times(text: str) -> None:
    assert cues(read(text)) == [(0, 1000, None, "가"), (1000, 2000, None, "나")]


def test_vtt_with_voices_names_and_comments() -> None:
    document = read(VTT)
    assert document.format == "VTT"
    assert cues(document) == [
        (0, 2000, "신고자", "불이 났어요 & 연기가 나요"),
        (2000, 4000, "수보자", "어디세요"),
        (2000, 4000, "신고자", "부산역이요"),
        (3_604_000, 3_606_000, None, "몇 번이죠 119"),
    ]
    assert document.skips == []


def test_text_outside_of_a_caption_is_named() -> None:
    document = read("WEBVTT\n\n00:00.000 --> 00:01.000\n가\n\n그리고 나\n다\n\nid\n00:01.000 --> 00:02.000\n라\n")
    assert [text for _, _, _, text in cues(document)] == ["가", "라"]
    assert [(skip.where, skip.reason) for skip in document.skips] == [("a.txt, line 6", "a text outside of a caption")]


@pytest.mark.parametrize("text", [YOUTUBE, YOUTUBE.replace("\x20\n", "\n", 1)])
def test_rolling_captions_of_youtube_are_taken_once(text: str) -> None:
    document = read(text.replace("\n\n안녕하세요<", "\n안녕하세요<"))
    assert cues(document) == [
        (160, 2470, None, "안녕하세요 여러분 네"),
        (2480, 4630, None, "오늘은 소방서에"),
        (4640, 6000, None, "왔습니다"),
    ]
    assert document.notes == [subtitles.REPEATED] * 2


def test_rolling_captions_converted_to_srt() -> None:
    converted = YOUTUBE.split("ko\n\n")[1].replace(" align:start position:0%", "").replace(".", ",")
    assert [text for _, _, _, text in cues(read(converted))] == ["안녕하세요 여러분 네", "오늘은 소방서에", "왔습니다"]


def test_rolling_captions_that_only_add_lines() -> None:
    lines = ["가", "나", "다", "라", "마"]
    blocks = [
        f"{n}\n00:00:0{n},000 --> 00:00:0{n + 1},000\n" + "\n".join(lines[max(0, n - 1) : n + 1]) for n in range(5)
    ]
    assert [text for _, _, _, text in cues(read("\n\n".join(blocks)))] == lines


def test_people_may_say_the_same_twice() -> None:
    text = "\n\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n + 1},000\n네" for n in range(5))
    assert [words for _, _, _, words in cues(read(text))] == ["네"] * 5


def test_speakers_of_whisperx() -> None:
    document = read("1\n00:00:00,000 --> 00:00:01,000\n[SPEAKER_01]: 여보세요\n")
    assert cues(document) == [(0, 1000, "SPEAKER_01", "여보세요")]
    assert document.by_machine


def test_a_caption_with_broken_times_is_named_and_the_others_are_kept() -> None:
    text = SRT.replace("00:00:02,500 --> 00:00:04,000", "00:00:02,500 --> later").replace("00:01:02", "99:01:02")
    document = read(text)
    assert [words for _, _, _, words in cues(document)] == ["불이 났어요 빨리 와 주세요"]
    assert [(skip.where, skip.reason) for skip in document.skips] == [
        ("a.txt, line 7", "00:00:02,500 --> later holds no two times: the caption is left out"),
        ("a.txt, line 12", "356462.0 s is no time from 0 to 24 hours"),
    ]


SAMI = """<SAMI><HEAD><TITLE>x</TITLE><STYLE TYPE="text/css"><!-- P {margin: 0} .KRCC {Name: 한국어; lang: ko-KR;} -->
</STYLE></HEAD><BODY>
<SYNC Start=1000><P Class=KRCC>불이 났어요<br>
<font color="#ff0000">빨리</font> 와 주세요
<SYNC Start=1000><P Class=ENCC>Fire
<SYNC Start=3500><P Class=KRCC>&nbsp;
<SYNC Start=3600><P Class=ENCC>&nbsp;
<sync start="5000"><p class='krcc'>몇 번이죠 &lt;119&gt;
<SYNC Start=7000><P Class=KRCC>끝
</BODY></SAMI>
"""


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16"])
def test_sami_of_korean_players(encoding: str) -> None:
    known = table.find_format(SAMI.encode(encoding), "a.smi")
    assert known is not None
    document = table.read(SAMI.encode(encoding), known, "a.smi")
    assert cues(document) == [
        (1000, 3500, None, "불이 났어요 빨리 와 주세요"), (5000, 7000, None, "몇 번이죠 <119>"),
    ]  # fmt: skip
    assert document.notes == ["caption in another language (ENCC): not read"]
    assert [(skip.where, skip.reason) for skip in document.skips] == [
        ("a.smi, line 9", "끝: the last caption has no end, it is left out")
    ]


def test_sami_without_classes() -> None:
    document = read("<SAMI><BODY><SYNC Start=0>불<SYNC Start=900>물<SYNC Start=1800></BODY>")
    assert cues(document) == [(0, 900, None, "불"), (900, 1800, None, "물")]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_what_pysubs2_writes_is_read(kind: str) -> None:
    written = pysubs2.SSAFile()
    written.events = [pysubs2.SSAEvent(0, 1500, "불이\\N났어요"), pysubs2.SSAEvent(1500, 2750, "{\\i1}네{\\i0} 119")]
    assert cues(read(written.to_string(kind))) == [(0, 1500, None, "불이 났어요"), (1500, 2750, None, "네 119")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp949"])
def test_encodings(encoding: str) -> None:
    data = SRT.encode(encoding)
    known = table.find_format(data, "a.srt")
    assert known is not None
    assert table.read(data, known, "a.srt").intervals[1].text == "몇 번이죠 119"
