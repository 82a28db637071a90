"""SenseVoice by sherpa-onnx, from a local folder: words, emotion and sound events in one pass. Not installed by itself.

`GWIDAMA_SENSEVOICE` names a folder with `tokens.txt` and `model.int8.onnx` or `model.onnx`. The recogniser tells no
probabilities, so its event decides: what it takes for music, laughter or applause is no speech, and has no text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import CheckpointMismatch, MissingBackend
from core.settings import Settings
from core.speech.transcribers.guards import Reading
from core.speech.transcribers.listening import Listener, Read, Waves
from core.speech.transcribers.transcript import RATE_HZ, Word

NAME = "sensevoice"
MODELS = ("model.int8.onnx", "model.onnx")
TOKENS = "tokens.txt"
LANGUAGES = ("zh", "en", "ja", "ko", "yue")


def make(settings: Settings) -> Listener:
    """The transcriber with the network in the named folder; `MissingBackend` if none is named."""
    if not settings.sensevoice:
        raise MissingBackend("name the folder of SenseVoice, with {tokens}, in GWIDAMA_SENSEVOICE", tokens=TOKENS)
    folder = Path(settings.sensevoice).expanduser()
    model = next((folder / name for name in MODELS if (folder / name).is_file()), None)
    if model is None or not (folder / TOKENS).is_file():
        raise CheckpointMismatch("GWIDAMA_SENSEVOICE: {folder} holds no {name}", folder=folder, name=MODELS[0])
    return Listener(NAME, folder.resolve().name, SenseVoice(model))


@dataclass(frozen=True)
class SenseVoice:
    """Reads clips with the network in the file `model`."""

    model: Path

    def read(self, clips: Waves, language: str) -> list[Read]:
        """The reading of each clip; SenseVoice takes no prompt."""
        recogniser = _recogniser(str(self.model), language if language in LANGUAGES else "auto")
        streams = []
        for clip in clips:
            streams.append(recogniser.create_stream())
            streams[-1].accept_waveform(RATE_HZ, clip)
        recogniser.decode_streams(streams)
        return [(reading(stream.result, len(clip)), None) for stream, clip in zip(streams, clips, strict=True)]


@lru_cache(maxsize=2)
def _recogniser(model: str, language: str) -> Any:
    import sherpa_onnx

    return sherpa_onnx.OfflineRecognizer.from_sense_voice(
        model=model, tokens=str(Path(model).with_name(TOKENS)), language=language, use_itn=True, num_threads=1
    )


def reading(result: Any, samples: int) -> Reading:
    """A result of sherpa-onnx as a Reading: `text`, `lang`, `event`, and `tokens` with `timestamps` in seconds."""
    heard = _tag(getattr(result, "lang", ""))
    event = _tag(getattr(result, "event", ""))
    languages: Mapping[str, float] = {heard: 1.0} if heard in LANGUAGES else {}
    if event not in ("", "speech") or heard == "nospeech":
        return Reading("", None, 1.0, languages)
    words = _words(getattr(result, "tokens", ()), getattr(result, "timestamps", ()), samples * 1000 // RATE_HZ)
    return Reading(str(result.text).strip(), None, 0.0 if event == "speech" else None, languages, words)


def _tag(raw: str) -> str:
    """A tag without its brackets.

    >>> _tag("<|Speech|>"), _tag("<|ko|>"), _tag("")
    ('speech', 'ko', '')
    """
    return str(raw).strip("<|> ").lower()


def _words(tokens: Sequence[str], starts_s: Sequence[float], end_ms: int) -> tuple[Word, ...]:
    """Tokens joined to words: a token that begins with a space or with "▁" begins a word."""
    words: list[tuple[int, str]] = []
    for token, start in zip(tokens, starts_s, strict=False):
        if not words or token.startswith((" ", "▁")):
            words.append((round(1000 * start), ""))
        words[-1] = (words[-1][0], words[-1][1] + token.lstrip("▁ "))
    ends = [start for start, _ in words[1:]] + [end_ms]
    return tuple(Word(start, max(start, end), text, 1.0) for (start, text), end in zip(words, ends, strict=False))
