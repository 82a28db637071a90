"""Numbers as they are said: the pieces of regular expressions that find them, and what digits they mean.

`공일공` and `영일영` are 010; `둘` and `하나` are how digits are told apart on a bad line.
"""

import re

DIGITS = {
    "공": "0", "영": "0", "령": "0", "하나": "1", "일": "1", "둘": "2", "이": "2", "삼": "3", "사": "4", "오": "5",
    "육": "6", "륙": "6", "칠": "7", "팔": "8", "구": "9",
}  # fmt: skip
SEP = r"[\s.\-–·)]{0,3}(?:(?:에|다시|대시|국에|의)[\s,]{0,2})?"  # between groups of a number
GAP = r"[\s\-]?"  # between digits of a group
D = r"(?:[0-9공영령일이삼사오육륙칠팔구둘]|하나)"
NUMBER = r"(?:\d{1,5}(?:\s?-\s?\d{1,4})?|[일이삼사오육칠팔구십백천]{1,7}(?:\s?다시\s?[일이삼사오육칠팔구십백천]{1,5})?)"
_ONE = re.compile(r"하나|.", re.S)


def digit(*values: int) -> str:
    """An expression for one digit of `values`, written or said."""
    wanted = {str(value) for value in values}
    said = sorted((word for word, meant in DIGITS.items() if meant in wanted), key=len, reverse=True)
    return f"(?:{'|'.join([*sorted(wanted), *said])})"


def digits(text: str) -> str:
    """The digits in `text`, in order; the rest is passed over.

    >>> digits("공일공에 1234-오육칠팔")
    '01012345678'
    """
    found = (DIGITS.get(one, one) for one in _ONE.findall(text))
    return "".join(one for one in found if one.isascii() and one.isdecimal())


def group(*lengths: int) -> str:
    """An expression for so many digits, written or said."""
    low, high = min(lengths), max(lengths)
    return rf"{D}(?:{GAP}{D}){{{low - 1},{high - 1}}}"
