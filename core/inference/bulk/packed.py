"""A BERT-like encoder that computes without padding, in float32, bf16 or int8, in place of transformers' own module.

`packed_like(base, ...)` takes a BERT, RoBERTa, XLM-R, CamemBERT or ELECTRA of transformers and gives a module
that is called in the same way. The tokens of a batch lie one after the other, (T, D); query, key and value are one
product; attention runs over texts of one length at a time, without a mask. With `first_only` nothing reads any token of
the last layer but the first, and only that one is computed: `last_hidden_state` is then (n, 1, D).

In int8 only the products are of whole numbers (`core.inference.bulk.products`); what is between them stays float32.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from core.inference.bulk.products import Number, Product, made, typed
from core.inference.bulk.sentences import SENTENCES

KINDS = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
ROUNDING = 1e-4  # largest difference of two ways to compute a state in float32
STRIPE = 512  # tokens whose wide states are in memory at once: those of more fit no cache
AFTER_PADDING = ("roberta", "xlm-roberta", "camembert")  # whose positions begin behind the number of the padding token


class Layer(nn.Module):
    """One layer of the encoder, made of the weights of transformers' own."""

    def __init__(self, layer: Any, number: Number, last: bool) -> None:
        """`last`: only `first` is called, else only `forward`."""
        super().__init__()
        attention = layer.attention.self
        self.heads, self.width = int(attention.num_attention_heads), int(attention.attention_head_size)
        parts = (attention.query, attention.key, attention.value)
        self.both: Product = made(parts, number) if not last else None
        self.query: Product = made(parts[:1], number) if last else None
        self.key_value: Product = made(parts[1:], number) if last else None
        self.out: Product = made([layer.attention.output.dense], number)
        self.wide: Product = made([layer.intermediate.dense], number, gelu=True)
        self.narrow: Product = made([layer.output.dense], number)
        norms = (layer.attention.output.LayerNorm, layer.output.LayerNorm)
        self.norms = nn.ModuleList([typed(norm, number) for norm in norms])

    def forward(self, hidden: Tensor, groups: list[tuple[int, int]]) -> Tensor:
        """(T, D) of the tokens of texts; `groups` are (n, L): n texts of L tokens, one group behind the other."""
        split = self.both(hidden).split(self.heads * self.width, dim=1)
        return self._rest(hidden, self._attended(split[0], split[1], split[2], groups, None))

    def first(self, hidden: Tensor, groups: list[tuple[int, int]]) -> Tensor:
        """(n, D): what `forward` gives for the first token of each text."""
        starts = torch.cat(_starts(groups))
        query, (key, value) = self.query(hidden[starts]), self.key_value(hidden).chunk(2, dim=1)
        return self._rest(hidden[starts], self._attended(query, key, value, groups, 1))

    def _attended(self, query: Tensor, key: Tensor, value: Tensor, groups: list[tuple[int, int]], one: Any) -> Tensor:
        parts, at, asked = [], 0, 0
        for n, length in groups:
            tokens, asking = n * length, n * (one or length)
            rows = (query[asked : asked + asking], key[at : at + tokens], value[at : at + tokens])
            q, k, v = (part.reshape(n, -1, self.heads, self.width).transpose(1, 2) for part in rows)
            attended = functional.scaled_dot_product_attention(q, k, v)
            parts.append(attended.transpose(1, 2).reshape(asking, -1))
            at, asked = at + tokens, asked + asking
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _rest(self, hidden: Tensor, attended: Tensor) -> Tensor:
        hidden = self.norms[0](self.out(attended, hidden))
        parts = [self.narrow(self.wide(some), some) for some in hidden.split(STRIPE)]
        made: Tensor = self.norms[1](parts[0] if len(parts) == 1 else torch.cat(parts))
        return made


class PackedEncoder(nn.Module):
    """The encoder; `config` is that of the module it stands for."""

    def __init__(self, base: Any, number: Number, first_only: bool) -> None:
        super().__init__()
        self.config, self.first_only = base.config, first_only
        self.embeddings = typed(base.embeddings, number)
        self.project = typed(getattr(base, "embeddings_project", None), number)
        last = len(base.encoder.layer) - 1 if first_only else None
        self.layers = nn.ModuleList([Layer(layer, number, at == last) for at, layer in enumerate(base.encoder.layer)])
        self.pooler = getattr(base, "pooler", None)

    def get_input_embeddings(self) -> Any:
        return self.embeddings.word_embeddings

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **unused: Any) -> Any:
        """As the module it stands for, float32; the texts are padded at their ends. A row behind a text is 0."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        lengths = mask.sum(dim=1)
        order = torch.argsort(lengths, descending=True, stable=True)
        sizes, counts = torch.unique_consecutive(lengths[order], return_counts=True)
        groups = list(zip(counts.tolist(), sizes.tolist(), strict=True))
        hidden = self._embedded(input_ids[order], mask[order].bool())
        for layer in self.layers[:-1]:
            hidden = layer(hidden, groups)
        if self.first_only:
            states = torch.zeros(len(order), 1, hidden.shape[1])
            last: Any = self.layers[-1]
            states[order] = last.first(hidden, groups).float()[:, None]
        else:
            padded = torch.zeros(*input_ids.shape, hidden.shape[1])
            padded[mask[order].bool()] = self.layers[-1](hidden, groups).float()
            states = padded[torch.argsort(order)]
        pooled = None if self.pooler is None else self.pooler(states)
        return BaseModelOutputWithPoolingAndCrossAttentions(last_hidden_state=states, pooler_output=pooled)

    def _embedded(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(T, D) of the true tokens; (n, L) of numbers and of which are true."""
        positions = torch.arange(ids.shape[1]).expand_as(ids)[mask]
        if self.config.model_type in AFTER_PADDING:
            positions = positions + self.config.pad_token_id + 1
        flat = ids[mask][None]
        hidden = self.embeddings(
            input_ids=flat, position_ids=positions[None], token_type_ids=torch.zeros_like(flat)
        )[0]  # fmt: skip
        return hidden if self.project is None else self.project(hidden)


def fits(base: Any) -> bool:
    """Whether `PackedEncoder` knows the kind of an encoder."""
    config = base.config
    return (
        config.model_type in KINDS
        and getattr(config, "hidden_act", "") == "gelu"
        and getattr(config, "position_embedding_type", "absolute") in ("absolute", None)
        and not getattr(config, "is_decoder", False)
        and hasattr(getattr(base, "encoder", None), "layer")
    )


def packed_like(base: Any, number: Number, first_only: bool, tokenizer: Any) -> PackedEncoder | None:
    """The packed encoder for `base`; None if it is of another kind, or gives something else than `base`."""
    if not fits(base) or next(base.parameters()).device.type != "cpu":
        return None
    batch = tokenizer(list(SENTENCES), padding=True, truncation=True, max_length=48, return_tensors="pt")
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    read = (slice(None), 0) if first_only else inputs["attention_mask"].bool()
    made = PackedEncoder(base, number, first_only).eval()
    with torch.inference_mode():
        mine = made(**inputs).last_hidden_state[read]
        if number == "float32":
            theirs = base(**inputs).last_hidden_state[read]
            if not torch.allclose(mine, theirs, atol=ROUNDING, rtol=ROUNDING):
                return None
    return made if bool(torch.isfinite(mine).all()) else None


def _starts(groups: list[tuple[int, int]]) -> list[Tensor]:
    """The place of the first token of each text, for each group."""
    places, at = [], 0
    for n, length in groups:
        places.append(torch.arange(at, at + n * length, length))
        at += n * length
    return places
