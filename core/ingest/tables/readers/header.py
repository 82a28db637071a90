"""Decides where the header of a table is: in its first row, below title rows, or nowhere (KOTE has no header)."""

import re
from collections import Counter
from collections.abc import Sequence
from statistics import median

from core.ingest.tables import names
from core.ingest.tables.types import Cell

_NUMBER = re.compile(r"[-+]?\d[\d.,:;|\s%eE+-]*")
_USUAL_NAMES = (
    "id no index text sentence document comment content utterance label labels class emotion sentiment category split "
    "source q a question answer speaker start end start_ms end_ms file filename path wav audio title date rating score "
    "group stt note key 번호 문장 텍스트 내용 발화 본문 라벨 레이블 감정 분류 상황 화자 질문 답변 파일명 시작 끝 "
    "날짜 제목 긴급도 신고내용 접수번호 접수일시 파일 시작시간 종료시간"
)
_USUAL = frozenset(_USUAL_NAMES.split())
_LONGEST_NAME = 60
_MOST_ABOVE = 30  # rows in which the header is looked for


def judge(rows: Sequence[Sequence[Cell]], wanted: Sequence[str] = ()) -> tuple[bool, str]:
    """(whether the first of `rows` is a header, the reason). `wanted` are columns that a person named."""
    if not rows:
        return False, "there is no row"
    first = _texts(rows[0])
    if wanted and any(re.fullmatch(r"column_\d+", name) for name in wanted) and not _holds(first, wanted):
        return False, "columns are asked for by number"
    if wanted and _holds(first, wanted):
        return True, "the first row holds the columns asked for"
    filled = [cell.strip() for cell in first if cell.strip()]
    usual = [cell for cell in filled if cell.casefold() in _USUAL]
    if usual:
        return True, f"the first row names {', '.join(usual[:3])}"
    if not filled or any(_NUMBER.fullmatch(cell) for cell in filled):
        return False, "the first row holds numbers" if filled else "the first row is blank"
    if max(map(len, filled)) > _LONGEST_NAME:
        return False, "a cell of the first row is too long for a name"
    if len(set(filled)) < len(filled):
        return False, "the first row repeats a cell"
    return _by_columns(first, rows[1:])


def rows_above(rows: Sequence[Sequence[Cell]], wanted: Sequence[str] = ()) -> int:
    """The number of `rows` above the header, such as the title and the date of a report; 0 if the first row may be it.

    Title rows fill at most half of the columns. The header is the first row below them that holds all `wanted` columns,
    or else, if it is as wide as the table, one that names a usual column.
    """
    if not rows or (wanted and _holds(_texts(rows[0]), wanted)):
        return 0
    if wanted and not any(re.fullmatch(r"column_\d+", name) for name in wanted):
        for place, row in enumerate(rows[:_MOST_ABOVE]):
            if _holds(_texts(row), wanted):
                return place
    filled = [sum(bool(cell.strip()) for cell in _texts(row)) for row in rows]
    usual = Counter(filled[1:]).most_common(1)[0][0] if filled[1:] else 0
    for place, row in enumerate(rows[:_MOST_ABOVE]):
        if 2 * filled[place] > usual:
            numbers = any(_NUMBER.fullmatch(cell.strip()) for cell in _texts(row))
            return place if usual > 1 and is_named(row, ()) and not numbers else 0
    return 0


def _texts(row: Sequence[Cell]) -> list[str]:
    return [cell if isinstance(cell, str) else "" for cell in row]


def is_named(first: Sequence[Cell], wanted: Sequence[str]) -> bool:
    """Whether the row `first` surely is a header: it holds the columns in `wanted`, or a usual name."""
    cells = _texts(first)
    return _holds(cells, wanted) if wanted else any(cell.strip().casefold() in _USUAL for cell in cells)


def _holds(first: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the row `first` holds every column name in `wanted`."""
    return names.holds(names.unique(first), wanted)


def _by_columns(first: Sequence[str], rest: Sequence[Sequence[Cell]]) -> tuple[bool, str]:
    """Like `judge`, by comparing each cell of the first row with the cells below it."""
    for position, cell in enumerate(first):
        below = [row[position] for row in rest if position < len(row) and isinstance(row[position], str)]
        column = [text for text in below if isinstance(text, str) and text.strip()]
        if not column:
            continue
        if sum(_NUMBER.fullmatch(text.strip()) is not None for text in column) >= 0.9 * len(column):
            return True, "the first row is no number where the column is"
        if len(column) > 4 and len(set(column)) <= len(column) / 2:
            if cell in column:
                return False, "a cell of the first row comes again below it"
            return True, "the first row is not among its column's few values"
        if len(cell) * 3 < median(map(len, column)) and not re.search(r"[.?!…~]|\s", cell.strip()):
            return True, "the first row is much shorter than what is below it"
    if any(re.search(r"[.?!…~]|\s", cell.strip()) for cell in first):
        return False, "the first row reads like sentences"
    return True, "the first row may be names"
