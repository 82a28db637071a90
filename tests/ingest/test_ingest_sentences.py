"""Tests core.ingest.sentences: the demo's table of sentences."""

from pathlib import Path

import pytest

from core.errors import InputError
from core.ingest.sentences import read
from core.records import NewUtterance, Skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_rows_become_utterances_of_their_own_group(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "u.csv"
    path.write_text('id,text,label,kind\r\nu1,"불이야, 불!",danger,plain\r\nu2,산책 갑니다,정상,joke\r\n', encoding)
    first, second = read(path)
    assert first == NewUtterance(
        "demo:u1", "불이야, 불!", "demo:u1", labels={"danger": "danger"}, meta={"kind": "plain"}
    )
    assert isinstance(second, NewUtterance)
    assert (second.labels, second.voice_usable, second.start_ms) == ({"danger": "normal"}, False, None)


def test_bad_rows_are_skips_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("id,text,label,kind\nu1,가,danger,x\nu1,나,danger,x\n,다,danger,x\nu3,,danger,x\nu4,라,huh,x\nu5\n")
    _, *skips = read(path)
    assert [s.where for s in skips if isinstance(s, Skip)] == [f"u.csv, line {n}" for n in range(3, 8)]
    reasons = [s.reason for s in skips if isinstance(s, Skip)]
    assert reasons[:3] == ["id 'u1' came before", "no id", "no text"]
    assert reasons[3] == "unknown danger class 'huh'; known: 정상, 위험"
    assert reasons[4] == "no text"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,text\n1,a\n", "no column label, kind"),
        ("id,text,label,kind\n1,가".encode("cp949"), "UTF-8"),
        (b"", "no column"),
    ],
)
def test_unusable_table_is_one_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "u.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read(tmp_path / "u.csv"))
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        list(read(tmp_path / "none.csv"))
