"""Tests core.ingest.tables.spans: cells that mark parts of a text never become classes."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.filters import Filter
from core.ingest.tables import File, Reject, Row, open_table
from core.ingest.tables.row_parser import Columns
from core.ingest.tables.spans import marks_spans, set_aside
from core.schemes import SCHEMES
from core.workflows.imports.tables.table import TableImportOptions, ingest_table
from core.workflows.workspace import Workspace

DOCCANO = [[0, 3, "장소"], [7, 9, "사고"]]
ENTITIES = [{"id": 1, "label": "장소", "start_offset": 0, "end_offset": 3}]
PRODIGY = [{"start": 0, "end": 3, "label": "장소", "token_start": 0}]
STUDIO = [{"start": 0, "end": 3, "text": "부산역", "labels": ["장소"]}]


@pytest.mark.parametrize(
    ("cell", "spans"),
    [
        (json.dumps(DOCCANO, ensure_ascii=False), True), (str(DOCCANO), True), (str(ENTITIES), True),
        (json.dumps(STUDIO), True), ('{"start": 0, "end": 3}', True), (("0", "3", "LOC"), True),
        (("B-LOC", "I-LOC", "O"), True),
        (None, False), ("", False), ((), False), ("위험", False), (("위험", "긴급"), False), (("1", "2", "3"), False),
        ("[긴급] 화재", False), ("[1, 2]", False), ('["a"]', False), ("[[", False), ("{x}", False), (("O", "O"), False),
        ('{"choices": ["a", "b"]}', False), ("[" * 50_000, False), ("[" + "9" * 200_000, False),
    ],
)  # fmt: skip
def test_what_marks_spans(cell: Any, spans: bool) -> None:
    assert marks_spans(cell) is spans


def rows_of(path: Path, column: str) -> tuple[list[Row], Columns]:
    table, columns = set_aside(open_table(File.at(path)), Columns("text", {"ner": column}))
    rows = list(table.rows())
    assert not any(isinstance(row, Reject) for row in rows)
    return [row for row in rows if isinstance(row, Row)], columns


NOTE = "row whose {} marks spans within the text: no class is made of them, its details keep them"


@pytest.mark.parametrize(("column", "spans"), [("label", DOCCANO), ("entities", ENTITIES), ("spans", PRODIGY)])
def test_a_column_of_spans_is_no_label_column(tmp_path: Path, column: str, spans: Any) -> None:
    lines = [{"text": "부산역 앞에 불이", column: spans}, {"text": "네", column: []}, {"text": "예"}]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    rows, columns = rows_of(path, column)
    assert columns.labels == {}
    assert [row.notes for row in rows] == [(NOTE.format(column),), (), ()]
    assert json.loads(str(rows[0].cells[column])) == spans


def test_spans_among_classes_are_moved_to_the_details(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,label\n하나,위험\n둘,"[[0, 1, ""LOC""]]"\n셋,정상\n', encoding="utf-8")
    rows, columns = rows_of(tmp_path / "a.csv", "label")
    assert columns.labels == {"ner": "label"}
    assert [row.cells["label"] for row in rows] == ["위험", None, "정상"]
    assert rows[1].cells["label.spans"] == '[[0, 1, "LOC"]]'
    assert [len(row.notes) for row in rows] == [0, 1, 0]


def test_a_table_without_spans_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n하나,위험\n", encoding="utf-8")
    table, columns = open_table(File.at(tmp_path / "a.csv")), Columns("text", {"danger": "label"})
    assert set_aside(table, columns) == (table, columns)
    assert set_aside(table, columns)[0] is table


@pytest.mark.integration
def test_the_sentences_come_in_and_no_class_is_proposed(ws: Workspace, tmp_path: Path) -> None:
    lines = [
        {"id": 1, "text": "부산역 앞에 불이", "label": DOCCANO, "urgent": "네"},
        {"id": 2, "text": "대전", "label": DOCCANO[:1]},
    ]
    path = tmp_path / "seq.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    columns = Columns("text", {"ner": "label", "fast": "urgent"}, id="id")
    done = ingest_table(ws, File.at(path), TableImportOptions(columns))
    assert (done.added, done.rejected, done.schemes, done.notes) == (2, 0, {"fast": "fast"}, {NOTE.format("label"): 2})
    assert ("ner" in SCHEMES, [u.labels for u in ws.store.corpus.every(Filter())]) == (False, [{"fast": "네"}, {}])
    details = ws.store.transfer.extras([1])[1].meta
    assert json.loads(details["label"]) == DOCCANO
