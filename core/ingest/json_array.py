"""Reads a JSON array item by item. Only one item is in memory at a time, so the array may be of any length.

The standard library decodes each item and stops at deep nesting. An event parser (ijson) is not used here, because it
keeps a path that grows with every level of nesting.
"""

import json
from collections.abc import Iterator
from typing import TextIO

from core.errors import InputError
from core.messages import Message

FIRST_CHARS = 1 << 16
LONGEST_CHARS = 64_000_000  # of one item
_SPACE = " \t\r\n"
_decode = json.JSONDecoder().raw_decode


def items(file: TextIO, name: str) -> Iterator[object]:
    """Every item of the JSON array in `file`. `InputError`, with `name` in it, if it is no array or ends too early."""
    buffer = _Buffer(file, name)
    if buffer.sign() != "[":
        raise InputError("{name}: is no JSON array", name=name)
    buffer.at += 1
    if buffer.sign() == "]":
        return
    number = 0
    while True:
        number += 1
        buffer.sign()
        yield buffer.value(number)
        if (sign := buffer.sign()) == "]":
            return
        if sign != ",":
            raise InputError("{name}: breaks off after item {number}", name=name, number=number)
        buffer.at += 1


class _Buffer:
    """The text that was read but not decoded yet; `at` is the position of the next character to decode."""

    def __init__(self, file: TextIO, name: str) -> None:
        self._file, self._name = file, name
        self._text, self.at = "", 0

    def sign(self) -> str:
        """The next character that is not white space, without moving past it; "" at the end of the file."""
        while True:
            while self.at < len(self._text) and self._text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self._text):
                return self._text[self.at]
            if not self._more(FIRST_CHARS):
                return ""

    def value(self, number: int) -> object:
        """The next item. If the text so far cannot be decoded, more is read, twice as much before each new try."""
        chars = FIRST_CHARS
        while True:
            try:
                item, end = _decode(self._text, self.at)
                if end < len(self._text) or not self._more(FIRST_CHARS):  # the digits of a number may continue
                    self.at = end
                    return item
            except (ValueError, RecursionError) as error:
                if not isinstance(error, json.JSONDecodeError) or not self._more(chars):
                    deep = isinstance(error, RecursionError)
                    reason = Message("is nested too deeply") if deep else str(error)
                    raise InputError(
                        "{name}: item {number} cannot be read: {reason}", name=self._name, number=number, reason=reason
                    ) from error
                chars *= 2

    def _more(self, chars: int) -> bool:
        """Read up to `chars` more characters and drop the decoded ones; False at the end of the file."""
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
