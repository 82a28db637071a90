"""core.models.voice.encoder: the contract of a Network, and a folder that transformers' pipeline loads."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_speech import electra, wav2vec2, waves

from core.errors import CheckpointMismatch, InputError, NotEnoughData
from core.models import prepare
from core.models.values import Sample, take
from core.models.voice.encoder import AudioEncoder, AudioEncoderConfig
from core.schemes.target import Target

pytestmark = pytest.mark.integration

CLIPS = waves([0.5, 2.0, 0.31, 1.0, 0.5])
INTENT = Target("intent", ("abroad", "address", "app_error"))
MOOD = Target("mood", ("joy", "fear"), "multi")


@pytest.fixture(scope="module", params=["layer", "group"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.set_num_threads(1)
    return wav2vec2(tmp_path_factory.mktemp("encoder"), request.param)


def read(clips: list[Any] = CLIPS, **config: Any) -> dict[str, Any]:
    values: dict[str, Any] = prepare.waves([Sample(wave=clip) for clip in clips], "", config)
    return values


def made(encoder: str, *targets: Target, **config: Any) -> AudioEncoder:
    torch.manual_seed(0)
    return AudioEncoder.create(targets or (INTENT,), encoder, config, read())


def test_values_are_the_first_samples_of_each_voice() -> None:
    values = read(max_samples=8_000)
    assert values["wave"].shape == (5, 8_000)
    assert values["length"].tolist() == [8_000, 8_000, 4_960, 8_000, 8_000]
    np.testing.assert_array_equal(values["wave"][2, :4_960], CLIPS[2])
    assert not values["wave"][2, 4_960:].any()
    assert read()["wave"].shape == (5, 16_000)
    assert read([np.ones(3, np.float32)])["length"].tolist() == [400]
    with pytest.raises(NotEnoughData, match="1 of 2 samples have no voice"):
        prepare.waves([Sample(wave=CLIPS[0]), Sample("text")], "", {})


def test_a_batch_of_one_equals_a_batch_of_many(encoder: str) -> None:
    model, values = made(encoder, INTENT, MOOD), read()
    together = model.logits(values)
    assert {name: logits.shape for name, logits in together.items()} == {"intent": (5, 3), "mood": (5, 2)}
    for row in range(5):
        for name, alone in model.logits(take(values, [row])).items():
            np.testing.assert_allclose(alone[0], together[name][row], atol=1e-5)
    assert model.logits(take(values, []))["mood"].shape == (0, 2)


def test_padding_changes_nothing(encoder: str) -> None:
    model, values = made(encoder), read()
    longer = {"wave": np.pad(values["wave"], ((0, 0), (0, 5_000)), constant_values=9), "length": values["length"]}
    np.testing.assert_allclose(model.logits(longer)["intent"], model.logits(values)["intent"], atol=1e-6)


def test_saved_model_is_the_same_and_loads_without_the_encoder(encoder: str, tmp_path: Path) -> None:
    model, values = made(encoder, INTENT, MOOD), read()
    model.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
    again = AudioEncoder.load(tmp_path, (INTENT, MOOD), {})
    for name, logits in model.logits(values).items():
        np.testing.assert_allclose(again.logits(values)[name], logits, atol=1e-6)
    with pytest.raises(ValueError, match=r"has the classes .*intent/abroad.*expected"):
        AudioEncoder.load(tmp_path, (INTENT,), {})
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(OSError, match=r"model\.safetensors"):
        AudioEncoder.load(tmp_path, (INTENT, MOOD), {})


@pytest.mark.parametrize("target", [INTENT, MOOD])
def test_the_pipeline_of_transformers_gives_the_same_probabilities(
    encoder: str, target: Target, tmp_path: Path
) -> None:
    from transformers import pipeline

    model = made(encoder, target)
    model.save(tmp_path)
    classifier: Any = pipeline("audio-classification", model=str(tmp_path), top_k=None)
    for clip in (CLIPS[0], CLIPS[2]):
        expected = target.probabilities(model.logits(read([clip]))[target.name])[0]
        got = {row["label"]: row["score"] for row in classifier(clip)}
        assert got == pytest.approx(dict(zip(target.codes, expected, strict=True)), abs=1e-5)


def test_every_parameter_gets_a_gradient_from_masked_answers(encoder: str) -> None:
    model, values = made(encoder, INTENT, MOOD).train(), read()
    model.network.config.mask_time_prob = 0.3
    logits = model(**model.collate(values))
    single, answers = logits["intent"], torch.tensor([0, -1, 2, 1, -1])
    loss = torch.nn.functional.cross_entropy(single, answers, ignore_index=-1)
    (loss + torch.nn.functional.binary_cross_entropy_with_logits(logits["mood"][:3], torch.ones(3, 2))).backward()
    dead = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert [name for name in dead if "k_proj.bias" not in name] == []  # softmax does not see a shift of all keys


def test_training_learns_and_short_clips_are_not_masked_away(encoder: str) -> None:
    model, values = made(encoder).train(), read(waves([0.03, 0.5, 0.03, 0.5]))
    optimizer, answers = torch.optim.AdamW(model.parameters(), lr=1e-2), torch.tensor([0, 1, 0, 1])
    losses = []
    for _ in range(15):
        loss = torch.nn.functional.cross_entropy(model(**model.collate(values))["intent"], answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_convolutions_may_stay_as_pretrained(encoder: str) -> None:
    frozen = {name for name, p in made(encoder, freeze_features=True).named_parameters() if not p.requires_grad}
    assert frozen
    assert all("feature_extractor" in name for name in frozen)


def test_what_is_no_audio_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        made(str(tmp_path / "none"))
    with pytest.raises(CheckpointMismatch, match="electra"):
        made(electra(tmp_path / "electra"))
    with pytest.raises(InputError, match="max_samples 10"):
        AudioEncoderConfig(max_samples=10)
