"""The voice network of the seed systems: two convolutions over MFCC, a bidirectional LSTM over time, linear heads.

Shapes inside: (N, 13, 100) -conv, pool-> (N, 64, 50) -conv, pool-> (N, 128, 25) -BiLSTM-> (N, 25, 128) -mean over
time-> (N, 128) -linear-> (N, K) of each Target. Mean and deviation of the training coefficients are buffers, so they
are saved with the weights.

Values are `mfcc` float32 (N, 100, 13) alone, or `{"mfcc", "length" int64 (N,), "speaker": list of N keys}`: then frames
behind `length` are masked, and each coefficient may be given as its difference from the neutral voice of the speaker
(`core.models.voice.neutral_voice`). `features` "clip" is what runs before format 2 read; "seed" and "spread" are in
`core.audio.features`. Speed and pitch change in training only. Training is in `core.training.fits.conv_bilstm`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from core.audio.features import COEFFICIENTS, FRAMES, pitch_shift
from core.errors import InputError
from core.files import write_bytes, write_json
from core.models import Arrays
from core.models.network import batched_logits
from core.models.values import Values, count, known_settings
from core.models.voice.neutral_voice import EPSILON, Baselines
from core.schemes.target import Target

WEIGHTS, SHAPE = "model.safetensors", "conv_bilstm.json"
SETTINGS = {
    "features": ("clip", "seed", "spread"),
    "baseline": ("none", "speaker", "gender"),
}
PITCHES = 8  # matrices on either side of the original


@dataclass(frozen=True)
class ConvBilstmConfig:
    """Channels of the two convolutions, units of the LSTM in one direction, dropout before the last layer.

    `features`: "clip", "seed" or "spread" (`core.models.prepare.mfcc`). `baseline`: whose neutral voice is taken off,
    "none", "speaker" or "gender"; `neutral` names the class that is neutral. In training a clip is up to `speed` (a
    share) faster or slower and up to `pitch` semitones higher or lower. The defaults are those of runs of format 1.
    """

    channels: int = 64
    hidden: int = 64
    kernel: int = 5
    dropout: float = 0.3
    features: str = "clip"
    baseline: str = "none"
    neutral: str = ""
    speed: float = 0.0
    pitch: float = 0.0

    def __post_init__(self) -> None:
        if not (1 <= self.channels <= 512 and 1 <= self.hidden <= 512):
            raise InputError("channels and hidden must be between 1 and 512")
        if self.kernel % 2 == 0 or not 1 <= self.kernel <= 15:
            raise InputError("kernel {kernel} must be odd and at most 15", kernel=self.kernel)
        if not 0 <= self.dropout < 1:
            raise InputError("dropout {dropout} must be in [0, 1)", dropout=self.dropout)
        for name, known in SETTINGS.items():
            if getattr(self, name) not in known:
                raise InputError(
                    "{name}={raw}: known are {known}", name=name, raw=getattr(self, name), known=", ".join(known)
                )
        if not (0 <= self.speed < 1 and 0 <= self.pitch <= 12):
            raise InputError("speed must be in [0, 1), pitch between 0 and 12 semitones")
        if self.features == "clip" and (self.speed or self.pitch or self.baseline != "none"):
            raise InputError(
                "features clip are standardised over each clip: speed, pitch and baseline need seed or spread"
            )

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "ConvBilstmConfig":
        """The fields of this class among all settings of a fit."""
        return known_settings(ConvBilstmConfig, config)


class ConvBilstm(nn.Module):
    """A Network and a Model; about 145,000 parameters with the default configuration."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: ConvBilstmConfig, targets: Sequence[Target], baselines: Baselines | None = None) -> None:
        super().__init__()
        self.config, self.targets, self.baselines = config, tuple(targets), baselines
        wide, pad = config.channels * 2, config.kernel // 2
        self.register_buffer("mean", torch.zeros(COEFFICIENTS))
        self.register_buffer("deviation", torch.ones(COEFFICIENTS))
        self.first = nn.Conv1d(COEFFICIENTS, config.channels, config.kernel, padding=pad)
        self.second = nn.Conv1d(config.channels, wide, config.kernel, padding=pad)
        self.lstm = nn.LSTM(wide, config.hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(2 * config.hidden, sum(len(target.codes) for target in self.targets))

    @classmethod
    def create(cls, targets: Sequence[Target], encoder: str, config: Mapping[str, Any], values: Values) -> Self:
        """A network with new weights, scaled to the training `values`.

        A column `neutral`, bool (N,), in the values tells whose rows make the baselines; without it all do.
        """
        chosen = ConvBilstmConfig.of(config)
        baselines = None
        if chosen.baseline != "none":
            neutral = values.get("neutral", np.ones(count(values), np.bool_))
            baselines = Baselines.of(values["mfcc"], values["length"], values["speaker"], neutral)
        network = cls(chosen, targets, baselines)
        network._set_scale(values)
        return network

    def lengths(self, values: Values) -> NDArray[np.int64]:
        """Every row has 100 frames, with or without sound."""
        return np.full(count(values), FRAMES, dtype=np.int64)

    def collate(self, values: Values) -> dict[str, Tensor]:
        """`mfcc` (n, 100, 13) as differences from the baselines, and `length` where frames are masked."""
        if not isinstance(values, Mapping):
            return {"mfcc": torch.from_numpy(np.asarray(values, np.float32))}
        rows, length = np.asarray(values["mfcc"], np.float32), np.asarray(values["length"], np.int64)
        if self.training and (self.config.speed or self.config.pitch):
            rows, length = self._varied(rows, length)
        if self.baselines is not None:
            rows = self._differences(self.baselines, rows, values)
        return {"mfcc": torch.from_numpy(rows), "length": torch.from_numpy(length)}

    def with_own_voices(self, values: Values) -> Values:
        """The values of one recording, to be judged by how each speaker sounds in it; the same without baselines.

        Columns `own_mean` and `own_deviation`, float32 (N, 13), are added.
        """
        if self.baselines is None or self.config.baseline != "speaker":
            return values
        mean, deviation = self.baselines.own(values["mfcc"], values["length"], values["speaker"])
        return dict(values) | {"own_mean": mean, "own_deviation": deviation}

    @staticmethod
    def _differences(baselines: Baselines, rows: NDArray[np.float32], values: Values) -> NDArray[np.float32]:
        if "own_mean" not in values:
            return baselines.differences(rows, values["speaker"])
        mean, deviation = values["own_mean"][:, None], values["own_deviation"][:, None]
        return np.asarray((rows - mean) / (deviation + EPSILON), np.float32)

    def forward(self, mfcc: Tensor, length: Tensor | None = None) -> dict[str, Tensor]:
        """Target name -> logits (n, K) of `mfcc` (n, 100, 13)."""
        steps = (mfcc - self.mean) / self.deviation
        if length is None:
            hidden = self._over_time(_pooled(self.second, _pooled(self.first, steps)))
        else:
            hidden = self._over_true_time(steps, length)
        logits: Tensor = self.out(self.dropout(hidden))
        parts = logits.split([len(target.codes) for target in self.targets], dim=1)
        return {target.name: part for target, part in zip(self.targets, parts, strict=True)}

    def logits(self, values: Values) -> dict[str, NDArray[np.float64]]:
        """Target name -> float64 (N, K); see `core.models.Model`."""
        return batched_logits(self, values)

    def distance(self, values: Values) -> NDArray[np.float64] | None:
        """How far the mean frame of each voice lies from those of the training, (N,): about 1 or less for a usual one.

        None for the features "clip", which are standardised over each clip.
        """
        if self.config.features == "clip":
            return None
        made = self.collate(values)
        true = torch.arange(FRAMES) < made["length"].clamp(min=1)[:, None]
        means = (made["mfcc"] * true[:, :, None]).sum(dim=1) / true.sum(dim=1)[:, None]
        standard = ((means - self.mean) / self.deviation).double()
        return np.asarray(standard.square().mean(dim=1).sqrt().numpy())

    def voice_summaries(self, values: Values) -> NDArray[np.float64] | None:
        """What can be compared of voices in the features "clip", (N, 104); None for the others, see `distance`.

        Standardised coefficients have no mean. How they move together, and from frame to frame, tells speech from
        noise, tones and music: the products of two coefficients, and of a coefficient with itself a frame later.
        """
        if self.config.features != "clip":
            return None
        rows = np.asarray(values, np.float64)
        true = np.cumsum(np.abs(rows).sum(axis=2)[:, ::-1], axis=1)[:, ::-1] > 0  # zeros stand behind a short clip
        frames = np.maximum(true.sum(axis=1), 1)[:, None]
        upper = np.triu_indices(COEFFICIENTS)
        together = (np.einsum("nti,ntj->nij", rows, rows) / frames[:, None])[:, *upper]
        later = (rows[:, 1:] * rows[:, :-1]).sum(axis=1) / frames
        return np.concatenate([together, later], axis=1)

    def save(self, folder: Path) -> None:
        """Write the weights, and the baselines beside them."""
        write_json(folder / SHAPE, {"network": asdict(self.config), "baselines": self.baselines is not None}, indent=1)
        arrays = {name: value.detach().cpu().numpy().copy() for name, value in self.state_dict().items()}
        write_bytes(folder / WEIGHTS, save(arrays))
        if self.baselines is not None:
            self.baselines.save(folder)

    @classmethod
    def load(cls, folder: Path, targets: Sequence[Target], config: Mapping[str, Any]) -> Self:
        """The model saved in `folder`; ValueError if its weights do not fit `targets`."""
        shape = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
        baselines = Baselines.load(folder) if shape["baselines"] else None
        return cls._of(ConvBilstmConfig.of(shape["network"]), load_file(folder / WEIGHTS), targets, baselines)

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays, target: Target) -> Self:
        """The model of a run of card format 1: its weights as `arrays`, one Target."""
        return cls._of(ConvBilstmConfig.of(config), arrays, [target], None)

    @classmethod
    def _of(
        cls, config: ConvBilstmConfig, arrays: Arrays, targets: Sequence[Target], baselines: Baselines | None
    ) -> Self:
        with torch.device("meta"):  # do not draw random weights that are replaced at once
            model = cls(config, targets, baselines)
        tensors = {name: torch.from_numpy(value.copy()) for name, value in arrays.items()}
        try:
            model.load_state_dict(tensors, assign=True)
        except RuntimeError as error:  # torch raises it for missing, extra or misshapen tensors
            raise ValueError(str(error)) from error
        return model.eval()

    def _set_scale(self, values: Values) -> None:
        """Set mean and deviation of each coefficient from the true frames of the training values."""
        if isinstance(values, Mapping):
            rows = np.asarray(values["mfcc"], np.float32)
            if self.baselines is not None:
                rows = self.baselines.differences(rows, values["speaker"])
            frames = rows[np.arange(FRAMES) < np.asarray(values["length"])[:, None]]
        else:
            frames = np.asarray(values, np.float32).reshape(-1, COEFFICIENTS)
        if len(frames):
            self.mean.copy_(torch.from_numpy(frames.mean(axis=0)))
            self.deviation.copy_(torch.from_numpy(np.maximum(frames.std(axis=0), 1e-3)))

    def _over_time(self, steps: Tensor) -> Tensor:
        hidden, _ = self.lstm(steps)
        mean: Tensor = hidden.mean(dim=1)
        return mean

    def _over_true_time(self, steps: Tensor, length: Tensor) -> Tensor:
        """The mean over the true steps; nothing of what lies behind them is read."""
        length = length.clamp(min=1)
        for layer in (self.first, self.second):
            steps, length = _pooled(layer, steps * _mask(length, steps.shape[1])), (length + 1) // 2
        packed = pack_padded_sequence(steps, length.cpu(), batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=steps.shape[1])
        mean: Tensor = (hidden * _mask(length, hidden.shape[1])).sum(dim=1) / length[:, None]
        return mean

    def _varied(
        self, rows: NDArray[np.float32], length: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Each row at another speed and pitch, drawn by chance: frames are read faster, spectra are shifted."""
        drawn = torch.rand(len(rows), 2).numpy() * 2 - 1
        made, lengths = np.zeros_like(rows), length.copy()
        for row, (faster, higher) in enumerate(drawn):
            frames = rows[row, : length[row]]
            step = round(float(higher) * PITCHES) / PITCHES * self.config.pitch
            frames = _faster(frames @ pitch_shift(step), 1 + float(faster) * self.config.speed)
            made[row, : len(frames)], lengths[row] = frames, len(frames)
        return made, lengths


def _pooled(layer: nn.Module, steps: Tensor) -> Tensor:
    """A convolution over `steps` (n, T, C), halved in time; an odd last step stays, as in the seed T is even."""
    made: Tensor = nn.functional.max_pool1d(torch.relu(layer(steps.transpose(1, 2))), 2).transpose(1, 2)
    return made


def _mask(length: Tensor, steps: int) -> Tensor:
    """float (n, steps, 1): 1 for true steps."""
    return (torch.arange(steps, device=length.device) < length[:, None]).unsqueeze(2).float()


def _faster(frames: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """The frames (F, 13) of a clip that is `factor` times as fast: F / `factor` frames, at most 100."""
    n = int(np.clip(round(len(frames) / factor), 1, FRAMES))
    at = np.linspace(0, len(frames) - 1, n)
    low = np.floor(at).astype(np.int64)
    part = (at - low)[:, None].astype(np.float32)
    return frames[low] * (1 - part) + frames[np.minimum(low + 1, len(frames) - 1)] * part
