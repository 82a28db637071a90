"""prune and vocabulary: texts of the corpus keep pieces and outputs; three kinds; what cannot be pruned."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_bert import WORDS, tiny_bert
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from core.errors import CheckpointMismatch, InputError
from core.models.pretrained.prune import prune_model
from core.models.pretrained.vocabulary import prune

pytestmark = pytest.mark.integration

TEXTS = ["불이 났어요", "도와 주세요 불이!", "할머니가 쓰러졌어요", "xyz 불이"]


def trained(kind: str) -> Tokenizer:
    """A tokenizer of some hundred pieces, trained on random Korean sentences, with specials in front."""
    rng = random.Random(0)
    corpus = [" ".join(rng.choices(WORDS, k=6)) + rng.choice("!?. ") for _ in range(300)] + ["hello world", "fire 119"]
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if kind == "Unigram":
        made = Tokenizer(models.Unigram())
        made.normalizer = normalizers.NFKC()
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="<unk>")
    else:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel()
        made.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=420, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        )
    made.train_from_iterator(corpus, trainer)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    made.enable_padding(pad_id=1, pad_token="<pad>")
    return made


@pytest.mark.parametrize("kind", ["Unigram", "BPE"])
def test_texts_of_the_corpus_keep_their_pieces(kind: str) -> None:
    before = trained(kind)
    made = prune(json.loads(before.to_str()), TEXTS)
    after = Tokenizer.from_str(json.dumps(made.tokenizer))
    assert len(made.remaining) == after.get_vocab_size() < before.get_vocab_size()
    before.no_padding()
    after.no_padding()
    for text in TEXTS:
        old, new = before.encode(text), after.encode(text)
        assert (new.tokens, [made.remaining[i] for i in new.ids]) == (old.tokens, old.ids)
    assert after.token_to_id("<mask>") is not None
    other = after.encode("친구 병원!")  # not of the corpus: it is still spelled, in smaller pieces
    assert "<unk>" not in other.tokens
    assert len(other.tokens) >= len(before.encode("친구 병원!").tokens)


def test_a_model_gives_the_same_and_is_smaller(tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder, out = tiny_bert(tmp_path / "model", classes=3), tmp_path / "pruned"
    (folder / "LICENSE").write_text("MIT")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    report = prune_model(folder, out, TEXTS)
    assert (report.kind, report.texts, report.folder) == ("WordPiece", len(TEXTS), str(out))
    assert report.tokens_after < report.tokens_before
    rows = (report.tokens_before - report.tokens_after) * 16 * 4
    assert rows - 64 < report.bytes_before - report.bytes_after < rows + 64  # the header changes by some digits
    assert (out / "LICENSE").read_text() == "MIT"
    assert (out / "README.md").is_file()
    old, new = AutoTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(out)
    big, small = (AutoModelForSequenceClassification.from_pretrained(path).eval() for path in (folder, out))
    assert small.config.vocab_size == len(new) == report.tokens_after
    assert small.config.pad_token_id == new.pad_token_id
    with torch.inference_mode():
        for text in TEXTS:
            assert new.tokenize(text) == old.tokenize(text)
            pair = big(**old(text, return_tensors="pt")).logits, small(**new(text, return_tensors="pt")).logits
            # some processors add up matrices of another size in another order
            np.testing.assert_allclose(*(logits.numpy() for logits in pair), rtol=1e-5, atol=1e-7)
    assert new.tokenize("친구") == ["친", "##구"]  # the whole word is gone, its characters are there
    assert old.tokenize("친구") == ["친구"]
    assert new.unk_token_id == new.convert_tokens_to_ids("[UNK]")


def test_an_unknown_word_stays_unknown() -> None:
    """A greedy tokenizer that lost a piece could find another way through a word that it did not know."""
    pieces = ["[UNK]", "a", "##b", "ab", "##bz", "c", "##bzq", "qab"]
    model = models.WordPiece({p: n for n, p in enumerate(pieces)}, unk_token="[UNK]")
    before = Tokenizer(model)
    before.pre_tokenizer = pre_tokenizers.Whitespace()
    texts = ["abz", "cbz"]
    assert before.encode("abz").tokens == ["[UNK]"]
    made = prune(json.loads(before.to_str()), texts)
    after = Tokenizer.from_str(json.dumps(made.tokenizer))
    assert [after.encode(text).tokens for text in texts] == [["[UNK]"], ["c", "##bz"]]
    assert after.token_to_id("qab") is None


def test_what_cannot_be_pruned(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "model")
    with pytest.raises(InputError, match="the corpus is empty"):
        prune_model(folder, tmp_path / "out", [])
    with pytest.raises(InputError, match="exists already"):
        prune_model(folder, folder, TEXTS)
    word = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    with pytest.raises(InputError, match=r"kind WordLevel cannot be pruned; these can: WordPiece, Unigram, BPE"):
        prune(json.loads(word.to_str()), ["a"])
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 7}))
    with pytest.raises(CheckpointMismatch, match="no tensor has 7 rows"):
        prune_model(folder, tmp_path / "out", TEXTS)
    assert not (tmp_path / "out").exists()
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"holds no tokenizer\.json: pruning needs"):
        prune_model(folder, tmp_path / "out", TEXTS)
