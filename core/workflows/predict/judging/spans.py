"""What models judge of an input: its spans with their words, which are typed, delivered or transcribed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from core.audio import Audio
from core.audio.vad import segments
from core.errors import CoreError, InputError
from core.ingest.aihub import label
from core.messages import Message
from core.records import NewUtterance
from core.speech.transcribers import OFF as OFF
from core.workflows.speech import transcribe as speech
from core.workflows.workspace import Workspace

Times = list[tuple[int, int]]  # start and end in ms
State = Literal["ok", "absent", "off", "given"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the input that models judge, `[start_ms, end_ms)`.

    A sentence has no times, nor has an utterance of a label JSON that does not say when it was spoken.
    `text` is None where nobody knows the words. `transcript` is what a speech recogniser heard, as JSON.
    """

    start_ms: int | None
    end_ms: int | None
    text: str | None
    speaker: str | None = None
    transcript: dict[str, Any] | None = None

    @property
    def duration_ms(self) -> int | None:
        """The length; None for a sentence."""
        return None if self.start_ms is None or self.end_ms is None else self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Heard:
    """The spans of an input, and which speech recogniser heard their words, or why none did."""

    spans: list[Span]
    transcriber: dict[str, str | None]


def state(state: State, name: str | None = None, reason: str | None = None) -> dict[str, str | None]:
    """The field `transcriber` of a document."""
    return {"name": name, "state": state, "reason": reason}


def typed(text: str) -> Heard:
    """A typed sentence."""
    return Heard([Span(None, None, text)], state("given"))


def hear(
    ws: Workspace,
    audio: Audio,
    source: str,
    *,
    text: str | None = None,
    labels: bytes | None = None,
    given: Sequence[Span] | None = None,
    transcriber: str | None = None,
    language: str = "ko",
    active: Times | None = None,
) -> Heard:
    """The spans of a recording: of its label JSON, as `given`, or by voice activity, with the words that are known.

    `active`: what voice activity detection has found already. The lines of `text` go to the spans one by one if there
    are as many, else to the whole recording. What has no words is transcribed, unless `transcriber` is "off".
    """
    if labels is not None:
        return Heard(delivered(labels, source, audio.duration_ms), state("given"))
    if given is not None:
        spans = [_inside(span, audio.duration_ms, source) for span in given]
    else:
        found = segments(audio.wave, audio.sample_rate_hz) if active is None else active
        spans = [Span(start, end, None) for start, end in found]
    if lines := [line.strip() for line in (text or "").splitlines() if line.strip()]:
        return Heard(_with_lines(spans, lines, audio.duration_ms), state("given"))
    if any(span.text for span in spans):
        return Heard(spans, state("given"))
    if transcriber == OFF:
        return Heard(spans, state("off"))
    return _transcribed(ws, audio, spans, transcriber, language)


def _with_lines(spans: list[Span], lines: list[str], duration_ms: int) -> list[Span]:
    if len(lines) == len(spans):
        return [replace(span, text=line) for span, line in zip(spans, lines, strict=True)]
    return [Span(0, duration_ms, " ".join(lines)), *spans]


def _inside(span: Span, duration_ms: int, source: str) -> Span:
    """The span, cut at the end of the recording; `InputError` if it does not lie in it. Words may have no times."""
    if span.start_ms is None and span.end_ms is None and span.text:
        return span
    if span.start_ms is None or span.end_ms is None or not 0 <= span.start_ms < min(span.end_ms, duration_ms):
        raise InputError(
            "{source}: no segment of a recording of {duration_ms} ms lies between {start} and {end} ms",
            source=source,
            duration_ms=duration_ms,
            start=span.start_ms,
            end=span.end_ms,
        )
    return replace(span, end_ms=min(span.end_ms, duration_ms))


def delivered(labels: bytes, source: str, duration_ms: int | None) -> list[Span]:
    """The utterances of a 119 label JSON, in the delivered order; `InputError` if none can be judged.

    One without usable times, or after the end of the recording, keeps its words and has no times. `duration_ms` is None
    without a recording: there words are enough. With one, an utterance has to lie in it, or to have no times at all.
    """
    where = Message("label JSON of {source}", source=source)
    document = label.decode(labels, where)
    utterances = label.utterances(document, "", where, duration_ms, label.Issues())
    spans = [span for u in utterances if (span := _as_delivered(u, duration_ms))]
    if not spans and duration_ms is None:
        raise InputError("{where}: no utterance has words", where=where)
    if duration_ms is not None and _none_inside(spans) and any(map(_is_timed, utterances)):
        raise InputError(
            "{where}: no utterance lies inside the recording of {duration_ms} ms", where=where, duration_ms=duration_ms
        )
    if not spans:
        raise InputError("{where}: no utterance has times or words", where=where)
    return spans


def _none_inside(spans: Sequence[Span]) -> bool:
    return all(span.start_ms is None for span in spans)


def _is_timed(utterance: NewUtterance) -> bool:
    start, end = utterance.start_ms, utterance.end_ms
    return start is not None and end is not None and start < end


def _as_delivered(utterance: NewUtterance, duration_ms: int | None) -> Span | None:
    """The span of an utterance; None if it has neither usable times nor words."""
    start, end, text = utterance.start_ms, utterance.end_ms, utterance.text or None
    if start is not None and end is not None:
        end = end if duration_ms is None else min(end, duration_ms)
        if start < end:
            return Span(start, end, text, utterance.speaker)
    return None if text is None else Span(None, None, text, utterance.speaker)


def _transcribed(ws: Workspace, audio: Audio, spans: list[Span], name: str | None, language: str) -> Heard:
    """The spans with what a speech recogniser heard in them; without one the voice is judged all the same."""
    try:
        recogniser = speech.transcriber(ws, name)
        if recogniser is None:
            return Heard(spans, speech.status(ws))
        if not spans:
            return Heard(spans, state("ok", recogniser.name))
        times = [(span.start_ms or 0, span.end_ms or 0) for span in spans]
        heard = recogniser.transcribe(_wave_16k(audio), times, language)
    except CoreError as error:
        if name is not None:  # a person asked for this one
            raise
        return Heard(spans, state("absent", None, error.message))
    return Heard(_with_transcripts(spans, heard), state("ok", recogniser.name))


def _wave_16k(audio: Audio) -> Any:
    if audio.sample_rate_hz == 16_000:
        return audio.wave
    import soxr

    return soxr.resample(audio.wave, audio.sample_rate_hz, 16_000)


def _with_transcripts(spans: list[Span], heard: Sequence[Any]) -> list[Span]:
    """The spans, each with the transcript that begins in it; only words that were understood are its text."""
    if len(heard) == len(spans):
        return [_with_transcript(span, transcript) for span, transcript in zip(spans, heard, strict=True)]
    by_span: list[Any] = [None] * len(spans)
    for transcript in heard:
        for at, span in enumerate(spans):
            if (span.start_ms or 0) <= transcript.start_ms < (span.end_ms or 0) and by_span[at] is None:
                by_span[at] = transcript
    return [span if t is None else _with_transcript(span, t) for span, t in zip(spans, by_span, strict=True)]


def _with_transcript(span: Span, transcript: Any) -> Span:
    values = {
        "text": transcript.text,
        "state": transcript.state,
        "confidence": float(transcript.confidence),
        "language": transcript.language,
        "words": [word if isinstance(word, dict) else asdict(word) for word in transcript.words],
    }
    understood = transcript.state == "ok" and transcript.text.strip()
    return replace(span, text=transcript.text if understood else None, transcript=values)
