"""Sound: the gate that every byte passes, exact cuts, cutting into utterances, and features for networks.

`wave` is always float32 (n,), mono, in [-1, 1]; times are `_ms` (int), rates `_hz` (int). Importing this costs numpy
only: soundfile, soxr and librosa are imported by the functions that need them. Nothing here plays or records.
"""

from core.audio.clips import cut, to_wav
from core.audio.gate import Audio, decode

__all__ = ["Audio", "cut", "decode", "to_wav"]
