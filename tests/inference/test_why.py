"""core.inference.why: integrated gradients add up to the score, leaving out finds the word that counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_encoders import CODES, save_encoder, sentences

from core.inference import why
from core.models.cross_modal import CrossModal
from core.models.text.encoder import TextEncoder
from core.schemes.target import Target

pytestmark = pytest.mark.integration

DANGER = Target("danger", CODES)
TEXT = "부엌에서 불이 났어요 12호"


def network(folder: Path, kind: str, **settings: Any) -> TextEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        encoder = str(save_encoder(folder, kind))
        made = TextEncoder.create([DANGER], encoder, {"max_len": 32, **settings}, sentences(4)[0]).eval()
        for weight in (made.model.get_input_embeddings().weight, *made.parameters()):  # words must matter
            weight.data.mul_(4)
    return made


@pytest.mark.parametrize(("kind", "pooling"), [("bert", "cls"), ("roberta", "mean"), ("electra", "cls")])
def test_gradients_of_all_words_add_up_to_the_change_of_the_score(tmp_path: Path, kind: str, pooling: str) -> None:
    made = network(tmp_path / "encoder", kind, pooling=pooling)
    weights = why.by_gradients(made, TEXT, "danger", 0)
    assert weights is not None
    assert [word for word, _ in weights] == TEXT.split()
    ids = made.collate([TEXT])
    blank = why._padded(ids["input_ids"], made.tokenizer)
    with torch.no_grad():
        vectors = [made.model.get_input_embeddings()(tokens) for tokens in (ids["input_ids"], blank)]
        full, none = (
            made(inputs_embeds=v, attention_mask=ids["attention_mask"])["danger"][0].double() for v in vectors
        )
        assert torch.allclose(full, made(**ids)["danger"][0].double(), atol=1e-5), "vectors stand for their tokens"
    expected = float((full[0] - full.mean()) - (none[0] - none.mean()))
    assert abs(expected) > 0.001
    assert sum(weight for _, weight in weights) == pytest.approx(expected, rel=0.1)


def test_a_network_of_text_and_voice_is_explained_by_its_text_alone(tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        encoder = f"{save_encoder(tmp_path / 'encoder')}+whisper-base"
        made = CrossModal.create([DANGER], encoder, {"heads": 2}, {"frames": np.zeros((1, 1, 8))}).eval()
    weights = why.by_gradients(made, TEXT, "danger", 1)
    assert weights is not None
    assert [word for word, _ in weights] == TEXT.split()
    assert any(weight for _, weight in weights)


def test_a_text_in_several_windows_is_asked_again_without_each_word(tmp_path: Path) -> None:
    made = network(tmp_path / "encoder", "bert", stride=2)
    long = " ".join([TEXT] * 12)
    assert why.by_gradients(made, long, "danger", 0) is None
    weights = why.explained(made, lambda texts: made.logits(texts)["danger"], long, "danger", 0)
    assert {word for word, _ in weights} <= set(TEXT.split())


def test_leaving_out_finds_the_word_that_counts() -> None:
    def scores(texts: Any) -> NDArray[np.float64]:
        return np.array([[2.0 if "불이" in text.split() else 0.0, 0.0] for text in texts])

    assert why.by_leaving_out(scores, "부엌에서 불이 났어요", 0) == [("부엌에서", 0), ("불이", 1.0), ("났어요", 0)]
    assert why.by_leaving_out(scores, "불이", 0) == []
    assert why.explained(object(), scores, "부엌에서 불이 났어요", "danger", 1) == [("불이", -1.0)]


def test_only_the_strongest_words_are_reported() -> None:
    weights = [("가", 0.01), *((str(n), float(n)) for n in range(1, 11)), ("1", -0.5)]
    assert [word for word, _ in why.ranked(weights)] == ["10", "9", "8", "7", "6", "5", "4", "3"]
    assert why.ranked([("가", 0.0)]) == []
