import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_corpus import danger_snapshot, text_spec, voice_snapshot, voice_spec

from core.errors import Cancelled, CheckpointMismatch, InputError, NotEnoughData
from core.files import sha256
from core.runs.card import hashes
from core.runs.folder import RunFolder, code_version, read_predictions
from core.settings import ROOT
from core.snapshots.format import read
from core.snapshots.items import Items
from core.training import engine
from core.training.engine import TrainSpec, finish, fit, prepare, train
from core.training.inputs import Reading, read_inputs

pytestmark = pytest.mark.integration

MFCC = Reading("voice", "conv-bilstm", "conv-bilstm", {})
QUICK = {"epochs": "3", "batch_size": "8"}


def quiet(progress: dict[str, Any]) -> None:
    pass


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    danger_snapshot(home / "snapshots" / "d1")
    voice_snapshot(home, home / "snapshots" / "v1")
    return home


@pytest.fixture
def home(corpus: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(corpus, tmp_path / "home", ignore=shutil.ignore_patterns("runs")))


@pytest.fixture(scope="module")
def straight(corpus: Path) -> tuple[TrainSpec, dict[str, Any]]:
    """A run that was trained without a stop, with one thread, and its metrics. The tests compare with it."""
    spec = voice_spec(corpus, "straight", **QUICK)
    return spec, train(spec, quiet)


def test_a_spec_is_json_both_ways(tmp_path: Path) -> None:
    spec = text_spec(tmp_path, c="2")
    assert TrainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    for bad in ("../x", "", ".x", "a/b"):
        with pytest.raises(InputError, match="run id"):
            text_spec(tmp_path, bad)


def test_text_training_learns_and_leaves_one_run_folder(home: Path) -> None:
    seen: list[dict[str, Any]] = []
    spec = text_spec(home)
    metrics = train(spec, seen.append)
    assert metrics["test"]["accuracy"]["value"] > 0.9
    assert metrics["test"]["accuracy"]["low"] <= metrics["test"]["accuracy"]["value"]
    assert metrics["test"]["n"] == metrics["used"]["test"]
    assert metrics["by_recording"] is None
    folder = spec.run_folder
    assert sorted(p.name for p in folder.iterdir()) == [
        "card.json", "config.toml", "history.jsonl", "metrics.json", "model", "predictions.parquet",
    ]  # fmt: skip
    assert json.loads((folder / "metrics.json").read_text()) == metrics
    card = json.loads((folder / "card.json").read_text())
    snapshot = read(spec.snapshot_folder)
    assert card["targets"] == [
        {"name": "danger", "codes": ["normal", "danger"], "kind": "single", "level": "utterance"}
    ]
    assert (card["snapshot"], card["snapshot_sha256"]) == ("d1", snapshot.sha256)
    assert card["calibrations"]["danger"]["fitted_on"] == "validation"
    assert card["calibrations"]["danger"]["n"] == metrics["used"]["validation"]
    assert card["files"] == {
        f"model/{name}": sha256(folder / "model" / name) for name in ("targets.json", "weights.safetensors")
    }
    assert card["code_version"] == code_version()
    last = [p for p in seen if p.get("unit") == "step"][-1]
    assert last.pop("loss") > 0
    assert last.pop("rate") > 0
    assert last.pop("left_ms") == 0
    assert last == {"done": 1, "total": 1, "unit": "step", "epoch": 1, "epochs": 1}


def test_the_recipe_for_any_scheme_learns_by_voice(home: Path) -> None:
    spec = replace(voice_spec(home, "any", **QUICK), recipe="voice")
    metrics = train(spec, quiet)
    assert set(metrics["used"]) == {"train", "validation", "test"}
    assert json.loads((spec.run_folder / "card.json").read_text())["modality"] == "voice"


def test_predictions_are_of_the_held_out_sides_and_give_the_metrics(home: Path) -> None:
    spec = text_spec(home)
    metrics = train(spec, quiet)
    rows = read_predictions(spec.run_folder)
    items = {i.id: i for i in read(spec.snapshot_folder).items if i.side != "train"}
    assert {r["id"] for r in rows} == set(items)
    assert all(r["side"] == items[r["id"]].side and r["gold"] == items[r["id"]].code for r in rows)
    np.testing.assert_allclose([sum(r["probs"]) for r in rows], 1)
    test = [r for r in rows if r["side"] == "test"]
    right = np.mean([("normal", "danger")[int(np.argmax(r["probs"]))] == r["gold"] for r in test])
    assert right == pytest.approx(metrics["test"]["accuracy"]["value"])
    with pytest.raises(CheckpointMismatch, match=r"no predictions\.parquet"):
        read_predictions(home / "runs" / "nowhere")


