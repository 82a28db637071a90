"""CrossModal: a text encoder and frames of a voice, joined by attention from the text's CLS vector to the frames.

Values: `{"text": list of N strings, "frames": (N, T, D), "length": int64 (N,)}` as `prepare.texts_and_frames` makes
them; text "" and length 0 are a missing part. One linear head a Target. The voice encoder is frozen and not a part of
the model.

`fusion="seed"` is the seed's network: the voice is one pooled vector, the only key. Softmax over one key is 1 whatever
the query says, so the attention is the identity: it adds a linear map of the voice to the CLS vector, and its
projections of queries and keys get no gradient. `fusion="gated"` is mended: a masked sequence of frames as keys, a
residual and LayerNorm, a gate that weighs text against voice, and learned vectors in place of a missing part.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from core.errors import InputError
from core.files import write_bytes, write_json
from core.models.network import batched_logits
from core.models.prepare import encoders_of
from core.models.pretrained.encoders import Pretrained, best_device, find, load_tokenizer, quiet
from core.models.text.layouts import bare, no_pooler
from core.models.values import Values, count, known_settings
from core.schemes.target import Target

Reads = Literal["text", "voice", "both"]
SHAPE, WEIGHTS, TEXT = "cross_modal.json", "model.safetensors", "text"
PARTS: tuple[Reads, ...] = ("text", "voice", "both")


@dataclass(frozen=True)
class CrossModalConfig:
    """The network, and what it reads.

    `text_encoder` and `voice_encoder` come before the parts of an encoder `TEXT+VOICE`. `reads` "text" or "voice"
    blanks the other part in training and in serving. In training `modality_dropout` is the share of rows
    that lose one part.
    """

    fusion: str = "gated"
    reads: str = "both"
    text_encoder: str = ""
    voice_encoder: str = ""
    heads: int = 8
    dropout: float = 0.1
    modality_dropout: float = 0.1
    max_length: int = 128

    def __post_init__(self) -> None:
        if self.fusion not in ("gated", "seed"):
            raise InputError("fusion {fusion!r} must be gated or seed", fusion=self.fusion)
        if self.reads not in PARTS:
            raise InputError("reads {reads!r} must be text, voice or both", reads=self.reads)
        if not (0 <= self.dropout < 1 and 0 <= self.modality_dropout < 1):
            raise InputError("dropout and modality_dropout must be in [0, 1)")
        if self.fusion == "seed" and self.modality_dropout:
            raise InputError("fusion seed knows no missing part: set modality_dropout to 0")
        if not (1 <= self.heads <= 64 and 8 <= self.max_length <= 512):
            raise InputError("heads must be between 1 and 64, max_length between 8 and 512")

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """The fields that are this network's; the others are those of training."""
        return known_settings(cls, config)


def blanked(values: Values, reads: Reads) -> Values:
    """The same rows with one part missing: "text" has no voice, "voice" no text, "both" changes nothing."""
    if reads == "text":
        return dict(values) | {"length": np.zeros(count(values), np.int64)}
    if reads == "voice":
        return dict(values) | {"text": [""] * count(values)}
    return values


