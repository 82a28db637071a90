"""Reads SAMI subtitles (`.smi`), which Korean players use: a text lasts until the next one of its language.

A class such as `KRCC` is a language. If a file has Korean and others, only Korean is read and the others are counted.
The last text has no end unless an empty one follows; then it is named.
"""

import html
import re
from collections.abc import Sequence

from core.ingest.spoken.formats.document import Document, Interval
from core.messages import Message, within
from core.records import LONGEST_MS, Skip

TIER = "captions"
_SYNC = re.compile(r"<sync\b[^<>]*?\bstart\s*=\s*[\"']?(-?\d{1,12})[^<>]*>", re.I)
_CLASS = re.compile(r"<p\b[^<>]*?\bclass\s*=\s*[\"']?(\w+)[^<>]*>", re.I)
_BREAK = re.compile(r"<br\s*/?>", re.I)
_TAG = re.compile(r"</?[a-z][^<>]*>|<!--[^<>]*-->", re.I)
_END = re.compile(r"</body|</sami", re.I)


def is_sami(text: str) -> bool:
    """Whether this is the beginning of a SAMI file."""
    return "<sami" in text[:2000].lower()


def read(text: str, where: str) -> Document:
    """The captions of a SAMI file."""
    document = Document("SAMI")
    document.add_tier(TIER)
    captions = _captions(text)
    korean = {name for _, name, _, _ in captions if name.upper().startswith(("KR", "KO"))}
    last: dict[str, tuple[int, str, int]] = {}  # language -> (start, text, line) of the caption that is shown
    for start, name, words, line in captions:
        if korean and name not in korean:
            document.notes += [Message("caption in another language ({name}): not read", name=name)] * bool(words)
            continue
        if name in last:
            before, spoken, at = last.pop(name)
            document.intervals.append(Interval(TIER, before, start, spoken, at))
        if words:
            last[name] = (start, words, line)
    for _, spoken, at in last.values():
        reason = Message("{text}: the last caption has no end, it is left out", text=spoken[:80])
        document.skips.append(Skip(within(where, Message("line {n}", n=at)), reason))
    return document


def _captions(text: str) -> list[tuple[int, str, str, int]]:
    """(start in ms, language, text, line) of each caption; the text is empty where one ends. Times lie within a day."""
    end = _END.search(text)
    text = text[: end.start()] if end else text
    captions: list[tuple[int, str, str, int]] = []
    line, counted = 1, 0
    syncs = list(_SYNC.finditer(text))
    for sync, body in zip(syncs, _bodies(syncs, text), strict=True):
        line, counted = line + text.count("\n", counted, sync.start()), sync.start()
        start = min(max(int(sync[1]), 0), LONGEST_MS)
        classes = list(_CLASS.finditer(body))
        pieces = [(mark[1].upper(), piece) for mark, piece in zip(classes, _bodies(classes, body), strict=True)]
        captions += [(start, name, _plain(piece), line) for name, piece in pieces or [("", body)]]
    return captions


def _bodies(marks: Sequence[re.Match[str]], text: str) -> list[str]:
    """What stands in `text` between each mark and the next."""
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [text[mark.end() : end] for mark, end in zip(marks, ends[: len(marks)], strict=True)]


def _plain(text: str) -> str:
    """`text` without markup, with single spaces; `&nbsp;` alone is empty."""
    return " ".join(html.unescape(_TAG.sub("", _BREAK.sub(" ", text))).split())
