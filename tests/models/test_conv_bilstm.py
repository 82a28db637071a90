"""conv_bilstm: the contract of a Network, old runs, masked frames, neutral baselines, and their fit."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InputError, NotEnoughData, UnknownName
from core.models import prepare
from core.models.values import Sample, Values, take
from core.models.voice.conv_bilstm import ConvBilstm, ConvBilstmConfig, _faster
from core.models.voice.neutral_voice import Baselines, hashed
from core.schemes.target import Target

pytestmark = pytest.mark.integration

RNG = np.random.default_rng(0)
MFCC = RNG.normal(size=(7, 100, 13)).astype(np.float32)
MOOD = Target("mood", ("neutral", "joy", "anger", "fear"))
TONE = Target("tone", ("loud", "slow"), "multi")
SPREAD = {"features": "spread", "baseline": "speaker"}


def masked() -> Values:
    """Seven clips of 100 to 4 true frames by three speakers, one of them unknown."""
    length = np.array([100, 4, 50, 31, 99, 8, 64])
    rows = MFCC * (np.arange(100) < length[:, None])[:, :, None]
    return {"mfcc": rows * 3 + 5, "length": length, "speaker": ["ann", "ann", "ben", "ben", "", "ann", "cho"]}


def made(values: Values = MFCC, *targets: Target, **config: Any) -> ConvBilstm:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return ConvBilstm.create(targets or (MOOD,), "", config, values).eval()


@pytest.fixture(params=["clip", "spread"])
def model_and_values(request: pytest.FixtureRequest) -> tuple[ConvBilstm, Values]:
    values = MFCC if request.param == "clip" else masked()
    return made(values, MOOD, TONE, **({} if request.param == "clip" else SPREAD)), values


def test_shape_and_size() -> None:
    model = made()
    assert sum(p.numel() for p in model.parameters()) < 200_000
    assert model.logits(MFCC)["mood"].shape == (7, 4)
    assert model.logits(MFCC[:0])["mood"].shape == (0, 4)


def test_one_at_a_time_equals_all_at_once(model_and_values: tuple[ConvBilstm, Values]) -> None:
    model, values = model_and_values
    together = model.logits(values)
    for row in range(7):
        for name, alone in model.logits(take(values, [row])).items():
            np.testing.assert_allclose(alone[0], together[name][row], atol=1e-5)


def test_judging_ignores_dropout_and_keeps_the_mode() -> None:
    model = made(masked(), **SPREAD, speed=0.1, pitch=2.0).train()
    np.testing.assert_array_equal(model.logits(masked())["mood"], model.logits(masked())["mood"])
    assert model.training


def test_every_parameter_gets_a_gradient_from_masked_answers(model_and_values: tuple[ConvBilstm, Values]) -> None:
    model, values = model_and_values
    logits = model(**model.collate(values))
    answers = torch.tensor([0, 1, -1, 3, 0, 1, 2])
    loss = torch.nn.functional.cross_entropy(logits["mood"], answers, ignore_index=-1)
    (loss + torch.nn.functional.binary_cross_entropy_with_logits(logits["tone"][2:], torch.ones(5, 2))).backward()
    dead = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []


def test_saved_model_is_the_same(model_and_values: tuple[ConvBilstm, Values], tmp_path: Path) -> None:
    model, values = model_and_values
    model.save(tmp_path)
    again = ConvBilstm.load(tmp_path, (MOOD, TONE), {})
    for name, logits in model.logits(values).items():
        np.testing.assert_array_equal(again.logits(values)[name], logits)
    with pytest.raises(ValueError, match="size mismatch"):
        ConvBilstm.load(tmp_path, (MOOD,), {})


def test_a_run_of_format_1_gives_the_same_and_refuses_what_does_not_fit() -> None:
    model = made()
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    assert arrays.keys() >= {
        "mean",
        "deviation",
        "first.weight",
        "second.bias",
        "lstm.weight_hh_l0_reverse",
        "out.bias",
    }
    old = ConvBilstm.restore({"dropout": 0.3, "epochs": 9, "balanced": True}, arrays, MOOD)
    np.testing.assert_array_equal(old.logits(MFCC)["mood"], model.logits(MFCC)["mood"])
    np.testing.assert_allclose(arrays["mean"], MFCC.mean(axis=(0, 1)), atol=1e-6)
    with pytest.raises(ValueError, match="size mismatch"):
        ConvBilstm.restore({}, arrays, Target("mood", ("a", "b", "c")))
    arrays.pop("out.bias")
    with pytest.raises(ValueError, match=r"Missing key.*out\.bias"):
        ConvBilstm.restore({}, arrays, MOOD)


def test_constant_features_give_numbers() -> None:
    zeros = np.zeros((3, 100, 13), dtype=np.float32)
    assert np.isfinite(made(zeros).logits(zeros)["mood"]).all()
    values = {"mfcc": zeros, "length": np.array([0, 1, 100]), "speaker": ["", "", ""]}
    assert np.isfinite(made(values, **SPREAD).logits(values)["mood"]).all()


def test_frames_behind_the_end_change_nothing() -> None:
    values = masked()
    model = made(values, **SPREAD)
    noisy = dict(values) | {"mfcc": values["mfcc"].copy()}
    for row, length in enumerate(values["length"]):
        noisy["mfcc"][row, length:] = 99
    np.testing.assert_allclose(model.logits(noisy)["mood"], model.logits(values)["mood"], atol=1e-5)
    fewer = dict(values) | {"length": values["length"] // 2}
    assert np.abs(model.logits(fewer)["mood"] - model.logits(values)["mood"]).max() > 1e-3


def test_baselines_are_those_of_neutral_clips_by_speaker() -> None:
    values, neutral = masked(), np.array([True, False, True, True, True, False, True])
    made_of = Baselines.of(values["mfcc"], values["length"], values["speaker"], neutral)
    assert set(made_of.speakers) == {hashed("ann"), hashed("ben"), hashed("cho")}
    assert "ann" not in "".join(made_of.speakers)
    changed = made_of.differences(values["mfcc"], values["speaker"])
    ann = values["mfcc"][0]  # her only neutral clip
    np.testing.assert_allclose(changed[1], (values["mfcc"][1] - ann.mean(axis=0)) / (ann.std(axis=0) + 1e-8), rtol=1e-4)
    every = np.concatenate([values["mfcc"][row, : values["length"][row]] for row in np.flatnonzero(neutral)])
    nobody = made_of.differences(values["mfcc"][:1], ["stranger"])[0]
    np.testing.assert_allclose(
        nobody, (values["mfcc"][0] - every.mean(axis=0)) / every.std(axis=0), rtol=1e-3, atol=1e-4
    )
    all_count = Baselines.of(values["mfcc"], values["length"], values["speaker"], np.zeros(7, np.bool_))
    assert np.isfinite(all_count.mean).all()
    assert not np.array_equal(all_count.mean[0], made_of.mean[0])


def test_speed_and_pitch_change_in_training_only() -> None:
    values = masked()
    model = made(values, **SPREAD, speed=0.5, pitch=3.0)
    plain = model.collate(values)
    np.testing.assert_array_equal(plain["length"].numpy(), values["length"])
    torch.manual_seed(1)
    varied, again = model.train().collate(values), model.collate(values)
    assert not torch.equal(varied["length"], plain["length"])
    assert not torch.equal(varied["mfcc"], again["mfcc"])
    assert varied["length"].max() <= 100
    assert varied["length"].min() >= 1
    frames = np.arange(40, dtype=np.float32)[:, None].repeat(13, axis=1)
    np.testing.assert_allclose(_faster(frames, 2.0)[:, 0], np.linspace(0, 39, 20), rtol=1e-5)
    assert len(_faster(frames, 0.1)) == 100


@pytest.mark.parametrize("preset", ["seed", "spread"])
def test_prepare_gives_true_frames_and_keys(preset: str) -> None:
    t = np.arange(48_000) / 16_000
    wave = (0.1 * sum(np.sin(2 * np.pi * 110 * k * t) / k for k in range(1, 15))).astype(np.float32)
    quiet = np.concatenate([np.zeros(16_000, np.float32), wave[:8_000], np.zeros(16_000, np.float32)])
    samples = [Sample("", wave, "ann", 48_000), Sample("", quiet, None, 16_000)]
    values = prepare.mfcc(samples, "", {"features": preset})
    assert values["mfcc"].shape == (2, 100, 13)
    # 100 frames of 48 kHz are 1.07 s; spread frames cover the clip without the silence around it
    assert values["length"].tolist() == ([100, 79] if preset == "seed" else [94, 16])
    assert values["speaker"] == ["ann", ""]
    gendered = prepare.mfcc(samples, "", {"features": preset, "baseline": "gender"})
    assert gendered["speaker"] == ["low", "low"]
    assert prepare.mfcc(samples, "", {}).shape == (2, 100, 13)
    with pytest.raises(NotEnoughData, match="1 of 3 samples have no voice"):
        prepare.mfcc([*samples, Sample("text")], "", {"features": preset})


def test_configuration_is_checked() -> None:
    with pytest.raises(InputError, match="kernel 4 must be odd"):
        ConvBilstmConfig(kernel=4)
    with pytest.raises(InputError, match=r"dropout 1\.0"):
        ConvBilstmConfig(dropout=1.0)
    with pytest.raises(InputError, match="features=mel: known are clip, seed, spread"):
        ConvBilstmConfig(features="mel")
    with pytest.raises(InputError, match="need seed or spread"):
        ConvBilstmConfig(pitch=2.0)
    with pytest.raises(InputError, match="speed must be in"):
        ConvBilstmConfig(features="seed", speed=1.0)


def test_the_neutral_class_is_found_or_named() -> None:
    from core.training.fits import Rows
    from core.training.fits.conv_bilstm import neutral_rows

    rows = Rows(masked(), {"mood": np.array([0, 1, -1, 0, 2, 3, 1])}, [None] * 7)
    assert np.flatnonzero(neutral_rows(rows, (MOOD,), "")).tolist() == [0, 3]
    assert np.flatnonzero(neutral_rows(rows, (MOOD,), "joy")).tolist() == [1, 6]
    plain = (Target("mood", ("a", "joy", "anger", "fear")),)
    assert not neutral_rows(rows, plain, "").any()
    with pytest.raises(UnknownName, match="unknown class 'calm'; known: a, joy"):
        neutral_rows(rows, plain, "calm")


def test_the_fit_learns_with_baselines_and_augmentation(tmp_path: Path) -> None:
    from core.training.fits import Fitting, Rows
    from core.training.fits.conv_bilstm import ConvBilstmFit, ConvBilstmSettings

    rng = np.random.default_rng(1)
    answers = np.arange(48) % 2
    rows = rng.normal(size=(48, 100, 13)).astype(np.float32) + 3 * answers[:, None, None].astype(np.float32)
    values = {"mfcc": rows, "length": np.full(48, 40), "speaker": ["ann", "ben"] * 24}
    target, seen = Target("mood", ("neutral", "joy")), []

    def epoch_end(epoch: int, model: Any, loss: float, **more: Any) -> bool:
        seen.append((loss, model.logits(values)["mood"].argmax(axis=1)))
        return False

    config = ConvBilstmSettings(epochs=6, channels=8, hidden=8, learning_rate=5e-3, **SPREAD, speed=0.1, pitch=1.0)  # type: ignore[arg-type]
    job = Fitting(tmp_path, 0, lambda *_: None, epoch_end)
    ConvBilstmFit()(Rows(values, {"mood": answers}, [None] * 48), (target,), "", config, job)
    assert len(seen) == 6
    assert (seen[-1][1] == answers).mean() > 0.9
    assert asdict(replace(config, epochs=1))["features"] == "spread"


def test_the_own_voice_of_a_recording_stands_for_the_neutral_one() -> None:
    model, values = made(masked(), **SPREAD), masked()
    louder = values | {"mfcc": values["mfcc"] + 40, "speaker": ["x"] * 5 + ["y", ""]}
    assert model.baselines is not None
    mean, deviation = model.baselines.own(louder["mfcc"], louder["length"], louder["speaker"])
    frames = np.concatenate([louder["mfcc"][row, : louder["length"][row]] for row in range(5)])
    np.testing.assert_allclose(mean[:5], np.tile(frames.mean(axis=0), (5, 1)), rtol=1e-5)
    np.testing.assert_allclose(deviation[:5], np.tile(frames.std(axis=0), (5, 1)), rtol=1e-5)
    np.testing.assert_array_equal(mean[5:], np.tile(model.baselines.mean[0], (2, 1)), "too little sound of y and of ''")
    same = values | {"speaker": ["x"] * 5 + ["y", ""]}
    np.testing.assert_allclose(
        model.logits(model.with_own_voices(louder))["mood"][:5],
        model.logits(model.with_own_voices(same))["mood"][:5],
        atol=1e-3,
    )
    assert np.abs(model.logits(louder)["mood"][:5] - model.logits(same)["mood"][:5]).max() > 1e-2
    plain = made()
    assert plain.with_own_voices(MFCC) is MFCC
