"""Detects the encoding of a text table: by a byte order mark, else by decoding a sample, UTF-8 before cp949.

A byte that does not fit the encoding becomes a lone surrogate and decoding continues, so that only its row is refused.
"""

import codecs
import io
import re
from typing import TextIO

from core.errors import InputError, UnknownName
from core.ingest.tables.stream import unpacked
from core.ingest.tables.types import SAMPLE_BYTES, File, Meter

ENCODINGS = ("utf-8", "cp949", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "euc-kr", "johab", "iso2022-kr", "latin-1")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BAD_SHARE = 0.001  # of the characters in the sample: a few broken bytes do not mean another encoding
BAD = re.compile("[\x00\ud800-\udfff]")  # no stored text may hold these
_ERRORS = "gwidama-lone"


def _lone(error: UnicodeError) -> tuple[str, int]:
    """A codec error handler: each byte that does not fit becomes a lone surrogate."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end] or error.object[error.start :]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.start + len(bad)


codecs.register_error(_ERRORS, _lone)


def canonical_name(name: str) -> str:
    """`name` as it stands in ENCODINGS. `UnknownName` lists them if it is none of them."""
    try:
        wanted = codecs.lookup(name.strip()).name
    except (LookupError, ValueError, UnicodeError):
        wanted = ""
    known = {codecs.lookup(encoding).name: encoding for encoding in ENCODINGS} | {"utf-8-sig": "utf-8-sig"}
    if wanted not in known:
        raise UnknownName("encoding", name, ENCODINGS)
    return known[wanted]


def with_byte_order(file: File, name: str) -> str:
    """`name` with the byte order of this file. UTF-16 and UTF-32 without a mark are little-endian, as on Windows."""
    if name not in ("utf-16", "utf-32"):
        return "utf-8-sig" if name == "utf-8" else name  # it also skips a mark at the start
    with unpacked(file) as stream:
        start = stream.read(4)
    return name if any(start.startswith(mark) for mark, of in _MARKS if of == name) else f"{name}-le"


def detect(file: File) -> str:
    """The encoding of the file, from its first `SAMPLE_BYTES`. `InputError` if it is no text."""
    with unpacked(file) as stream:
        data = stream.read(SAMPLE_BYTES)
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if marked is not None:
        return marked
    narrow = _faults(data, "utf-8")
    if not narrow[0]:
        return "utf-8"
    if wide := _wide(data):  # a UTF-8 text with a single NUL is still UTF-8
        return wide
    candidates = [(narrow, "utf-8"), (_faults(data, "cp949"), "cp949")]
    (faults, length), best = min(candidates, key=lambda pair: pair[0][0])  # the first if equal: UTF-8
    if faults > length * _BAD_SHARE + (1 if length > 20 else 0):
        raise InputError(
            "{file}: neither UTF-8, cp949 nor UTF-16 text; give its encoding, if it is a table", file=file.name
        )
    return best


def _wide(data: bytes) -> str | None:
    """The kind of UTF-16 without a mark, or None. Its line ends and separators have a zero byte on one side only."""
    pairs = len(data) // 2
    high, low = data[0 : pairs * 2 : 2].count(0), data[1 : pairs * 2 : 2].count(0)
    for name, own, other in (("utf-16-le", low, high), ("utf-16-be", high, low)):
        if own > 10 * other and own >= max(1, pairs // 100) and not len(data) % 2:
            faults, length = _faults(data, name)
            if faults <= length * _BAD_SHARE:
                return name
    return None


def _faults(data: bytes, name: str) -> tuple[int, int]:
    """(number of broken and control characters, number of all characters) if `data` is decoded as `name`."""
    text = codecs.getincrementaldecoder(name)(_ERRORS).decode(data, final=False)
    nul = text.count("\0")  # a few NULs are faults of their rows, not of the encoding
    tolerated = nul if nul < len(text) * 0.05 else 0
    return len(_CONTROL.findall(text)) - tolerated + len(BAD.findall(text)) - nul, len(text)


def open_text(file: File, encoding: str, meter: Meter | None = None, newline: str = "\n") -> TextIO:
    """The table's text from the start. Bytes that do not fit become lone surrogates; lines end at `newline` only."""
    return io.TextIOWrapper(unpacked(file, meter), encoding, errors=_ERRORS, newline=newline)
