"""Tables that are bombs are refused by name before a row is stored: packed rows, far too many columns."""

import gzip
import io
import json
import struct
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import InputError
from core.ingest.tables import File, Table, open_table
from core.ingest.tables.bombs import MOST_COLUMNS


def opened(data: bytes, name: str) -> Table:
    return open_table(File.of(data, name))


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(InputError) as caught:
        opened(data, name)
    return str(caught.value)


MILLION = gzip.compress(b"id,text,label\n" + "1,불이 났어요,위험\n".encode() * 1_000_000)


def test_a_gzip_of_a_million_lines_is_refused_by_name() -> None:
    assert len(MILLION) < 100_000
    assert refusal(MILLION, "lines.csv.gz") == (
        "lines.csv.gz: unpacks to more than 100 times its size: looks like a bomb; unpack it yourself if it is none"
    )
    assert refusal(gzip.compress(b'{"text": "a"}\n' * 200_000), "a.jsonl.gz").startswith("a.jsonl.gz: unpacks to more")
    listed = gzip.compress(b"[" + b'{"text":"a"},' * 200_000 + b"{}]")
    assert refusal(listed, "a.json.gz").startswith("a.json.gz: unpacks")


@pytest.mark.parametrize("claim", [0, 100, 0xFFFFFFFF])
def test_a_gzip_that_lies_about_its_size_is_refused_too(claim: int) -> None:
    assert "looks like a bomb" in refusal(MILLION[:-4] + struct.pack("<I", claim), "lines.csv.gz")


def test_a_bomb_of_two_members_is_refused() -> None:
    assert "looks like a bomb" in refusal(MILLION + gzip.compress(b"1,a,b\n"), "lines.csv.gz")


def test_an_honest_gzip_is_read() -> None:
    rows = "id,text\n" + "".join(f"{n},{n * 7919 % 10_007}번 출동합니다\n" for n in range(20_000))
    assert sum(1 for _ in opened(gzip.compress(rows.encode()), "rows.csv.gz").rows()) == 20_000


WIDE = 200_000
TOO_WIDE = f"{WIDE:,} columns, at most {MOST_COLUMNS:,} are read: keep the columns that you need"


def test_a_csv_of_too_many_columns_is_refused_by_name() -> None:
    line = ",".join("a" for _ in range(WIDE))
    assert refusal(f"{line}\n{line}\n".encode(), "wide.csv") == f"wide.csv: {TOO_WIDE}"
    assert refusal(line.replace(",", "\t").encode(), "wide.tsv") == f"wide.tsv: {TOO_WIDE}"


def test_a_csv_whose_every_line_is_too_long_says_so() -> None:
    line = ",".join(f"column{n}" for n in range(WIDE))
    assert refusal(f"{line}\n{line}\n".encode(), "wide.csv") == (
        "wide.csv: no row can be read: a line of 1,000,000 characters or more"
    )


def test_json_of_too_many_fields_is_refused_by_name() -> None:
    record = {f"f{n}": "a" for n in range(5_000)}
    message = f"5,000 columns, at most {MOST_COLUMNS:,} are read: keep the columns that you need"
    assert refusal(json.dumps([record]).encode(), "wide.json") == f"wide.json: {message}"
    assert refusal(json.dumps(record).encode() + b"\n", "wide.jsonl") == f"wide.jsonl: {message}"


def test_parquet_of_too_many_columns_or_rows_is_refused_by_name() -> None:
    def parquet(table: pa.Table) -> bytes:
        out = io.BytesIO()
        pq.write_table(table, out)
        return out.getvalue()

    wide = parquet(pa.table({f"c{n}": ["a"] for n in range(5_000)}))
    assert refusal(wide, "wide.parquet").startswith("wide.parquet: 5,000 columns, at most 4,096 are read")
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array(["불이 났어요"]))
    assert refusal(parquet(pa.table({"text": column})), "rows.parquet").startswith("rows.parquet: 1,000,000 rows in ")


def test_workbooks_are_refused_by_name() -> None:
    book = openpyxl.Workbook()
    book.active.cell(1, 1, "text")
    book.active.cell(2, 16_384, "불이 났어요")
    out = io.BytesIO()
    book.save(out)
    assert refusal(out.getvalue(), "wide.xlsx").startswith("wide.xlsx: 16,384 columns, at most 4,096 are read")
    packed = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            sheet = b"<row><c><v>1</v></c></row>" * 100_000
            new.writestr(name, sheet if name.endswith("sheet1.xml") else old.read(name))
    assert refusal(packed.getvalue(), "rows.xlsx").endswith("sheet1.xml unpacks beyond reason: looks like a bomb")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\xff\xfb\x90\x64" + bytes(400), "MP3"),
        (b"\x00\x00\x00\x20ftypM4A " + bytes(40), "M4A sound (MP4)"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "PNG picture"),
        (b"fLaC" + bytes(40), "FLAC"),
    ],
)
def test_what_is_no_table_is_told_by_its_content(data: bytes, what: str) -> None:
    assert refusal(data, "table.csv") == f"table.csv: {what}, not a table"
