"""kobert: its tokenizer says what sentencepiece says, and the known answer where the real file is there."""

import io
import json
from pathlib import Path

import pytest
import sentencepiece
from huggingface_hub import constants
from tiny_encoders import save_encoder, sentences
from transformers import AutoTokenizer

from core.errors import CheckpointMismatch
from core.models.pretrained.encoders import find, load_tokenizer
from core.models.text import kobert
from core.models.text.encoder import TextEncoder
from core.schemes.target import Target

pytestmark = pytest.mark.integration

SPECIAL = {
    "unk_piece": "[UNK]", "pad_id": 1, "pad_piece": "[PAD]", "bos_id": 2, "bos_piece": "[CLS]", "eos_id": 3,
    "eos_piece": "[SEP]", "control_symbols": "[MASK]",
}  # fmt: skip


def train(path: Path, lines: list[str], **changes: object) -> Path:
    """Write a sentencepiece model of `lines` with KoBERT's special pieces."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=150, character_coverage=1.0,
        hard_vocab_limit=False, minloglevel=2, **{**SPECIAL, **changes},
    )  # fmt: skip
    path.write_bytes(model.getvalue())
    return path


LINES = [*sentences(300)[0], *[kobert.KNOWN, "모델을 공유", "한국어 모델"] * 5]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as that of skt/kobert-base-v1: a BERT with spiece.model and no other tokenizer."""
    made = save_encoder(tmp_path / "kobert", vocab_size=400)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (made / name).unlink()
    train(made / "spiece.model", LINES)
    return made


def test_it_says_what_sentencepiece_says(folder: Path) -> None:
    tokenizer = load_tokenizer(find(str(folder)))
    reference = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    for text in [*LINES[:40], kobert.KNOWN, "", "  두 칸  띄움 ", "ＡＢ １２３", "모르는 鬼"]:
        assert tokenizer(text)["input_ids"] == [2, *reference.encode(text), 3], text
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3]) == ["[UNK]", "[PAD]", "[CLS]", "[SEP]"]
    assert kobert.unknown_share(tokenizer) < kobert.MOST_UNKNOWN
    assert tokenizer("부엌", "거실")["input_ids"].count(3) == 2


def test_a_run_saves_it_as_a_tokenizer_that_loads_everywhere(folder: Path, tmp_path: Path) -> None:
    target = Target("danger", ("normal", "danger"))
    network = TextEncoder.create([target], str(folder), {"max_len": 32}, LINES).eval()
    (tmp_path / "run").mkdir()
    network.save(tmp_path / "run")
    assert (tmp_path / "run" / "tokenizer.json").is_file()
    elsewhere = AutoTokenizer.from_pretrained(tmp_path / "run")
    for text in LINES[:20]:
        assert elsewhere(text)["input_ids"] == network.tokenizer(text)["input_ids"]
    again = TextEncoder.load(tmp_path / "run", [target], {"max_len": 32})
    assert (again.logits(LINES[:8])["danger"] == network.logits(LINES[:8])["danger"]).all()


def test_a_vocabulary_that_does_not_know_korean_is_refused(folder: Path) -> None:
    train(folder / "spiece.model", ["the quick brown fox jumps over the lazy dog"] * 50)
    with pytest.raises(CheckpointMismatch, match=r"50% of the tokens of .* are unknown: this is not KoBERT's"):
        load_tokenizer(find(str(folder)))


def test_other_special_tokens_are_refused(folder: Path) -> None:
    train(folder / "spiece.model", LINES, pad_piece="<pad>")
    with pytest.raises(CheckpointMismatch, match=r"is no tokenizer of KoBERT: it lacks \[PAD\]"):
        load_tokenizer(find(str(folder)))


def test_a_damaged_file_is_refused(folder: Path) -> None:
    (folder / "spiece.model").write_bytes(b"not a model")
    with pytest.raises(CheckpointMismatch, match="is no sentencepiece model"):
        load_tokenizer(find(str(folder)))


def test_a_vocabulary_larger_than_the_embeddings_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 20}))
    with pytest.raises(CheckpointMismatch, match="its embeddings have 20"):
        load_tokenizer(find(str(folder)))


def test_another_bert_is_not_taken_for_it(tmp_path: Path) -> None:
    made = save_encoder(tmp_path / "bert")
    (made / "spiece.model").write_bytes(b"beside a tokenizer.json")
    assert not kobert.is_kobert(made, find(str(made)).config)


def test_the_known_answer() -> None:
    """With the published file: only where somebody has it in the hub's cache."""
    cached = sorted(Path(constants.HF_HUB_CACHE).glob("models--skt--kobert-base-v1/snapshots/*/spiece.model"))
    if not cached:
        pytest.skip("skt/kobert-base-v1 is not in the hub's cache")
    assert kobert.tokenizer(cached[0].parent)(kobert.KNOWN)["input_ids"] == kobert.KNOWN_IDS
