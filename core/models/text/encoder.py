"""A pretrained text encoder with one linear head for each Target, fine-tuned as a whole.

Values: a list of N texts. A text longer than `max_len` tokens is cut there, or, with `stride`, read in windows that
share `stride` tokens; the logits of a text are the mean over its windows.

With one Target and pooling "cls" the network is transformers' own `AutoModelForSequenceClassification`, so its saved
folder also loads as `transformers.pipeline("text-classification", model=folder)`. With several Targets, or pooling
"mean", the folder holds the encoder (`AutoModel` loads it) and `heads.safetensors`. Training is in `core.training`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModel

from core.errors import InputError
from core.files import atomic_path
from core.models.network import batched_logits
from core.models.pretrained.encoders import Pretrained, best_device, find, load_model, load_tokenizer, quiet
from core.models.text import layouts, tokens
from core.models.values import Values, known_settings
from core.schemes.target import Target

HEADS = "heads.safetensors"
POOLINGS = ("cls", "mean")
_WINDOWS_TOGETHER = 64  # in one pass when judging, so that a long text does not fill the memory


@dataclass(frozen=True)
class TextEncoderConfig:
    """`max_len` and `stride` in tokens (stride 0: longer texts are cut); `pooling` cls or mean over true tokens.

    `max_windows`: later windows of a text are left out. `prefix` is put before each text ("query: " for e5).
    `freeze_embeddings` keeps the word vectors as they are: faster, and enough where data is scarce.
    """

    max_len: int = 128
    stride: int = 0
    max_windows: int = 16
    pooling: str = "cls"
    dropout: float = 0.1
    prefix: str = ""
    freeze_embeddings: bool = False

    def __post_init__(self) -> None:
        if self.max_len < 4 or not 0 <= self.stride < self.max_len - 2 or self.max_windows < 1:
            raise InputError("max_len must be at least 4, stride between 0 and max_len - 3, max_windows at least 1")
        if self.pooling not in POOLINGS:
            raise InputError("pooling {pooling!r} must be cls or mean", pooling=self.pooling)
        if not 0 <= self.dropout < 1:
            raise InputError("dropout {dropout} must be in [0, 1)", dropout=self.dropout)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "TextEncoderConfig":
        """The fields of this class among all settings of a fit."""
        return known_settings(cls, config)


class TextEncoder(nn.Module):
    """A `Network` and a `Model`. `model` gives logits itself if there are no `heads`, else hidden states."""

    def __init__(
        self, targets: Sequence[Target], config: TextEncoderConfig, tokenizer: Any, model: Any, heads: bool
    ) -> None:
        super().__init__()
        self.targets, self.config, self.tokenizer, self.model = tuple(targets), config, tokenizer, model
        self.dropout = nn.Dropout(config.dropout)
        wide = model.config.hidden_size
        self.heads = nn.ModuleList(nn.Linear(wide, len(target.codes)) for target in targets) if heads else None
        if config.freeze_embeddings:
            model.get_input_embeddings().weight.requires_grad_(False)

    @classmethod
    def create(cls, targets: Sequence[Target], encoder: str, config: Mapping[str, Any], values: Values) -> Self:
        """See `Network`. `MissingBackend`, `InputError` or `CheckpointMismatch` if the encoder cannot be used."""
        settings, source = TextEncoderConfig.of(config), find(encoder)
        tokenizer = tokens.prepared(load_tokenizer(source), settings.max_len, settings.prefix, bool(settings.stride))
        _check_length(source, settings.max_len)
        sequence = settings.pooling == "cls" and len(targets) == 1
        if sequence and layouts.has_sequence_layout(source.config):
            return cls(targets, settings, tokenizer, layouts.new_sequence(source, targets[0], settings.dropout), False)
        return cls(targets, settings, tokenizer, layouts.bare(source), True)

    def lengths(self, values: Values) -> NDArray[np.int64]:
        """The tokens of each text, int64 (N,); of a text in windows, those of all its windows."""
        return tokens.lengths(self.tokenizer, values, self.config.max_len, self.config.stride, self.config.max_windows)

    def collate(self, values: Values) -> dict[str, Tensor]:
        """`input_ids` and `attention_mask` (W, L) of W windows, and `window` (W,): which text each belongs to."""
        return tokens.batch(self.tokenizer, values, self.config.max_len, self.config.stride, self.config.max_windows)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        window: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Target name -> logits (n, K) of n texts; without `window` each row is a text.

        `inputs_embeds` are vectors of tokens in place of `input_ids`.
        """
        if input_ids is None or attention_mask is None:
            parts = self._of_windows(input_ids, attention_mask, inputs_embeds)
        elif window is None or self.training or len(input_ids) <= _WINDOWS_TOGETHER:
            parts = self._of_windows(input_ids, attention_mask)
        else:
            pairs = zip(input_ids.split(_WINDOWS_TOGETHER), attention_mask.split(_WINDOWS_TOGETHER), strict=True)
            chunks = [self._of_windows(ids, mask) for ids, mask in pairs]
            parts = [torch.cat(column) for column in zip(*chunks, strict=True)]
        logits = parts if window is None else [_mean_by(part, window) for part in parts]
        return {target.name: part for target, part in zip(self.targets, logits, strict=True)}

    def _of_windows(
        self, input_ids: Tensor | None, attention_mask: Tensor | None, inputs_embeds: Tensor | None = None
    ) -> list[Tensor]:
        """The logits of each Target, (W, K)."""
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, inputs_embeds=inputs_embeds)
        if self.heads is None:
            return [output.logits]
        hidden = output.last_hidden_state
        if self.config.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            assert attention_mask is not None
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        pooled = self.dropout(pooled)
        return [head(pooled) for head in self.heads]

    def logits(self, values: Values) -> Mapping[str, NDArray[np.float64]]:
        """See `Model`."""
        return batched_logits(self, values)

    def save(self, folder: Path) -> None:
        """See `Model`: tokenizer, config.json, model.safetensors, and heads.safetensors where there are heads."""
        with quiet():
            self.tokenizer.save_pretrained(folder)
            self.model.save_pretrained(folder)
        if self.heads is not None:
            with atomic_path(folder / HEADS) as path:
                save_file({name: tensor.contiguous().cpu() for name, tensor in self.heads.state_dict().items()}, path)

    @classmethod
    def load(cls, folder: Path, targets: Sequence[Target], config: Mapping[str, Any]) -> Self:
        """See `Model`. The network is on the GPU if there is one."""
        source = find(str(folder))
        heads = (folder / HEADS).is_file()
        if heads:
            model = load_model(source, AutoModel, new=(), **layouts.no_pooler(source.config))
        else:
            model = layouts.saved_sequence(source, targets)
        made = cls(targets, TextEncoderConfig.of(config), load_tokenizer(source), model, heads)
        if made.heads is not None:
            try:
                made.heads.load_state_dict(load_file(folder / HEADS))
            except RuntimeError as error:  # torch raises it for missing, extra or misshapen tensors
                raise ValueError(str(error)) from error
        return made.to(best_device()).eval()


def _mean_by(parts: Tensor, window: Tensor) -> Tensor:
    """The mean (n, K) of the rows of `parts` (W, K) that have the same number in `window` (W,)."""
    counts = torch.bincount(window)
    sums = torch.zeros(len(counts), parts.shape[1], dtype=parts.dtype, device=parts.device).index_add(0, window, parts)
    return sums / counts.unsqueeze(1).to(parts.dtype)


def _check_length(source: Pretrained, max_len: int) -> None:
    """`InputError` if the encoder has no positions for `max_len` tokens."""
    most = tokens.longest(source.config)
    if most and max_len > most:
        raise InputError(
            "max_len {max_len}: encoder {encoder} reads at most {most} tokens",
            max_len=max_len,
            encoder=source.name,
            most=most,
        )
