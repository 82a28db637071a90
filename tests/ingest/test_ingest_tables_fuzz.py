"""Fuzzes core.ingest.tables: hostile bytes give rows, rejects or a CoreError, never another exception or a hang."""

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import CoreError
from core.ingest.tables import File, Options, Reject, Row, open_table
from core.ingest.tables.guess import guess_columns
from core.ingest.tables.labels import LabelReader, distinct
from core.ingest.tables.readers.encoding import BAD
from core.ingest.tables.row_parser import Columns, ParsedRow, RowParser
from core.schemes import DANGER

pytestmark = pytest.mark.integration

NAMES = ("t.csv", "t.tsv", "t.txt", "t.json", "t.jsonl", "t.xlsx", "t.parquet", "t.csv.gz", "t")
MOST_ROWS = 20_000
FUZZ = settings(
    max_examples=120, deadline=timedelta(seconds=20), suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def drained(data: bytes, name: str, options: Options) -> None:
    """Read `data` as an import does; assert that every result can be stored."""
    with suppress(CoreError):
        table = open_table(File.of(data, name), options)
        rows = [row for row, _ in zip(table.rows(), range(MOST_ROWS), strict=False)]
        good = [row for row in rows if isinstance(row, Row)]
        assert table.shape.columns
        roles = guess_columns(table.shape.columns, good[:20])
        reader = RowParser(
            Columns(roles.text, {"danger": table.shape.columns[-1]}, id=roles.id, group=table.shape.columns[0]),
            "fuzz", {"danger": LabelReader(DANGER, ids=True)}, (),
        )  # fmt: skip
        for row in good:
            parsed = reader.read(row)
            assert isinstance(parsed, ParsedRow | Reject)
            if isinstance(parsed, ParsedRow):
                stored = f"{parsed.utterance.text}{parsed.utterance.key}{parsed.utterance.group}"
                assert not BAD.search(stored)
                json.dumps(dict(parsed.utterance.meta)).encode()
        distinct(iter(rows), {"x": table.shape.columns[-1]}, 256)


OPTIONS = st.builds(
    Options,
    encoding=st.sampled_from([None, None, "utf-8", "cp949", "utf-16", "utf-16-le", "utf-32", "johab", "iso2022-kr"]),
    separator=st.sampled_from([None, None, ",", "\t", "^", "가"]),
    quotes=st.sampled_from([None, True, False]),
    header=st.sampled_from([None, True, False]),
)
PIECES = st.sampled_from(
    [b'"', b'""', b",", b"\t", b"\n", b"\r\n", b"\r", b";", b"|", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"{",
     b"}", b"[", b"]", b'{"text": ', b'"\\ud800"', b"\\u0000", b"1", b"text", b"id", "불".encode(),
     "불".encode("cp949"), "불\n".encode("utf-16-le"), "ㅎㅈ😀".encode(), b"'=1", b"NaN", b"1e999", b"-", b" ",
     b"\x1f\x8b", b"PK\x03\x04", b"PAR1"]
)  # fmt: skip


@FUZZ
@given(st.binary(max_size=600), st.sampled_from(NAMES), OPTIONS)
def test_random_bytes(data: bytes, name: str, options: Options) -> None:
    drained(data, name, options)


@FUZZ
@given(st.lists(PIECES, max_size=120).map(b"".join), st.sampled_from(NAMES), OPTIONS)
def test_pieces_of_tables(data: bytes, name: str, options: Options) -> None:
    drained(data, name, options)


def _csv() -> bytes:
    rows = [f'{n},"쉼표, 문장 {n}\n둘째 줄",{("정상", "위험")[n % 2]}' for n in range(30)]
    return "\r\n".join(["id,text,label", *rows]).encode()


def _cp949() -> bytes:
    return "\n".join(["번호\t문장\t감정", *(f"{n}\t글 {n}\t{n % 6},{n % 5}" for n in range(30))]).encode("cp949")


def _wide() -> bytes:
    return _csv().decode().encode("utf-16")


def _json() -> bytes:
    return json.dumps({"data": [{"id": n, "text": f"문장 {n}", "a": {"b": [n]}} for n in range(20)]}).encode()


def _lines() -> bytes:
    return b"\n".join(json.dumps({"id": n, "text": f"문장 {n}", "label": n % 2}).encode() for n in range(20))


def _sheet() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [("id", "text", "label"), *((n, f"문장 {n}", n % 2) for n in range(20))]:
        book.active.append(row)
    stored, out = io.BytesIO(), io.BytesIO()
    book.save(stored)
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:  # so that bytes matter
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    return out.getvalue()


def _parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(50)), "text": [f"문장 {n}" for n in range(50)]}), out)
    return out.getvalue()


TABLES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "csv": ("t.csv", _csv), "cp949": ("t.tsv", _cp949), "utf-16": ("t.csv", _wide), "json": ("t.json", _json),
    "jsonl": ("t.jsonl", _lines), "xlsx": ("t.xlsx", _sheet), "parquet": ("t.parquet", _parquet),
}  # fmt: skip
MADE = {name: (file, make()) for name, (file, make) in TABLES.items()}
CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 12), st.one_of(st.binary(max_size=3), PIECES)),
    min_size=1, max_size=6,
)  # fmt: skip


@pytest.mark.parametrize("name", MADE)
@settings(FUZZ, max_examples=60)
@given(changes=CHANGES, options=OPTIONS)
def test_mutated_tables(name: str, changes: list[tuple[float, int, bytes]], options: Options) -> None:
    file, data = MADE[name]
    for share, cut, put in changes:
        at = int(share * len(data))
        data = data[:at] + put + data[at + cut :]
    drained(data, file, options)


@pytest.mark.parametrize("name", MADE)
def test_tables_cut_short(name: str) -> None:
    file, data = MADE[name]
    for share in range(1, 20):
        drained(data[: len(data) * share // 20], file, Options())
