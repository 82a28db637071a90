"""Reads the time cells of a table as whole ms.

A cell may say its unit itself: `5초`, `10.5s`, `1500ms`, `1분 5초`, `120 frames`, `80000 samples`; `1:02.5` is a clock
time. For plain numbers a column's name says the unit (`start_ms`, `start_s`, `시작(초)`, `start_frame`). Else they are
seconds if any value has a fraction, and ms otherwise. Frames and samples need a rate.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from core.errors import InputError
from core.ingest.tables.types import SAMPLE_ROWS, Row, Table
from core.records import LONGEST_MS
from core.text.visible import folded

Unit = Literal["ms", "s", "frames", "samples"]
_CLOCK = re.compile(r"(?:(\d+) days?,? )?(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_NUMBER = re.compile(r"\d{1,12}(?:[.,]\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_POWER = re.compile(r"\d(?:\.\d+)?e[-+]?\d{1,2}")
_PART = re.compile(r"(\d{1,12}(?:[.,]\d+)?) ?([^\W\d_]+)\.?,? ?")
_MS: dict[str, float] = {
    **dict.fromkeys(("us", "μs", "마이크로초"), 0.001),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds", "밀리초"), 1),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "초"), 1000),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "분"), 60_000),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "시간"), 3_600_000),
}
_FRAMES: Unit = "frames"
_SAMPLES: Unit = "samples"
_COUNTED: dict[str, Unit] = {
    **dict.fromkeys(("f", "fr", "frame", "frames", "프레임"), _FRAMES),
    **dict.fromkeys(("sample", "samples", "smp", "샘플"), _SAMPLES),
}
_BY_NAME: tuple[tuple[re.Pattern[str], Unit], ...] = (
    (re.compile(r"(ms|msec|millis\w*|밀리초)\)?$", re.I), "ms"),
    (re.compile(r"([_ (]s|sec|secs|seconds?|초)\)?$", re.I), "s"),
    (re.compile(r"(frames?|프레임)\)?$", re.I), "frames"),
    (re.compile(r"(samples?|샘플)\)?$", re.I), "samples"),
)


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """The unit of plain numbers; `rate_hz` is the number of frames or samples in a second."""

    unit: Unit = "ms"
    rate_hz: float | None = None

    def ms(self, text: str) -> int | None:
        """The time in `text` as whole ms; None unless it is a time from 0 to 24 hours.

        >>> [TimeUnit().ms(text) for text in ("1500", "10.5s", "1분 5초", "1:02.5", "-1")]
        [1500, 10500, 65000, 62500, None]
        >>> TimeUnit("s").ms("1.5"), TimeUnit("samples", 8000).ms("4000"), TimeUnit("frames", 100).ms("250f")
        (1500, 500, 2500)
        """
        text = text.strip()
        ms = self._plain(text)
        if ms is None:
            ms = self._written(folded(text))
        return round(ms) if ms is not None and ms <= LONGEST_MS else None

    def _plain(self, text: str) -> float | None:
        if _THOUSANDS.fullmatch(text):
            return self._of(float(text.replace(",", "")), self.unit)
        if _NUMBER.fullmatch(text):
            return self._of(float(text.replace(",", ".")), self.unit)
        return None

    def _written(self, text: str) -> float | None:
        """The ms of a clock time, or of numbers with units."""
        if clock := _CLOCK.fullmatch(text):
            days, hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in clock.groups())
            return (days * 86_400 + hours * 3600 + minutes * 60 + seconds) * 1000
        if _POWER.fullmatch(text):
            return self._of(float(text), self.unit)
        if "".join(part[0] for part in _PART.finditer(text)) != text or not text:
            return self._plain(text) if text.isascii() else None
        total = 0.0
        for number, name in _PART.findall(text):
            value, counted = float(number.replace(",", ".")), _COUNTED.get(name)
            ms = self._of(value, counted) if counted else value * _MS[name] if name in _MS else None
            if ms is None:
                return None
            total += ms
        return total

    def _of(self, number: float, unit: Unit) -> float | None:
        if unit in ("ms", "s"):
            return number if unit == "ms" else number * 1000
        return number * 1000 / self.rate_hz if self.rate_hz else None


def units_of(table: Table, names: Sequence[str], asked: Unit | None, rate_hz: float | None) -> dict[str, TimeUnit]:
    """The unit of each time column in `names`: `asked` if it is given, else guessed.

    A column whose name does not tell takes the unit of one that does. `InputError` if frames or samples lack a rate.
    """
    if not names:
        return {}
    unit_of_column: dict[str, Unit | None] = {name: asked or _by_name(name) for name in names}
    fallback = next((unit for unit in unit_of_column.values() if unit), None) or _by_values(table, names)
    units = {name: TimeUnit(unit or fallback, rate_hz) for name, unit in unit_of_column.items()}
    if rate_hz is not None and not 0 < rate_hz <= 1_000_000:
        raise InputError("--rate {rate_hz}: give how many frames or samples a second has", rate_hz=rate_hz)
    for name, unit in units.items():
        if unit.unit in ("frames", "samples") and rate_hz is None:
            raise InputError(
                "column {column} counts {unit}: say how many a second has, with --rate (8000 for telephone audio), "
                "or give another --unit",
                column=name,
                unit=unit.unit,
            )
    return units


def _by_name(column: str) -> Unit | None:
    return next((unit for pattern, unit in _BY_NAME if pattern.search(column)), None)


def _by_values(table: Table, names: Sequence[str]) -> Unit:
    cells = [row.cells.get(name) for row in islice(table.rows(), SAMPLE_ROWS) if isinstance(row, Row) for name in names]
    numbers = [cell.strip() for cell in cells if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip())]
    plain = [number for number in numbers if not _THOUSANDS.fullmatch(number)]
    return "s" if any("." in number or "," in number for number in plain) else "ms"


def unit_names(units: Mapping[str, TimeUnit]) -> str:
    """The units in use, for people.

    >>> unit_names({"start": TimeUnit("s"), "end": TimeUnit("s")})
    's'
    """
    return ", ".join(dict.fromkeys(unit.unit for unit in units.values()))
