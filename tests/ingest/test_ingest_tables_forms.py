"""core.ingest.tables: title rows, `sep=` lines, sheets, the forms of JSON, and files under a wrong name."""

import json
from typing import Any

import pytest
from table_files import cells, of, parquet, rejects, sheet

from core.errors import CoreError, InputError, UnknownName
from core.ingest.tables import Row, Table
from core.ingest.tables.row_parser import Columns

TWO = [("불이 났어요", "위험"), ("길을 물어요", "정상")]
RECORDS = [{"text": text, "label": label} for text, label in TWO]
WANTED = ("text", "label")


def found(table: Table, *names: str) -> list[tuple[Any, ...]]:
    """The cells of all rows in the columns called `names`."""
    rows = list(table.rows())
    assert not rejects(table)
    return [tuple(row.cells.get(name) for name in names) for row in rows if isinstance(row, Row)]


# --- above the header -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "separator", "row"),
    [
        ("sep=;\n번호;내용;위험\n1;불, 불;위험\n", ";", 3),
        ('"sep=;"\r\n번호;내용;위험\r\n1;불, 불;위험\r\n', ";", 3),
        ("SEP=\t\n번호\t내용\t위험\n1\t불, 불\t위험\n", "\t", 3),
        ("sep=|\n\n번호|내용|위험\n1|불, 불|위험\n", "|", 4),
        ('sep=,\n번호,내용,위험\n1,"불, 불",위험\n', ",", 3),
    ],
)
def test_a_line_that_tells_the_separator_is_no_row(text: str, separator: str, row: int) -> None:
    table = of("\ufeff" + text)
    assert (table.shape.separator, table.shape.columns) == (separator, ("번호", "내용", "위험"))
    assert [(r.number, r.cells["내용"]) for r in table.rows() if isinstance(r, Row)] == [(row, "불, 불")]


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ("119 신고 접수 대장,,\n작성: 2026-11-01,,\n,,\n", 4),
        ("신고 접수 대장\n\n", 3),
        ("대장,,\n", 2),
        ('"대장\n(두 줄)",,\n,,\n', 3),
        (",,\n", 2),
    ],
)
@pytest.mark.parametrize("wanted", [(), ("내용", "위험")])
def test_title_rows_are_left_out(above: str, row: int, wanted: tuple[str, ...]) -> None:
    table = of(above + "번호,내용,위험\n1,불이 났어요,위험\n2,길을 물어요,정상\n", wanted=wanted)
    assert table.shape.columns == ("번호", "내용", "위험")
    assert [r.number for r in table.rows() if isinstance(r, Row)] == [row + 1, row + 2]
    assert table.shape.notes == (f"header found in row {row}: what stands above it is left out",)


def test_title_rows_of_a_sheet_and_of_groups_of_columns() -> None:
    title = sheet([("접수 대장", None, None), (None,), ("번호", "내용", "위험"), (1, "불", "위험"), (2, "물", "정상")])
    table = of(title, "t.xlsx")
    assert (table.shape.columns, cells(table)) == (("번호", "내용", "위험"), [("1", "불", "위험"), ("2", "물", "정상")])
    grouped = "신고,,라벨,\n번호,내용,위험,긴급도\n1,불,위험,상\n2,물,정상,하\n"
    assert of(grouped, wanted=("내용", "긴급도")).shape.columns == ("번호", "내용", "위험", "긴급도")


def test_rows_are_skipped_as_told_and_data_never_is() -> None:
    text = "가,나,다\n번호,내용,위험\n1,불,위험\n"
    assert of(text, skip_rows=1).shape.columns == ("번호", "내용", "위험")
    assert of("a;b\nx\n번호;내용\n1;불\n2;물\n", skip_rows=2).shape.columns == ("번호", "내용")
    assert of("번호,내용\n1,불\n", skip_rows=0).shape.columns == ("번호", "내용")
    book = sheet([("가", "나"), ("내용", "위험"), ("불", "위험")])
    assert of(book, "t.xlsx", skip_rows=1).shape.columns == ("내용", "위험")
    plain = "불이 났어요,,\n물이 새요,정상,1\n문이 잠겼어요,정상,2\n"
    assert len(cells(of(plain, header=False))) == 3, "no header is looked for where there is none"
    assert of("네,,\n불이 났어요,위험,1\n아니요,정상,2\n").shape.notes == (), "a short row of data is no title"


# --- sheets ---------------------------------------------------------------------------------------------------------


def test_the_sheets_that_are_left_out_are_named() -> None:
    book = sheet([("내용",), ("불",)], ("2월", [("내용",), ("물",)]), ("빈 시트", []))
    assert of(book, "t.xlsx").shape.notes == ("sheets left out: 2월. --sheet all reads every sheet",)
    assert of(book, "t.xlsx", sheet="2월").shape.notes == ()
    assert of(sheet([("내용",), ("불",)]), "t.xlsx").shape.notes == ()


