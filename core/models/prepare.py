"""What each architecture reads of a Sample: the `prepare` functions of `MODELS`, used in training and in serving."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.audio.sequences import STEPS
from core.errors import InputError, NotEnoughData
from core.models.values import Sample, Values
from core.plugins import Backend

# Frozen encoders of voices: each gives float32 (N, D) of N waves.
FROZEN_VOICE: dict[str, Backend] = {
    "whisper-base": Backend(
        "core.speech.whisper:vectors", ("faster_whisper", "ctranslate2"), "pip install -r requirements-speech.txt"
    ),
}


# Encoders of voices that give a sequence: `read(waves, steps)` gives float32 (N, T, D) and true lengths, int64 (N,).
FRAMES: dict[str, Backend] = {
    "whisper-base": Backend(
        "core.speech.whisper:frames", ("faster_whisper", "ctranslate2"), "pip install -r requirements-speech.txt"
    ),
}
WAV2VEC2 = Backend("core.speech.wav2vec2:frames", ("torch", "transformers"), "pip install torch transformers")
WAV2VEC2_VECTORS = Backend("core.speech.wav2vec2:vectors", WAV2VEC2.needs, WAV2VEC2.install)
RATE_HZ = 16_000  # of a wave
LEAST_SAMPLES = 400  # that an encoder of waves needs for its first frame
MAX_SAMPLES = 16_000  # of the seed


def texts(samples: Sequence[Sample], encoder: str, config: Mapping[str, Any]) -> Values:
    """The texts, a list of N strings."""
    return [sample.text for sample in samples]


def mfcc(samples: Sequence[Sample], encoder: str, config: Mapping[str, Any]) -> Values:
    """float32 (N, 100, 13), the coefficients of each voice (`core.audio.features`); or, for `config["features"]` "seed"
    and "spread", `{"mfcc": (N, 100, 13), "length": int64 (N,), "speaker": list of N keys}`.

    "seed" reads the first 100 frames at the rate of the file, but no sound above 8 kHz; "spread" the whole clip at 16
    kHz. A key is the speaker's name, "" for nobody, or for `config["baseline"]` "gender" the register of the voice.
    """
    from core.audio import features

    kind, clips = config.get("features", "clip"), _waves(samples)
    if kind == "clip":
        return features.mfcc_batch(clips)
    if kind == "seed":
        made = [features.first_frames(_at_source(sample), sample.source_hz) for sample in samples]
    else:
        made = [features.spread_frames(clip) for clip in clips]
    by_voice = config.get("baseline") == "gender"
    keys = [features.register(c) if by_voice else s.speaker or "" for s, c in zip(samples, clips, strict=True)]
    table = np.zeros((len(samples), features.FRAMES, features.COEFFICIENTS), np.float32)
    for row, (coefficients, _) in enumerate(made):
        table[row] = coefficients
    return {"mfcc": table, "length": np.array([true for _, true in made], np.int64), "speaker": keys}


def frozen_vectors(samples: Sequence[Sample], encoder: str, config: Mapping[str, Any]) -> Values:
    """float32 (N, D): one vector a sample by a frozen encoder of voices (by name) or of texts (folder or hub id).

    The encoder of texts may be written `frozen+NAME`.
    """
    if encoder in FROZEN_VOICE:
        read: Callable[[Sequence[NDArray[np.float32]]], NDArray[np.float32]] = FROZEN_VOICE[encoder].load()
        return read(_waves(samples))
    from core.models.pretrained.frozen_text import vectors

    return vectors([sample.text for sample in samples], encoder.removeprefix("frozen+"))


def voice_vectors(waves: Sequence[NDArray[np.float32]], encoder: str, precision: str = "auto") -> NDArray[np.float32]:
    """float32 (N, D) of N waves: by a row of `FROZEN_VOICE`, or by a wav2vec2 of a folder or hub id.

    A wav2vec2 multiplies in `precision` (`core.speech.precision`); the others have one of their own.
    """
    if encoder in FROZEN_VOICE:
        return cast(NDArray[np.float32], FROZEN_VOICE[encoder].load()(waves))
    return cast(NDArray[np.float32], WAV2VEC2_VECTORS.load()(waves, encoder, precision))


def texts_and_vectors(samples: Sequence[Sample], encoder: str, config: Mapping[str, Any]) -> Values:
    """`{"text": [...], "vector": float32 (N, D)}` for an encoder `ngram+NAME`."""
    return {
        "text": texts(samples, encoder, config),
        "vector": frozen_vectors(samples, encoder.removeprefix("ngram+"), config),
    }


def waves(samples: Sequence[Sample], encoder: str, config: Mapping[str, Any]) -> Values:
    """`{"wave": float32 (N, L), "length": int64 (N,)}`: the first L = `config["max_samples"]` samples of each voice.

    A voice of less than one frame is padded with zeros; `NotEnoughData` for a sample without a voice.
    """
    longest = int(config.get("max_samples", MAX_SAMPLES))
    clips = [_at_least(wave[:longest]) for wave in _waves(samples)]
    table = np.zeros((len(clips), longest), np.float32)
    for row, clip in zip(table, clips, strict=True):
        row[: len(clip)] = clip
    return {"wave": table, "length": np.array([len(clip) for clip in clips], np.int64)}


def texts_and_frames(samples: Sequence[Sample], encoder: str, config: Mapping[str, Any]) -> Values:
    """`{"text": [...], "frames": float16 (N, 64, D), "length": int64 (N,)}`; length 0 is a sample without a voice.

    The voice encoder is that of `encoders_of`. With `config["fusion"]` "seed" the frames are one vector, float32
    (N, 1, D): the mean over all frames.
    """
    voiced = [at for at, sample in enumerate(samples) if sample.wave is not None and len(sample.wave)]
    pooled = config.get("fusion") == "seed"
    read = _frames_of(encoders_of(encoder, config)[1])
    sequences, lengths = read(_waves([samples[at] for at in voiced]), steps=1 if pooled else STEPS)
    steps, dtype = (1, np.float32) if pooled else (STEPS, np.float16)
    frames = np.zeros((len(samples), steps, sequences.shape[2]), dtype)
    length = np.zeros(len(samples), np.int64)
    frames[voiced, : sequences.shape[1]], length[voiced] = sequences, lengths
    return {"text": texts(samples, encoder, config), "frames": frames, "length": length}


def encoders_of(encoder: str, config: Mapping[str, Any]) -> tuple[str, str]:
    """The text encoder and the voice encoder of a cross-modal model: `TEXT+VOICE`, cut at the last `+`.

    `config["text_encoder"]` and `config["voice_encoder"]` come before the parts of `encoder`.

    >>> encoders_of("monologg/koelectra-base-v3-discriminator+whisper-base", {})
    ('monologg/koelectra-base-v3-discriminator', 'whisper-base')
    """
    text, _, voice = encoder.rpartition("+")
    text, voice = config.get("text_encoder") or text, config.get("voice_encoder") or voice
    if not (text and voice):
        raise InputError(
            "encoder {encoder!r} names no text encoder and voice encoder: write TEXT+VOICE, for example "
            "monologg/koelectra-base-v3-discriminator+kresnik/wav2vec2-large-xlsr-korean",
            encoder=encoder,
        )
    return text, voice


def pretrained_names(architecture: str, encoder: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The pretrained encoders that `encoder` names, each as a name, folder or hub id; none for a model without one.

    >>> pretrained_names("ngram-heads", "ngram+models/ko-e5-small", {}), pretrained_names("ngram", "ngram", {})
    (('models/ko-e5-small',), ())
    """
    if architecture in ("ngram", "conv-bilstm"):
        return ()
    if architecture == "cross-modal":
        return encoders_of(encoder, config)
    return (encoder.removeprefix("ngram+").removeprefix("frozen+"),)


def _frames_of(voice: str) -> Callable[..., Any]:
    """`read(waves, steps)` of a voice encoder: a row of `FRAMES`, or a wav2vec2 in a folder or of a hub id."""
    if voice in FRAMES:
        return cast(Callable[..., Any], FRAMES[voice].load())
    return partial(WAV2VEC2.load(), encoder=voice)


def _at_source(sample: Sample) -> NDArray[np.float32]:
    """The wave at the rate of its file."""
    import soxr

    if sample.wave is None or sample.source_hz == RATE_HZ:
        return _waves([sample])[0]
    return np.asarray(soxr.resample(sample.wave, RATE_HZ, sample.source_hz), np.float32)


def _at_least(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(wave, (0, max(0, LEAST_SAMPLES - len(wave))))


def _waves(samples: Sequence[Sample]) -> list[NDArray[np.float32]]:
    """The voices; `NotEnoughData` for a sample without one, since a row would be lost."""
    made = [sample.wave for sample in samples if sample.wave is not None and len(sample.wave)]
    if len(made) < len(samples):
        raise NotEnoughData("{n} of {total} samples have no voice", n=len(samples) - len(made), total=len(samples))
    return made
