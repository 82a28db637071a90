"""A tiny text encoder with random weights, built and saved on this machine: BERT with a WordPiece vocabulary."""

from pathlib import Path

_WORDS = "불 이 났어요 할머니 가 쓰러 졌어요 괜찮 습니다 오늘 날씨 좋아 친구 학교 병원 전화 도와 주세요"
WORDS = _WORDS.split()


def word_pieces() -> list[str]:
    """Specials, every character of WORDS by itself and as a continuation, and the words."""
    letters = sorted(set("".join(WORDS)))
    pieces = [*letters, *(f"##{letter}" for letter in letters), *(w for w in WORDS if len(w) > 1)]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces, *(f"##{w}" for w in WORDS if len(w) > 1)]


def tiny_bert(folder: Path, *, seed: int = 0, classes: int = 0) -> Path:
    """Save a BERT of two layers, 16 wide, and its tokenizer; with `classes`, one that classifies sequences."""
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

    pieces = word_pieces()
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    named = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]",
             "mask_token": "[MASK]"}  # fmt: skip
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, num_labels=max(classes, 2),
    )  # fmt: skip
    model = BertForSequenceClassification(config) if classes else BertModel(config, add_pooling_layer=False)
    model.save_pretrained(folder)
    return folder
