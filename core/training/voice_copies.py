"""Voices that are changed for training only, by `core.audio.augmentation`; validation and test are read as they are.

A model that reads waves draws a new change for each clip of each step (`DrawnChanges`, in `core.models.voice.encoder`).
A model that reads features gets copies (`Copies`): they are made once, with the features, and stand beside their clip
in every epoch. Without `augment` nothing of this happens.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.audio.augmentation import make, read_operations
from core.errors import InputError
from core.models import Modality
from core.models.prepare import RATE_HZ
from core.models.values import Sample

MOST = 20


@dataclass(frozen=True)
class DrawnChanges:
    """`augment`: operations by which voices are changed, such as `speed,telephone+noise=10..20`; "" for none.

    In each step a share `augment_share` of the clips is changed, each by one operation.
    """

    augment: str = ""
    augment_share: float = 0.5

    def __post_init__(self) -> None:
        _check(self.augment)
        if not 0 < self.augment_share <= 1:
            raise InputError("augment_share {share} must be above 0 and at most 1", share=self.augment_share)


@dataclass(frozen=True)
class Copies:
    """`augment` as in `DrawnChanges`; each training clip gets `augment_copies` changed copies."""

    augment: str = ""
    augment_copies: int = 1

    def __post_init__(self) -> None:
        _check(self.augment)
        if not 1 <= self.augment_copies <= MOST:
            raise InputError("augment_copies {n} must be between 1 and {most}", n=self.augment_copies, most=MOST)


def check_modality(config: Mapping[str, Any], modality: Modality) -> None:
    """`InputError` for changed voices where a model reads the text alone."""
    if config.get("augment") and modality == "text":
        raise InputError("augment changes voices, and this recipe reads the text alone: leave it empty")


def copies(sample: Sample, key: str, config: Mapping[str, Any], seed: int) -> Iterator[Sample]:
    """The copies of a training clip that `config` asks for; those that sound as the clip, or are too short, are left
    out.

    Equal keys, settings and seeds give equal copies.
    """
    if not config.get("augment") or "augment_copies" not in config or sample.wave is None:
        return
    operations = read_operations(config["augment"])
    made, _ = make(sample.wave, RATE_HZ, operations, n=config["augment_copies"], seed=seed, key=key)
    for copy in made:
        yield replace(sample, wave=copy.wave)


def _check(augment: str) -> None:
    if augment:
        read_operations(augment)
