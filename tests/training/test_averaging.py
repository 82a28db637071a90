"""core.training.trainer.averaging and layer_rates: averaged weights, and smaller steps for lower layers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fit_driver import DANGER, SETTINGS, Engine, Killed, Odd, fit, kill_at, odd, same
from safetensors.torch import load_file
from tiny_encoders import save_encoder
from torch.optim.swa_utils import AveragedModel

from core.errors import InputError
from core.models.text.encoder import TextEncoder
from core.training.trainer import layer_rates
from core.training.trainer.averaging import mean_over

pytestmark = pytest.mark.integration

AVERAGED = replace(SETTINGS, average=0.25, layer_decay=0.8)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_encoder(tmp_path_factory.mktemp("encoder") / "bert"))


@pytest.fixture(scope="module")
def whole(encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A fit of AVERAGED from its first step to its last; the tests only read it."""
    return fit(Engine(tmp_path_factory.mktemp("whole") / "job"), encoder, AVERAGED)


class Numbers(torch.nn.Module):
    """One weight, and two buffers: a share and a count."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([value]))
        self.register_buffer("share", torch.tensor([0.3]))
        self.register_buffer("count", torch.tensor([int(value)]))


def test_the_mean_reaches_over_more_updates_as_they_come() -> None:
    network = Numbers(0.0)
    averaged = AveragedModel(network, multi_avg_fn=mean_over(4), use_buffers=True)
    expected = 0.0
    for n in range(60):
        with torch.no_grad():
            network.weight.fill_(float(n))
        network.count.fill_(n)
        averaged.update_parameters(network)
        decay = min(0.75, (1 + n) / (10 + n)) if n else 0.0
        expected = decay * expected + (1 - decay) * n
        assert averaged.module.weight.item() == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert averaged.module.weight.item() == pytest.approx(59 - 3, abs=0.01)  # the age of an exponential mean over 4
    assert (averaged.module.share.item(), averaged.module.count.item()) == (pytest.approx(0.3), 59)


def test_averaging_leaves_the_training_as_it_is(tmp_path: Path, encoder: str, whole: Engine) -> None:
    plain = fit(Engine(tmp_path / "job"), encoder, replace(AVERAGED, average=0.0))
    last = "trainer/checkpoint-24"
    trained = [load_file(engine.folder / last / "model.safetensors") for engine in (plain, whole)]
    assert same(*trained)
    assert [entry["loss"] for entry in plain.epochs] == [entry["loss"] for entry in whole.epochs]
    saved = load_file(whole.folder / last / "average.safetensors")
    assert int(saved["n_averaged"]) == 24
    assert same(whole.weights, {n.removeprefix("module."): t for n, t in saved.items() if n != "n_averaged"})
    assert not same(whole.weights, plain.weights)


def test_after_a_kill_the_averaged_weights_are_the_same(tmp_path: Path, encoder: str, whole: Engine) -> None:
    with pytest.raises(Killed):
        fit(Engine(tmp_path / "killed", on_step=kill_at(12)), encoder, AVERAGED)
    resumed = fit(Engine(tmp_path / "killed"), encoder, AVERAGED)
    assert [entry["epoch"] for entry in resumed.epochs] == [2, 3]
    assert same(resumed.weights, whole.weights)


def test_a_checkpoint_whose_average_was_cut_is_passed_over(tmp_path: Path, encoder: str, whole: Engine) -> None:
    with pytest.raises(Killed):
        fit(Engine(tmp_path / "job", on_step=kill_at(17)), encoder, AVERAGED)
    (tmp_path / "job/trainer/checkpoint-16/average.safetensors").write_bytes(b"cut")
    resumed = fit(Engine(tmp_path / "job"), encoder, AVERAGED)
    assert [entry["epoch"] for entry in resumed.epochs] == [2, 3]
    assert same(resumed.weights, whole.weights)


def test_each_layer_has_a_share_of_the_learning_rate_of_the_one_above(encoder: str, whole: Engine) -> None:
    network = torch.nn.Sequential()
    network.add_module("network", TextEncoder.create([DANGER], encoder, {"max_len": 24}, []))
    names = [name for name, _ in network.named_parameters()]
    decayed = [name for name in names if "weight" in name and "LayerNorm" not in name]
    groups = layer_rates.groups(network, decayed, AVERAGED)
    assert sum(len(group["params"]) for group in groups) == len(names)
    np.testing.assert_allclose(
        [group["lr"] / AVERAGED.learning_rate for group in groups], np.repeat([1, 0.8, 0.64, 0.512], 2)
    )
    assert [group["weight_decay"] for group in groups] == [0.01, 0.0] * 4
    depths = layer_rates.depths_of(names, AVERAGED)
    prefix = "network.model.bert."
    assert {depth for name, depth in depths.items() if name.startswith(f"{prefix}embeddings.")} == {0}
    assert depths[f"{prefix}encoder.layer.1.output.dense.weight"] == 2
    assert depths["network.model.classifier.weight"] == depths[f"{prefix}pooler.dense.weight"] == 3
    assert whole.epochs[0]["learning_rate"] == pytest.approx(AVERAGED.learning_rate * AVERAGED.rate_factor(8, 24))


def test_both_encoders_of_a_network_have_smaller_steps_in_their_lower_layers() -> None:
    text = [f"text.encoder.layer.{n}.weight" for n in range(3)]
    voice = [f"voice.encoder.layers.{n}.weight" for n in range(2)]
    names = [
        "text.embeddings.weight", *text, "text.pooler.weight", "voice.conv.weight", *voice, "voice.norm", "head.weight"
    ]  # fmt: skip
    depths = layer_rates.depths_of(names, AVERAGED)
    assert [depths[name] for name in ("text.embeddings.weight", *text, "text.pooler.weight")] == [0, 1, 2, 3, 4]
    assert [depths[name] for name in ("voice.conv.weight", *voice, "voice.norm")] == [1, 2, 3, 4]
    assert depths["head.weight"] == 4


def test_a_network_without_layers_refuses_a_decay_by_layer_and_can_be_averaged(tmp_path: Path) -> None:
    x = np.where(np.arange(128) % 2, 1, -1).astype(np.float32)[:, None]
    Odd.error = None
    with pytest.raises(InputError, match=r"layer_decay 0.9: this network has no row of layers.*leave layer_decay at 1"):
        odd(Engine(tmp_path / "job"), x, layer_decay=0.9)
    engine = Engine(tmp_path / "averaged")
    odd(engine, x, learning_rate=0.3, average=0.1)
    assert set(engine.weights) == {"out.weight", "out.bias"}
