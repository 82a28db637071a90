"""Reads Praat's TextGrid: long, short and chronological text files.

As in Praat, only free-standing numbers, quoted texts and `<flags>` count, and all other words are comments; so the long
and the short form are read by the same rule. Declared sizes must be right, so a file that was cut off is an error.
Points have no duration and are counted, not read. (praatio loses the last interval of a short file that lacks its last
line end, reads -2 as 2, refuses 1e-05, and names no line.)
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from core.errors import BadRecord
from core.ingest.spoken.formats.document import Document, Interval, line, to_ms
from core.messages import Message, within

_TOKEN = re.compile(
    r'"(?P<text>(?:[^"]++|"")*+)"|<(?P<flag>\w+)>|(?<!\S)(?P<number>[-+]?\d++(?:\.\d*+)?(?:[eE][-+]?\d++)?)(?!\S)'
    r'|(?P<comment>![^\n]*+)|(?P<open>")'
)
_CHRONOLOGICAL = "Praat chronological TextGrid text file"
_TEXT, _NUMBER, _FLAG = Message("a text in quotation marks"), Message("a number"), Message("<exists>")
_MOST = 5_000_000  # entries that a size may claim


def read(text: str, where: str) -> Document:
    """The interval tiers of a TextGrid. `BadRecord` names the line where the file is damaged."""
    tokens = _Tokens(text, where)
    document = Document("TextGrid")
    first = tokens.text()
    if first == _CHRONOLOGICAL:
        _read_chronological(tokens, document)
        return document
    kind = tokens.text()
    if kind != "TextGrid":
        raise tokens.fault(Message("holds a Praat object of the class {kind}, not a TextGrid", kind=kind[:40]))
    tokens.number(), tokens.number()
    if tokens.flag() == "exists":
        for _ in range(tokens.size()):
            _read_tier(tokens, document)
    return document


def _read_tier(tokens: "_Tokens", document: Document) -> None:
    is_points, name = tokens.is_points(), tokens.text()
    tokens.number(), tokens.number()
    size = tokens.size()
    tier = "" if is_points else document.add_tier(name, name)
    for _ in range(size):
        if is_points:
            tokens.number(), tokens.text()
            document.leave_out_point(name)
        else:
            _add(tokens, document, tier)


def _read_chronological(tokens: "_Tokens", document: Document) -> None:
    """Read the tiers, then the entries of all tiers in the order of their times."""
    tokens.number(), tokens.number()
    tiers: list[tuple[str, bool, str]] = []
    for _ in range(tokens.size()):
        is_points, name = tokens.is_points(), tokens.text()
        tokens.number(), tokens.number()
        tiers.append((name, is_points, "" if is_points else document.add_tier(name, name)))
    while not tokens.at_end():
        number = tokens.size()
        if not 1 <= number <= len(tiers):
            raise tokens.fault(Message("names tier {number} of {n}", number=number, n=len(tiers)))
        name, is_points, tier = tiers[number - 1]
        if is_points:
            tokens.number(), tokens.text()
            document.leave_out_point(name)
        else:
            _add(tokens, document, tier)


def _add(tokens: "_Tokens", document: Document, tier: str) -> None:
    start, end, text = tokens.time(), tokens.time(), tokens.text()
    document.intervals.append(Interval(tier, start, end, text.strip(), tokens.line))


class _Tokens:
    """The tokens of a file in turn; a token of another kind than the one asked for is a `BadRecord`."""

    def __init__(self, text: str, where: str) -> None:
        self._where = where
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._tokens = self._each(text)
        self._next: re.Match[str] | None = next(self._tokens, None)
        self._at = 0

    def _each(self, text: str) -> Iterator[re.Match[str]]:
        return (match for match in _TOKEN.finditer(text) if match.lastgroup != "comment")

    @property
    def line(self) -> int:
        """The line of the token that was read last."""
        return bisect_right(self._ends, self._at - 1) + 1

    def fault(self, reason: Message) -> BadRecord:
        """An error at the token that was read last."""
        return BadRecord(within(self._where, line(self.line)), reason)

    def at_end(self) -> bool:
        return self._next is None

    def _take(self, kind: str, expected: Message) -> str:
        """The next token, which has to be of `kind`."""
        token = self._next
        if token is None:
            self._at = (self._ends or [0])[-1]
            raise self.fault(Message("ends where {expected} was expected: the file is cut off", expected=expected))
        self._at = token.start()
        if token.lastgroup == "open":
            raise self.fault(Message("a text has no closing quotation mark"))
        if token.lastgroup != kind:
            raise self.fault(Message("{token} where {expected} was expected", token=token[0][:40], expected=expected))
        self._next = next(self._tokens, None)
        return token[kind]

    def text(self) -> str:
        return self._take("text", _TEXT).replace('""', '"')

    def is_points(self) -> bool:
        """Whether the tier that begins here holds points and not intervals."""
        kind = self.text()
        if kind not in ("IntervalTier", "TextTier"):
            raise self.fault(
                Message("has a tier of the class {kind}, where IntervalTier or TextTier was expected", kind=kind[:40])
            )
        return kind == "TextTier"

    def flag(self) -> str:
        return self._take("flag", _FLAG)

    def number(self) -> float:
        return float(self._take("number", _NUMBER))

    def size(self) -> int:
        number = self.number()
        if not 0 <= number <= _MOST or number != int(number):
            raise self.fault(Message("{number} is no count", number=number))
        return int(number)

    def time(self) -> int:
        """A time in ms. Praat writes tiny negative times such as -1e-17."""
        number = self.number()
        try:
            return to_ms(0.0 if -0.0005 < number < 0 else number, self._where)
        except BadRecord as error:
            raise self.fault(error.reason) from None
