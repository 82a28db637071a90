"""From a recording to its transcripts, the same for every recogniser: who speaks where, what is read, what is believed.

Voice activity comes first, by Silero: a span without speech is not read at all. It looks at the sound from shortly
before the first span to the end of the last, so that a new turn of a long call costs no more than itself. A span above
`vad.LONGEST_MS` is read in pieces and put together again. Every reading passes the guards. A recogniser never sees its
own earlier text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.audio import vad
from core.audio.clips import cut
from core.speech.transcribers import guards, languages
from core.speech.transcribers.guards import Reading, Verdict
from core.speech.transcribers.transcript import RATE_HZ, Span, Transcript

SPEECH_VAD = "silero"  # `energy` takes noise and music for speech, and a recogniser then invents words
BEFORE_MS = 1000  # of sound that voice activity detection gets before the first span
LEAST_SPEECH_MS = 128  # of speech in a span: four frames; the first note of a melody passes for three

Waves = Sequence[NDArray[np.float32]]
Read = tuple[Reading, Reading | None]  # without and, if the recogniser takes one, with the prompt
FindSpeech = Callable[[NDArray[np.float32], int], Sequence[Span]]


class Recogniser(Protocol):
    """Reads clips, float32 (n,), 16 kHz, at most 30 s each."""

    def read(self, clips: Waves, language: str) -> list[Read]: ...


@dataclass(frozen=True)
class Listener:
    """A Transcriber: a recogniser with its name, behind voice activity detection and the guards.

    `model` names the weights. `speech` finds who speaks when; None takes Silero.
    """

    name: str
    model: str
    recogniser: Recogniser
    speech: FindSpeech | None = None

    def transcribe(
        self, wave: NDArray[np.float32], spans: Sequence[Span] | None, language: str = "ko"
    ) -> list[Transcript]:
        """One Transcript for each span; without spans, for each stretch of speech in the wave.

        `InputError` for a language that no recogniser knows; `MissingBackend` if Silero is not installed.
        """
        languages.check(language)
        chosen = list(vad.segments(wave) if spans is None else spans)
        owned = [(row, piece) for row, span in enumerate(chosen) for piece in _pieces(wave, span)]
        speech = self._speech(wave, [piece for _, piece in owned])
        voiced = [(row, piece) for row, piece in owned if _spoken_ms(speech, piece) >= LEAST_SPEECH_MS]
        reads = self.recogniser.read([cut(wave, RATE_HZ, *piece) for _, piece in voiced], language) if voiced else []
        verdicts = _verdicts([piece for _, piece in voiced], reads, language)
        by_row: dict[int, list[Verdict]] = {}
        for (row, _), verdict in zip(voiced, verdicts, strict=True):
            by_row.setdefault(row, []).append(verdict)
        return [_transcript(span, by_row.get(row, []), language) for row, span in enumerate(chosen)]

    def _speech(self, wave: NDArray[np.float32], pieces: Sequence[Span]) -> Sequence[Span]:
        """Who speaks when, from `BEFORE_MS` before the first piece to the end of the last."""
        if not pieces:
            return []
        find: FindSpeech = self.speech or partial(vad.raw, backend=SPEECH_VAD)
        begin = max(0, min(start for start, _ in pieces) - BEFORE_MS)
        part = cut(wave, RATE_HZ, begin, max(end for _, end in pieces))
        return [(begin + start, begin + end) for start, end in find(part, RATE_HZ)]


def _pieces(wave: NDArray[np.float32], span: Span) -> list[Span]:
    """The parts of a span that are read one by one, inside the wave."""
    start, end = max(0, span[0]), min(len(wave) * 1000 // RATE_HZ, span[1])
    if end <= start:
        return []
    return vad.pieces(wave, (start, end), RATE_HZ)


def _spoken_ms(speech: Sequence[Span], span: Span) -> int:
    """How much of the span is speech."""
    return sum(max(0, min(end, span[1]) - max(start, span[0])) for start, end in speech)


def _verdicts(pieces: Sequence[Span], reads: Sequence[Read], language: str) -> list[Verdict]:
    seconds = [(end - start) / 1000 for start, end in pieces]
    in_all = guards.pooled([(plain, s) for (plain, _), s in zip(reads, seconds, strict=True)], language)
    return [
        _in_recording(guards.judged(plain, prompted, s, language, in_all), start)
        for (plain, prompted), s, (start, _) in zip(reads, seconds, pieces, strict=True)
    ]


def _in_recording(verdict: Verdict, start_ms: int) -> Verdict:
    """The verdict with the times of its words in the whole recording."""
    words = (replace(w, start_ms=start_ms + w.start_ms, end_ms=start_ms + w.end_ms) for w in verdict.words)
    return replace(verdict, words=tuple(words))


def _transcript(span: Span, verdicts: Sequence[Verdict], language: str) -> Transcript:
    """The verdicts on the pieces of a span as one transcript: what was understood of it, or why nothing was."""
    understood = [verdict for verdict in verdicts if verdict.state == "ok"]
    if not understood:
        missed = [verdict for verdict in verdicts if verdict.state == "not_understood"]
        if not missed:
            return Transcript(*span, "", "no_speech", 0.0, language)
        return Transcript(*span, "", "not_understood", min(v.confidence for v in missed), missed[0].language)
    return Transcript(
        *span,
        " ".join(verdict.text for verdict in understood),
        "ok",
        min(verdict.confidence for verdict in understood),
        language,
        tuple(word for verdict in understood for word in verdict.words),
    )
