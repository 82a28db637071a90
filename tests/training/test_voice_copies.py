"""Voices that are changed in training: copies of clips for models of features, drawn changes for models of waves."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_speech import wav2vec2, waves
from training_corpus import voice_snapshot, voice_spec

from core.errors import InputError, UnknownName
from core.files import sha256
from core.models import prepare
from core.models.values import Sample
from core.models.voice.encoder import AudioEncoder
from core.schemes.target import Target
from core.training.engine import fit, train
from core.training.engine import prepare as prepare_training
from core.training.fits.audio_encoder import AudioEncoderSettings
from core.training.fits.conv_bilstm import ConvBilstmSettings
from core.training.recipes import config_for, recipe
from core.training.setup import Setup
from core.training.voice_copies import copies

pytestmark = pytest.mark.integration

AUGMENT = "gain=-6..-3,telephone+noise=10..20"
QUICK = {"epochs": "2", "batch_size": "8"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    voice_snapshot(folder, folder / "snapshots" / "v1", 10)
    return folder


def test_copies_follow_from_key_settings_and_seed() -> None:
    sample = Sample("불이야", waves([1.0])[0], "caller", 8_000)
    config = {"augment": AUGMENT, "augment_copies": 3}
    first, again, other = (list(copies(sample, key, config, 1)) for key in ("a", "a", "b"))
    assert len(first) == 3
    assert {(copy.text, copy.speaker, copy.source_hz) for copy in first} == {("불이야", "caller", 8_000)}
    for copy, same, different in zip(first, again, other, strict=True):
        assert np.array_equal(copy.wave, same.wave)
        assert not np.array_equal(copy.wave, different.wave)
        assert not np.array_equal(copy.wave, sample.wave)
    assert not list(copies(sample, "a", {"augment": "", "augment_copies": 3}, 1))
    assert not list(copies(sample, "a", {"augment": AUGMENT}, 1))  # a model of waves draws its changes itself
    assert not list(copies(Sample("불이야"), "a", config, 1))


def test_only_the_training_side_gets_copies_and_they_are_not_counted_as_items(home: Path) -> None:
    plain, more = voice_spec(home, "plain", **QUICK), voice_spec(home, "more", **QUICK, augment=AUGMENT,
                                                                 augment_copies="2")  # fmt: skip
    for spec in (plain, more):
        prepare_training(spec, lambda progress: None)
    before, after = Setup.open(plain).inputs(), Setup.open(more).inputs()
    n = len(before.on("train").items)
    assert len(after.on("train").items) == 3 * n
    for side in ("validation", "test"):
        assert after.on(side).items == before.on(side).items
        assert np.array_equal(after.on(side).values["mfcc"], before.on(side).values["mfcc"])
    originals = after.without_copies()
    assert originals.items == before.items
    assert np.array_equal(originals.values["mfcc"], before.values["mfcc"])
    metrics = train(more, lambda progress: None)
    assert metrics["used"] == {side: len(before.on(side).items) for side in ("train", "validation", "test")}
    assert metrics["copies"] == 2 * n
    assert metrics["test"]["n"] == metrics["used"]["test"]


def test_equal_seeds_give_equal_models_and_no_operation_changes_nothing(home: Path) -> None:
    def weights(run_id: str, **settings: str) -> str:
        spec = voice_spec(home, run_id, **QUICK, **settings)
        prepare_training(spec, lambda progress: None)
        fit(spec, lambda progress: None)
        best = Setup.open(spec).folder
        return sha256(best.fitted_model(best.history()[-1]["best"]) / "model.safetensors")

    first = weights("first", augment=AUGMENT)
    assert weights("again", augment=AUGMENT) == first
    assert weights("usual") == weights("empty", augment="", augment_copies="5") != first


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"augment": "speed=9"}, "speed=9: factor must lie between 0.5 and 2, the smaller number first"),
        ({"augment_copies": "0"}, "augment_copies 0 must be between 1 and 20"),
        ({"augment_copies": "21"}, "augment_copies 21 must be between 1 and 20"),
    ],
)
def test_settings_are_checked_before_anything_is_read(settings: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as error:
        config_for(recipe("emotion-voice"), "conv-bilstm", settings)
    assert error.value.message == message


def test_shares_and_names_are_checked() -> None:
    with pytest.raises(InputError, match=r"augment_share 0\.0 must be above 0 and at most 1"):
        AudioEncoderSettings(augment_share=0.0)
    with pytest.raises(UnknownName, match="unknown transform 'echo'; known: speed, pitch"):
        ConvBilstmSettings(augment="echo")


def test_a_recipe_that_reads_texts_refuses_changed_voices(home: Path) -> None:
    from training_corpus import danger_snapshot, text_spec

    danger_snapshot(home / "snapshots" / "d1", 40)
    spec = text_spec(home, "text")
    frozen = type(spec)(**asdict(spec) | {"encoder": f"frozen+{home}", "overrides": {"augment": "speed"}})
    with pytest.raises(
        InputError, match="augment changes voices, and this recipe reads the text alone: leave it empty"
    ):
        Setup.open(frozen)


def test_a_model_of_waves_draws_a_change_for_each_step_and_none_in_serving(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    clips = waves([0.5, 1.0, 1.0])
    values = prepare.waves([Sample(wave=clip) for clip in clips], "", {"max_samples": 16_000})
    settings = asdict(AudioEncoderSettings(augment="speed=0.8,noise=5", augment_share=1.0))
    model = AudioEncoder.create((Target("mood", ("joy", "fear")),), wav2vec2(tmp_path, "layer"), settings, values)
    plain = model.eval().collate(values)
    model.train()
    torch.manual_seed(1)
    first, second = model.collate(values), model.collate(values)
    torch.manual_seed(1)
    again = model.collate(values)
    assert torch.equal(first["input_values"], again["input_values"])
    assert not torch.equal(first["input_values"], second["input_values"])
    assert plain["length"].tolist() == [8_000, 16_000, 16_000]
    assert set(first["length"].tolist()) <= {8_000, 10_000, 16_000}  # a slower clip is cut at max_samples
    assert torch.equal(model.eval().collate(values)["input_values"], plain["input_values"])
    model.changes = ()
    assert torch.equal(model.train().collate(values)["input_values"], plain["input_values"])
