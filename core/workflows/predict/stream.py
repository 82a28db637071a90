"""A recording played as if it were live: utterances are found and judged as the call unfolds.

At any moment only the sound up to that moment is read. An utterance is judged once it has ended: after `HANG_MS` of
silence, or at its end in the label JSON if there is one. So the time of the first alarm is what a listener would have
had. `advance` takes the position of the player and returns what is new; positions only grow. An utterance of a label
JSON without times is judged when the recording has ended. The document is that of `core.workflows.predict.predict` with
"stream": {"at_ms", "duration_ms", "ended", "first_alarm_ms"}. That is the position at which the first alarm was
judged, the time to alarm; "first_alarm_ms" of a verdict is the end of its utterance, which is a little before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from core.audio import Audio
from core.audio.vad import SHORTEST_MS, segments
from core.records import SHORTEST_VOICE_MS
from core.workflows.predict.judging.serving import Runs
from core.workflows.predict.judging.spans import delivered, hear
from core.workflows.predict.predict import Span, judge_again, predict_audio
from core.workflows.predict.summary import summary
from core.workflows.workspace import Workspace

HANG_MS = 500  # of silence after an utterance, before it counts as ended
WINDOW_MS = 60_000  # of sound before the present moment in which utterances are looked for
STEP_MS = WINDOW_MS // 2  # a longer way is gone in steps, so that no sound is passed over
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
        own_voice: bool = False,
    ) -> None:
        """Begin at the start of `audio`. `InputError` for labels that do not fit, `NotEnoughData` without a run."""
        self.audio, self.source = audio, source
        self._ws = ws
        self._hearing: dict[str, Any] = {"transcriber": transcriber, "language": language}
        self._options: dict[str, Any] = {"run_ids": run_ids, "weights": weights, "own_voice": own_voice}
        self._known = None if labels is None else delivered(labels, source, audio.duration_ms)
        self._last_ms = 0  # end of the last utterance that was judged
        self._first_alarm_ms: int | None = None
        self.at_ms = 0
        nothing = predict_audio(ws, self._heard(), source, segments=[], **self._hearing, **self._options)
        self.document: Document = self._stamped(nothing)

    @property
    def ended(self) -> bool:
        """Whether everything has been heard."""
        return self.at_ms >= self.audio.duration_ms

    def advance(self, now_ms: int) -> list[Document]:
        """Hear the recording up to `now_ms`; returns the utterances that were judged on the way."""
        to_ms = max(self.at_ms, min(now_ms, self.audio.duration_ms))
        new: list[Document] = []
        while self.at_ms < to_ms:
            new += self._step(min(self.at_ms + STEP_MS, to_ms))
        return new

    def _step(self, to_ms: int) -> list[Document]:
        before_ms, self.at_ms = self.at_ms, to_ms
        said = self._said()
        new: list[Document] = []
        if said:
            self._last_ms = max(self._last_ms, *(span.end_ms or 0 for span in said))
            heard = hear(self._ws, self._heard(), self.source, given=said, **self._hearing)
            new = [asdict(span) | {"judgements": {}} for span in heard.spans]
            self.document |= {"transcriber": heard.transcriber}
        if said or self.ended or before_ms < SHORTEST_VOICE_MS <= to_ms:
            self.document = self._joined(new)
        self.document = self._stamped(self.document)
        return self.document["utterances"][-len(new) :] if new else []

    def _joined(self, new: Sequence[Document]) -> Document:
        """The document with the utterances `new`, which are judged; what was judged before stays as it is."""
        joined = self.document | {"utterances": [*self.document["utterances"], *new]}
        return judge_again(self._ws, joined, self._heard(), **self._options)

    def _heard(self) -> Audio:
        """The sound up to now: nothing of what comes later is judged."""
        wave = self.audio.wave[: self.at_ms * self.audio.sample_rate_hz // 1000]
        return self.audio if self.ended else replace(self.audio, wave=wave, duration_ms=self.at_ms)

    def play(self) -> dict[str, Any]:
        """Hear all of it at once, in steps as if live; returns the document."""
        while not self.ended:
            self.advance(self.at_ms + TICK_MS)
        return self.document

    def _said(self) -> list[Span]:
        """The utterances that have ended since the last one."""
        if self._known is not None:
            said = [span for span in self._known if self._has_ended(span)]
            self._known = [span for span in self._known if not self._has_ended(span)]
            return said
        return [Span(start, end, None) for start, end in ended_spans(self.audio, self._last_ms, self.at_ms)]

    def _has_ended(self, span: Span) -> bool:
        return self.ended if span.end_ms is None else span.end_ms <= self.at_ms

    def _stamped(self, document: dict[str, Any]) -> dict[str, Any]:
        if self._first_alarm_ms is None and summary(document).first_alarm_ms is not None:
            self._first_alarm_ms = self.at_ms
        state = {
            "at_ms": self.at_ms, "duration_ms": self.audio.duration_ms, "ended": self.ended,
            "first_alarm_ms": self._first_alarm_ms,
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
        if end - max(start, after_ms) >= SHORTEST_MS and (ended or end <= now_ms - HANG_MS)
    ]
