"""Changed copies of voices that keep their label: named transforms, how they are written, and what refuses a copy.

A wave is float32 (n,), mono, in [-1, 1], at any sampling rate; so is what comes out, and no transform clips. Chance
comes from a seeded numpy Generator: equal arguments give equal waves. `transforms` holds the sounds, `operations` reads
what a person writes (`speed=0.9..1.1,telephone+noise=10..20`), `variants` makes copies and counts the refused ones.
librosa, scipy and soxr do the work: audiomentations 0.43.1 needs a soxr below 1, which is older than ours, and draws
from the generators that a whole process shares.
"""

from core.audio.augmentation.operations import Operation, Parameters, changed, read_operations
from core.audio.augmentation.transforms import TRANSFORMS, Transform
from core.audio.augmentation.variants import REASONS, VoiceVariant, make, one_variant, seed_of

DEFAULT = "speed,pitch,gain,telephone,noise,reverberation,specaugment"

__all__ = [
    "DEFAULT", "REASONS", "TRANSFORMS", "Operation", "Parameters", "Transform", "VoiceVariant", "changed", "make",
    "one_variant", "read_operations", "seed_of",
]  # fmt: skip
