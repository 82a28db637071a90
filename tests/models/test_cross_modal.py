"""core.models.cross_modal: the contract of a Network, missing parts, both fusions, and what `prepare` makes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_speech import WIDTH, electra, wav2vec2, waves

from core.errors import InputError
from core.models import prepare
from core.models.cross_modal import CrossModal, CrossModalConfig, blanked
from core.models.values import Sample, Values, take
from core.schemes.target import Target

pytestmark = pytest.mark.integration

SENTIMENT = Target("sentiment", ("fear", "calm", "sad"), level="recording")
URGENCY = Target("urgency", ("low", "middle", "high"), level="recording")
TARGETS = (SENTIMENT, URGENCY)
TEXTS = ["불이 났어요 빨리 와 주세요", "괜찮아요", "", "사람이 쓰러졌어요", "감사합니다"]
SMALL = {"heads": 4}


@pytest.fixture(scope="module")
def text_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.set_num_threads(1)
    return electra(tmp_path_factory.mktemp("electra"))


@pytest.fixture(scope="module")
def voice_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return wav2vec2(tmp_path_factory.mktemp("wav2vec2"))


def rows(fusion: str = "gated") -> Values:
    """Five rows: the third has no text, the last no voice; "seed" has one pooled vector a row and all parts."""
    rng = np.random.default_rng(0)
    length = np.array([64, 5, 30, 1, 0]) if fusion == "gated" else np.ones(5, np.int64)
    steps = 64 if fusion == "gated" else 1
    frames = rng.normal(size=(5, steps, WIDTH)).astype(np.float16 if fusion == "gated" else np.float32)
    return {
        "text": TEXTS if fusion == "gated" else [text or "119" for text in TEXTS],
        "frames": frames,
        "length": length,
    }


def made(text_encoder: str, fusion: str = "gated", **config: Any) -> CrossModal:
    torch.manual_seed(0)
    given = {"fusion": fusion, "modality_dropout": 0.0, **SMALL, **config}
    return CrossModal.create(TARGETS, f"{text_encoder}+nobody", given, rows(fusion)).eval()


def close(one: Any, other: Any, atol: float = 1e-5) -> None:
    for target in TARGETS:
        np.testing.assert_allclose(one[target.name], other[target.name], atol=atol)


@pytest.mark.parametrize("fusion", ["gated", "seed"])
def test_a_batch_of_one_equals_a_batch_of_many(text_encoder: str, fusion: str) -> None:
    model, values = made(text_encoder, fusion), rows(fusion)
    together = model.logits(values)
    assert {name: logits.shape for name, logits in together.items()} == {"sentiment": (5, 3), "urgency": (5, 3)}
    for row in range(5):
        alone = model.logits(take(values, [row]))
        close(alone, {name: logits[[row]] for name, logits in together.items()})
    assert model.logits(take(values, []))["urgency"].shape == (0, 3)


def test_what_lies_behind_the_true_frames_changes_nothing(text_encoder: str) -> None:
    model, values = made(text_encoder), rows()
    noisy = dict(values) | {"frames": values["frames"].copy()}
    for row, length in enumerate(values["length"]):
        noisy["frames"][row, length:] = 99
    close(model.logits(noisy), model.logits(values))


@pytest.mark.parametrize("fusion", ["gated", "seed"])
def test_saved_model_is_the_same_without_the_encoders(text_encoder: str, fusion: str, tmp_path: Path) -> None:
    model, values = made(text_encoder, fusion), rows(fusion)
    model.save(tmp_path)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} <= {".json", ".safetensors", ".txt"}
    again = CrossModal.load(tmp_path, TARGETS, {})
    close(again.logits(values), model.logits(values), 1e-6)
    with pytest.raises(ValueError, match="size mismatch"):
        CrossModal.load(tmp_path, (SENTIMENT, Target("urgency", ("low", "high"))), {})
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(OSError, match=r"model\.safetensors"):
        CrossModal.load(tmp_path, TARGETS, {})


def backward(model: CrossModal, values: Values) -> set[str]:
    """The parameters that get no gradient from the loss of both heads with masked answers."""
    logits = model.train()(**model.collate(values))
    answers = {"sentiment": torch.tensor([0, 1, 2, -1, 0]), "urgency": torch.tensor([-1, 1, 2, 0, 1])}
    sum(torch.nn.functional.cross_entropy(logits[name], answers[name], ignore_index=-1) for name in logits).backward()  # type: ignore[union-attr]
    dead = {name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}
    # softmax does not see a shift of all keys, so their bias never gets a gradient
    return {name for name in dead if not name.endswith("key.bias")}


def test_every_parameter_gets_a_gradient(text_encoder: str) -> None:
    values = rows()
    values["length"][4] = 3
    assert backward(made(text_encoder), values) == {"no_voice"}
    assert backward(made(text_encoder), rows()) == set()


def test_attention_over_the_one_key_of_the_seed_is_the_identity(text_encoder: str) -> None:
    model, values = made(text_encoder, "seed"), rows("seed")
    before = model.logits(values)
    with torch.no_grad():
        model.attention.in_proj_weight[: 2 * WIDTH].normal_()  # queries and keys
    close(model.logits(values), before, 1e-6)
    model.train()(**model.collate(values))["urgency"].sum().backward()
    assert model.attention.in_proj_weight.grad is not None
    assert model.attention.in_proj_weight.grad[: 2 * WIDTH].abs().max() < 1e-7
    assert model.attention.in_proj_weight.grad[2 * WIDTH :].abs().max() > 1e-4


def test_a_missing_part_has_a_learned_vector_and_the_ablation_blanks_parts(text_encoder: str) -> None:
    model, values = made(text_encoder), rows()
    scored = model.ablation(values)
    close(scored["both"], model.logits(values))
    for name in ("sentiment", "urgency"):
        np.testing.assert_allclose(scored["voice"][name][2], scored["both"][name][2], atol=1e-6)  # had no text
        np.testing.assert_allclose(scored["text"][name][4], scored["both"][name][4], atol=1e-6)  # had no voice
        assert np.abs(scored["text"][name][0] - scored["voice"][name][0]).max() > 1e-4
    assert blanked(values, "voice")["text"] == [""] * 5
    assert blanked(values, "text")["length"].tolist() == [0] * 5
    with pytest.raises(InputError, match="only fusion gated"):
        made(text_encoder, "seed").ablation(rows("seed"))
    with pytest.raises(InputError, match="fusion seed needs text and voice of every item, 2 are missing"):
        made(text_encoder, "seed").logits(rows())


@pytest.mark.parametrize("reads", ["text", "voice"])
def test_a_run_of_one_part_reads_nothing_of_the_other(text_encoder: str, reads: str) -> None:
    model, values = made(text_encoder, reads=reads), rows()
    close(model.logits(values), made(text_encoder).ablation(values)[reads])  # type: ignore[index]


def test_modality_dropout_takes_one_part_in_training_only(text_encoder: str) -> None:
    model = made(text_encoder, modality_dropout=0.9).train()
    has_text, mask = torch.tensor([True] * 400 + [False]), torch.ones(401, 3, dtype=torch.bool)
    torch.manual_seed(0)
    text, voice = model._dropped(has_text, mask)
    lost_text, lost_voice = ~text[:400], ~voice[:400].any(dim=1)
    assert not (lost_text & lost_voice).any()
    assert 140 < int(lost_text.sum()) < 220
    assert 140 < int(lost_voice.sum()) < 220
    assert bool(voice[400].all())  # the only part stays
    assert torch.equal(model.eval()._dropped(has_text, mask)[0], has_text)


def test_prepare_reads_texts_and_frames(text_encoder: str, voice_encoder: str) -> None:
    clips = waves([0.5, 2.0])
    samples = [Sample("불이 났어요", clips[0]), Sample("괜찮아요"), Sample("", clips[1])]
    name = f"{text_encoder}+{voice_encoder}"
    values = prepare.texts_and_frames(samples, name, {})
    assert values["text"] == ["불이 났어요", "괜찮아요", ""]
    assert (values["frames"].shape, values["frames"].dtype) == ((3, 64, WIDTH), np.dtype(np.float16))
    assert values["length"].tolist() == [24, 0, 64]
    pooled = prepare.texts_and_frames(
        samples, "", {"fusion": "seed", "text_encoder": "x", "voice_encoder": voice_encoder}
    )
    assert (pooled["frames"].shape, pooled["frames"].dtype) == ((3, 1, WIDTH), np.dtype(np.float32))
    assert pooled["length"].tolist() == [1, 0, 1]
    true = values["frames"][0, :24].astype(np.float32).mean(axis=0)
    np.testing.assert_allclose(pooled["frames"][0, 0], true, atol=0.02)
    assert prepare.texts_and_frames(samples[1:2], name, {})["frames"].shape == (1, 64, WIDTH)
    model = CrossModal.create(TARGETS, name, SMALL, values)
    assert model.width == WIDTH
    assert model.logits(values)["urgency"].shape == (3, 3)


def test_two_encoders_are_needed_and_settings_are_checked(text_encoder: str) -> None:
    with pytest.raises(
        InputError, match=r"'klue/roberta-base' names no text encoder and voice encoder: write TEXT\+VOICE"
    ):
        prepare.encoders_of("klue/roberta-base", {})
    assert prepare.encoders_of("a+b", {"voice_encoder": "c"}) == ("a", "c")
    for wrong, match in (({"fusion": "late"}, "gated or seed"), ({"reads": "eyes"}, "text, voice or both"),
                         ({"fusion": "seed"}, "modality_dropout to 0"), ({"dropout": 1.0}, "in \\[0, 1\\)"),
                         ({"max_length": 3}, "max_length between")):  # fmt: skip
        with pytest.raises(InputError, match=match):
            CrossModalConfig(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="heads 5 must divide the width 32"):
        made(text_encoder, heads=5)
