"""core.files.content: what a file is, by its content and whatever its name."""

import io
import zipfile

import openpyxl
import pytest

from core.files.content import binary_kind, describe, is_text

GRID = 'File type = "ooTextFile"\nObject class = "TextGrid"\n'


def workbook() -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()[:4096]


def packed() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"", "empty file"),
        (bytes(100), "nothing but zero bytes"),
        (b"%PDF-1.7\n", "PDF"),
        (packed(), "ZIP"),
        (workbook(), "Excel workbook (.xlsx)"),
        (b"\x1f\x8b\x08\0", "gzip archive"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "JPEG picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "old Office document (.xls, .doc, .hwp)"),
        (b"\0\0\0\x20ftypM4A " + bytes(20), "M4A sound (MP4)"),
        (b"\0\0\0\x20ftypisom" + bytes(20), "MP4"),
        (b"\0\0\0\x20ftyp3gp4" + bytes(20), "3GP"),
        (b"#!AMR\n\x3c\x08", "AMR sound"),
        (b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x23B\x86\x81\x01B\x82\x84webm", "WebM"),
        (b"OggS" + bytes(24) + b"\x7fFLAC", "Ogg FLAC sound"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "WAV"),
        (b"\xff\xf1\x50\x80" + bytes(20), "AAC sound"),
        (b"\xff\xfb\x90\x64" + bytes(20), "MP3"),
        ("불이 났어요\n".encode(), "text, UTF-8"),
        ("불이 났어요\n".encode("cp949"), "text, cp949"),
        ("불이 났어요\n".encode("utf-16"), "text, UTF-16"),
        ("\ufeff불이 났어요\n".encode("utf-16-be"), "text, UTF-16"),
        ("id,text\n1,불이 났어요\n".encode("utf-16-le"), "text, UTF-16"),
        ("불".encode() * 3000, "text, UTF-8"),
        (GRID.encode(), "Praat TextGrid, text, UTF-8"),
        (GRID.encode("utf-16"), "Praat TextGrid, text, UTF-16"),
        (b'{"text": "a"}', "JSON text, UTF-8"),
        (b"[A] a note in brackets", "text, UTF-8"),
        (b"<!DOCTYPE html><html>", "HTML page, text, UTF-8"),
        (b"1\n00:00:01,000 --> 00:00:02,000\na\n", "SubRip subtitles, text, UTF-8"),
        (b"WEBVTT\n\n", "WebVTT subtitles, text, UTF-8"),
        (b"ID3 tags, explained\n", "text, UTF-8"),
        ("MZ세대의 말".encode(), "text, UTF-8"),
        (b"GIF is a picture format? no: GI", "text, UTF-8"),
        (b"\x9c\x01\xfe\x88" * 40, "data of an unknown kind"),
    ],
)
def test_a_file_is_named_by_its_content(head: bytes, name: str) -> None:
    assert describe(head[:4096]) == name


def test_text_is_told_from_sound_that_begins_with_the_same_bits() -> None:
    assert is_text("안녕하세요".encode("utf-16"))
    assert not is_text(b"\xff\xfe\x90\x64" + bytes(range(256)) * 10)
    assert binary_kind("안녕".encode()) is None
    assert binary_kind(b"%PDF-1.4\xe2\xe3\xcf\xd3") == "PDF"
