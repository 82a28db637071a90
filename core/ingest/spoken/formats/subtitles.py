"""Reads SRT and WebVTT: each cue is an interval, its lines joined by spaces, without markup.

`<v NAME>` of WebVTT and `[SPEAKER_00]:` of WhisperX name the speaker. Rolling captions, as YouTube makes them, repeat
the line before in every cue: each line is taken once. A cue whose times cannot be read is named, the others are kept.
(pysubs2 takes notes and cue names for text of the cue before, and drops a last line that is a number, such as 119.)
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.errors import BadRecord
from core.ingest.spoken.formats.document import Document, Interval, line, to_ms
from core.messages import Message, within
from core.records import Skip

TIER = "captions"
REPEATED = Message("caption that only repeats the line before: not read")
_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?=\s|$)")
_TAG = re.compile(r"</?(?:c|i|b|u|s|v|ruby|rt|lang|font)(?:[.\s][^<>]*)?>|<\d[\d:.,]*>", re.I)
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>", re.I)
_COMMENTS = ("NOTE", "STYLE", "REGION")
_DIARISED = re.compile(r"\[(SPEAKER_\d+)\]:?\s*")
_BLIP_MS = 50  # rolling captions have cues of 10 ms that only repeat
_FEW, _MOST = 0.25, 0.6  # the least share of such cues, and of cues that repeat a line and add one


@dataclass(frozen=True, slots=True)
class _Cue:
    """A cue before its text is cleaned. `at` is the number of the line with its times."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    at: int


def read(text: str, where: str) -> Document:
    """The cues of an SRT or VTT file."""
    is_vtt = text.lstrip().startswith("WEBVTT")
    document = Document("VTT" if is_vtt else "SRT")
    document.add_tier(TIER)
    cues = list(_cues(text.split("\n"), is_vtt, document, where))
    for cue in _unrolled(cues, document):
        for speaker, words in _voices(cue.lines, is_vtt):
            document.by_machine |= bool(speaker and speaker.startswith("SPEAKER_"))
            document.intervals.append(Interval(TIER, cue.start_ms, cue.end_ms, words, cue.at, speaker=speaker))
    return document


def _cues(lines: Sequence[str], is_vtt: bool, document: Document, where: str) -> Iterator[_Cue]:
    """Each cue: a line with `-->` and the lines below it, up to the next cue, or in VTT up to an empty line."""
    at = [n for n, text in enumerate(lines) if "-->" in text]
    for start, following in pairwise([*at, len(lines)]):
        below, is_last = lines[start + 1 : following], following == len(lines)
        body = _vtt_body(below, start + 2, is_last, document, where) if is_vtt else _srt_body(below, is_last)
        place = within(where, line(start + 1))
        times = _TIMES.match(lines[start])
        if times is None:
            reason = Message("{text} holds no two times: the caption is left out", text=lines[start].strip()[:80])
            document.skips.append(Skip(place, reason))
            continue
        try:
            yield _Cue(_ms(times.groups()[:4], place), _ms(times.groups()[4:], place), body, start + 1)
        except BadRecord as error:
            document.skips.append(Skip(error.where, error.reason))


def _srt_body(below: Sequence[str], is_last: bool) -> tuple[str, ...]:
    """The text of a cue without the number of the next cue, which is the last line. An empty line does not end it."""
    has_number = not is_last and bool(below) and below[-1].strip().isdecimal()
    return tuple(below[:-1] if has_number else below)


def _vtt_body(below: Sequence[str], first: int, is_last: bool, document: Document, where: str) -> tuple[str, ...]:
    """The text of a cue, up to an empty line; a line with one space, as YouTube writes it, does not end it.

    Below it may stand comments and the name of the next cue; any other text is named. `first` numbers `below[0]`.
    """
    end = next((n for n, text in enumerate(below) if not text), len(below))
    block: list[str] = []
    for n, text in enumerate([*below[end:], ""], start=first + end):
        if text:
            block.append(text)
            continue
        is_name = len(block) == 1 and not is_last and n == first + len(below)
        if block and not is_name and not block[0].startswith(_COMMENTS):
            document.skips.append(Skip(within(where, line(n - len(block))), Message("a text outside of a caption")))
        block = []
    return tuple(below[:end])


def _ms(clock: Sequence[str | None], place: str) -> int:
    hours, minutes, seconds, fraction = clock
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return to_ms(whole + int((fraction or "0").ljust(3, "0")) / 1000, place)


def _unrolled(cues: Sequence[_Cue], document: Document) -> Iterator[_Cue]:
    """The cues; in a file of rolling captions without the lines that the cue before had already."""
    plain = [[kept for text in cue.lines if (kept := _plain(text))] for cue in cues]
    rolling = _is_rolling(cues, plain)
    before: list[str] = []
    for cue, now in zip(cues, plain, strict=True):
        repeated = _shared(before, now) if rolling else 0
        before = now
        if rolling and now and repeated == len(now):
            document.notes.append(REPEATED)
            continue
        raw = [text for text in cue.lines if _plain(text)]
        yield _Cue(cue.start_ms, cue.end_ms, tuple(raw[repeated:]), cue.at)


def _is_rolling(cues: Sequence[_Cue], plain: Sequence[Sequence[str]]) -> bool:
    """Whether many cues only repeat the one before for a moment, or most add lines to the last ones before."""
    blips = rolls = 0
    for cue, now, before in zip(cues[1:], plain[1:], plain, strict=False):
        shared = _shared(before, now)
        blips += 0 < shared == len(now) and cue.end_ms - cue.start_ms <= _BLIP_MS
        rolls += 0 < shared < len(now)
    return (blips > 0 and blips >= _FEW * len(cues)) or (rolls > 1 and rolls >= _MOST * (len(cues) - 1))


def _shared(before: Sequence[str], now: Sequence[str]) -> int:
    """How many lines at the start of `now` are the last lines of `before`."""
    return next((n for n in range(min(len(before), len(now)), 0, -1) if list(before[-n:]) == list(now[:n])), 0)


def _voices(lines: Sequence[str], is_vtt: bool) -> Iterator[tuple[str | None, str]]:
    """(speaker, text) of a cue: one for each `<v NAME>`, else one for the whole cue."""
    text = " ".join(lines)
    if is_vtt and (voices := list(_VOICE.finditer(text))):
        if opening := _plain(text[: voices[0].start()]):
            yield None, opening
        ends = [voice.start() for voice in voices[1:]] + [len(text)]
        for voice, end in zip(voices, ends, strict=True):
            yield html.unescape(voice[1]).strip(), _plain(text[voice.end() : end])
        return
    plain = _plain(text)
    diarised = _DIARISED.match(plain)
    yield (diarised[1], plain[diarised.end() :]) if diarised else (None, plain)


def _plain(text: str) -> str:
    """`text` without the markup of subtitles and with single spaces. A word in other brackets, `<불명>`, stays."""
    return " ".join(html.unescape(_OVERRIDE.sub("", _TAG.sub("", text))).split())
