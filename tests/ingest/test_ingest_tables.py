"""Tests core.ingest.tables: how tables of each format are read, and which parts are refused."""

import codecs
import csv
import datetime
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from table_files import cells, of, parquet, rejects, sheet

from core.errors import CoreError, InputError, UnknownName
from core.ingest.tables import File, Meter, Reject, Row, Table, names, open_table
from core.ingest.tables.guess import guess_columns
from core.ingest.tables.readers import dialect, encoding
from core.ingest.tables.readers.delimited import AS_WRITTEN
from core.ingest.tables.readers.grid import NEUTRALISED
from core.text.cells import escape_formula

ODD = (
    "안녕\r\n하세요",
    '그가 "불이야" 했다',
    "쉼표, 탭\t, 세미;콜론|",
    "😀 ㅎㅈ 각",
    " 앞뒤 ",
    "=1+1",
    "'-",
    "줄\n바꿈\n",
)
LINES = [f"{n},문장 {n}번이 여기 있습니다,{('정상', '위험')[n % 2]}" for n in range(1, 40)]


# --- encodings ------------------------------------------------------------------------------------------------------

TEXT = "id,text,label\n" + "\n".join(LINES) + "\n"


@pytest.mark.parametrize(
    ("data", "expected_encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("cp949"), "cp949"),
        (TEXT.replace("문장", "똠방각하 펲시콜라").encode("cp949"), "cp949"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (b"id,text\n1,plain ascii\n", "utf-8"),
    ],
)
def test_encodings_are_detected_and_read(data: bytes, expected_encoding: str) -> None:
    table = of(data)
    assert (table.shape.encoding, table.shape.columns[:2]) == (expected_encoding, ("id", "text"))
    assert all(isinstance(row, Row) and "\ufeff" not in "".join(row.cells) for row in table.rows())
    if expected_encoding != "utf-8" or "문장" in TEXT:
        (first, *_), expected = cells(table), LINES[0].split(",")
        assert first[0] == expected[0]


def test_an_encoding_is_detected_where_the_sample_cuts_a_character() -> None:
    body = "가" * 50 + "\n"
    for shift in range(3):
        data = ("x" * shift + "\n" + body * 7_000).encode()
        assert encoding.detect(File.of(data, "t.csv")) == "utf-8"


def test_an_override_wins_and_an_unknown_one_lists_the_known() -> None:
    data = "text\n뷁\n".encode("cp949")
    assert cells(of(data, encoding="CP949")) == [("뷁",)]
    assert cells(of("text\n가\n".encode("utf-8-sig"), encoding="UTF8")) == [("가",)]
    for name in ("rot13", "idna", "unicode_escape", "nope", "\x00", "base64"):
        with pytest.raises(UnknownName, match="known: utf-8, cp949"):
            of(data, encoding=name)


def test_a_broken_byte_costs_its_row_only() -> None:
    lines = [f"{n},글 {n}".encode() for n in range(200)]
    lines[70] = b"70,\xff\xfe broken"
    table = of(b"id,text\n" + b"\n".join(lines))
    assert table.shape.encoding == "utf-8"
    assert rejects(table) == [(72, "broken characters")]
    assert sum(isinstance(row, Row) for row in table.rows()) == 199


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl", "t.txt"])
def test_what_is_no_text_is_said_so(name: str) -> None:
    with pytest.raises(InputError, match=r"neither UTF-8, cp949 nor UTF-16|is not JSON"):
        of(bytes(range(256)) * 20, name)


def test_nul_and_half_characters_cost_their_row() -> None:
    assert rejects(of("id,text\n1,가\n2,나\x00다\n3,라\n")) == [(3, "NUL character")]
    assert rejects(of("id,text\n1,가\n2,나\x00다\n33,라\n")) == [(3, "NUL character")], "an even number of bytes, too"
    lines = '{"text": "ok"}\n{"text": "\\ud800"}\n{"text": "a\\u0000"}\n{"\\udfff": "x", "text": "y"}\n'
    assert rejects(of(lines, "t.jsonl")) == [
        (2, "broken characters"), (3, "NUL character"), (4, "broken characters"),
    ]  # fmt: skip


# --- separators, quoting, headers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(sign: str, end: str) -> None:
    rows = [("id", "text", "label"), *((str(n), f"쉼표, 있는 문장 {n}", "가;나"[n % 3 :]) for n in range(30))]
    quoted = [[f'"{cell}"' if sign in cell else cell for cell in row] for row in rows]
    table = of(end.join(sign.join(row) for row in quoted), "t.txt")
    assert (table.shape.separator, table.shape.header) == (sign, True)
    assert cells(table) == rows[1:]


def test_odd_cells_come_back_exactly() -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([("id", "text"), *((n, escape_formula(text)) for n, text in enumerate(ODD))])
    for sign in (",", "\t", ";"):
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=sign).writerows(
            [("id", "text"), *((n, escape_formula(t)) for n, t in enumerate(ODD))]
        )
        table = of(out.getvalue(), "t.tsv" if sign == "\t" else "t.csv")
        assert [text for _, text in cells(table)] == list(ODD)
        notes = [note for row in table.rows() if isinstance(row, Row) for note in row.notes]
        assert notes == [NEUTRALISED] * sum(escape_formula(text) != text for text in ODD)


