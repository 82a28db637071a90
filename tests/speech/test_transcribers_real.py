"""Whisper base itself: nobody speaks in noise, digits are understood, a synthetic voice is not; and tiny random weights
of transformers for the ways through the code.
"""

import json
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray
from quiet_sounds import nobody_speaks
from sounds import talk

from core.settings import Settings, settings
from core.speech import weights, whisper
from core.speech.transcribers import faster, transformers_whisper
from core.speech.transcribers.listening import Listener

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("recogniser")]

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with the real weights; skips where they are not installed."""
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    chosen = replace(settings(), home=tmp_path_factory.mktemp("real"), whisper="")
    if not weights.installed(chosen):
        pytest.skip("the weights of Whisper base are not installed (requirements-speech.txt)")
    return chosen


def whole(wave: NDArray[np.float32]) -> list[tuple[int, int]]:
    return [(0, len(wave) // 16)]


def test_nobody_speaks_in_noise_tones_ringing_dialling_and_music(real: Settings) -> None:
    """Voice activity detection alone keeps all of it from the recogniser."""
    transcriber = faster.make(real)
    for name, wave in nobody_speaks().items():
        (read,) = transcriber.transcribe(wave, whole(wave))
        assert (name, read.state, read.text) == (name, "no_speech", "")
        assert transcriber.transcribe(wave, None) == [], name


def test_the_guards_alone_keep_it_out_too(real: Settings) -> None:
    """The same where voice activity detection is fooled: what Whisper then writes is not believed."""
    fooled = replace(faster.make(real), speech=lambda wave, rate_hz: [(0, len(wave) // 16)])
    sounds = nobody_speaks()
    loud = ["white noise -12", "ringing -12", "hold music -12", "silence"]
    line = np.concatenate([sounds[name][:80_000] for name in loud])
    spans = [(at * 5000, at * 5000 + len(sounds[name][:80_000]) // 16) for at, name in enumerate(loud)]
    for name, read in zip(loud, fooled.transcribe(line, spans), strict=True):
        assert (name, read.text, read.words) == (name, "", ())
        assert read.state != "ok"


def test_spoken_digits_are_understood(real: Settings, shared: Path) -> None:
    """English digits at 8 kHz, six in a row, by three speakers; the language is asked for."""
    recordings = shared / "fsdd" / "recordings"
    gap, right, waves = np.zeros(2400, np.float32), [], []
    for digits, speaker in (("569765", "george"), ("385077", "jackson"), ("003847", "theo")):
        said = [soundfile.read(recordings / f"{d}_{speaker}_7.wav", dtype="float32")[0] for d in digits]
        waves.append(np.concatenate([p for d in said for p in (gap, soxr.resample(d, 8000, 16_000))] + [gap]))
        right.append(digits)
    wave = np.concatenate(waves).astype(np.float32)
    ends = np.cumsum([len(part) // 16 for part in waves]).tolist()
    reads = faster.make(real).transcribe(wave, list(zip([0, *ends[:-1]], ends, strict=True)), "en")
    understood = [(digits, read) for digits, read in zip(right, reads, strict=True) if read.state == "ok"]
    assert len(understood) >= 2
    for digits, read in understood:
        assert SequenceMatcher(None, digits, as_digits(read.text)).ratio() >= 0.6, read.text
        assert read.confidence > 0.4
        assert all(read.start_ms <= word.start_ms <= word.end_ms <= read.end_ms + 100 for word in read.words)
        assert len(read.words) >= 1


def as_digits(text: str) -> str:
    for digit, word in enumerate(NAMES):
        text = text.lower().replace(word, str(digit))
    return "".join(c for c in text if c.isdigit())


def test_another_language_than_asked_for_is_not_understood(real: Settings, shared: Path) -> None:
    recordings = shared / "fsdd" / "recordings"
    said = [soundfile.read(recordings / f"{d}_george_7.wav", dtype="float32")[0] for d in "569765"]
    wave = np.concatenate([soxr.resample(d, 8000, 16_000) for d in said]).astype(np.float32)
    (read,) = faster.make(real).transcribe(wave, whole(wave), "ko")
    assert (read.state, read.text, read.language) == ("not_understood", "", "en")


def test_voices_and_transcripts_share_one_copy_of_the_weights(real: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GWIDAMA_HOME", str(real.home))
    monkeypatch.delenv("GWIDAMA_WHISPER", raising=False)
    whisper.load_model.cache_clear()
    wave = nobody_speaks()["white noise -12"][:16_000]
    assert whisper.vectors([wave]).shape == (1, whisper.DIMS)
    faster.Whisper(real).read([wave], "ko")
    assert whisper.load_model.cache_info().currsize == (1 if whisper.device() == "cpu" else 2)


def test_transformers_reads_with_tiny_random_weights(tmp_path: Path) -> None:
    """What random weights write is nonsense; it is read, judged and not believed."""
    heard = Listener("t", "t", transformers_whisper.TransformersWhisper(tiny_whisper(tmp_path)), lambda w, r: whole(w))
    wave = np.repeat(talk(2.0), 2)
    (read,) = heard.transcribe(wave, whole(wave))
    assert (read.state, read.text) == ("not_understood", "")
    made = transformers_whisper.make(replace(settings(), whisper=str(tmp_path)))
    assert (made.name, made.model) == ("whisper-transformers", tmp_path.name)


def tiny_whisper(folder: Path) -> Path:
    """Whisper of one layer with random weights and a vocabulary of bytes, as transformers saves it."""
    import torch
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
        WhisperTokenizer,
    )

    letters = [chr(c) for c in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]
    vocabulary = {token: at for at, token in enumerate([*letters, "<|endoftext|>", "<|startoftranscript|>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    tokenizer = WhisperTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    end, start = vocabulary["<|endoftext|>"], vocabulary["<|startoftranscript|>"]
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=len(vocabulary), num_mel_bins=80, d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        max_target_positions=256, pad_token_id=end, bos_token_id=end, eos_token_id=end, decoder_start_token_id=start,
        begin_suppress_tokens=None, suppress_tokens=None,
    )  # fmt: skip
    WhisperForConditionalGeneration(config).eval().save_pretrained(folder)
    WhisperProcessor(WhisperFeatureExtractor(80), tokenizer).save_pretrained(folder)
    return folder
