"""core.training.trainer.trainer: it learns, resumes to the same bits after a kill, and fails with one clear line."""

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fit_driver import (
    DANGER,
    LABELS,
    SETTINGS,
    TEXTS,
    Engine,
    Given,
    Killed,
    Odd,
    OddFit,
    fit,
    kill_at,
    odd,
    rows,
    same,
)
from tiny_encoders import save_encoder, sentences

from core.errors import Cancelled, JobFailed, NotEnoughData
from core.schemes.target import Target
from core.training.fits import Rows
from core.training.fits.text_encoder import TextEncoderFit, TextEncoderSettings
from core.training.trainer.config import TrainingConfig
from core.training.trainer.trainer import uses_bf16

pytestmark = pytest.mark.integration

MOOD = Target("mood", ("joy", "fear", "calm"), "multi")
NAN = float("nan")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_encoder(tmp_path_factory.mktemp("encoder") / "bert"))


@pytest.fixture(scope="module")
def whole(encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A fit of SETTINGS from its first step to its last; the tests only read it."""
    return fit(Engine(tmp_path_factory.mktemp("whole") / "job"), encoder)


def test_it_learns_better_than_chance(tmp_path: Path, encoder: str) -> None:
    settings = TextEncoderSettings(
        epochs=8, batch_size=16, learning_rate=3e-3, max_len=24, bf16="off", label_smoothing=0.05
    )
    engine = fit(Engine(tmp_path / "job"), encoder, settings)
    texts, labels = sentences(80, seed=5)
    right = engine.network.logits(texts)["danger"].argmax(axis=1) == DANGER.answers(labels)
    assert right.mean() > 0.9
    assert [entry["epoch"] for entry in engine.epochs] == list(range(1, 9))
    assert engine.epochs[-1]["loss"] < engine.epochs[0]["loss"]
    assert all(entry["rate"] > 0 and entry["learning_rate"] >= 0 for entry in engine.epochs)


def test_steps_are_counted_over_all_epochs(whole: Engine) -> None:
    assert [done for done, _, _ in whole.steps] == list(range(25))  # 120 rows are 8 batches of 16 at most
    assert {total for _, total, _ in whole.steps} == {24}
    assert [epoch for done, _, epoch in whole.steps if done in (1, 8, 9, 16, 17, 24)] == [1, 1, 2, 2, 3, 3]


def test_equal_seeds_give_equal_bits_and_the_process_keeps_its_chance(
    tmp_path: Path, encoder: str, whole: Engine
) -> None:
    random.seed(3)
    torch.manual_seed(3)
    np.random.seed(3)
    before = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[union-attr,index]
    again = fit(Engine(tmp_path / "again"), encoder)
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert np.random.get_state()[1].tolist() == before[2]  # type: ignore[union-attr,index]
    assert same(again.weights, whole.weights)
    assert not same(whole.weights, fit(Engine(tmp_path / "other", seed=1), encoder).weights)


@pytest.mark.parametrize("accumulation", [1, 3])
def test_after_a_kill_in_an_epoch_the_weights_are_the_same(tmp_path: Path, encoder: str, accumulation: int) -> None:
    settings = replace(SETTINGS, accumulation=accumulation)
    whole = fit(Engine(tmp_path / "whole"), encoder, settings)
    middle = 12 // accumulation
    with pytest.raises(Killed):
        fit(Engine(tmp_path / "killed", on_step=kill_at(middle)), encoder, settings)
    cut = tmp_path / "killed" / "trainer" / "checkpoint-999"
    cut.mkdir()
    (cut / "model.safetensors").write_bytes(b"a checkpoint that the kill cut")
    resumed = fit(Engine(tmp_path / "killed"), encoder, settings)
    assert [entry["epoch"] for entry in resumed.epochs] == [2, 3]
    assert [entry["loss"] for entry in resumed.epochs] == [entry["loss"] for entry in whole.epochs[1:]]
    assert same(resumed.weights, whole.weights)
    assert not cut.exists()


SCRIPT = """
import os, signal, sys
sys.path[:0] = {path!r}
from pathlib import Path
import torch
torch.set_num_threads(1)
from fit_driver import Engine, fit
kill = lambda done: os.kill(os.getpid(), signal.SIGKILL) if done == 12 else None
fit(Engine(Path({folder!r}), on_step=kill), {encoder!r})
"""


def test_after_sigkill_the_weights_are_the_same(tmp_path: Path, encoder: str, whole: Engine) -> None:
    path = [str(Path(__file__).parent), *filter(None, sys.path)]
    script = SCRIPT.format(path=path, folder=str(tmp_path / "killed"), encoder=encoder)
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    resumed = fit(Engine(tmp_path / "killed"), encoder)
    assert [entry["epoch"] for entry in resumed.epochs] == [2, 3]
    assert same(resumed.weights, whole.weights)


def test_a_checkpoint_holds_optimizer_and_schedule_and_no_pickled_arguments(whole: Engine) -> None:
    kept = sorted((whole.folder / "trainer").iterdir())
    assert [path.name for path in kept] == ["checkpoint-16", "checkpoint-24"]
    assert {path.name for path in kept[1].iterdir()} == {
        "model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"
    }  # fmt: skip
    for name in ("optimizer.pt", "scheduler.pt"):
        torch.load(kept[1] / name, weights_only=True)


def test_the_engine_says_when_to_stop_and_a_stopped_fit_stays_stopped(tmp_path: Path, encoder: str) -> None:
    engine = fit(Engine(tmp_path / "job", stop_after=2), encoder)
    assert [entry["epoch"] for entry in engine.epochs] == [1, 2]
    assert json.loads((tmp_path / "job" / "stopped.json").read_text()) == {"epoch": 2}
    again = fit(Engine(tmp_path / "job"), encoder)
    assert (again.epochs, again.steps) == ([], [])


def test_a_finished_fit_trains_no_more(encoder: str, whole: Engine) -> None:
    assert fit(Engine(whole.folder), encoder).epochs == []


def test_a_person_cancels_between_two_batches(tmp_path: Path, encoder: str) -> None:
    def cancel(done: int) -> None:
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        fit(Engine(tmp_path / "job", on_step=cancel), encoder)


@pytest.mark.parametrize("targets", [(DANGER, MOOD), (MOOD,)])
def test_several_targets_with_masked_answers(tmp_path: Path, encoder: str, targets: tuple[Target, ...]) -> None:
    half = [code if i % 3 else None for i, code in enumerate(LABELS)]
    moods = ["joy|calm" if code == "normal" else "fear" if i % 5 else None for i, code in enumerate(LABELS)]
    given = {"danger": DANGER.answers(half), "mood": MOOD.answers(moods)}
    answers = {target.name: given[target.name] for target in targets}
    settings = TextEncoderSettings(
        epochs=8, batch_size=16, learning_rate=3e-3, max_len=24, bf16="off",
        target_weights="danger=0.4,mood=0.6" if len(targets) > 1 else "",
    )  # fmt: skip
    engine = Engine(tmp_path / "job")
    TextEncoderFit()(Rows(TEXTS, answers, [None] * len(TEXTS)), targets, encoder, settings, engine.job())
    texts, labels = sentences(80, seed=5)
    logits = engine.network.logits(texts)
    danger = np.array([code == "danger" for code in labels])
    fear = MOOD.probabilities(logits["mood"])[:, 1] > 0.5
    assert (fear == danger).mean() > 0.9
    if len(targets) > 1:
        assert (logits["danger"].argmax(axis=1) == DANGER.answers(labels)).mean() > 0.9


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_error() -> None:
    Odd.error, Odd.calls = None, 0


def test_any_network_trains_and_values_may_be_columns(tmp_path: Path) -> None:
    x = np.where(np.arange(128) % 2, 1, -1).astype(np.float32)[:, None]
    engine = Engine(tmp_path / "job")
    odd(engine, x, learning_rate=0.3)
    assert engine.epochs[-1]["loss"] < 0.1
    assert set(engine.weights) == {"out.weight", "out.bias"}


def test_a_loss_that_is_not_finite_ends_the_job(tmp_path: Path) -> None:
    x = np.ones((128, 1), dtype=np.float32)
    engine = Engine(tmp_path / "job", on_step=lambda done: x.fill(np.nan) if done == 11 else None)
    with pytest.raises(JobFailed, match=r"no longer a finite number: training diverged; lower learning_rate.*kept"):
        odd(engine, x)
    assert [path.name for path in (tmp_path / "job" / "trainer").iterdir()] == ["checkpoint-8"]
    assert len(engine.epochs) == 1


def test_weights_that_are_not_finite_become_no_checkpoint(tmp_path: Path) -> None:
    x = np.ones((16, 1), dtype=np.float32)

    class Broken(Odd):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            self.out.weight.data.fill_(np.inf) if self.training and Odd.calls > 2 else None
            return super().forward(torch.zeros_like(x))

    class BrokenFit(OddFit):
        network = Given(Broken)  # type: ignore[assignment]

    engine = Engine(tmp_path / "job")
    with pytest.raises(JobFailed, match="finite number"):
        BrokenFit()(
            Rows({"x": x}, {"danger": np.arange(16) % 2}, [None] * 16), [DANGER], "",
            TrainingConfig(epochs=9, bf16="off"), engine.job(),
        )  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_too_little_memory_says_what_to_lower(tmp_path: Path, error: Exception) -> None:
    Odd.error = error
    with pytest.raises(JobFailed, match="too little memory for this training: lower batch_size"):
        odd(Engine(tmp_path / "job"), np.ones((128, 1), dtype=np.float32))
    assert [path.name for path in (tmp_path / "job" / "trainer").iterdir()] == ["checkpoint-8"]


def test_another_error_stays_what_it_is(tmp_path: Path) -> None:
    Odd.error = RuntimeError("shapes differ")
    with pytest.raises(RuntimeError, match="shapes differ"):
        odd(Engine(tmp_path / "job"), np.ones((128, 1), dtype=np.float32))


def test_one_class_alone_is_not_enough(tmp_path: Path, encoder: str) -> None:
    with pytest.raises(NotEnoughData, match="target danger: training needs items of at least 2 classes, found 1"):
        TextEncoderFit()(rows(TEXTS[::2], LABELS[::2]), [DANGER], encoder, SETTINGS, Engine(tmp_path / "job").job())


def test_bf16_where_the_device_has_it() -> None:
    assert uses_bf16("on")
    assert not uses_bf16("off")
    assert uses_bf16("auto") == (torch.cuda.is_available() or bool(torch.cpu._is_amx_tile_supported()))


def test_bf16_trains_on_a_cpu(tmp_path: Path, encoder: str) -> None:
    engine = fit(Engine(tmp_path / "job"), encoder, replace(SETTINGS, epochs=1, bf16="on"))
    assert all(tensor.dtype in (torch.float32, torch.int64) for tensor in engine.weights.values())


def test_a_small_weight_silences_wrong_labels_in_training(tmp_path: Path) -> None:
    x = np.where(np.arange(96) % 2, 1, -1).astype(np.float32)[:, None]
    wrong = np.arange(96) >= 32  # two thirds carry the other class
    answers = {"danger": np.where(wrong, 1 - np.arange(96) % 2, np.arange(96) % 2)}
    right = {}
    for name, weights in (("misled", {}), ("guided", {"danger": np.where(wrong, 0.05, 1.0)})):
        engine = Engine(tmp_path / name)
        settings = TrainingConfig(epochs=4, batch_size=12, bf16="off", learning_rate=0.3)
        OddFit()(Rows({"x": x}, answers, [None] * 96, weights), [DANGER], "", settings, engine.job())
        logits = x @ engine.weights["out.weight"].numpy().T + engine.weights["out.bias"].numpy()
        right[name] = float((logits.argmax(axis=1) == np.arange(96) % 2).mean())
    assert right == {"misled": 0.0, "guided": 1.0}
