"""Tiny local text encoders with random weights and a WordPiece tokenizer, and sentences that can be told apart."""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import WordPiece
from transformers import (
    AutoModel,
    BertConfig,
    ElectraConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
)

from core.models.pretrained.encoders import quiet

SIZES = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": 66,
}  # fmt: skip
KINDS = {"bert": BertConfig, "electra": ElectraConfig, "roberta": RobertaConfig}
PLACES = ("부엌", "거실", "지하", "옥상", "창고", "공장", "학교", "병원")
EVENTS = {
    "danger": ("불이 났어요", "사람이 쓰러졌어요", "가스 냄새가 나요"),
    "normal": ("밥을 먹어요", "책을 읽어요", "음악을 들어요"),
}
CODES = tuple(EVENTS)


def sentences(n: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """`n` sentences of both classes in turn, and their codes; what happens decides the class."""
    rng = np.random.default_rng(seed)
    codes = [CODES[i % 2] for i in range(n)]
    texts = [f"{rng.choice(PLACES)}에서 {rng.choice(EVENTS[code])} {rng.integers(100)}호" for code in codes]
    return texts, codes


def wordpiece() -> PreTrainedTokenizerFast:
    """A tokenizer of about 200 pieces, trained on such sentences."""
    made = Tokenizer(WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(
        sentences(300, seed=9)[0],
        trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False),
    )
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]",
    )  # fmt: skip


def save_encoder(folder: Path, kind: str = "bert", **changes: int) -> Path:
    """Write an encoder of `kind` (bert, electra, roberta) with its tokenizer into the new `folder`."""
    tokenizer = wordpiece()
    more = {"embedding_size": 32} if kind == "electra" else {}
    config = KINDS[kind](**{**SIZES, **more, "vocab_size": len(tokenizer), "pad_token_id": 0, **changes})
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(0)
        AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
