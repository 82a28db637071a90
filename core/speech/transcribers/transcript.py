"""What a transcriber gives and what it must be able to do: the words of each span of a recording, with their times.

A wave is float32 (n,), mono, 16 kHz, in [-1, 1]. All times are milliseconds in the whole recording. A transcript is a
suggestion: only one in the state "ok" has a text, and only that text may be judged by a model.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

# ok: words were understood. not_understood: somebody speaks, but not in words that can be trusted. no_speech: nobody
# speaks: silence, noise, music, ringing.
State = Literal["ok", "not_understood", "no_speech"]
RATE_HZ = 16_000
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Word:
    """One word, `[start_ms, end_ms)` in the recording, with the probability that the transcriber gives it."""

    start_ms: int
    end_ms: int
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one span. `text` is empty unless `state` is "ok"; `confidence` is in [0, 1].

    `language` is a code such as "ko": the language that was asked for, or the one that was heard instead.
    """

    start_ms: int
    end_ms: int
    text: str
    state: State
    confidence: float
    language: str
    words: tuple[Word, ...] = ()

    def document(self) -> dict[str, Any]:
        """What the prediction document says of the transcript; its span stands in the utterance."""
        values = asdict(self)
        return {name: values[name] for name in ("text", "state", "confidence", "language")} | {
            "words": [asdict(word) for word in self.words]
        }


class Transcriber(Protocol):
    """Speech to text. It gives one Transcript for each span, in the order of the spans."""

    @property
    def name(self) -> str: ...

    def transcribe(
        self, wave: NDArray[np.float32], spans: Sequence[Span] | None, language: str = "ko"
    ) -> list[Transcript]:
        """The words in each of `spans`; without `spans`, in what voice activity detection finds in the wave."""
        ...
