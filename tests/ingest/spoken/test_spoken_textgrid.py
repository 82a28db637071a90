"""core.ingest.spoken.formats.textgrid reads what Praat and praatio write, and names the line of the damage."""

from pathlib import Path

import pytest
from praatio import textgrid as praat
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.point_tier import PointTier
from praatio.data_classes.textgrid import Textgrid

from core.errors import BadRecord
from core.ingest.spoken.formats import table, textgrid
from core.ingest.spoken.formats.document import Document, read_text

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0\x20
xmax = 4.5\x20
tiers? <exists>\x20
size = 2\x20
item []:\x20
    item [1]:
        class = "IntervalTier"\x20
        name = "신고자"\x20
        xmin = 0\x20
        xmax = 4.5\x20
        intervals: size = 3\x20
        intervals [1]:
            xmin = 0\x20
            xmax = 1.25\x20
            text = ""\x20
        intervals [2]:
            xmin = 1.25\x20
            xmax = 3.1004\x20
            text = "그가 ""불이야"" 했어요 intervals [3]:
item [9]:"\x20
        intervals [3]:
            xmin = 3.1004\x20
            xmax = 4.5\x20
            text = "119요"\x20
    item [2]:
        class = "TextTier"\x20
        name = "종소리"\x20
        xmin = 0\x20
        xmax = 4.5\x20
        points: size = 1\x20
        points [1]:
            number = 2.5\x20
            mark = "땡"\x20
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
4.5
<exists>
2
"IntervalTier"
"신고자"
0
4.5
3
0
1.25
""
1.25
3.1004
"그가 ""불이야"" 했어요 intervals [3]:
item [9]:"
3.1004
4.5
"119요"
"TextTier"
"종소리"
0
4.5
1
2.5
"땡\""""
CHRONOLOGICAL = """"Praat chronological TextGrid text file"
0 4.5   ! Time domain.
2   ! Number of tiers.
"IntervalTier" "신고자" 0 4.5
"TextTier" "종소리" 0 4.5

1 0 1.25
""

1 1.25 3.1004
"그가 ""불이야"" 했어요 intervals [3]:
item [9]:"

2 2.5
"땡"

1 3.1004 4.5
"119요"
"""


def spans(document: Document) -> list[tuple[str, int, int, str]]:
    return [(i.tier, i.start_ms, i.end_ms, i.text) for i in document.intervals]


@pytest.mark.parametrize("text", [LONG, SHORT, CHRONOLOGICAL, LONG.replace("\n", "\r\n")])
def test_every_text_form_of_praat_gives_the_same(text: str) -> None:
    document = textgrid.read(read_text(text.encode(), "a"), "a.TextGrid")
    assert spans(document) == [
        ("신고자", 0, 1250, ""),
        ("신고자", 1250, 3100, '그가 "불이야" 했어요 intervals [3]:\nitem [9]:'),
        ("신고자", 3100, 4500, "119요"),
    ]
    assert document.notes == ["point of tier 종소리: not read, it has no duration"]
    assert list(document.tiers) == ["신고자"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"])
def test_it_is_recognised_in_every_encoding(encoding: str) -> None:
    data = LONG.encode(encoding)
    known = table.find_format(data, "a.txt")
    assert known is not None
    assert known.name == "TextGrid"
    assert table.read(data, known, "a.txt").intervals[2].text == "119요"


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
def test_what_praatio_writes_is_read(tmp_path: Path, form: str) -> None:
    grid = Textgrid()
    grid.addTier(IntervalTier("김민수", [(0.5, 1.75, "불이 났어요"), (2.0, 3.25, '"네"')], 0, 4))
    grid.addTier(IntervalTier("수보자", [(1.5, 2.5, "어디세요")], 0, 4))
    grid.addTier(PointTier("click", [(1.0, "x")], 0, 4))
    grid.save(str(tmp_path / "a.TextGrid"), form, includeBlankSpaces=True)
    document = textgrid.read((tmp_path / "a.TextGrid").read_text("utf-8"), "a.TextGrid")
    texts = [span for span in spans(document) if span[3]]
    assert texts == [
        ("김민수", 500, 1750, "불이 났어요"), ("김민수", 2000, 3250, '"네"'), ("수보자", 1500, 2500, "어디세요"),
    ]  # fmt: skip
    theirs = praat.openTextgrid(str(tmp_path / "a.TextGrid"), includeEmptyIntervals=False)
    assert [entry.label for name in theirs.tierNames[:2] for entry in theirs.getTier(name).entries] == [
        text for _, _, _, text in texts
    ]


def test_odd_numbers_of_praat(tmp_path: Path) -> None:
    text = SHORT.replace("\n0\n1.25\n", "\n-1e-17\n1.25e0\n", 1)
    assert spans(textgrid.read(text, "a"))[0] == ("신고자", 0, 1250, "")


def test_two_tiers_of_one_name_stay_apart() -> None:
    tier = '"IntervalTier"\n"kim"\n0\n1\n1\n0\n1\n"{}"\n'
    document = textgrid.read(SHORT.split('"IntervalTier"')[0] + tier.format("가") + tier.format("나"), "a")
    assert [(i.tier, i.text) for i in document.intervals] == [("kim", "가"), ("kim (2)", "나")]
    assert [tier.speaker for tier in document.tiers.values()] == ["kim", "kim"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SHORT[: SHORT.index('"119')], "a.TextGrid, line 21: ends where a text in quotation marks was expected"),
        (SHORT[: SHORT.index("요\"\n\"TextTier")], "a.TextGrid, line 22: a text has no closing quotation mark"),
        (LONG.replace("xmax = 1.25", "xmax = about"), "a.TextGrid, line 18: \"\" where a number was expected"),
        (LONG.replace("size = 3", "size = 4"), "a.TextGrid, line 29: \"TextTier\" where a number was expected"),
        (SHORT.replace("\n3\n0\n1.25", "\n1e99\n0\n1.25"), "a.TextGrid, line 12: 1e+99 is no count"),
        (SHORT.replace('"TextTier"', '"Sound"'), "line 23: has a tier of the class Sound"),
        (SHORT.replace("4.5\n\"119", "99999\n\"119"), "a.TextGrid, line 21: 99999.0 s is no time from 0 to 24 hours"),
        (SHORT.replace('"TextGrid"', '"Collection"'), "line 2: holds a Praat object of the class Collection"),
        (CHRONOLOGICAL.replace("\n2 2.5", "\n3 2.5"), "names tier 3 of 2"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_error_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(BadRecord) as error:
        textgrid.read(text, "a.TextGrid")
    assert reason in str(error.value)


def test_a_binary_file_of_praat_is_named() -> None:
    with pytest.raises(BadRecord, match=r"a.TextGrid: a binary file of Praat: save it as a text file there"):
        table.find_format(b"ooBinaryFile\x08TextGrid\x00\x01", "a.TextGrid")


def test_hostile_quotes_take_linear_time() -> None:
    with pytest.raises(BadRecord):
        textgrid.read('File type = "ooTextFile"\n"TextGrid"\n' + '""' * 200_000 + '"', "a")
