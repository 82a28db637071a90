"""Sound: the gate that every byte passes, exact cuts, cutting into utterances, and features for networks.

`wave` is always float32 (n,), mono, in [-1, 1]; times are `_ms` (int), rates `_hz` (int). Importing this costs numpy
only: soundfile, soxr and librosa are imported by the functions that need them. Nothing here plays or records.
"""

from core.audio.clips import cut, read_clip, to_wav
from core.audio.features import mfcc, mfcc_batch, trim_leading_silence
from core.audio.gate import Audio, Probe, decode, probe
from core.audio.header import LIMITS, Limits
from core.audio.vad import VADS, segments

__all__ = [
    "LIMITS",
    "VADS",
    "Audio",
    "Limits",
    "Probe",
    "cut",
    "decode",
    "mfcc",
    "mfcc_batch",
    "probe",
    "read_clip",
    "segments",
    "to_wav",
    "trim_leading_silence",
]
