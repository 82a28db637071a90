"""The tokenizer of KoBERT (skt/kobert-base-v1), built from its `spiece.model`.

transformers loads that folder without an error and wrongly: nearly every word becomes [UNK]. Here the pieces and scores
of the sentencepiece model make a fast tokenizer, which a run saves as tokenizer.json, so that it loads everywhere.
"""

from pathlib import Path
from typing import Any

from sentencepiece import SentencePieceProcessor
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import PreTrainedTokenizerFast

from core.errors import CheckpointMismatch

PIECES = "spiece.model"
SPECIAL = {
    "unk_token": "[UNK]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
KNOWN = "한국어 모델을 공유합니다."
KNOWN_IDS = [2, 4958, 6855, 2046, 7088, 1050, 7843, 54, 3]  # of KNOWN, with the published spiece.model
MOST_UNKNOWN = 0.2


def is_kobert(folder: Path, config: Any) -> bool:
    """Whether `folder` holds a BERT whose only vocabulary is a sentencepiece model, which no other BERT has."""
    others = ("tokenizer.json", "vocab.txt")
    return (
        getattr(config, "model_type", "") == "bert"
        and (folder / PIECES).is_file()
        and not any((folder / name).is_file() for name in others)
    )


def tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The fast tokenizer of the `spiece.model` in `folder`.

    `CheckpointMismatch` if the file cannot be read, lacks one of the special tokens, or does not know Korean.
    """
    pieces = _pieces(folder / PIECES)
    ids = {piece: number for number, (piece, _) in enumerate(pieces)}
    if absent := [token for token in SPECIAL.values() if token not in ids]:
        raise CheckpointMismatch(
            "{path} is no tokenizer of KoBERT: it lacks {names}", path=folder / PIECES, names=", ".join(absent)
        )
    fast = Tokenizer(Unigram(pieces, unk_id=ids["[UNK]"], byte_fallback=False))
    fast.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    fast.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    fast.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    fast.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    made = PreTrainedTokenizerFast(tokenizer_object=fast, **SPECIAL)
    _check(made, folder / PIECES)
    return made


def unknown_share(made: Any, text: str = KNOWN) -> float:
    """Which share of the tokens of `text` is unknown, special tokens aside."""
    ids = made(text, add_special_tokens=False)["input_ids"]
    return ids.count(made.unk_token_id) / max(1, len(ids))


def _pieces(path: Path) -> list[tuple[str, float]]:
    """The pieces of a sentencepiece model with their scores, in the order of their ids."""
    processor = SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(path.read_bytes())
    except (RuntimeError, OSError) as error:
        raise CheckpointMismatch("{path} is no sentencepiece model", path=path) from error
    return [(processor.IdToPiece(number), processor.GetScore(number)) for number in range(processor.GetPieceSize())]


def _check(made: PreTrainedTokenizerFast, path: Path) -> None:
    share = unknown_share(made)
    if share >= MOST_UNKNOWN:
        raise CheckpointMismatch(
            "{path}: {share:.0%} of the tokens of {text!r} are unknown: this is not KoBERT's vocabulary",
            path=path,
            share=share,
            text=KNOWN,
        )