def test_a_column_of_another_sheet_names_the_sheets() -> None:
    book = sheet([("이 파일은 라벨 모음입니다",)], ("자료", [("내용", "위험"), ("불", "위험")]))
    wrong = of(book, "t.xlsx", wanted=("내용",))
    with pytest.raises(
        UnknownName, match=r"unknown column '내용'.*the file has the sheets Sheet, 자료: choose one with"
    ):
        Columns("내용").found_in(wrong.shape)
    assert Columns("내용").found_in(of(book, "t.xlsx", sheet="자료").shape).text == "내용"


# --- JSON -----------------------------------------------------------------------------------------------------------

LINES = "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS)
PRETTY = "\n".join(json.dumps(record, ensure_ascii=False, indent=1) for record in RECORDS)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (LINES, "t.json"), (LINES, "t.txt"), (LINES, "t.csv"), (LINES, "t.data"), (LINES + "\n", "t"),
        (json.dumps(RECORDS), "t.jsonl"), (json.dumps(RECORDS), "t.txt"), (json.dumps(RECORDS, indent=2), "t.ndjson"),
        (PRETTY, "t.json"), (PRETTY, "t.jsonl"), (json.dumps({"data": RECORDS}, indent=1), "t.jsonl"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16"])
def test_json_is_known_by_its_content(data: str, name: str, coding: str) -> None:
    assert found(of(data.encode(coding), name), *WANTED) == TWO


ORIENTS: dict[str, Any] = {
    "columns": {"text": {"0": "불이 났어요", "1": "길을 물어요"}, "label": {"0": "위험", "1": "정상"}},
    "index": {"0": RECORDS[0], "1": RECORDS[1]},
    "named index": {"u7": RECORDS[0], "u9": RECORDS[1]},
    "split": {"columns": ["text", "label"], "index": [0, 1], "data": [list(row) for row in TWO]},
    "split without index": {"columns": ["text", "label"], "data": [list(row) for row in TWO]},
    "lists": {"text": [text for text, _ in TWO], "label": [label for _, label in TWO]},
    "values": [["text", "label"], *map(list, TWO)],
    "table": {"schema": {"fields": [{"name": "text", "type": "string"}], "pandas_version": "1.4.0"}, "data": RECORDS},
    "records": RECORDS,
}


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("wanted", [(), WANTED])
def test_what_pandas_writes_is_read(orient: str, indent: int | None, wanted: tuple[str, ...]) -> None:
    table = of(json.dumps(ORIENTS[orient], indent=indent), "t.json", wanted=wanted)
    assert found(table, *WANTED) == TWO
    assert set(table.shape.columns) - {"index"} == set(WANTED)
    assert ("index" in table.shape.columns) == (orient == "named index"), "a mere count is no column"


def test_lists_of_cells_without_names_and_rows_that_do_not_fit() -> None:
    assert of(json.dumps([["가", "위험"], ["나", "정상"]]), "t.json").shape.columns == ("column_1", "column_2")
    odd = of(json.dumps({"columns": ["text"], "data": [["가"], ["나", "다"], "라"]}), "t.json")
    assert rejects(odd) == [(2, "not an object"), (3, "not an object")]
    with pytest.raises(InputError, match="lists of different lengths"):
        of(json.dumps({"text": ["가"], "label": ["x", "y"]}), "t.json")


def test_a_single_object_is_one_row() -> None:
    for name in ("t.json", "t.jsonl", "t.txt"):
        assert found(of(json.dumps(RECORDS[0]), name), *WANTED) == TWO[:1]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "[NaN, 1]", '{"y": NaN}'])
def test_numbers_that_are_none_are_empty(number: str) -> None:
    text = '[{"text": "NaN \\"Infinity\\" \\\\", "x": %s}, {"x": %s, "text": "-Infinity"}]' % (number, number)  # noqa: UP031
    assert found(of(text, "t.json"), "text") == [('NaN "Infinity" \\',), ("-Infinity",)]
    assert found(of(text[1:-1].replace("}, {", "}\n{"), "t.jsonl"), "text") == [('NaN "Infinity" \\',), ("-Infinity",)]


def test_a_number_that_is_none_at_any_place_of_a_long_document() -> None:
    for spaces in range(65_530, 65_545):
        text = '[{"text": "가",' + " " * spaces + '"x": NaN}, {"text": "나", "x": "\\\\"}]'
        assert found(of(text, "t.json"), "text", "x") == [("가", None), ("나", "\\")]


CALLS = [
    {"call": "c1", "id": "c1", "meta": {"urgency": "상"}, "utterances": [
        {"id": "c1-1", "text": "불이 났어요", "startAt": 0}, {"id": "c1-2", "text": "네", "startAt": 9}]},
    {"call": "c2", "id": "c2", "meta": {}, "utterances": [{"id": "c2-1", "text": "네", "startAt": 0}]},
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (json.dumps(CALLS), "t.json"),
        (json.dumps({"version": 1, "calls": CALLS}), "t.json"),
        ("\n".join(map(json.dumps, CALLS)), "t.jsonl"),
        (parquet({"call": ["c1", "c2"], "id": ["c1", "c2"], "meta": [{"urgency": "상"}, {"urgency": None}],
                  "utterances": [call["utterances"] for call in CALLS]}), "t.parquet"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"wanted": ("text", "call")}, {"sheet": "utterances"}])
