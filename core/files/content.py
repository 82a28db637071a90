"""Says what a file is, from its first bytes: "PDF", "ZIP", "text, UTF-16", "Praat TextGrid, text, UTF-8".

The name of the file does not count.
Importers and the audio gate use it to name a file that they do not read. Nothing is decoded or unpacked here.
"""

import codecs
import re

from core.messages import Message

HEAD_BYTES = 4096  # enough for every format below
Magic = tuple[int, bytes, Message]  # offset, bytes, name

SOUND = (
    (0, b"fLaC", Message("FLAC")),
    (0, b".snd", Message("AU sound")),
    (0, b"dns.", Message("AU sound")),
    (0, b"caff", Message("CAF sound")),
    (0, b"riff\x2e\x91\xcf\x11", Message("W64 sound")),
    (0, b"#!AMR", Message("AMR sound")),
    (0, b"ID3", Message("MP3")),
    (0, b"MThd", Message("MIDI notes without sound")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Message("Windows Media (WMA or WMV)")),
    (0, b"wvpk", Message("WavPack sound")),
    (0, b"MAC ", Message("Monkey's Audio")),
    (0, b"\x0b\x77", Message("AC-3 sound")),
)
OTHER = (
    (0, b"%PDF", Message("PDF")),
    (0, b"\x1f\x8b", Message("gzip archive")),
    (0, b"BZh", Message("bzip2 archive")),
    (0, b"\xfd7zXZ", Message("xz archive")),
    (0, b"(\xb5/\xfd", Message("zstd archive")),
    (0, b"7z\xbc\xaf\x27\x1c", Message("7-Zip archive")),
    (0, b"Rar!", Message("RAR archive")),
    (257, b"ustar", Message("tar archive")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Message("old Office document (.xls, .doc, .hwp)")),
    (0, b"SQLite format 3", Message("SQLite database")),
    (0, b"PAR1", Message("Parquet table")),
    (0, b"ARROW1", Message("Arrow table")),
    (0, b"\x89HDF", Message("HDF5 data")),
    (0, b"\x93NUMPY", Message("NumPy array")),
    (0, b"\x89PNG", Message("PNG picture")),
    (0, b"\xff\xd8\xff", Message("JPEG picture")),
    (0, b"GIF8", Message("GIF picture")),
    (0, b"II*\0", Message("TIFF picture")),
    (0, b"MM\0*", Message("TIFF picture")),
    (0, b"FLV\x01", Message("Flash video")),
    (0, b"\0\0\x01\xba", Message("MPEG video")),
    (0, b"\0\0\x01\xb3", Message("MPEG video")),
    (0, b"\x7fELF", Message("program")),
    (0, b"MZ", Message("Windows program")),
    (0, b"ttcf", Message("font")),
)
RIFF = {
    b"WAVE": Message("WAV"),
    b"AVI ": Message("AVI video"),
    b"WEBP": Message("WebP picture"),
    b"RMID": Message("MIDI notes without sound"),
}
OGG = (
    (b"OpusHead", Message("Ogg Opus sound")),
    (b"\x01vorbis", Message("Ogg Vorbis sound")),
    (b"\x7fFLAC", Message("Ogg FLAC sound")),
    (b"Speex", Message("Ogg Speex sound")),
    (b"theora", Message("Ogg video")),
)
OFFICE = (
    (b"xl/", Message("Excel workbook (.xlsx)")),
    (b"word/", Message("Word document (.docx)")),
    (b"ppt/", Message("PowerPoint slides (.pptx)")),
    (b"Contents/section", Message("Hangul document (.hwpx)")),
    (b"application/vnd.oasis", Message("OpenDocument file")),
)
BRANDS = {
    b"M4A": Message("M4A sound (MP4)"),
    b"M4B": Message("M4A sound (MP4)"),
    b"3gp": Message("3GP"),
    b"3g2": Message("3GP"),
    b"qt ": Message("QuickTime"),
    b"hei": Message("HEIC picture"),
    b"mif": Message("HEIC picture"),
    b"avi": Message("AVIF picture"),
}
TEXTS = (
    (re.compile(r'\s*File type = "oo?TextFile'), Message("Praat TextGrid")),
    (re.compile(r"<\?xml.*<ANNOTATION_DOCUMENT", re.S), Message("ELAN annotation (EAF)")),
    (re.compile(r"WEBVTT"), Message("WebVTT subtitles")),
    (re.compile(r"\s*\d+\s*\n\s*\d+:\d\d:\d\d[,.]\d{3} --> "), Message("SubRip subtitles")),
    (re.compile(r"\s*(<!doctype html|<html)", re.I), Message("HTML page")),
    (re.compile(r"\s*<\?xml|\s*<[a-z]+ xmlns", re.I), Message("XML")),
    (re.compile(r"version https://git-lfs"), Message("Git LFS pointer: the file itself was not fetched")),
    (re.compile(r"#EXTM3U"), Message("playlist without sound")),
)
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def describe(head: bytes) -> Message:
    """Say what a file is whose first `HEAD_BYTES` bytes are `head` (all bytes if it is shorter).

    >>> describe(b"%PDF-1.7"), describe("불이야".encode("utf-16")), describe(b"")
    ('PDF', 'text, UTF-16', 'empty file')
    """
    if not head:
        return Message("empty file")
    if not head.strip(b"\0"):
        return Message("nothing but zero bytes")
    if name := _binary(head):
        return name
    text = decoded(head)
    if text is not None:
        return _text_kind(*text)
    return _mpeg(head) or Message("data of an unknown kind")


