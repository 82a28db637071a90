"""Tests core.ingest.exports.gwidama: edited, broken and hostile exports; a bad row never stops the others."""

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import InputError
from core.ingest.exports.gwidama import open_export
from core.ingest.exports.rows import ExportedRow
from core.records import Skip

HEADER = ("id", "key", "recording_id", "parent_id", "start_ms", "end_ms", "speaker", "voice_usable", "text", "original")


def table(path: Path, *rows: tuple[object, ...], header: tuple[str, ...] = HEADER) -> Path:
    text = io.StringIO(newline="")
    out = csv.writer(text)
    out.writerow(header)
    out.writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8-sig"))
    return path


def read(path: Path) -> tuple[list[ExportedRow], list[Skip]]:
    rows = list(open_export(path).rows())
    return [x for x in rows if isinstance(x, ExportedRow)], [x for x in rows if isinstance(x, Skip)]


def test_a_spreadsheet_may_have_saved_it_again(tmp_path: Path) -> None:
    """Numbers as 7.0, TRUE in capitals, empty cells, an apostrophe where a formula would be."""
    path = table(tmp_path / "a.csv", ("7.0", "k", "1", "", "100.0", "900", "", "TRUE", "'=1", "''=1"))
    ((row,), skipped) = read(path)
    assert skipped == []
    assert (row.number, row.recording, row.parent, row.new.start_ms, row.new.end_ms) == (7, 1, None, 100, 900)
    assert (row.text, row.new.text, row.new.speaker, row.new.voice_usable) == ("=1", "'=1", None, True)
    assert (row.new.group, row.new.origin) == ("k", "imported")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("1", "", "", "", "", "", "", "", "글", "글"), "key is missing"),
        (("1", "k", "", "", "soon", "", "", "", "글", "글"), "start_ms is no whole number: 'soon'"),
        (("1", "k", "", "", "1.5", "", "", "", "글", "글"), "start_ms is no whole number: '1.5'"),
        (("1", "k", "", "", "1e99", "", "", "", "글", "글"), "start_ms is no whole number: '1e99'"),
        (("1", "k", "x", "", "", "", "", "", "글", "글"), "recording_id is no whole number: 'x'"),
        (("1", "k", "", "", "", "", "", "maybe", "글", "글"), "voice_usable is neither true nor false: 'maybe'"),
        (("1", "k"), "2 cells, the header has 10"),
        (("1", "k", "", "", "", "", "", "", "글\0", "글"), "text holds a NUL character"),
    ],
)
def test_a_bad_row_is_named_and_the_next_one_read(tmp_path: Path, row: tuple[object, ...], reason: str) -> None:
    good = ("2", "k2", "", "", "", "", "", "", "불", "불")
    rows, skipped = read(table(tmp_path / "a.csv", row, good))
    assert skipped == [Skip("a.csv, row 2", reason)]
    assert [parsed.new.key for parsed in rows] == ["k2"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "is no JSON object"),
        ("{", "is no JSON object"),
        ("[" * 5000, "is no JSON object"),
        ('{"key": 5, "text": "글"}', "key is no text: '5'"),
        ('{"key": "k", "text": "\\ud800"}', "text holds half a character (a lone surrogate)"),
        ('{"key": "k", "text": {"a": 1}}', "text is no text: \"{'a': 1}\""),
        ('{"key": "k", "text": "x", "start_ms": true}', "start_ms is no whole number: 'True'"),
        ('{"key": "k", "text": "x", "mood": 3}', "mood is no text: '3'"),
        ('{"key": "k", "text": "x", "_meta": "[]"}', "_meta is no JSON object"),
    ],
)
def test_a_bad_line_is_named_and_the_next_one_read(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"key": "a", "text": "불"}}\n{line}\n\n{{"key": "b", "text": "\u2028"}}\n', encoding="utf-8")
    rows, skipped = read(path)
    assert skipped == [Skip("a.jsonl, line 2", reason)]
    assert [(parsed.new.key, parsed.text) for parsed in rows] == [("a", "불"), ("b", "\u2028")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text,label\n불,1\n".encode(), r"a\.csv: no column key, so it is no export of this program"),
        ("a.csv", b"", r"a\.csv: no column key, text"),
        ("a.csv", "key,text\nk,불\n".encode("cp949"), r"a\.csv: is not UTF-8; exports are"),
        ("a.jsonl", b"\xff\xfe{", r"a\.jsonl: is not UTF-8"),
        ("a.jsonl", b'{"text": "x"}\n', r"a\.jsonl: no column key"),
        ("a.json", b"[]", "are read by `python -m core ingest labelstudio FILE`"),
        ("a.doc", b"x", r"a\.doc: no export ends so; use \.csv, \.jsonl, \.parquet"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not found: .*none\.csv"):
        open_export(tmp_path / "none.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="neither Arrow nor Parquet files in it"):
        read(tmp_path / "empty")


def test_a_broken_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no more PAR1")
    rows, skipped = read(tmp_path / "a.parquet")
    assert rows == []
    assert skipped[0].where == "a.parquet"


def test_a_scheme_that_the_file_defines_badly_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    metadata = {"schemes": [{"state": "active", "definition": {"name": "../x", "ko": "x", "label": []}}]}
    schema = pa.schema([("key", pa.string()), ("text", pa.string())], metadata={"gwidama": json.dumps(metadata)})
    pq.write_table(pa.Table.from_pylist([{"key": "k", "text": "불"}], schema), tmp_path / "a.parquet")
    assert open_export(tmp_path / "a.parquet").schemes == {}
    assert [parsed.text for parsed in read(tmp_path / "a.parquet")[0]] == ["불"]


def test_what_a_snapshot_froze_comes_back_with_its_label(tmp_path: Path) -> None:
    header = ("id", "key", "recording", "text", "scheme", "code", "label", "gold", "side")
    path = table(tmp_path / "s.csv", ("1", "k", "call", "불", "danger", "danger", "1", "False", "train"), header=header)
    ((row,), _) = read(path)
    assert (row.text, row.new.text, row.labels, row.silver) == ("불", "불", {"danger": "danger"}, ("danger",))
    assert (row.recording, row.new.meta) == ("call", {"side": "train"})