class CrossModal(nn.Module):
    """A Network and a Model."""

    def __init__(
        self, text: Any, tokenizer: Any, targets: Sequence[Target], config: CrossModalConfig, width: int
    ) -> None:
        """`text` is the encoder of `tokenizer`'s tokens, `width` the D of the frames."""
        super().__init__()
        self.text, self.tokenizer, self.targets, self.config = text, tokenizer, tuple(targets), config
        self.width = width
        hidden = int(text.config.hidden_size)
        if hidden % config.heads:
            raise InputError("heads {heads} must divide the width {width}", heads=config.heads, width=hidden)
        self.voice = nn.Sequential(nn.Linear(width, hidden), nn.ReLU())
        self.attention = nn.MultiheadAttention(hidden, config.heads, dropout=config.dropout, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(config.dropout)
        if config.fusion == "gated":
            self.voice_norm = nn.LayerNorm(hidden)
            self.gate = nn.Linear(2 * hidden, hidden)
            self.no_text = nn.Parameter(torch.randn(hidden) * 0.02)
            self.no_voice = nn.Parameter(torch.randn(hidden) * 0.02)
        self.out = nn.ModuleList([nn.Linear(hidden, len(target.codes)) for target in self.targets])

    @classmethod
    def create(cls, targets: Sequence[Target], encoder: str, config: Mapping[str, Any], values: Values) -> Self:
        """A pretrained text encoder with new layers; see `core.models.pretrained.encoders.find` for errors."""
        chosen = CrossModalConfig.of(config)
        source = find(encoders_of(encoder, config)[0])
        return cls(bare(source), load_tokenizer(source), targets, chosen, int(values["frames"].shape[2]))

    def lengths(self, values: Values) -> NDArray[np.int64]:
        """Letters and frames of each row: cheap, and close enough to the cost of a row."""
        letters = np.array([min(len(text), self.config.max_length) for text in values["text"]], np.int64)
        return letters + np.asarray(values["length"], np.int64) + 2

    def collate(self, values: Values) -> dict[str, Tensor]:
        """Tokens, frames and masks of the given rows, padded to the longest; what `reads` leaves out is blank."""
        values = blanked(values, self.config.reads)  # type: ignore[arg-type]
        if self.config.fusion == "seed":
            self._check_whole(values)
        tokens = self.tokenizer(
            list(values["text"]), truncation=True, max_length=self.config.max_length, padding=True, return_tensors="pt"
        )
        length = np.asarray(values["length"], np.int64)
        longest = max(1, int(length.max(initial=0)))
        mask = np.arange(longest) < length[:, None]
        frames = np.asarray(values["frames"][:, :longest], np.float32) * mask[:, :, None]
        has_text = [bool(text.strip()) for text in values["text"]]
        return {**tokens, "frames": torch.from_numpy(frames), "frame_mask": torch.from_numpy(mask),
                "has_text": torch.tensor(has_text)}  # fmt: skip

    def forward(self, frames: Tensor, frame_mask: Tensor, has_text: Tensor, **tokens: Tensor) -> dict[str, Tensor]:
        """Target name -> logits (n, K)."""
        cls = self.text(**tokens).last_hidden_state[:, 0]
        frames = frames.to(cls.dtype)
        fused = (
            self._seed(cls, frames) if self.config.fusion == "seed" else self._gated(cls, frames, frame_mask, has_text)
        )
        return {target.name: head(fused) for target, head in zip(self.targets, self.out, strict=True)}

    def logits(self, values: Values) -> dict[str, NDArray[np.float64]]:
        """Target name -> float64 (N, K); see `core.models.Model`."""
        return batched_logits(self, values)

    def ablation(self, values: Values) -> dict[Reads, dict[str, NDArray[np.float64]]]:
        """The `logits` of the same rows by this model from the text alone, from the voice alone, and from both."""
        if self.config.fusion == "seed":
            raise InputError("fusion seed knows no missing part: only fusion gated is scored by text or voice alone")
        return {reads: self.logits(blanked(values, reads)) for reads in PARTS}

    def voice_summaries(self, values: Values) -> NDArray[np.float64] | None:
        """What is compared of voices, (N, D): the mean frame, NaN without a voice; None if no voice is read."""
        if self.config.reads == "text":
            return None
        made = np.full((count(values), self.width), np.nan)
        for row, (frames, length) in enumerate(zip(values["frames"], values["length"], strict=True)):
            if length:
                made[row] = frames[:length].mean(axis=0, dtype=np.float64)
        return made

    def save(self, folder: Path) -> None:
        """Write the configuration and tokenizer of the text encoder into `text`, all weights beside it."""
        self.text.config.save_pretrained(folder / TEXT)
        self.tokenizer.save_pretrained(folder / TEXT)
        write_json(folder / SHAPE, {"width": self.width, "network": asdict(self.config)}, indent=1)
        tensors = {name: tensor.contiguous().cpu() for name, tensor in self.state_dict().items()}
        write_bytes(folder / WEIGHTS, save(tensors))

    @classmethod
    def load(cls, folder: Path, targets: Sequence[Target], config: Mapping[str, Any]) -> Self:
        """The model saved in `folder`; ValueError if its weights do not fit `targets`."""
        shape = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
        text_folder = folder / TEXT
        with quiet():
            settings = AutoConfig.from_pretrained(text_folder, local_files_only=True, trust_remote_code=False)
            text = AutoModel.from_config(settings, **no_pooler(settings))
        tokenizer = load_tokenizer(Pretrained(TEXT, text_folder, settings))
        model = cls(text, tokenizer, targets, CrossModalConfig.of(shape["network"]), int(shape["width"]))
        try:
            model.load_state_dict(load_file(folder / WEIGHTS))
        except RuntimeError as error:  # torch raises it for missing, extra or misshapen tensors
            raise ValueError(str(error)) from error
        return model.to(best_device()).eval()

    def _seed(self, cls: Tensor, frames: Tensor) -> Tensor:
        """Add and normalise, as the seed does it: `frames` (n, 1, D) are the pooled voice."""
        keys = self.voice(frames)
        attended, _ = self.attention(cls[:, None], keys, keys, need_weights=False)
        fused: Tensor = self.norm(cls + self.dropout(attended[:, 0]))
        return fused

    def _gated(self, cls: Tensor, frames: Tensor, mask: Tensor, has_text: Tensor) -> Tensor:
        """The gate weighs the text against what the text finds in the voice."""
        has_text, mask = self._dropped(has_text, mask)
        has_voice = mask.any(dim=1)
        query = torch.where(has_text[:, None], cls, self.no_text.to(cls.dtype))
        keys = self.voice_norm(self.voice(frames))
        keys = torch.where(has_voice[:, None, None], keys, self.no_voice.to(keys.dtype))
        hidden = ~torch.where(has_voice[:, None], mask, torch.ones_like(mask))
        attended, _ = self.attention(query[:, None], keys, keys, key_padding_mask=hidden, need_weights=False)
        voice = self.norm(query + self.dropout(attended[:, 0]))
        gate = torch.sigmoid(self.gate(torch.cat([query, voice], dim=1)))
        fused: Tensor = gate * query + (1 - gate) * voice
        return fused

    def _dropped(self, has_text: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """In training: a share of the rows that have both parts loses one of them, by chance."""
        share = self.config.modality_dropout
        if not (self.training and share):
            return has_text, mask
        drawn = torch.rand(len(has_text), device=has_text.device)
        whole = has_text & mask.any(dim=1)
        without_text, without_voice = whole & (drawn < share / 2), whole & (drawn > 1 - share / 2)
        return has_text & ~without_text, mask & ~without_voice[:, None]

    def _check_whole(self, values: Values) -> None:
        """`InputError` if a part is missing, which the seed's network cannot tell from a silent one."""
        missing = int((np.asarray(values["length"]) == 0).sum()) + sum(not text.strip() for text in values["text"])
        if missing:
            raise InputError(
                "fusion seed needs text and voice of every item, {n} are missing: set fusion to gated", n=missing
            )
