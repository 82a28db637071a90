"""AudioEncoder: a Hugging Face audio encoder (wav2vec2 or another) with a linear head, fine-tuned on waves at 16 kHz.

The first `max_samples` of a voice are read (16,000 as in the seed: one second). The folder that `save` writes is what
`transformers.pipeline("audio-classification", model=folder)` loads: `id2label` holds the class codes. With several
Targets the head has the classes of all of them side by side, named `target/class`; here each Target gets its columns,
while a pipeline shows them as one list. With `augment` in its configuration, training changes a share of the clips by
chance (`core.audio.augmentation`). Padding changes nothing: it is masked, or rows of one length are computed together
where an encoder knows no mask.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModelForAudioClassification

from core.audio.augmentation import Operation, one_variant, read_operations
from core.audio.features import COEFFICIENTS, spread_frames
from core.errors import InputError
from core.models.network import batched_logits
from core.models.prepare import LEAST_SAMPLES, RATE_HZ
from core.models.pretrained.encoders import best_device, find, load_model, quiet
from core.models.values import Values
from core.models.voice.extractors import extracted, extractor_of, load_extractor, reads_waves, stacked
from core.schemes.target import Target

FRAME = 320  # samples of one frame, the unit of `lengths`
NEW = ("classifier.", "projector.", "masked_spec_embed")  # what the checkpoint of a base model does not have


@dataclass(frozen=True)
class AudioEncoderConfig:
    """`max_samples` of a voice are read. `freeze_features`: the convolutions keep their pretrained weights."""

    max_samples: int = 16_000
    freeze_features: bool = False

    def __post_init__(self) -> None:
        if not 1_600 <= self.max_samples <= 480_000:
            raise InputError("max_samples {n} must be between 1,600 and 480,000", n=self.max_samples)


class AudioEncoder(nn.Module):
    """A Network and a Model; Values are `{"wave": float32 (N, L), "length": int64 (N,)}`."""

    def __init__(self, network: Any, extractor: Any, targets: Sequence[Target]) -> None:
        super().__init__()
        self.network, self.extractor, self.targets = network, extractor, tuple(targets)
        self.masked = bool(getattr(extractor, "return_attention_mask", False))
        self.rows_apart = not self.masked and reads_waves(extractor)
        self.changes: tuple[Operation, ...] = ()
        self.changed_share = 0.0

    @classmethod
    def create(cls, targets: Sequence[Target], encoder: str, config: Mapping[str, Any], values: Values) -> Self:
        """A pretrained `encoder` (folder or hub id) with a new head; see `encoders.find` for errors."""
        network, extractor = _head_of(encoder, targets)
        if config.get("freeze_features") and hasattr(network, "freeze_feature_encoder"):
            network.freeze_feature_encoder()
        made = cls(network, extractor, targets)
        made.changes = read_operations(config["augment"]) if config.get("augment") else ()
        made.changed_share = float(config.get("augment_share", 0))
        return made

    def lengths(self, values: Values) -> NDArray[np.int64]:
        """Frames of each row: 20 ms each."""
        return np.asarray(values["length"], np.int64) // FRAME + 1

    def collate(self, values: Values) -> dict[str, Tensor]:
        """The rows as the feature extractor gives them, each alone, padded to the longest; and their true length."""
        waves = [wave[:length] for wave, length in zip(values["wave"], values["length"], strict=True)]
        if self.training and self.changes:
            waves = [self._changed(wave, values["wave"].shape[1]) for wave in waves]
        made = [extracted(self.extractor, np.asarray(wave, np.float32)) for wave in waves]
        batch = {name: stacked([row[name] for row in made]) for name in made[0]} if made else {}
        return batch | {"length": torch.from_numpy(np.array([len(wave) for wave in waves], np.int64))}

    def forward(self, *, length: Tensor, **inputs: Tensor) -> dict[str, Tensor]:
        """Target name -> logits (n, K)."""
        if self.rows_apart and len(length.unique()) > 1:
            logits = self._by_length(length, inputs)
        else:
            logits = self._logits(inputs, int(length.max()))
        return dict(
            zip((t.name for t in self.targets), logits.split([len(t.codes) for t in self.targets], 1), strict=True)
        )

    def logits(self, values: Values) -> dict[str, NDArray[np.float64]]:
        """Target name -> float64 (N, K); see `core.models.Model`."""
        return batched_logits(self, values)

    def voice_summaries(self, values: Values) -> NDArray[np.float64]:
        """What is compared of voices, (N, 26): mean and deviation of the cepstral coefficients of what is read."""
        made = []
        for wave, length in zip(values["wave"], values["length"], strict=True):
            table, true = spread_frames(np.asarray(wave[:length], np.float32))
            frames = table[: max(1, true)].astype(np.float64)
            made.append(np.concatenate([frames.mean(axis=0), frames.std(axis=0)]))
        return np.stack(made) if made else np.zeros((0, 2 * COEFFICIENTS))

    def save(self, folder: Path) -> None:
        """Write what `pipeline` and `load` read: config.json, model.safetensors, preprocessor_config.json."""
        self.network.save_pretrained(folder)
        self.extractor.save_pretrained(folder)

    @classmethod
    def load(cls, folder: Path, targets: Sequence[Target], config: Mapping[str, Any]) -> Self:
        """The model saved in `folder`; ValueError if its classes are not those of `targets`."""
        with quiet():
            network = AutoModelForAudioClassification.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
        source = [network.config.id2label[at] for at in range(network.config.num_labels)]
        if source != _labels(targets):
            raise ValueError(f"{folder / 'config.json'} has the classes {source}, expected {_labels(targets)}")
        return cls(network, extractor_of(folder), targets).to(best_device()).eval()

    def _changed(self, wave: NDArray[np.float32], longest: int) -> NDArray[np.float32]:
        """A training clip, changed by chance; at most `longest` samples of it, at least those of one frame."""
        drawn = np.random.default_rng(int(torch.randint(2**62, ())))
        if drawn.random() >= self.changed_share:
            return wave
        made = one_variant(np.asarray(wave, np.float32), RATE_HZ, self.changes, drawn)[:longest]
        return np.pad(made, (0, max(0, LEAST_SAMPLES - len(made))))

    def _logits(self, inputs: dict[str, Tensor], samples: int) -> Tensor:
        settings = self.network.config
        if hasattr(settings, "mask_time_length"):  # masking in training needs more frames than one mask has
            settings.apply_spec_augment = samples // FRAME > settings.mask_time_length + 1
        logits: Tensor = self.network(**inputs).logits
        return logits

    def _by_length(self, length: Tensor, inputs: dict[str, Tensor]) -> Tensor:
        """The logits of rows of one length at a time, in the order of the rows: no row is padded."""
        at = [torch.nonzero(length == samples)[:, 0] for samples in length.unique()]
        parts = []
        for rows in at:
            samples = int(length[rows[0]])
            parts.append(self._logits({name: value[rows, :samples] for name, value in inputs.items()}, samples))
        return torch.cat(parts)[torch.argsort(torch.cat(at))]


def _labels(targets: Sequence[Target]) -> list[str]:
    """The names of the columns of the head."""
    if len(targets) == 1:
        return list(targets[0].codes)
    return [f"{target.name}/{code}" for target in targets for code in target.codes]


def _head_of(encoder: str, targets: Sequence[Target]) -> tuple[Any, Any]:
    """A pretrained network with a new head for `targets`, and its feature extractor."""
    source, names = find(encoder), _labels(targets)
    settings = deepcopy(source.config)
    settings.id2label = dict(enumerate(names))  # sets num_labels too
    settings.label2id = {name: at for at, name in enumerate(names)}
    settings.problem_type = "multi_label_classification" if any(target.multi for target in targets) else None
    settings.layerdrop = 0.0  # every layer gets a gradient in every step
    network = load_model(
        source,
        AutoModelForAudioClassification,
        new=NEW,
        config=settings,
        ignore_mismatched_sizes=True,  # a head for other classes is replaced
    )
    return network, load_extractor(source)
