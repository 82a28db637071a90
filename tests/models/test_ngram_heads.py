"""core.models.linear.ngram_heads: n-grams and vectors in one model, saved and loaded bit by bit, several targets."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError, NotEnoughData
from core.models.linear.ngram_heads import NgramHeadsConfig, NgramHeadsModel
from core.models.values import take
from core.schemes.target import Target
from core.training.fits import Fitting, Rows
from core.training.fits.linear import NgramHeadsFit

RNG = np.random.default_rng(0)
N = 120
CODES = np.arange(N) % 4  # the text tells the class by halves, the vector tells it by parity
WORDS = ("하늘이 맑다", "바람이 분다")
VALUES = {
    "text": [WORDS[code // 2] for code in CODES],
    "vector": (RNG.normal(size=(N, 6)) * 0.3 + np.eye(2, 6)[CODES % 2] * 2).astype(np.float32),
}
FOUR = Target("four", ("a", "b", "c", "d"))
MULTI = Target("multi", ("x", "y"), "multi")
ANSWERS = {
    "four": CODES.astype(np.int64),
    "multi": np.stack([CODES // 2, CODES % 2], axis=1).astype(np.float32),
}


def test_it_needs_both_parts_to_tell_the_classes() -> None:
    model = NgramHeadsModel.fit(NgramHeadsConfig(), VALUES, ANSWERS, [FOUR])
    assert (model.logits(VALUES)["four"].argmax(axis=1) == CODES).mean() == 1
    for part, blind in (("text", [WORDS[0]] * N), ("vector", np.zeros((N, 6), np.float32))):
        without = NgramHeadsModel.fit(NgramHeadsConfig(), VALUES | {part: blind}, ANSWERS, [FOUR])
        assert (without.logits(VALUES | {part: blind})["four"].argmax(axis=1) == CODES).mean() < 0.8
    np.testing.assert_allclose(np.exp(model.logits(VALUES)["four"]).sum(axis=1), 1)


def test_several_targets_masked_rows_and_a_loaded_copy(tmp_path: Path) -> None:
    answers = {"four": ANSWERS["four"].copy(), "multi": ANSWERS["multi"].copy()}
    answers["four"][:30], answers["multi"][60:80] = -1, np.nan
    config = NgramHeadsConfig(share=0.5)
    model = NgramHeadsModel.fit(config, VALUES, answers, [FOUR, MULTI])
    assert np.isfinite(model.loss)
    assert ((model.logits(VALUES)["multi"] > 0) == (ANSWERS["multi"] > 0)).mean() > 0.95
    model.save(tmp_path)
    again = NgramHeadsModel.load(tmp_path, [FOUR, MULTI], {"share": 0.5, "unknown": 1})
    for name, logits in model.logits(VALUES).items():
        np.testing.assert_array_equal(again.logits(VALUES)[name], logits)
        np.testing.assert_array_equal(again.logits(take(VALUES, [3]))[name], logits[3:4])
    assert again.logits(take(VALUES, []))["four"].shape == (0, 4)
    with pytest.raises(ValueError, match="do not fit"):
        NgramHeadsModel.load(tmp_path, [Target("four", ("a", "b")), MULTI], {})
    with pytest.raises(ValueError, match="vectors of width 5 do not fit a model of width 6"):
        model.logits({"text": ["a"], "vector": np.zeros((1, 5), np.float32)})


def test_the_fit_gives_its_model_to_the_engine(tmp_path: Path) -> None:
    ended: list[tuple[int, float]] = []
    steps: list[tuple[int, int]] = []

    def epoch_end(epoch: int, model: NgramHeadsModel, loss: float) -> bool:
        ended.append((epoch, loss))
        return False

    job = Fitting(tmp_path, 0, lambda done, total, epoch, loss: steps.append((done, total)), epoch_end)
    NgramHeadsFit()(Rows(VALUES, ANSWERS, [None] * N), [FOUR], "ngram+x/y", NgramHeadsConfig(), job)
    assert (len(ended), ended[0][0], steps) == (1, 1, [(0, 1), (1, 1)])
    assert np.isfinite(ended[0][1])


def test_odd_settings_and_too_few_classes() -> None:
    with pytest.raises(InputError, match="share must be above 0"):
        NgramHeadsConfig(share=0)
    with pytest.raises(InputError, match="must satisfy 1 <= min_n <= max_n"):
        NgramHeadsConfig(min_n=3, max_n=2)
    with pytest.raises(NotEnoughData, match="at least 2 classes, found 1"):
        NgramHeadsModel.fit(NgramHeadsConfig(), VALUES, {"four": np.zeros(N, np.int64)}, [FOUR])
