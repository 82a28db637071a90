import numpy as np
import pytest
import torch

from core.errors import InputError, MissingBackend, UnknownName
from core.models import MODELS, restore
from core.models.conv_bilstm import ConvBilstm, ConvBilstmConfig
from core.plugins import Backend

RNG = np.random.default_rng(0)
MFCC = RNG.normal(size=(7, 100, 13)).astype(np.float32)


def net(classes: int = 4) -> ConvBilstm:
    torch.manual_seed(0)
    model = ConvBilstm(ConvBilstmConfig(), classes)
    model.set_scale(MFCC)
    return model


def test_shape_size_and_sums() -> None:
    model = net()
    assert sum(p.numel() for p in model.parameters()) < 200_000
    logs = model.log_probs(MFCC)
    assert logs.shape == (7, 4)
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, atol=1e-6)
    assert model.log_probs(MFCC[:0]).shape == (0, 4)


def test_one_at_a_time_equals_all_at_once() -> None:
    model = net()
    many = RNG.normal(size=(300, 100, 13)).astype(np.float32)  # more than one batch
    together = model.log_probs(many)
    for i in (0, 255, 256, 299):
        np.testing.assert_allclose(model.log_probs(many[i : i + 1])[0], together[i], atol=1e-5)


def test_judging_ignores_dropout_and_keeps_the_mode() -> None:
    model = net().train()
    np.testing.assert_array_equal(model.log_probs(MFCC), model.log_probs(MFCC))
    assert model.training


def test_every_parameter_gets_a_gradient() -> None:
    model = net()
    torch.nn.functional.cross_entropy(model(torch.from_numpy(MFCC)), torch.tensor([0, 1, 2, 3, 0, 1, 2])).backward()
    dead = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []


def test_restored_model_is_the_same_and_scale_travels() -> None:
    model = net()
    again = restore("conv-bilstm", {"dropout": 0.3, "epochs": 9}, model.arrays(), 4)
    np.testing.assert_array_equal(again.log_probs(MFCC), model.log_probs(MFCC))
    np.testing.assert_allclose(again.arrays()["mean"], MFCC.mean(axis=(0, 1)), atol=1e-6)


def test_constant_features_give_numbers() -> None:
    model = ConvBilstm(ConvBilstmConfig(), 2)
    model.set_scale(np.zeros((3, 100, 13), dtype=np.float32))
    assert np.isfinite(model.log_probs(np.zeros((3, 100, 13), dtype=np.float32))).all()


def test_restore_refuses_what_does_not_fit() -> None:
    arrays = net().arrays()
    with pytest.raises(ValueError, match="size mismatch"):
        ConvBilstm.restore({}, arrays, 3)
    arrays.pop("out.bias")
    with pytest.raises(ValueError, match=r"Missing key.*out\.bias"):
        ConvBilstm.restore({}, arrays, 4)


def test_configuration_is_checked() -> None:
    with pytest.raises(InputError, match="kernel 4 must be odd"):
        ConvBilstmConfig(kernel=4)
    with pytest.raises(InputError, match=r"dropout 1\.0"):
        ConvBilstmConfig(dropout=1.0)


def test_unknown_and_absent_encoders_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match="unknown encoder 'bert'; known: ngram, conv-bilstm"):
        restore("bert", {}, {}, 2)
    monkeypatch.setitem(MODELS, "far", Backend("core.models.far:Far", ("no_such_package",), "pip install far"))
    with pytest.raises(MissingBackend, match="pip install far"):
        restore("far", {}, {}, 2)