def test_quotes_that_quote_nothing_are_text() -> None:
    rows = [(str(n), f"{n}번째 영화평", "1") for n in range(100)]
    rows[40] = ("40", '"그래, 지구를 지키자!!" 후레시맨', "1")
    rows[60] = ("60", '"완벽한 재연출이군"', "1")
    table = of("id\tdocument\tlabel\n" + "\n".join("\t".join(row) for row in rows), "t.tsv")
    assert table.shape.quotes is False
    assert cells(table) == rows


@pytest.mark.slow
def test_quotes_far_down_an_undecided_tsv_are_found() -> None:
    rows = [(str(n), f"문장 {n}") for n in range(20_000)]
    body = "\n".join("\t".join(row) for row in rows)
    quoting = of(f'id\ttext\n{body}\nx\t"두\n줄"\n', "t.tsv")
    assert (quoting.shape.quotes, cells(quoting)[-1]) == (True, ("x", "두\n줄"))
    plain = of(f'id\ttext\n{body}\nx\t"혼자 열린\ny\t끝\n', "t.tsv")
    assert (plain.shape.quotes, cells(plain)[-2:]) == (False, [("x", '"혼자 열린'), ("y", "끝")])


def test_a_tsv_that_quotes_every_cell() -> None:
    table = of('"id"\t"text"\n"1"\t"가"\n"2"\t"나"\n', "t.tsv")
    assert (table.shape.columns, cells(table)) == (("id", "text"), [("1", "가"), ("2", "나")])


def test_a_quote_that_never_closes_costs_no_other_row() -> None:
    good = [f'{n},"쉼표, 문장 {n}"' for n in range(50)]
    table = of("\n".join(["id,text", *good, '50,"열린', *(f"{n},뒤" for n in range(51, 90))]))
    rows = list(table.rows())
    assert len(rows) == 90
    assert rows[50] == Row(52, {"id": "50", "text": '"열린'}, (AS_WRITTEN,))
    assert cells(table)[-1] == ("89", "뒤")
    table = of("\n".join(["id,text", *good, '50,"열린, 셋', *(f"{n},뒤" for n in range(51, 90))]))
    assert rejects(table) == [(52, "broken quoting")]
    assert sum(isinstance(row, Row) for row in table.rows()) == 89


def test_rows_of_the_wrong_width_are_named_and_the_rest_goes_on() -> None:
    body = "id,text,label\n1,가,0\n2,나\n\n3,다,1,더\n4,라,1,,\n5,마,0\n"
    table = of(body)
    assert rejects(table) == [(3, "wrong number of cells"), (5, "wrong number of cells")]
    assert [row.reason for row in table.rows() if isinstance(row, Reject)] == [
        "2 cells where 3 belong", "4 cells where 3 belong",
    ]  # fmt: skip
    assert [row.number for row in table.rows() if isinstance(row, Row)] == [2, 6, 7]


