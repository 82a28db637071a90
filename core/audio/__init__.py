"""Audio: decode and check files, cut exact clips, find utterances in a recording, and compute features for networks.

`wave` is always float32 (n,), mono, in [-1, 1]; times are `_ms` (int), rates `_hz` (int). The import of this package
loads only numpy; the functions that need soundfile, soxr or librosa import them. Nothing here plays or records sound.
"""

from core.audio.clips import cut, to_wav
from core.audio.gate import Audio, decode

__all__ = ["Audio", "cut", "decode", "to_wav"]