def test_utterances_within_a_record_become_rows(data: str | bytes, name: str, options: dict[str, Any]) -> None:
    if "sheet" in options and "version" in str(data)[:12]:
        options = {"sheet": "utterances"}
    table = of(data, name, **options)
    assert found(table, "call", "record.id", "meta.urgency", "id", "text") == [
        ("c1", "c1", "상", "c1-1", "불이 났어요"), ("c1", "c1", "상", "c1-2", "네"), ("c2", "c2", None, "c2-1", "네"),
    ]  # fmt: skip
    assert [row.number for row in table.rows() if isinstance(row, Row)] == [1, 2, 3], "equal texts keep their own rows"


def test_a_document_of_one_call_gives_its_fields_to_its_utterances() -> None:
    call = {"call": "c1", "meta": {"urgency": "상"}, "utterances": [{"text": "불이 났어요"}, {"text": "네"}], "n": 2}
    table = of(json.dumps(call), "t.json", wanted=("text", "meta.urgency"))
    assert found(table, "call", "meta.urgency", "text") == [("c1", "상", "불이 났어요"), ("c1", "상", "네")]
    assert of(json.dumps(call), "t.json", wanted=("text",)).shape.columns == ("text",)
    with pytest.raises(UnknownName, match="unknown column 'nope'; known: text"):
        Columns("text", group="nope").found_in(of(json.dumps(call), "t.json", wanted=("text", "nope")).shape)


def test_names_of_columns_and_sheets_are_found_as_people_see_them() -> None:
    table = of("\u200b내용\u00a0,위\u00ad험,ＩＤ\n불,위험,1\n", wanted=("내용", "위험", "id"))
    assert (table.shape.header, table.shape.columns) == (True, ("내용", "위험", "ＩＤ"))
    assert Columns("내용", id="id").found_in(table.shape).id == "ＩＤ"
    book = sheet([("내용",), ("불",)], ("2월 ", [("내용",), ("물",)]))
    assert cells(of(book, "t.xlsx", sheet="2월")) == [("물",)]


def test_records_stay_rows_where_they_hold_what_is_asked_for() -> None:
    rows = [{"text": "가", "spans": [{"start": 0, "text": "가"}]}, {"text": "나", "spans": []}]
    assert found(of(json.dumps(rows), "t.json", wanted=("text",)), "text") == [("가",), ("나",)]
    assert found(of(json.dumps(rows), "t.json"), "text") == [("가",), ("나",)]
    assert found(of(json.dumps({"a": rows, "b": [{"text": "다"}]}), "t.json"), "text") == [("가",), ("나",)]
    assert of(json.dumps({"a": rows, "b": rows}), "t.json").shape.notes == (
        "lists left out: b. --sheet reads another",
    )  # fmt: skip
    with pytest.raises(UnknownName, match=r"unknown list of t\.json 'c'; known: .*spans"):
        of(json.dumps(rows), "t.json", sheet="c")


# --- what is no table -----------------------------------------------------------------------------------------------

SHEET_XML = '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="urn:x">'


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        ("<html><body><table><tr><td>1</td></tr></table>", "t.xls", r"a web page \(HTML\).*save it as \.xlsx or CSV"),
        ("\ufeff\r\n<!DOCTYPE html>\n<html>", "t.xls", r"a web page \(HTML\)"),
        ("<!-- 119 --><TABLE border=1>", "t.csv", r"a web page \(HTML\)"),
        ("<meta charset=euc-kr><table>", "t.xlsx", r"a web page \(HTML\)"),
        (SHEET_XML, "t.xls", "an XML spreadsheet of old Excel"),
        ("{}", "t.json", "no list of objects"),
        ("[]", "t.json", "no list of objects"),
        ('{"a": {"b": {"c": 1}}}', "t.json", "no list of objects"),
        ('{"a": 1', "t.json", "is not JSON"),
    ],
)
def test_a_file_says_what_it_is(data: str, name: str, reason: str) -> None:
    with pytest.raises(CoreError, match=reason):
        of(data, name)
    if data.startswith("<") and name == "t.xls":
        with pytest.raises(CoreError, match=reason):
            of(data.encode("utf-16"), name)


def test_a_name_that_nothing_has_is_named_beside_those_of_the_utterances() -> None:
    table = of(json.dumps(CALLS), "t.json", wanted=("text", "label"))
    with pytest.raises(UnknownName, match=r"unknown column 'label'; known: .*text, startAt"):
        Columns("text", {"danger": "label"}).found_in(table.shape)