def test_voice_training_learns_what_can_be_heard(home: Path) -> None:
    spec = voice_spec(home, epochs="12")
    seen: list[dict[str, Any]] = []
    metrics = train(spec, seen.append)
    assert metrics["test"]["accuracy"]["value"] > 0.9
    assert metrics["by_recording"]["n"] == len(
        {i.recording for i in read(spec.snapshot_folder).items if i.side == "test"}
    )
    assert metrics["by_recording"]["accuracy"]["value"] > 0.9
    used = sum(metrics["used"].values())
    assert used == sum(i.speaker == "caller" for i in read(spec.snapshot_folder).items)
    steps = [p for p in seen if p.get("unit") == "step"]
    assert steps[-1]["done"] <= steps[-1]["total"]
    assert [p["done"] for p in steps] == sorted(p["done"] for p in steps)
    histories = [p["history"] for p in seen if "history" in p]
    assert [len(h) for h in histories] == list(range(1, metrics["epochs"] + 1))
    assert all(np.isfinite([e["loss"], e["validation_loss"], e["macro_f1"]]).all() for e in histories[-1])
    assert histories[-1][-1]["best"] == metrics["best_epoch"]
    assert [p["unit"] for p in seen if p.get("epoch") == 0] == ["clip"] * used


def test_nothing_pickled_is_written(home: Path) -> None:
    class Stop(Exception):
        pass

    def stop_before_the_end(name: str, fn: Callable[[], Any]) -> Any:
        if name == "finish":
            raise Stop
        return fn()

    for spec in (text_spec(home), voice_spec(home, **QUICK)):
        with pytest.raises(Stop):
            train(spec, quiet, stop_before_the_end)
        best = RunFolder(spec.run_folder).fitted_model(RunFolder(spec.run_folder).history()[-1]["best"])
        assert {p.suffix for p in best.iterdir()} <= {".safetensors", ".json"}
        train(spec, quiet)
        files = [p for p in spec.run_folder.rglob("*") if p.is_file()]
        assert {p.suffix for p in files} == {".toml", ".jsonl", ".safetensors", ".json", ".parquet"}


def weights(spec: TrainSpec) -> dict[str, str]:
    """The hash of each file of the model."""
    return hashes(spec.run_folder)


def test_stopped_anywhere_and_taken_up_again_gives_the_same_weights(
    home: Path, straight: tuple[TrainSpec, dict[str, Any]]
) -> None:
    whole, metrics = straight
    broken = voice_spec(home, "broken", **QUICK)
    prepare(broken, quiet)

    def stop_in_the_middle(progress: dict[str, Any]) -> None:
        if progress.get("epoch") == 2 and progress["done"] % 3 == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        fit(broken, stop_in_the_middle)
    assert [line["epoch"] for line in RunFolder(broken.run_folder).history()] == [1]
    fit(broken, quiet)
    fit(broken, quiet)  # a step may run again after it was done
    assert finish(broken, quiet) == metrics
    assert weights(broken) == weights(whole)
    histories = [
        [{k: v for k, v in line.items() if k != "rate"} for line in RunFolder(s.run_folder).history()]
        for s in (broken, whole)
    ]
    assert histories[0] == histories[1]


_KILLED = """
import json, os, signal, sys
from core.training.engine import TrainSpec, train

def report(progress):
    if progress.get("epoch") == 2 and progress["done"] % 3 == 2:
        os.kill(os.getpid(), signal.SIGKILL)

train(TrainSpec.from_dict(json.loads(sys.argv[1])), report)
"""


def test_killed_in_the_second_epoch_it_goes_on_to_the_same_weights(
    home: Path, straight: tuple[TrainSpec, dict[str, Any]]
) -> None:
    whole, metrics = straight
    killed = voice_spec(home, "killed", **QUICK)
    child = subprocess.run([sys.executable, "-c", _KILLED, json.dumps(killed.to_dict())], cwd=ROOT)
    assert child.returncode == -signal.SIGKILL
    assert [line["epoch"] for line in RunFolder(killed.run_folder).history()] == [1]
    assert not RunFolder(killed.run_folder).finished
    assert train(killed, quiet) == metrics
    assert weights(killed) == weights(whole)


