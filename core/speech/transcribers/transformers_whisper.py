"""Whisper by transformers, from a folder with `model.safetensors` that `GWIDAMA_WHISPER` names: fine-tuned weights.

The pipeline of transformers does the reading, clip by clip; the probabilities come from its model. The folder is read
as it is: no hub, no remote code, no pickled weights.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CheckpointMismatch, MissingBackend
from core.settings import Settings
from core.speech.transcribers.guards import Reading
from core.speech.transcribers.listening import Listener, Read, Waves
from core.speech.transcribers.transcript import RATE_HZ, Word
from core.speech.weights import TRANSFORMERS_MODEL, names_folder

NAME = "whisper-transformers"
MOST_TOKENS = 200


def make(settings: Settings) -> Listener:
    """The transcriber with the weights of the named folder; `MissingBackend` if none is named."""
    folder = Path(settings.whisper).expanduser()
    if not names_folder(settings.whisper):
        raise MissingBackend("name a folder with {name} of Whisper in GWIDAMA_WHISPER", name=TRANSFORMERS_MODEL)
    if not (folder / TRANSFORMERS_MODEL).is_file():
        raise CheckpointMismatch("GWIDAMA_WHISPER: {folder} holds no {name}", folder=folder, name=TRANSFORMERS_MODEL)
    return Listener(NAME, folder.resolve().name, TransformersWhisper(folder))


@dataclass(frozen=True)
class TransformersWhisper:
    """Reads clips with the weights in `folder`."""

    folder: Path

    def read(self, clips: Waves, language: str) -> list[Read]:
        """The reading of each clip; without a prompt, so that nothing of a prompt can come back."""
        pipe = _pipeline(str(self.folder))
        return [(_read(pipe, clip, language), None) for clip in clips]


@lru_cache(maxsize=1)
def _pipeline(folder: str) -> Any:
    """One copy a process."""
    from transformers import AutoModelForSpeechSeq2Seq, AutoProcessor, pipeline

    options = {"local_files_only": True, "trust_remote_code": False}
    processor = AutoProcessor.from_pretrained(folder, **options)
    model = AutoModelForSpeechSeq2Seq.from_pretrained(folder, use_safetensors=True, **options)
    return pipeline(
        "automatic-speech-recognition", model=model, tokenizer=processor.tokenizer,
        feature_extractor=processor.feature_extractor,
    )  # fmt: skip


def _read(pipe: Any, clip: Any, language: str) -> Reading:
    import torch

    options = _options(pipe, language)
    sound = {"raw": np.asarray(clip), "sampling_rate": RATE_HZ}
    timed = "word" if getattr(pipe.model.generation_config, "alignment_heads", None) else None
    answer = pipe(sound, return_timestamps=timed, generate_kwargs=options)
    features = pipe.feature_extractor(clip, sampling_rate=RATE_HZ, return_tensors="pt").input_features
    with torch.inference_mode():
        scored = pipe.model.generate(features, **options, output_scores=True, return_dict_in_generate=True)
        logprobs = pipe.model.compute_transition_scores(scored.sequences, scored.scores, normalize_logits=True)
    kept = logprobs[~torch.isinf(logprobs)]  # what was suppressed; a NaN stays, so that the guards see it
    words = tuple(_word(part) for part in answer.get("chunks", ()) if part["text"].strip())
    return Reading(answer["text"].strip(), float(kept.mean()) if len(kept) else -inf, words=words)


def _options(pipe: Any, language: str) -> dict[str, Any]:
    """Greedy decoding without sampling; the language is fixed where the weights know languages."""
    options: dict[str, Any] = {"max_new_tokens": MOST_TOKENS, "num_beams": 1, "do_sample": False}
    if getattr(pipe.model.generation_config, "lang_to_id", None):
        options |= {"language": language, "task": "transcribe"}
    return options


def _word(part: Any) -> Word:
    start, end = part["timestamp"]
    start_ms = round(1000 * (start or 0.0))
    return Word(start_ms, max(start_ms, round(1000 * (end if end is not None else start or 0.0))), part["text"], 1.0)