def test_huge_cells_and_lines_are_left_out() -> None:
    body = f'id,text\n1,가\n2,{"나" * 140_000}\n3,{"x" * 2_500_000}\n4,"{"다" * 140_000}"\n5,라\n'
    assert rejects(of(body)) == [(3, "too long"), (4, "too long"), (5, "too long")]
    lines = f'{{"text": "가"}}\n{{"text": "{"나" * 140_000}"}}\n{{"text": "{"x" * 2_500_000}"}}\n{{"text": "라"}}\n'
    assert rejects(of(lines, "t.jsonl")) == [(2, "too long"), (3, "too long")]
    assert rejects(of(json.dumps([{"text": "가"}, {"text": "나" * 140_000}]), "t.json")) == [(2, "too long")]


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ("id,text\n1,가\n", True),
        ("2012\t어떤 댓글입니다\t8\n14463\t다른 댓글\t2,5,8\n", False),
        ("문장,감정\n오늘 힘들다,슬픔\n내일 보자,기쁨\n", True),
        ("오늘 정말 힘들다,슬픔\n내일 보자.,기쁨\n또 봅시다.,기쁨\n왜 그래?,분노\n그래.,분노\n응.,슬픔\n", False),
        ("col_a,col_b\nhello there,3\ngood bye,4\n", True),
        ("불이 났어요!\n도와주세요!\n", False),
        ("text\n불이 났어요!\n", True),
        ('"","A","B"\n"1",2,3\n"2",3,4\n', True),
    ],
)
def test_headers_are_told_from_data(body: str, header: bool) -> None:
    table = of(body, "t.txt")
    assert (table.shape.header, table.shape.why != "") == (header, True)
    assert len(cells(table)) == len(body.splitlines()) - header


def test_a_header_is_what_a_person_says_or_asks_for() -> None:
    body = "1,2\n3,4\n"
    assert of(body).shape.columns == ("column_1", "column_2")
    assert of(body, header=True).shape.columns == ("1", "2")
    assert cells(of("id,text\n1,가\n", header=False)) == [("id", "text"), ("1", "가")]
    assert of(body, wanted=("1",)).shape.header is True
    assert of("id,text\n1,가\n", wanted=("column_2",)).shape.header is False


def test_stray_columns_are_dropped_unless_asked_for() -> None:
    body = "Unnamed: 0,Q,,label,Unnamed: 4,\n0,가,,1,x,\n1,나,,0,y,\n"
    table = of(body)
    assert table.shape.columns == ("Q", "label")
    assert table.shape.dropped == ("Unnamed: 0", "column_3", "Unnamed: 4", "column_6")
    assert cells(table) == [("가", "1"), ("나", "0")]
    assert of(body, wanted=("Unnamed: 0",)).shape.columns == ("Unnamed: 0", "Q", "label")
    assert of(',A\n"100001",5\n"100007",6\n').shape.columns == ("column_1", "A"), "ids without a name are no index"
    assert of("index,text\n1,가\n2,나\n3,다\n").shape.dropped == ("index",)
    assert of("index,text\n7,가\n2,나\n3,다\n").shape.dropped == ()


def test_column_names_are_distinct_and_found() -> None:
    assert names.unique(["a", "a", " b\n c ", ""]) == ("a", "a_2", "b c", "column_4")
    assert names.find(("Text", "id"), "text") == "Text"
    with pytest.raises(UnknownName, match="unknown column 'x'; known: Text, id"):
        names.find(("Text", "id"), "x")


@pytest.mark.parametrize(("name", "sign"), [("tab", "\t"), ("\\t", "\t"), (";", ";"), ("comma", ","), ("^", "^")])
def test_separators_by_name(name: str, sign: str) -> None:
    assert dialect.separator(name) == sign
    assert cells(of(f"a{sign}b\n가{sign}나\n", separator=name)) == [("가", "나")]


@pytest.mark.parametrize("name", ["", '"', "\n", "ab", "\x00", "\ud800"])
def test_what_cannot_separate_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="give one character"):
        dialect.separator(name)