def binary_kind(head: bytes) -> Message | None:
    """Say what a file is that is no text, from its first bytes; None for text, and for data of an unknown kind."""
    return _binary(head) or (None if is_text(head) else _mpeg(head))


def text_kind(head: bytes) -> Message | None:
    """Say what kind of text a file is, also if it begins with the letters of another format; None if it is no text."""
    text = decoded(head) if head else None
    return None if text is None else _text_kind(*text)


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text in UTF-8, UTF-16, UTF-32 or cp949."""
    return bool(head) and decoded(head) is not None


def decoded(head: bytes) -> tuple[str, str] | None:
    """Return the first characters of a text file and the name of its encoding; None if it is no text."""
    head = head[:HEAD_BYTES]
    for mark, codec, name in MARKS:
        if head.startswith(mark):
            text = _decode(head, codec)
            return None if text is None else (text.lstrip("\ufeff"), name)
    if wide := _wide(head):
        return wide
    for codec, name in (("utf-8", "UTF-8"), ("cp949", "cp949")):
        text = _decode(head, codec)
        if text is not None:
            return text, name
    return None


def _binary(head: bytes) -> Message | None:
    if head[:4] in (b"RIFF", b"RIFX", b"RF64"):
        return RIFF.get(head[8:12], Message("RIFF file that is no WAV")) if len(head) >= 12 else None
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return Message("AIFF sound")
    if head[:4] == b"OggS":
        return next((name for mark, name in OGG if mark in head[:200]), Message("Ogg"))
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:11], Message("MP4"))
    if head[4:8] in (b"moov", b"mdat", b"wide", b"skip") and head[0] == 0:
        return Message("QuickTime")
    if head[:4] == b"\x1aE\xdf\xa3":
        return Message("WebM") if b"webm" in head[:100] else Message("Matroska")
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return next((name for mark, name in OFFICE if mark in head), Message("ZIP"))
    for at, magic, name in (*SOUND, *OTHER):
        if head[at : at + len(magic)] == magic and not _is_plain_ascii(head, magic):
            return name
    return None


def _is_plain_ascii(head: bytes, magic: bytes) -> bool:
    """Whether a short magic of letters only begins a text: "MZ세대", "ID3 tags", "BZh"."""
    return len(magic) < 4 and magic.isalnum() and is_text(head)


def _text_kind(text: str, encoding: str) -> Message:
    for pattern, name in TEXTS:
        if pattern.match(text):
            return Message("{kind}, text, {encoding}", kind=name, encoding=encoding)
    start = text.lstrip()[:1]
    if start and start in "{[" and re.match(r'\s*[{\[]\s*["{\[\]}0-9tfn-]', text):
        return Message("JSON text, {encoding}", encoding=encoding)
    return Message("text, {encoding}", encoding=encoding)


def _mpeg(head: bytes) -> Message | None:
    """Name sound of MPEG frames, which has no magic but eleven set bits."""
    if len(head) < 4 or head[0] != 0xFF:
        return Message("MPEG video stream") if head[:1] == b"G" and head[188:189] == b"G" else None
    if head[1] & 0xFE == 0xF8:  # MPEG-2 AAC begins as a FLAC frame does
        return Message("FLAC or AAC sound without its header")
    if head[1] & 0xF6 == 0xF0:
        return Message("AAC sound")
    return Message("MP3") if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 else None


def _wide(head: bytes) -> tuple[str, str] | None:
    """Text in UTF-16 without a mark: the zero bytes of its Latin letters, spaces and line ends are all on one side."""
    pairs = len(head) // 2
    first, second = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    for codec, own, other in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if own > 10 * other and own >= max(2, pairs // 50):
            text = _decode(head[: pairs * 2], codec)
            if text is not None:
                return text, "UTF-16"
    return None


def _decode(head: bytes, codec: str) -> str | None:
    """The text in `head`, whose last character may be cut; None if it does not fit, or holds control characters."""
    try:
        text = codecs.getincrementaldecoder(codec)().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return None
    return None if CONTROL.search(text) or not text else text
