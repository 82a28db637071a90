"""Feature extractors of audio encoders: found beside the weights, and applied to each wave alone.

A wave is float32 (n,), mono, 16 kHz. Alone means that neither the rest of a batch nor padding changes the
result.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoFeatureExtractor

from core.errors import CheckpointMismatch, InputError
from core.models.pretrained.encoders import Pretrained, find, load_model, quiet

RATE_HZ = 16_000


def load_frame_encoder(encoder: str) -> tuple[Any, Any]:
    """A frozen encoder that gives frames of waves, and its feature extractor: wav2vec2, HuBERT or WavLM.

    See `core.models.pretrained.encoders.find` for errors; `InputError` for an encoder of another kind.
    """
    source = find(encoder)
    model = load_model(source, new=("masked_spec_embed",))
    if not hasattr(model, "_get_feat_extract_output_lengths"):
        raise InputError(
            "speech encoder {name} is a {kind}; one that reads waves is needed: wav2vec2, HuBERT or WavLM",
            name=source.name,
            kind=model.config.model_type,
        )
    return model.eval(), load_extractor(source)


def load_extractor(source: Pretrained) -> Any:
    """The feature extractor of `found`; `CheckpointMismatch` if it is missing or reads another rate."""
    try:
        extractor = extractor_of(source.folder)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise CheckpointMismatch(
            "encoder {encoder}: {folder} holds no feature extractor that can be read (preprocessor_config.json): "
            "{reason}",
            encoder=source.name,
            folder=source.folder,
            reason=(str(error).strip().splitlines() or [""])[0][:200],
        ) from error
    if extractor.sampling_rate != RATE_HZ:
        raise CheckpointMismatch(
            "encoder {encoder} reads {rate:,} Hz, voices are given at 16,000 Hz: choose an encoder of 16,000 Hz",
            encoder=source.name,
            rate=extractor.sampling_rate,
        )
    return extractor


def extractor_of(folder: Path) -> Any:
    """The feature extractor in `folder`, without a look at the network."""
    with quiet():
        return AutoFeatureExtractor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def extracted(extractor: Any, wave: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """What the encoder reads of one wave, by name of the argument."""
    made = extractor(wave, sampling_rate=RATE_HZ, return_tensors="np")
    return {name: made[name][0] for name in made}


def reads_waves(extractor: Any) -> bool:
    """Whether the encoder reads samples; others read a spectrogram of one fixed size."""
    return extractor.model_input_names[0] == "input_values" and extractor.feature_size == 1


def stacked(rows: list[NDArray[Any]]) -> Tensor:
    """Arrays that may differ in their first axis as one tensor, with zeros at the end."""
    longest = max(len(row) for row in rows)
    return torch.from_numpy(
        np.stack([np.pad(row, [(0, longest - len(row)), *[(0, 0)] * (row.ndim - 1)]) for row in rows])
    )