# --- packed, other formats ------------------------------------------------------------------------------------------


def test_gzip_is_read_and_a_damaged_or_exploding_one_is_named() -> None:
    packed = gzip.compress(TEXT.encode())
    meter = Meter()
    table = of(packed, "t.csv.gz")
    assert sum(isinstance(row, Row) for row in table.rows(meter)) == 39
    assert meter.share == 1.0
    for broken in (packed[:-12], packed[:40] + b"xx" + packed[42:]):
        with pytest.raises(InputError, match="gzip is damaged or cut short"):
            list(of(broken, "t.csv.gz").rows())
    with pytest.raises(InputError, match="looks like a bomb"):
        list(of(gzip.compress((b"a," + b"b" * 9_000 + b"\n") * 9_000, 9), "t.csv.gz").rows())
    with pytest.raises(InputError, match="unpack it first"):
        of(gzip.compress(sheet([("a",), ("b",)])), "t.xlsx.gz")


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "t.csv", "is empty"),
        (b"\n\n\n", "t.csv", "holds no rows"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "t.xls", r"save it as \.xlsx"),
        (b"%PDF-1.7", "t.pdf", "a PDF, not a table"),
        (b"RIFF....WAVE", "t.wav", "audio"),
        (b"plain", "t.xlsx", "is called .xlsx but is not one"),
        (b"plain", "t.parquet", "is called .parquet but is not one"),
        (b"PK\x03\x04" + b"x" * 100, "t.xlsx", "not a readable workbook"),
        (b"PK\x03\x04" + b"x" * 100, "t.zip", "a zip, not a table"),
        (b"PAR1" + b"x" * 100 + b"PAR1", "t.parquet", "cannot be read"),
        (b"{", "t.json", "is not JSON"),
        (b"[1, 2]", "t.json", "no list of objects"),
        (b"not json\n", "t.jsonl", "holds no rows"),
    ],
)
def test_what_is_no_table_says_what_it_is(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        of(data, name)


def test_the_first_bytes_tell_more_than_the_name() -> None:
    assert of(sheet([("text",), ("가",)]), "t.csv").shape.format == "xlsx"
    assert of(parquet({"text": ["가"]}), "t.dat").shape.format == "parquet"
    assert of('[{"text": "가"}]', "t.unknown").shape.format == "json"
    assert of('{"text": "가"}\n{"text": "나"}\n', "t.unknown").shape.format == "jsonl"


def test_a_workbook() -> None:
    rows = [("번호", "문장", "점수", None), (1, "가\n나", 1.0), (None, None), (2, escape_formula("=1+1"), 2.5, "남")]
    book = sheet(rows, ("둘째", [("text", "when"), ("다", datetime.datetime(2026, 1, 2, 3, 4))]))
    table = of(book, "t.xlsx")
    assert (table.shape.sheet, table.shape.sheets, table.shape.header) == ("Sheet", ("Sheet", "둘째"), True)
    assert table.shape.columns == ("번호", "문장", "점수")
    first, last = table.rows()
    assert first == Row(2, {"번호": "1", "문장": "가\n나", "점수": "1"})
    assert last == Reject(4, "wrong number of cells", "4 cells where 3 belong")
    assert cells(of(book, "t.xlsx", sheet="둘째")) == [("다", "2026-01-02T03:04:00")]
    with pytest.raises(UnknownName, match="known: Sheet, 둘째"):
        of(book, "t.xlsx", sheet="셋째")


def edited(book: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The workbook after `change` on each of its files; None removes the file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if (data := change(info.filename, old.read(info))) is not None:
                new.writestr(info.filename, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        pytest.param("sheet1.xml", b'r="2"', b'r="999999999999"', marks=pytest.mark.slow),  # a million empty rows
        ("sheet1.xml", b'r="A2"', b'r="ZZZZZZ2"'),
        ("sheet1.xml", b"</row>", b""),
        ("sheet1.xml", b"<sheetData>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><sheetData>"),
        ("workbook.xml", b"rId1", b"rId9"),
        ("sharedStrings.xml", b"<si>", b"<xx>"),
        ("styles.xml", b"<", b""),
    ],
)
def test_a_damaged_workbook_is_an_error_or_rows_but_never_a_crash(part: str, old: bytes, new: bytes) -> None:
    book = edited(
        sheet([("id", "text"), (1, "가"), (2, "나")]),
        lambda name, data: data.replace(old, new) if name.endswith(part) else data,
    )
    n, message = 0, "t.xlsx: "
    try:
        n = len(list(of(book, "t.xlsx").rows()))
    except InputError as error:
        message = str(error)
    assert n <= 3
    assert message.startswith("t.xlsx: ")


def test_a_workbook_that_unpacks_beyond_reason_is_refused() -> None:
    def blown(name: str, data: bytes) -> bytes:
        return b"<x/>" + b" " * 30_000_000 if name.endswith("sheet1.xml") else data

    with pytest.raises(InputError, match="looks like a bomb"):
        of(edited(sheet([("a",)]), blown), "t.xlsx")


def test_json_documents_and_lines() -> None:
    rows = [
        {"id": 1, "text": "가", "labels": [2, 5], "more": {"deep": {"er": True}}, "gone": None},
        {"id": 2, "text": "나\n다", "labels": [], "more": {"deep": {"er": 1.5}}},
    ]
    expected = [("1", "가", ("2", "5"), "true", None), ("2", "나\n다", (), "1.5", None)]
    columns = ("id", "text", "labels", "more.deep.er", "gone")
    for data, name, place in (
        (json.dumps(rows), "t.json", ""),
        (json.dumps({"version": 1, "data": {"rows": rows}}), "t.json", "data.rows"),
        ("\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "t.jsonl", None),
    ):
        for encoded in (data.encode(), data.encode("utf-8-sig"), data.encode("utf-16")):
            table = of(encoded, name)
            assert (table.shape.columns, table.shape.sheet) == (columns, place)
            assert cells(table) == expected
    two = json.dumps({"a": [{"x": "가"}], "b": [{"text": "나"}]})
    assert of(two, "t.json").shape.sheets == ("a", "b")
    assert cells(of(two, "t.json", sheet="b")) == [("나",)]
    with pytest.raises(UnknownName, match="known: a, b"):
        of(two, "t.json", sheet="c")


def test_a_field_that_comes_late_can_be_asked_for() -> None:
    lines = "\n".join(json.dumps({"text": "가"} | ({"label": "1"} if n > 500 else {})) for n in range(600))
    assert of(lines, "t.jsonl").shape.columns == ("text",)
    assert of(lines, "t.jsonl", wanted=("label", "nowhere")).shape.columns == ("text", "label")


def test_broken_json_costs_a_line_or_ends_a_document() -> None:
    lines = '{"text": "가"}\n{"text": \n[1]\n"x"\n' + "[" * 100_000 + '\n{"n": ' + "9" * 9_000 + '}\n{"text": "나"}\n'
    rejected = rejects(of(lines, "t.jsonl"))
    assert [kind for _, kind in rejected] == [
        "broken JSON",
        "not an object",
        "not an object",
        "broken JSON",
        "broken JSON",
    ]
    document = of('[{"text": "가"}, {"text": "나"}, {"text"', "t.json")
    rows = document.rows()
    assert [next(rows), next(rows)] == [Row(1, {"text": "가"}), Row(2, {"text": "나"})]
    with pytest.raises(InputError, match="breaks off after row 2"):
        next(rows)
    deep = '[{"text": "가"}, {"text": ' + "[" * 50 + "]" * 50 + '}, {"text": "나"}]'
    assert rejects(of(deep, "t.json")) == [(2, "nested too deep")]
    with pytest.raises(InputError, match="nested more than 100 deep"):
        list(of(deep.replace("[" * 50, "[" * 100_000), "t.json").rows())


@pytest.mark.slow
def test_a_json_row_cannot_fill_the_memory() -> None:
    data = ('[{"text": "가"}, {"text": ["' + "x" * 100_000 + '"' + ', "yyyyyyyy"' * 2_000_000 + "]}]").encode()
    with pytest.raises(InputError, match="larger than 16,000,000 bytes"):
        list(of(data, "t.json").rows())


def test_parquet() -> None:
    table = of(
        parquet(
            {
                "text": ["가", None, "=나"],
                "n": [1.0, float("nan"), 2.5],
                "labels": [["a"], [], None],
                "audio": pa.array([{"bytes": b"x", "path": "p"}] * 3),
                "at": pa.array([datetime.date(2026, 1, 2)] * 3),
                "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
                "__index_level_0__": ["a", "b", "c"],
            }
        ),
        "t.parquet",
    )
    assert table.shape.notes == ("column of raw bytes left out: audio",)
    assert table.shape.columns == ("text", "n", "labels", "at", "kind", "__index_level_0__")
    assert cells(table) == [
        ("가", "1", ("a",), "2026-01-02", "x", "a"), (None, None, (), "2026-01-02", "y", "b"),
        ("=나", "2.5", None, "2026-01-02", "x", "c"),
    ]  # fmt: skip


# --- guesses, real data ---------------------------------------------------------------------------------------------


def guessed(table: Table) -> Any:
    return guess_columns(
        table.shape.columns, [row for row, _ in zip(table.rows(), range(20), strict=False) if isinstance(row, Row)]
    )


def test_guesses() -> None:
    roles = guessed(of("wav,start_ms,end_ms,화자,stt,긴급도\n" + "a.wav,0,10,caller,불이 났어요,상\n" * 5))
    assert (roles.text, roles.labels, roles.recording, roles.start, roles.end, roles.speaker) == (
        "stt", ("긴급도",), "wav", "start_ms", "end_ms", "화자",
    )  # fmt: skip


def test_chatbot(shared: Path) -> None:
    table = open_table(File.at(shared / "chatbot" / "ChatbotData.csv"))
    assert table.shape.columns == ("Q", "A", "label")
    rows = cells(table)
    assert len(rows) == 11_823
    assert len(rows) - len({question for question, *_ in rows}) == 161
    assert (guessed(table).text, guessed(table).labels) == ("Q", ("label",))


@pytest.mark.parametrize("name", ["test.tsv", "val.tsv"])
def test_kote(shared: Path, name: str) -> None:
    table = open_table(File.at(shared / "kote" / name))
    assert (table.shape.header, table.shape.separator) == (False, "\t")
    rows = cells(table)
    assert len(rows) == 5_000
    assert {n for *_, labels in rows for n in labels.split(",")} == {str(n) for n in range(44)}
    assert (guessed(table).text, guessed(table).labels) == ("column_2", ("column_3",))


def test_nsmc_begins_with_quotes_that_quote_nothing(shared: Path, tmp_path: Path) -> None:
    with gzip.open(shared / "nsmc" / "nsmc_all_from_raw.tsv.gz", "rb") as raw:
        lines = [raw.readline() for _ in range(50_001)]
    (tmp_path / "nsmc.tsv.gz").write_bytes(gzip.compress(b"".join(lines), 1))
    table = open_table(File.at(tmp_path / "nsmc.tsv.gz"))
    assert table.shape.quotes is False
    expected = [tuple(line.decode().rstrip("\n").split("\t")) for line in lines[1:]]
    assert cells(table) == expected


def test_klue_and_cremad(shared: Path) -> None:
    (path,) = (shared / "klue_nli").glob("*.json")
    assert len(cells(open_table(File.at(path)))) == 3_000
    votes = open_table(File.at(shared / "cremad_votes" / "tabulatedVotes.csv"))
    assert (len(cells(votes)), len(votes.shape.columns)) == (22_326, 27)


def test_a_path_that_is_no_file() -> None:
    with pytest.raises(CoreError, match=r"not found: .*nowhere\.csv"):
        File.at(Path("nowhere.csv"))
    with pytest.raises(CoreError, match="not a regular file"):
        File.at(Path.cwd())
