"""Any service with OpenAI's interface for transcription. It is off until a person turns it on twice.

`GWIDAMA_SPEECH_URL` gives the address, and the transcriber `endpoint` must be chosen by name: the sound of a call
leaves this machine, and nothing in it can be masked first. Only spans with speech are sent. The answer passes the same
guards as every other reading. A service that does not say how likely its text is has no text here.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from math import inf, isfinite
from statistics import fmean
from typing import Any

from core import endpoints
from core.audio.clips import to_wav
from core.errors import InputError, MissingBackend
from core.settings import Settings
from core.speech.transcribers.guards import Reading
from core.speech.transcribers.listening import Listener, Read, Waves
from core.speech.transcribers.transcript import RATE_HZ, Word

NAME = "endpoint"
TIMEOUT_S = 60.0
_LONGEST_S = 2 * TIMEOUT_S + 10  # two attempts, and the wait between them

Send = Callable[[bytes, str], Mapping[str, Any]]  # a WAV and a language; the service's JSON


def make(settings: Settings) -> Listener:
    """The transcriber that asks the service; `MissingBackend` if no address is given."""
    if not settings.speech_url:
        raise MissingBackend(
            "give the address of the service in GWIDAMA_SPEECH_URL; the sound of calls leaves this machine then"
        )
    return Listener(NAME, settings.speech_model, Endpoint(_sender(settings)))


@dataclass(frozen=True)
class Endpoint:
    """Reads clips by sending each as a WAV."""

    send: Send

    def read(self, clips: Waves, language: str) -> list[Read]:
        """The reading of each clip, without a prompt; `InputError` if the service does not answer."""
        return [(reading(self.send(to_wav(clip, RATE_HZ), language)), None) for clip in clips]


def reading(answer: Mapping[str, Any]) -> Reading:
    """The service's answer (`verbose_json`: text, segments, words in seconds) as a Reading.

    Where a segment, or the whole answer, has no likelihood, the reading has -inf, and nothing of it is believed.
    """
    segments = _rows(answer, "segments")
    likely = [_figure(segment.get("avg_logprob")) for segment in segments]
    silent = [p for segment in segments if (p := _figure(segment.get("no_speech_prob"))) is not None]
    return Reading(
        str(answer.get("text") or "").strip(),
        fmean(-inf if logprob is None else logprob for logprob in likely) if likely else -inf,
        fmean(silent) if silent else None,
        words=tuple(_word(word) for word in _rows(answer, "words") if str(word.get("word", "")).strip()),
    )


def _rows(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list in the answer; what is something else is left out."""
    rows = answer.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []


def _figure(value: object) -> float | None:
    """A finite number, else None.

    >>> _figure(-0.2), _figure("-0.2"), _figure(float("nan")), _figure(None)
    (-0.2, None, None, None)
    """
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def _word(word: Mapping[str, Any]) -> Word:
    start_ms = round(1000 * (_figure(word.get("start")) or 0.0))
    return Word(start_ms, max(start_ms, round(1000 * (_figure(word.get("end")) or 0.0))), str(word["word"]), 1.0)


def _sender(settings: Settings) -> Send:
    """A function that asks the service of `settings`; its client is made at the first clip and serves all of them."""

    @cache
    def connected() -> tuple[endpoints.Endpoint, Any]:
        service = endpoints.Endpoint(settings.speech_url, settings.speech_model, settings.speech_key)
        return service, service.client(TIMEOUT_S, max_retries=1)

    def send(wav: bytes, language: str) -> Mapping[str, Any]:
        service, client = connected()
        import openai

        try:
            ask = partial(
                client.audio.transcriptions.create,
                file=("clip.wav", io.BytesIO(wav), "audio/wav"), model=service.model, language=language,
                response_format="verbose_json", timestamp_granularities=["word", "segment"], temperature=0,
            )  # fmt: skip
            answer: Any = endpoints.within(_LONGEST_S, ask)
        except (openai.OpenAIError, TimeoutError) as error:
            raise InputError(
                "the speech service {url}: {error}", url=service.url, error=service.reason(error)
            ) from error
        document: Mapping[str, Any] = answer.model_dump()
        return document

    return send
