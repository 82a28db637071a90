"""A recording played as if it were live: utterances are found and judged as the call unfolds.

At any moment only the sound up to that moment is read. An utterance is judged once it has ended: after `HANG_MS` of
silence, or at its end in the label JSON if there is one. So the time of the first alarm is what a listener would have
had. `advance` takes the position of the player and returns what is new; positions only grow. The document has the form
of `core.workflows.predict.predict`, with "stream": {"at_ms", "duration_ms", "ended", "first_alarm_ms"}.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.audio import Audio
from core.audio.vad import segments
from core.workflows.predict.judging.serving import Runs
from core.workflows.predict.judging.spans import delivered
from core.workflows.predict.predict import Span, judge_again, predict_audio
from core.workflows.predict.summary import summary
from core.workflows.workspace import Workspace

HANG_MS = 500  # of silence after an utterance, before it counts as ended
WINDOW_MS = 60_000  # of sound before the present moment in which utterances are looked for
TICK_MS = 1_000  # `play` advances by this much

Spoken = list[tuple[int, int]]
Document = dict[str, Any]


class Stream:
    """One recording on its way: what has been said and judged so far."""

    def __init__(
        self,
        ws: Workspace,
        audio: Audio,
        source: str,
        *,
        labels: bytes | None = None,
        run_ids: Runs = (),
        transcriber: str | None = None,
        weights: Mapping[str, float] | None = None,
        language: str = "ko",
    ) -> None:
        """Begin at the start of `audio`. `InputError` for labels that do not fit, `NotEnoughData` without a run."""
        self.audio, self.source = audio, source
        self._ws = ws
        self._hearing: dict[str, Any] = {"transcriber": transcriber, "language": language}
        self._options: dict[str, Any] = {"run_ids": run_ids, "weights": weights}
        self._known = None if labels is None else delivered(labels, source, audio.duration_ms)
        self._last_ms = 0  # end of the last utterance that was judged
        self.at_ms = 0
        self.document: Document = self._stamped(self._judged([]))

    @property
    def ended(self) -> bool:
        """Whether everything has been heard."""
        return self.at_ms >= self.audio.duration_ms

    def advance(self, now_ms: int) -> list[Document]:
        """Hear the recording up to `now_ms`; returns the utterances that were judged on the way."""
        self.at_ms = max(self.at_ms, min(now_ms, self.audio.duration_ms))
        new: list[Document] = []
        if said := self._said():
            self._last_ms = max(self._last_ms, *(span.end_ms or 0 for span in said))
            judged = self._judged(said)
            new = judged["utterances"]
            # Judged again as a whole: the verdict and the runs of whole calls; the utterances stay as they are.
            joined = judged | {"utterances": [*self.document["utterances"], *new]}
            self.document = judge_again(self._ws, joined, self.audio, **self._options)
        self.document = self._stamped(self.document)
        return new

    def play(self) -> dict[str, Any]:
        """Hear all of it at once, in steps as if live; returns the document."""
        while not self.ended:
            self.advance(self.at_ms + TICK_MS)
        return self.document

    def _judged(self, spans: Sequence[Span]) -> Document:
        return predict_audio(self._ws, self.audio, self.source, segments=spans, **self._hearing, **self._options)

    def _said(self) -> list[Span]:
        """The utterances that have ended since the last one."""
        if self._known is not None:
            said = [span for span in self._known if (span.end_ms or 0) <= self.at_ms]
            self._known = [span for span in self._known if (span.end_ms or 0) > self.at_ms]
            return said
        return [Span(start, end, None) for start, end in ended_spans(self.audio, self._last_ms, self.at_ms)]

    def _stamped(self, document: dict[str, Any]) -> dict[str, Any]:
        state = {
            "at_ms": self.at_ms, "duration_ms": self.audio.duration_ms, "ended": self.ended,
            "first_alarm_ms": summary(document).first_alarm_ms,
        }  # fmt: skip
        return {**document, "stream": state}


def ended_spans(audio: Audio, after_ms: int, now_ms: int) -> Spoken:
    """The utterances after `after_ms` that have ended by `now_ms`, as far as the sound up to then can tell."""
    begin_ms = max(0, now_ms - WINDOW_MS)
    rate = audio.sample_rate_hz
    heard = audio.wave[begin_ms * rate // 1000 : now_ms * rate // 1000]
    ended = now_ms >= audio.duration_ms
    spans = [(begin_ms + start, begin_ms + end) for start, end in segments(heard, rate)]
    return [
        (max(start, after_ms), end)
        for start, end in spans
        if end > after_ms and (ended or end <= now_ms - HANG_MS) and end - max(start, after_ms) > 0
    ]
