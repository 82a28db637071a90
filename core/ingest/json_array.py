"""A JSON array read item by item, with one item in memory at a time, however long the array.

Items are decoded by the standard library, which stops at deep nesting; a parser of events would hold a path that grows
with every level.
"""

import json
from collections.abc import Iterator
from typing import TextIO

from core.errors import InputError

FIRST_CHARS = 1 << 16
LONGEST_CHARS = 64_000_000  # of one item
_SPACE = " \t\r\n"
_decode = json.JSONDecoder().raw_decode


def items(file: TextIO, name: str) -> Iterator[object]:
    """Every item of the array in `file`; `InputError` names where it is none or breaks off."""
    text = _Ahead(file, name)
    if text.sign() != "[":
        raise InputError("{name}: is no JSON array", name=name)
    text.at += 1
    if text.sign() == "]":
        return
    number = 0
    while True:
        number += 1
        text.sign()
        yield text.value(number)
        if (sign := text.sign()) == "]":
            return
        if sign != ",":
            raise InputError("{name}: breaks off after item {number}", name=name, number=number)
        text.at += 1


class _Ahead:
    """What was read ahead; `at` is where decoding goes on."""

    def __init__(self, file: TextIO, name: str) -> None:
        self._file, self._name = file, name
        self._text, self.at = "", 0

    def sign(self) -> str:
        """The next character that is no white space, not taken; "" at the end."""
        while True:
            while self.at < len(self._text) and self._text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self._text):
                return self._text[self.at]
            if not self._more(FIRST_CHARS):
                return ""

    def value(self, number: int) -> object:
        """The next item. A piece that cannot be decoded may go on, so twice as much is read before each new try."""
        wanted = FIRST_CHARS
        while True:
            try:
                found, end = _decode(self._text, self.at)
                if end < len(self._text) or not self._more(FIRST_CHARS):  # a number may go on
                    self.at = end
                    return found
            except (ValueError, RecursionError) as error:
                if not isinstance(error, json.JSONDecodeError) or not self._more(wanted):
                    reason = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
                    raise InputError(
                        "{name}: item {number} cannot be read: {reason}", name=self._name, number=number, reason=reason
                    ) from error
                wanted *= 2

    def _more(self, chars: int) -> bool:
        """Whether there was more; what is decoded already is let go."""
        self._text, self.at = self._text[self.at :], 0
        if len(self._text) > LONGEST_CHARS:
            raise InputError(
                "{name}: one item is longer than {longest_chars:,} characters",
                name=self._name,
                longest_chars=LONGEST_CHARS,
            )
        try:
            piece = self._file.read(chars)
        except UnicodeDecodeError as error:
            raise InputError("{name}: is not UTF-8", name=self._name) from error
        self._text += piece
        return bool(piece)
