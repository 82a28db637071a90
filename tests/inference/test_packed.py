"""Encoders that pack their tokens give what transformers' own modules give."""

from pathlib import Path
from typing import Any

import pytest
import tiny_encoders
import torch
from transformers import AutoModel

from core.inference.bulk.packed import PackedEncoder, fits, packed_like
from core.models.pretrained.encoders import quiet

pytestmark = pytest.mark.integration

LENGTHS = (3, 17, 9, 17, 1, 30)
needs_vnni = pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="int8 needs a processor with VNNI")


def encoder(folder: Path, kind: str) -> Any:
    with quiet():
        return AutoModel.from_pretrained(tiny_encoders.save_encoder(folder / kind, kind)).eval()


def batch(vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Texts of `LENGTHS` tokens, not in the order of their lengths, padded at their ends."""
    numbers = torch.Generator().manual_seed(1)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    ids = torch.randint(5, vocabulary, mask.shape, generator=numbers)
    return torch.where(mask, ids, torch.zeros_like(ids)), mask.long()


@pytest.mark.parametrize("kind", sorted(tiny_encoders.KINDS))
def test_float32_gives_the_states_of_transformers(tmp_path: Path, kind: str) -> None:
    base = encoder(tmp_path, kind)
    ids, mask = batch(base.config.vocab_size)
    with torch.inference_mode():
        theirs = base(input_ids=ids, attention_mask=mask)
        mine = PackedEncoder(base, "float32", first_only=False)(input_ids=ids, attention_mask=mask)
        first = PackedEncoder(base, "float32", first_only=True)(input_ids=ids, attention_mask=mask)
    true = mask.bool()
    torch.testing.assert_close(mine.last_hidden_state[true], theirs.last_hidden_state[true], atol=1e-5, rtol=1e-5)
    assert not mine.last_hidden_state[~true].any()
    torch.testing.assert_close(first.last_hidden_state, theirs.last_hidden_state[:, :1], atol=1e-5, rtol=1e-5)
    if getattr(base, "pooler", None) is not None:
        torch.testing.assert_close(first.pooler_output, theirs.pooler_output, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("number", ["bf16", pytest.param("int8", marks=needs_vnni)])
def test_other_types_are_near_float32_and_leave_the_encoder_alone(tmp_path: Path, number: Any) -> None:
    base = encoder(tmp_path, "bert")
    before = {name: tensor.clone() for name, tensor in base.state_dict().items()}
    made = packed_like(base, number, False, tiny_encoders.wordpiece())
    assert made is not None
    ids, mask = batch(base.config.vocab_size)
    with torch.inference_mode():
        theirs = base(input_ids=ids, attention_mask=mask).last_hidden_state
        mine = made(input_ids=ids, attention_mask=mask).last_hidden_state
    cosine = torch.cosine_similarity(mine, theirs, dim=2)[mask.bool()]
    assert mine.dtype == torch.float32
    assert float(cosine.min()) > 0.99
    assert not torch.equal(mine, theirs)
    after = base.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_an_encoder_that_computes_otherwise_is_left_alone(tmp_path: Path) -> None:
    base = encoder(tmp_path, "bert")
    assert packed_like(base, "float32", True, tiny_encoders.wordpiece()) is not None
    base.encoder.layer[1].register_forward_hook(lambda module, inputs, states: states * 1.01)
    assert packed_like(base, "float32", True, tiny_encoders.wordpiece()) is None
    base.config.hidden_act = "relu"
    assert not fits(base)
