"""Spoken numbers: parts of regular expressions that find them, and the digits that they stand for.

`공일공` and `영일영` are 010. Speakers use `하나`, `둘`, `셋` and `넷` for 1 to 4 when the line is bad. The expressions
read a text in the form of `core.cleaning.personal_data.reading`.
"""

import re

DIGITS = {
    "공": "0", "영": "0", "령": "0", "하나": "1", "일": "1", "둘": "2", "이": "2", "셋": "3", "삼": "3", "넷": "4",
    "사": "4", "오": "5", "육": "6", "륙": "6", "칠": "7", "팔": "8", "구": "9",
}  # fmt: skip
MARK = r"[\s.\-·)/~_,:]"  # between groups of a number
SEP = rf"{MARK}{{0,3}}(?:(?:에|다시|대시|국에|의)[\s,]{{0,2}})?"
GAP = r"[\s\-]?"  # between digits of a group
D = r"(?:[0-9공영령일이삼사오육륙칠팔구둘셋넷]|하나)"
_ONES = "[일이삼사오육륙칠팔구]"
THOUSANDS = rf"{_ONES}?천\s?(?:{_ONES}?백\s?)?(?:{_ONES}?십\s?)?{_ONES}?"  # 천이백삼십사: four digits read as a number
NUMBER = r"(?:\d{1,5}(?:\s?-\s?\d{1,4})?|[일이삼사오육칠팔구십백천]{1,7}(?:\s?다시\s?[일이삼사오육칠팔구십백천]{1,5})?)"
_DIGIT_WORD = re.compile(r"하나|.", re.S)


def digit(*values: int) -> str:
    """An expression for one digit that is one of `values`, written or spoken."""
    wanted = {str(value) for value in values}
    spoken = sorted((word for word, value in DIGITS.items() if value in wanted), key=len, reverse=True)
    return f"(?:{'|'.join([*sorted(wanted), *spoken])})"


def digits(text: str) -> str:
    """The digits in `text`, written or spoken one by one, in order; everything else is left out.

    >>> digits("공일공에 1234-오육칠팔")
    '01012345678'
    """
    values = (DIGITS.get(part, part) for part in _DIGIT_WORD.findall(text))
    return "".join(value for value in values if value.isascii() and value.isdecimal())


def group(*lengths: int) -> str:
    """An expression for a number of digits between the least and the greatest of `lengths`, written or spoken."""
    low, high = min(lengths), max(lengths)
    return rf"{D}(?:{GAP}{D}){{{low - 1},{high - 1}}}"