def test_training_leaves_the_world_as_it_was(home: Path) -> None:
    import torch

    threads, random_state = torch.get_num_threads(), torch.get_rng_state()
    train(voice_spec(home, epochs="1", batch_size="8"), quiet)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), random_state)


TRAIN_IN_A_PROCESS = """
import json, sys
from core.training.engine import TrainSpec, train

train(TrainSpec.from_dict(json.loads(sys.argv[1])), lambda progress: None)
"""


def test_the_number_of_threads_changes_no_weight(home: Path, straight: tuple[TrainSpec, dict[str, Any]]) -> None:
    """More than the machine has is allowed, and splits the sums all the same. The tests themselves have one."""
    assert os.environ["OMP_NUM_THREADS"] == "1"
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "3")
    three = voice_spec(home, "three", **QUICK)
    command = [sys.executable, "-c", TRAIN_IN_A_PROCESS, json.dumps(three.to_dict())]
    subprocess.run(command, cwd=ROOT, env=os.environ | threads, check=True)
    assert weights(three) == weights(straight[0])


def test_another_seed_gives_other_weights(home: Path) -> None:
    specs = [TrainSpec(**(voice_spec(home, f"s{n}", epochs="1").to_dict() | {"seed": n})) for n in (0, 1)]
    for spec in specs:
        train(spec, quiet)
    assert weights(specs[0]) != weights(specs[1])


def test_cancelling_during_features_leaves_nothing_half(home: Path) -> None:
    spec = voice_spec(home, **QUICK)

    def stop(progress: dict[str, Any]) -> None:
        if progress["unit"] == "clip" and progress["done"] == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(spec, stop)
    assert [p.name for p in (spec.run_folder / "checkpoint").iterdir()] == []
    assert train(spec, quiet)["epochs"] == 3


def test_a_finished_run_is_not_trained_again(straight: tuple[TrainSpec, dict[str, Any]]) -> None:
    spec, metrics = straight
    before = {p.name: p.stat().st_mtime_ns for p in spec.run_folder.iterdir()}
    names: list[str] = []

    def step(name: str, fn: Callable[[], Any]) -> Any:
        names.append(name)
        return fn()

    assert train(spec, quiet, step) == metrics
    assert {p.name: p.stat().st_mtime_ns for p in spec.run_folder.iterdir()} == before
    assert names == ["prepare", "fit", "finish"]


def test_a_run_id_is_not_used_for_another_training(home: Path) -> None:
    train(text_spec(home), quiet)
    with pytest.raises(InputError, match="run r1 was begun with other settings"):
        prepare(text_spec(home, c="1"), quiet)


def test_a_training_goes_on_whose_file_lacks_a_newer_setting(home: Path) -> None:
    spec = text_spec(home)
    prepare(spec, quiet)
    config = spec.run_folder / "config.toml"
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if not line.startswith("sublinear_tf")), encoding="utf-8")
    assert prepare(spec, quiet) == 1


def test_finishing_without_a_fitted_model_is_refused(home: Path) -> None:
    spec = text_spec(home)
    prepare(spec, quiet)
    fit(spec, quiet)
    shutil.rmtree(RunFolder(spec.run_folder).best_model(1))
    with pytest.raises(CheckpointMismatch, match="the model of epoch 1 is missing"):
        finish(spec, quiet)


def test_early_stop_and_the_best_epoch() -> None:
    lines = [
        {"epoch": 1, "macro_f1": 0.5, "validation_loss": 1.0},
        {"epoch": 2, "macro_f1": 0.8, "validation_loss": 0.9},
        {"epoch": 3, "macro_f1": 0.8, "validation_loss": 0.7},
        {"epoch": 4, "macro_f1": 0.7, "validation_loss": 0.1},
    ]
    assert [engine._best(lines[:n]) for n in (1, 2, 3, 4)] == [1, 2, 3, 3]


def test_patience_ends_training(home: Path) -> None:
    spec = voice_spec(home, epochs="30", patience="1", learning_rate="1e-9")
    assert train(spec, quiet)["epochs"] < 30


