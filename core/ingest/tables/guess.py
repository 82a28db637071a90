"""Guesses the role of each column, by its name, else by its cells. A person can correct the guess."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.ingest.tables.types import Cell, Row

_NAMES = {
    "text": ("text", "sentence", "utterance", "document", "stt", "content", "comment", "transcript", "transcription",
             "문장", "발화", "텍스트", "내용", "본문", "원문", "q", "question", "질문", "speechtext", "note"),
    "id": ("id", "_id", "audio_id", "guid", "uuid", "key", "번호"),
    "group": ("group", "speaker_id", "call_id", "dialogue_id", "session", "user", "user_id", "묶음", "대화번호"),
    "speaker": ("speaker", "speaker_role", "화자"),
    "recording": ("recording", "path", "audio", "wav", "wav_path", "audio_path", "file", "filename", "file_name",
                  "fileNm", "wav_id", "파일명"),
    "split": ("split", "subset", "partition", "분할"),
    "start": ("start", "start_ms", "startat", "start_time", "begin", "시작"),
    "end": ("end", "end_ms", "endat", "end_time", "finish", "끝", "종료"),
}  # fmt: skip
_LABELS = ("label", "labels", "class", "emotion", "sentiment", "category", "danger", "urgency", "intent", "상황",
           "라벨", "레이블", "감정", "분류", "위험", "긴급도")  # fmt: skip
_FEW = 60
_IDS = re.compile(r"\d{1,3}([,;|] ?\d{1,3})*")


@dataclass(frozen=True, slots=True)
class Guess:
    """The column of each role, None if no column fits, and the columns that may be labels, best first."""

    text: str
    labels: tuple[str, ...]
    id: str | None
    group: str | None
    speaker: str | None
    recording: str | None
    start: str | None
    end: str | None
    split: str | None = None


def guess_columns(columns: Sequence[str], rows: Sequence[Row]) -> Guess:
    """The guessed roles of `columns` (at least one), from their names and from sample `rows`."""
    by_role = {role: _by_name(columns, wanted) for role, wanted in _NAMES.items()}
    text = by_role["text"] or max(columns, key=lambda name: _length(name, rows))
    taken = {text, *(name for role, name in by_role.items() if role != "text")}
    labels = [name for name in columns if name.casefold() in _LABELS]
    labels += [name for name in columns if name not in labels and name not in taken and _few(name, rows)]
    times = bool(by_role["recording"] and by_role["start"] and by_role["end"])
    return Guess(
        text=text, labels=tuple(name for name in labels if name != text),
        id=by_role["id"] if _distinct(by_role["id"], rows) else None,
        group=by_role["group"], speaker=by_role["speaker"], recording=by_role["recording"] if times else None,
        start=by_role["start"] if times else None, end=by_role["end"] if times else None, split=by_role["split"],
    )  # fmt: skip


def named_text(columns: Iterable[str]) -> str | None:
    """The column that is called like a column of texts, None if there is none."""
    return _by_name(tuple(columns), _NAMES["text"])


def _by_name(columns: Sequence[str], wanted: Sequence[str]) -> str | None:
    folded = {name.casefold(): name for name in reversed(columns)}
    return next((folded[name.casefold()] for name in wanted if name.casefold() in folded), None)


def _cells(name: str, rows: Sequence[Row]) -> list[Cell]:
    return [row.cells[name] for row in rows if row.cells.get(name)]


def _length(name: str, rows: Sequence[Row]) -> float:
    """The mean number of letters in a cell."""
    cells = _cells(name, rows)
    return sum(sum(map(str.isalpha, cell)) for cell in cells if isinstance(cell, str)) / max(len(rows), 1)


def _few(name: str, rows: Sequence[Row]) -> bool:
    """Whether the column looks like labels: lists, class ids, or few different short values."""
    cells = _cells(name, rows)
    if any(isinstance(cell, tuple) for cell in cells):
        return True
    if any("," in str(cell) for cell in cells) and all(_IDS.fullmatch(str(cell)) for cell in cells):
        return True  # the class ids of a multi-label table
    return len(cells) > 3 and len(set(cells)) <= min(_FEW, len(cells) / 2) and _length(name, rows) < 40


def _distinct(name: str | None, rows: Sequence[Row]) -> bool:
    """Whether every row has its own value in the column."""
    cells = _cells(name, rows) if name is not None else []
    return bool(cells) and len(set(cells)) == len(rows)
