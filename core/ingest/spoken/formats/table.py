"""Recognises a file of annotations by its content, and reads it.

The suffix does not matter: a TextGrid in UTF-16, an SRT called `.txt` and a Whisper JSON called `.json` are known by
what they hold. If one recording has several such files, the one with the most information counts; `FORMATS` is in that
order.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import BadRecord
from core.ingest.spoken.formats import audacity, elan, recognised, sami, subtitles, textgrid
from core.ingest.spoken.formats.document import Document, Reader, read_text

SUFFIXES = (
    ".textgrid", ".eaf", ".json", ".vtt", ".srt", ".smi", ".sami", ".txt", ".tsv", ".label", ".labels", ".lab", ".grid",
    ".xml",
)  # fmt: skip
HEAD = 4_000  # characters that decide, but for JSON
_SRT = re.compile(r"^\s*\d{1,4}:\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?\s*-->\s*\d", re.M)


@dataclass(frozen=True, slots=True)
class Format:
    """A format: how a text of it is recognised, and its reader."""

    name: str
    fits: Callable[[str], bool]
    read: Reader


def _is_textgrid(text: str) -> bool:
    return ("ooTextFile" in text[:100] and "TextGrid" in text[:300]) or "Praat chronological" in text[:100]


def _is_recognised(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        return recognised.shape_of(json.loads(text)) is not None
    except (ValueError, RecursionError):  # a damaged file of a recogniser is still one
        return bool(re.search(r'"(segments|transcription|utterances)"\s*:\s*\[', text[:HEAD]))


def _is_audacity(text: str) -> bool:
    rows = [row for row in text[:HEAD].split("\n")[:20] if row.strip()]
    return bool(rows) and audacity.is_label(rows[0])


FORMATS = (
    Format("EAF", lambda text: "<ANNOTATION_DOCUMENT" in text[:HEAD], elan.read),
    Format("TextGrid", _is_textgrid, textgrid.read),
    Format("speech recogniser", _is_recognised, recognised.read),
    Format("VTT", lambda text: text.lstrip().startswith("WEBVTT"), subtitles.read),
    Format("SRT", lambda text: bool(_SRT.search(text[:HEAD])), subtitles.read),
    Format("SAMI", sami.is_sami, sami.read),
    Format("Audacity", _is_audacity, audacity.read),
    Format("Whisper TSV", lambda text: recognised.is_tsv(text[:HEAD].split("\n")[0]), recognised.read),
)


def find_format(data: bytes, where: str) -> Format | None:
    """The format of a file; None if it is none of them. `BadRecord` if it is one that has to be saved anew."""
    if data.startswith(b"ooBinaryFile"):
        raise BadRecord(where, "a binary file of Praat: save it as a text file there")
    try:
        text = read_text(data, where)
    except BadRecord:
        return None
    return next((known for known in FORMATS if known.fits(text)), None)


def read(data: bytes, known: Format, where: str) -> Document:
    """The content of a file of format `known`. `BadRecord` names the place of the damage."""
    return known.read(read_text(data, where), where)