def test_only_the_best_model_is_kept(home: Path) -> None:
    spec = voice_spec(home, epochs="4")
    prepare(spec, quiet)
    fit(spec, quiet)
    folder = RunFolder(spec.run_folder)
    assert [p.name for p in folder.checkpoint.glob("best-*")] == [folder.best_model(folder.history()[-1]["best"]).name]


def test_history_replaces_an_epoch_and_what_grew_out_of_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch, loss in ((1, 1.0), (2, 0.5), (3, 0.2), (2, 0.4)):
        folder.record({"epoch": epoch, "loss": loss})
    assert folder.history() == [{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": 0.4}]


def test_a_recipe_for_another_scheme_is_refused(home: Path) -> None:
    spec = TrainSpec(**(text_spec(home).to_dict() | {"recipe": "urgency-text"}))
    with pytest.raises(InputError, match="urgency-text learns urgency, sentiment, the snapshot holds danger"):
        train(spec, quiet)
    assert not spec.run_folder.exists()


def test_a_snapshot_that_cuts_a_group_is_refused_before_anything_is_written(home: Path) -> None:
    from dataclasses import replace

    from core.snapshots.format import content_hash, write

    made = read(home / "snapshots" / "d1")
    group = next(i.group for i in made.items if i.side == "train")
    items = tuple(replace(i, group=group) if i.side == "test" else i for i in made.items)
    write(replace(made, items=items, sha256=content_hash("danger", made.codes, items)), home / "snapshots" / "cut")
    spec = TrainSpec(**(text_spec(home).to_dict() | {"snapshot_folder": str(home / "snapshots" / "cut")}))
    with pytest.raises(InputError, match=f"the split cuts group '{group}'"):
        train(spec, quiet)
    assert not spec.run_folder.exists()


def test_unreadable_and_missing_audio_is_named_and_left_out(home: Path) -> None:
    train_calls = sorted({i.audio or "" for i in read(home / "snapshots" / "v1").items if i.side == "train"})
    (home / train_calls[0]).write_bytes(b"not audio at all")
    (home / train_calls[1]).unlink()
    metrics = train(voice_spec(home, **QUICK), quiet)
    assert sorted(metrics["skipped"].values()) == [3, 3]
    assert any(reason.startswith(f"{train_calls[1]}: is missing") for reason in metrics["skipped"])
    assert any(reason.startswith(train_calls[0]) for reason in metrics["skipped"])


def test_a_side_without_usable_audio_is_refused(home: Path) -> None:
    for item in read(home / "snapshots" / "v1").items:
        if item.side == "test":
            (home / (item.audio or "")).unlink(missing_ok=True)
    with pytest.raises(NotEnoughData, match=r"nothing usable on the test side; .* left out, most often: .*missing"):
        train(voice_spec(home, **QUICK), quiet)


def test_an_audio_path_leads_nowhere_else(home: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    item = replace(read(home / "snapshots" / "v1").items[0], audio="../outside.wav")
    shutil.copy(home / "audio" / "call00.wav", tmp_path / "outside.wav")
    inputs = read_inputs(Items.of([item]), MFCC, home, tmp_path / "cache.safetensors", lambda done, total: None)
    assert not inputs.items
    assert "outside the workspace" in inputs.skipped[0].reason


def test_silent_and_short_spans_are_left_out(home: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    import soundfile

    wave = np.zeros(16_000)
    wave[:100] = 0.5
    soundfile.write(home / "audio" / "quiet.wav", wave, 8_000)
    base = replace(read(home / "snapshots" / "v1").items[0], audio="audio/quiet.wav")
    items = Items.of(
        replace(base, key=f"k{n}", start_ms=a, end_ms=b)
        for n, (a, b) in enumerate([(0, 800), (0, 499), (1000, 1800), (1800, 2600), (None, None)])
    )
    inputs = read_inputs(items, MFCC, home, tmp_path / "cache.safetensors", lambda done, total: None)
    assert [i.key for i in inputs.items] == ["k0", "k4"]
    assert {s.where: s.reason for s in inputs.skipped}["k1"] == "499 ms, shorter than 500 ms"
    again = read_inputs(
        items, MFCC, home, tmp_path / "cache.safetensors", lambda done, total: pytest.fail("computed again")
    )
    assert again.skipped == inputs.skipped
    np.testing.assert_array_equal(again.values, inputs.values)
