"""Several recordings decoded, cut into spans and given their words: what `judge_each` reads.

Voice activity detection goes through them side by side. A recording that cannot be used is its error.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from core.audio import Audio, decode
from core.audio.vad import segments_of_each
from core.errors import CoreError
from core.workflows.predict.judging import spans
from core.workflows.predict.judging.spans import Heard, Span, Times
from core.workflows.workspace import Workspace

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A recording with what is known of it; the fields are those of `core.workflows.predict.predict.predict_audio`."""

    data: bytes | Path | BinaryIO | Audio
    source: str
    text: str | None = None
    labels: bytes | None = None
    segments: Sequence[Span] | None = None


def hear_each(
    ws: Workspace, recordings: Sequence[Sound], transcriber: str | None, language: str
) -> list[tuple[Heard, Audio] | CoreError]:
    """The spans and the sound of each recording, or why it cannot be used."""
    decoded = [_or_error(partial(_decoded, one)) for one in recordings]
    active = iter(_active(recordings, decoded))
    return [
        audio
        if isinstance(audio, CoreError)
        else _or_error(partial(_heard, ws, one, audio, next(active), transcriber, language))
        for one, audio in zip(recordings, decoded, strict=True)
    ]


def _active(recordings: Sequence[Sound], decoded: Sequence[Audio | CoreError]) -> list[Times | None]:
    """The utterances by voice activity detection of each recording that was decoded; None where they are known."""
    usable = [(one, audio) for one, audio in zip(recordings, decoded, strict=True) if isinstance(audio, Audio)]
    unknown = [one.labels is None and one.segments is None for one, _ in usable]
    searched = [audio for (_, audio), is_unknown in zip(usable, unknown, strict=True) if is_unknown]
    if len({audio.sample_rate_hz for audio in searched}) != 1:
        return [None] * len(usable)
    found = iter(segments_of_each([audio.wave for audio in searched], searched[0].sample_rate_hz))
    return [next(found) if is_unknown else None for is_unknown in unknown]


def _decoded(one: Sound) -> Audio:
    return one.data if isinstance(one.data, Audio) else decode(one.data, one.source)


def _heard(
    ws: Workspace, one: Sound, audio: Audio, active: Times | None, transcriber: str | None, language: str
) -> tuple[Heard, Audio]:
    heard = spans.hear(
        ws, audio, one.source, text=one.text, labels=one.labels, given=one.segments, active=active,
        transcriber=transcriber, language=language,
    )  # fmt: skip
    return heard, audio


def _or_error(make: Callable[[], Value]) -> Value | CoreError:
    """What `make` gives, or its `CoreError`."""
    try:
        return make()
    except CoreError as error:
        return error
