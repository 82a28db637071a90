"""Whisper by faster-whisper: int8 on the processor, float16 on a graphics card. The default transcriber.

Each clip is read in a 30 s window of its own. One pass of the encoder serves the language, the reading without and the
reading with the prompt, and the times of the words. A shorter window, such as that of `core.speech.whisper.vectors`,
would be cheaper, but the decoder then repeats itself: of 40 spoken digits 8 s gave 4 loops and 4 s gave 17.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.settings import Settings
from core.speech import weights, whisper
from core.speech.transcribers import guards, languages
from core.speech.transcribers.guards import Reading
from core.speech.transcribers.listening import Listener, Read, Waves
from core.speech.transcribers.prompts import PROMPTS
from core.speech.transcribers.transcript import RATE_HZ, Word

NAME = "whisper"
WINDOW = 3000  # frames of the log-mel spectrogram, 10 ms each
TOGETHER = 4  # clips in a batch
BEAM = 5
MOST_TOKENS, TOKENS_PER_S = 200, 13.0  # of one clip: fast Korean has about eight a second
HOP = 160  # samples of one frame


def make(settings: Settings) -> Listener:
    """The transcriber with the weights that are there; they are loaded at the first reading.

    `MissingBackend` or `CheckpointMismatch` where they cannot be had.
    """
    return Listener(NAME, weights.transcribing(settings), Whisper(settings))


@dataclass(frozen=True)
class Whisper:
    """Reads clips with the weights that `settings` lead to."""

    settings: Settings

    def read(self, clips: Waves, language: str) -> list[Read]:
        """The reading of each clip without and with the prompt of `language`; without alone, if there is no prompt."""
        model = whisper.load_model(str(weights.transcribing_folder(self.settings)), whisper.device())
        batches = [clips[at : at + TOGETHER] for at in range(0, len(clips), TOGETHER)]
        with ThreadPoolExecutor(whisper.WORKERS) as pool:
            return [read for reads in pool.map(lambda batch: _read(model, batch, language), batches) for read in reads]


def _read(model: Any, clips: Waves, language: str) -> list[Read]:
    """One batch: encoded once, decoded at most twice, and only where the guards could believe what comes out."""
    import ctranslate2
    from faster_whisper.tokenizer import Tokenizer

    multilingual = model.model.is_multilingual
    if multilingual and model.hf_tokenizer.token_to_id(f"<|{language}|>") is None:  # an older model has fewer languages
        raise languages.unknown(language)
    mel = np.stack([_mel(model, clip) for clip in clips])
    encoded = model.model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(mel)), to_cpu=True)
    heard = _languages(model.model.detect_language(encoded)) if multilingual else [{} for _ in clips]
    decoding = _Decoding(
        model,
        Tokenizer(model.hf_tokenizer, multilingual, task="transcribe", language=language if multilingual else "en"),
        np.array(encoded),
        [len(clip) for clip in clips],
        heard,
    )
    hopeful = [row for row, spoken in enumerate(heard) if spoken.get(language, 1.0) >= guards.LEAST_OF_CLIP]
    plain = decoding.readings(hopeful, "")
    worth = [row for row in hopeful if guards.worth_a_prompt(plain[row])] if language in PROMPTS else []
    prompted = decoding.readings(worth, PROMPTS.get(language, ""))
    return [(plain.get(row, Reading("", None, 0.0, spoken)), prompted.get(row)) for row, spoken in enumerate(heard)]


def _mel(model: Any, clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (mels, 3000) of a clip, padded with silence to 30 s as Whisper was trained."""
    samples = np.pad(clip[: WINDOW * HOP], (0, max(0, WINDOW * HOP - len(clip))))
    return np.asarray(model.feature_extractor(samples, padding=0)[:, :WINDOW], np.float32)


def _languages(detected: Sequence[Sequence[tuple[str, float]]]) -> list[dict[str, float]]:
    """Language code -> probability, for each clip; the library names the languages `<|ko|>`."""
    return [{token.strip("<|>"): float(p) for token, p in clip} for clip in detected]


@dataclass(frozen=True, eq=False)
class _Decoding:
    """A batch of encoded clips, float32 (n, 1500, width), with their samples and the languages heard in them."""

    model: Any
    tokens: Any
    encoded: NDArray[np.float32]
    samples: Sequence[int]
    languages: Sequence[dict[str, float]]

    def readings(self, rows: Sequence[int], prompt: str) -> dict[int, Reading]:
        """Row -> its reading, by beam search without sampling: the same sound gives the same text."""
        if not rows:
            return {}
        import ctranslate2

        encoded = ctranslate2.StorageView.from_array(np.ascontiguousarray(self.encoded[list(rows)]))
        start = self.model.get_prompt(
            self.tokens, self.tokens.encode(" " + prompt) if prompt else [], without_timestamps=True
        )
        results = self.model.model.generate(
            encoded, [start] * len(rows), beam_size=BEAM, max_length=len(start) + self._most_tokens(rows),
            suppress_blank=True, suppress_tokens=[-1], return_scores=True, return_no_speech_prob=True,
        )  # fmt: skip
        ids = [[token for token in result.sequences_ids[0] if token < self.tokens.eot] for result in results]
        words = self._words(rows, ids, encoded)
        return {
            row: Reading(
                self.tokens.decode(spoken).strip(), _logprob(result), result.no_speech_prob, self.languages[row], timed
            )
            for row, result, spoken, timed in zip(rows, results, ids, words, strict=True)
        }

    def _most_tokens(self, rows: Sequence[int]) -> int:
        """More than the fastest speech has in the longest of these clips: a loop ends there."""
        longest_s = max(self.samples[row] for row in rows) / RATE_HZ
        return min(MOST_TOKENS, round(10 + TOKENS_PER_S * longest_s))

    def _words(self, rows: Sequence[int], ids: list[list[int]], encoded: Any) -> list[tuple[Word, ...]]:
        """The words of each clip with their times in the clip; none for a clip without tokens."""
        if not any(ids):
            return [() for _ in ids]
        frames = [min(WINDOW, -(-self.samples[row] // HOP)) for row in rows]
        aligned = self.model.find_alignment(self.tokens, ids, encoded, frames)
        return [tuple(_word(word) for word in row if word["word"].strip()) for row in aligned]


def _logprob(result: Any) -> float:
    """The mean log-probability of a token, the end of the text included."""
    n = len(result.sequences_ids[0])
    return float(result.scores[0]) * n / (n + 1)


def _word(word: Any) -> Word:
    start, end = round(float(word["start"]) * 1000), round(float(word["end"]) * 1000)
    return Word(start, max(start, end), word["word"], round(float(word["probability"]), 4))
